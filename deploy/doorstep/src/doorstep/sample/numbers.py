"""Identity and telephone numbers that are well formed and belong to nobody we know of."""

from datetime import date
from random import Random
from typing import Final

# The letter of a Taiwanese number is where it was first issued; it counts as these two digits.
_LETTERS: Final = {
    letter: code for code, letter in enumerate("ABCDEFGHJKLMNPQRSTUVXYWZIO", start=10)
}
_MAINLAND_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_MAINLAND_CHECKS: Final = "10X98765432"


def taiwanese(random: Random, *, letter: str, female: bool) -> str:
    """A Taiwanese national identity number (國民身分證統一編號): a letter, 1 or 2, eight digits."""
    digits = [2 if female else 1, *(random.randrange(10) for _ in range(7))]
    tens, ones = divmod(_LETTERS[letter], 10)
    total = tens + 9 * ones + sum(w * d for w, d in zip(range(8, 0, -1), digits, strict=True))
    return letter + "".join(map(str, digits)) + str(-total % 10)


def mainland(random: Random, *, area: str, born_on: date, female: bool) -> str:
    """A mainland identity number (GB 11643): area, birthday, sequence (odd = male), check sign."""
    sequence = 2 * random.randrange(500) + (0 if female else 1)
    body = f"{area}{born_on:%Y%m%d}{sequence:03d}"
    total = sum(w * int(d) for w, d in zip(_MAINLAND_WEIGHTS, body, strict=True))
    return body + _MAINLAND_CHECKS[total % 11]


def phone(random: Random, pattern: str) -> str:
    """A telephone number: each ``#`` of ``pattern`` becomes a digit."""
    return "".join(str(random.randrange(10)) if sign == "#" else sign for sign in pattern)
