"""What ends the story: something came otherwise than the law and the house say it must."""

from doorstep.trouble import Trouble


class StoryWentOtherwise(Trouble):
    """Says what was expected and what came."""

    exit_code = 1

    def __init__(self, expected: str, came: str) -> None:
        super().__init__(f"The story went otherwise.\n  expected: {expected}\n  came:     {came}")
        self.expected = expected
        self.came = came


def expect(expected: str, came: object, wanted: object) -> None:
    """Raises StoryWentOtherwise unless what came is what was wanted."""
    if came != wanted:
        raise StoryWentOtherwise(f"{expected}: {wanted}", str(came))
