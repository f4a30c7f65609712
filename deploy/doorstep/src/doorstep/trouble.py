"""What went wrong, in words for the person at the terminal: no traceback, an exit code."""


class Trouble(Exception):
    """Ends a command with its sentence, and what to do about it where that is known."""

    exit_code = 2

    def __init__(self, sentence: str, advice: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.advice = advice
