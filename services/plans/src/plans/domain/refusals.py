"""What the domain says when the answer is no: sentences with a stable code."""

from typing import ClassVar


class Refusal(Exception):
    """Something that may not be done. ``str()`` is the sentence in English, ``zh`` in Chinese.

    ``code`` is for machines and never changes. ``about`` names the term at fault as the quote's
    request spells it (``amount``, ``first_due_on``), or is empty. A sentence never quotes what was
    sent: it may end up in a log.
    """

    code: ClassVar[str]
    about: ClassVar[str] = ""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.zh = zh
