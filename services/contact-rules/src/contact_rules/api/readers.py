"""Who may read what is stored: a lender what is its own, the house's people everything."""

from typing import Annotated, Final

from fastapi import Depends
from shared.auth import Caller, Role, allow

READERS: Final = (Role.LENDER, Role.OPS, Role.COMPLIANCE, Role.AUDITOR)
"""Agents are told what they need by cases; they don't read decisions or ledgers here."""

Reader = Annotated[Caller, Depends(allow(*READERS))]
