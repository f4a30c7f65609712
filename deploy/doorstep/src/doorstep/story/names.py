"""Names as a screen may show them: enough to follow the story, not enough to know the person."""

import unicodedata
from itertools import takewhile


def masked(name: str) -> str:
    """`林素珍` → `林○○`, `Agnolo Grifeo` → `A… G…`: the first sign of each part."""
    parts = name.split()
    if len(parts) == 1 and _is_ideographic(name):
        return name[0] + "○" * (len(name) - 1)
    return " ".join(_first_sign(part) + "…" for part in parts)


def _is_ideographic(name: str) -> bool:
    return all("\u3400" <= sign <= "\u9fff" for sign in name)


def _first_sign(part: str) -> str:
    rest = takewhile(unicodedata.combining, part[1:])
    return part[0] + "".join(rest)
