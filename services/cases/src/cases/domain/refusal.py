"""How the domain says no: named exceptions with a code for machines and a sentence for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class Refusal(Exception):
    """Something was asked that the rules of the house don't allow.

    ``en`` and ``zh`` are whole sentences that never quote what was sent; ``str()`` is the English
    one. ``pointer`` leads to the field at fault, "" where it is not one field.
    """

    code: ClassVar[str] = "refused"
    pointer: ClassVar[str] = ""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.en = en
        self.zh = zh


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with what was sent; ``pointer`` is a JSON pointer into it."""

    pointer: str
    code: str
    en: str
    zh: str

    @classmethod
    def of(cls, pointer: str, refusal: Refusal) -> "Fault":
        """``refusal`` as the fault of the field at ``pointer``."""
        return cls(pointer, refusal.code, refusal.en, refusal.zh)


class NoSuch(Refusal):
    """It does not exist, or not for whoever asks: they can't tell which."""

    code: ClassVar[str] = "not_found"

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(f"There is no such {en}.", f"没有此{zh}。")


class Unacceptable(Refusal):
    """What was sent can't be taken; ``faults`` holds everything wrong with it, never nothing."""

    code = "invalid"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(
            " ".join(fault.en for fault in faults), "".join(fault.zh for fault in faults)
        )
        self.faults = tuple(faults)
