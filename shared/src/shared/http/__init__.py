"""The HTTP edge every service has: strict input, problems for answers, and the house's types."""

from shared.http.app import make_app
from shared.http.language import language
from shared.http.types import Answer, AwareTime, Body, Code, Day, Flag, Text, Whole

__all__ = [
    "Answer",
    "AwareTime",
    "Body",
    "Code",
    "Day",
    "Flag",
    "Text",
    "Whole",
    "language",
    "make_app",
]
