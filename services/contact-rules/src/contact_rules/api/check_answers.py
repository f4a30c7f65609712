"""What checks say: each rule's result, the law behind it and what must be done at the door."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, ConfigDict, Field
from shared.http import Answer
from shared.problems import Language

from contact_rules.domain import (
    Check,
    Obligation,
    Result,
    Severity,
    SourceQuality,
    Text,
    Window,
)
from contact_rules.domain.kinds.obligation import Obliges
from contact_rules.domain.rule import Rule
from contact_rules.domain.wording import blanks_in, word


def _moment(value: object) -> object:
    """What was kept as text: ten characters are a date, and must not become a time."""
    if not isinstance(value, str):
        return value
    is_day = len(value) == len("2026-12-01")
    return date.fromisoformat(value) if is_day else datetime.fromisoformat(value)


Moment = Annotated[datetime | date, BeforeValidator(_moment)]


class SpanAnswer(Answer):
    """Dates where a rule counts in days, else times; both ends included."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    from_: Moment = Field(alias="from")
    to: Moment


class WindowAnswer(Answer):
    """Every whole second from the one to the other, both included, is a lawful start."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    from_: datetime = Field(alias="from")
    to: datetime

    @classmethod
    def of(cls, window: Window, here: ZoneInfo | None) -> "WindowAnswer":
        return cls(from_=local(window.from_, here), to=local(window.to, here))


class CheckAnswer(Answer):
    """One rule's answer."""

    rule: str
    pack: str = Field(description="With its version.", examples=["us-ma@2026-01-01"])
    kind: str
    severity: Severity
    result: Result
    measured: int | str | None
    limit: int | str | None
    window: SpanAnswer | None = Field(description="What the rule looked at.")
    citation: str
    source_quality: SourceQuality = Field(
        description="How the rule's text is known: read, reported, or from memory."
    )
    message: str = Field(description="In the language of `Accept-Language`.")

    @classmethod
    def of(cls, check: Check, language: Language) -> "CheckAnswer":
        window = check.window
        return cls(
            rule=check.rule,
            pack=check.pack,
            kind=check.kind,
            severity=check.severity,
            result=check.result,
            measured=check.measured,
            limit=check.limit,
            window=None if window is None else SpanAnswer(from_=window.from_, to=window.to),
            citation=check.citation,
            source_quality=check.source_quality,
            message=check.message.zh if language == "zh" else check.message.en,
        )


class KeptCheckAnswer(Answer):
    """One rule's answer as it was kept with a decision.

    With a yes only what was found was kept. The rule's law is then that of the pack, and null
    where that version of the pack is not here any more.
    """

    rule: str
    pack: str
    kind: str | None
    severity: Severity | None
    result: Result
    measured: int | str | None
    limit: int | str | None
    window: SpanAnswer | None
    citation: str | None
    source_quality: SourceQuality | None
    message: str | None = Field(description="Of rules asked for a denial or a review.")

    @classmethod
    def of(
        cls, check: Mapping[str, Any], rule: Rule | None, language: Language
    ) -> "KeptCheckAnswer":
        law: dict[str, Any] = {
            "kind": rule and rule.kind,
            "severity": rule and rule.severity,
            "citation": rule and rule.citation,
            "source_quality": rule and rule.source_quality,
        }
        message = check["message"][language] if "message" in check else None
        return cls.model_validate({**law, **check, "message": message})


class ObligationAnswer(Answer):
    """What must be done or evidenced if the contact takes place."""

    rule: str
    what: str
    when: str
    message: str = Field(description="In the language of `Accept-Language`.")
    evidence: Sequence[str] = Field(description="What shows that it was done.")
    keep: str | None = Field(description="For how long that is kept.", examples=["2 years"])

    @classmethod
    def of(cls, obligation: Obligation, language: Language) -> "ObligationAnswer":
        message = obligation.message
        return cls(
            rule=obligation.rule,
            what=obligation.what,
            when=obligation.when,
            message=message.zh if language == "zh" else message.en,
            evidence=obligation.evidence,
            keep=obligation.keep,
        )


class KeptObligationAnswer(Answer):
    """What had to be done, as it was kept with a decision.

    The rest is that of the pack, and null where that version of the pack is not here any more, or
    where the sentence needs what was not kept.
    """

    rule: str
    what: str
    when: str
    message: str | None = Field(description="In the language of `Accept-Language`.")
    evidence: Sequence[str] | None = Field(description="What shows that it was done.")
    keep: str | None = Field(description="For how long that is kept.", examples=["2 years"])

    @classmethod
    def of(
        cls, kept: Mapping[str, Any], rule: Rule | None, language: Language
    ) -> "KeptObligationAnswer":
        evidence: Sequence[str] | None = None if rule is None else ()
        keep = None
        if rule is not None and isinstance(rule.judge, Obliges):
            evidence, keep = rule.judge.duty.evidence, rule.judge.duty.keep
        return cls(
            rule=kept["rule"],
            what=kept["what"],
            when=kept["when"],
            message=None if rule is None else _sentence(rule, kept["what"], language),
            evidence=evidence,
            keep=keep,
        )


def _sentence(rule: Rule, what: str, language: Language) -> str | None:
    """What the rule says of every contact alike; None if it speaks of the contact."""
    said = {**rule.judge.fixed, "what": word(what)}
    template = rule.message.zh if language == "zh" else rule.message.en
    if not blanks_in(template) <= said.keys():
        return None
    words = {name: text for name, text in said.items() if isinstance(text, Text)}
    plain = {name: text for name, text in said.items() if not isinstance(text, Text)}
    filled = rule.message.filled(plain, words)
    return filled.zh if language == "zh" else filled.en


def local(moment: datetime, here: ZoneInfo | None) -> datetime:
    """The instant as people there write it."""
    return moment if here is None else moment.astimezone(here)
