"""The rule packs as they are in force here: each rule with its law and how sure we are of it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path
from pydantic import Field
from shared.auth import Role, allow
from shared.http import Answer, language
from shared.paging import Listing, Page, page
from shared.problems import Language, Words, not_found

from contact_rules.api.served import Served
from contact_rules.domain import Pack, Severity, SourceQuality, UnknownPack, Verdict
from contact_rules.domain.pack_version import VersionState, earliest_day, latest_day
from contact_rules.domain.packs import Applies, Covers
from contact_rules.domain.rule import Rule
from contact_rules.domain.selector import Selector
from contact_rules.domain.zones import date_of

_CALLED: Final = {"state": "kind", "consent": "scope"}
"""What the values of a property are called where their forms stand beside them."""

router = APIRouter(tags=["packs"], dependencies=[Depends(allow(*Role))])


class CoversAnswer(Answer):
    """Whose law it is; null means all."""

    country: str
    region: str | None
    city: str | None
    collectors: Sequence[str] | None
    products: Sequence[str] | None

    @classmethod
    def of(cls, covers: Covers) -> "CoversAnswer":
        return cls(
            country=covers.country,
            region=covers.region,
            city=covers.city,
            collectors=_sorted(covers.collectors),
            products=_sorted(covers.products),
        )


class PackAnswer(Answer):
    """A pack without its rules."""

    id: str
    version: str
    name: str = Field(description="With its version, as in checks.", examples=["tw@2026-01-01"])
    title: str
    applies: Applies
    covers: CoversAnswer | None
    lender: str | None = Field(description="Whose overlay it is.")
    extends: Sequence[str] = Field(description="The packs it brings along.")
    effective_from: date | None
    effective_to: date | None
    source_quality: SourceQuality = Field(description="That of its least known rule.")
    verify: Sequence[str] = Field(description="What nobody has read or settled yet.")
    rule_count: int
    digest: str = Field(description="SHA-256 of its file: which text of that version is in use.")
    state: VersionState = Field(
        description="`scheduled` before its first day, `active`, or `retired` after its last one."
    )
    version_id: UUID | None = Field(
        description="Its life, in `/v1/packs/drafts`; null: it is a file on disk."
    )

    @classmethod
    def of(
        cls, pack: Pack, language: Language, now: datetime, versions: Mapping[str, UUID]
    ) -> "PackAnswer":
        return cls(
            id=pack.id,
            version=pack.version,
            name=pack.name,
            title=pack.title.zh if language == "zh" else pack.title.en,
            applies=pack.applies,
            covers=None if pack.covers is None else CoversAnswer.of(pack.covers),
            lender=pack.lender,
            extends=pack.extends,
            effective_from=pack.effective_from,
            effective_to=pack.effective_to,
            source_quality=pack.source_quality,
            verify=pack.verify,
            rule_count=len(pack.rules),
            digest=pack.digest,
            state=_state(pack, now),
            version_id=versions.get(pack.name),
        )


class RuleAnswer(Answer):
    """One rule."""

    id: str
    kind: str
    severity: Severity
    on_fail: Verdict
    tightens: str | None = Field(description="The rule of another pack that it is stricter than.")
    applies_when: Mapping[str, Any] = Field(
        description="As packs write it: values by property; or forms beside them, or a limit.",
        examples=[{"channel": ["visit"], "not_state": {"kind": ["cease"], "form": ["written"]}}],
    )
    exceptions: Sequence[Mapping[str, Any]]
    citation: str
    source_quality: SourceQuality
    effective_from: date | None
    effective_to: date | None
    message: str = Field(description="With blanks in braces that a check fills in.")

    @classmethod
    def of(cls, rule: Rule, pack: Pack, language: Language) -> "RuleAnswer":
        tightens = (each.base for each in pack.tightens if each.rule is rule)
        return cls(
            id=rule.id,
            kind=rule.kind,
            severity=rule.severity,
            on_fail=rule.on_fail,
            tightens=next(tightens, None),
            applies_when=_selected(rule.applies_when),
            exceptions=[_selected(each) for each in rule.exceptions],
            citation=rule.citation,
            source_quality=rule.source_quality,
            effective_from=_date(rule.effective_from),
            effective_to=_date(rule.effective_to),
            message=rule.message.zh if language == "zh" else rule.message.en,
        )


class PackWithRulesAnswer(Answer):
    """A pack with all its rules."""

    pack: PackAnswer
    rules: Sequence[RuleAnswer]


@router.get("/v1/packs")
def list_packs(
    service: Served,
    page: Annotated[Page, Depends(page)],
    language: Annotated[Language, Depends(language)],
) -> Listing[PackAnswer]:
    """All packs in all their versions, in the order of their ids and versions."""
    after = page.after(str, str)
    now, in_use = service.clock(), service.shelf.in_use
    rest = [pack for pack in in_use.library if after is None or (pack.id, pack.version) > after]
    shown, following = page.cut(rest[: page.fetch], lambda pack: (pack.id, pack.version))
    items = [PackAnswer.of(pack, language, now, in_use.versions) for pack in shown]
    return Listing(items=items, next=following)


@router.get("/v1/packs/{pack_id}")
def get_pack(
    pack_id: Annotated[
        str, Path(max_length=100, description="With or without a version.", examples=["tw"])
    ],
    service: Served,
    language: Annotated[Language, Depends(language)],
) -> PackWithRulesAnswer:
    """One pack with its rules: what each asks, its law, how hard it is and how sure we are.

    Without a version: the one in force today, else the latest.
    """
    now, in_use = service.clock(), service.shelf.in_use
    try:
        packs = in_use.library.named([pack_id])
    except UnknownPack:
        raise not_found(Words("pack", "规则包")) from None
    pack = next((each for each in packs if each.in_force(now.date())), packs[-1])
    return PackWithRulesAnswer(
        pack=PackAnswer.of(pack, language, now, in_use.versions),
        rules=[RuleAnswer.of(rule, pack, language) for rule in pack.rules],
    )


def _state(pack: Pack, now: datetime) -> VersionState:
    """Active from the moment its first day begins anywhere on earth until its last is over."""
    if (pack.effective_from or date.min) > latest_day(now):
        return VersionState.SCHEDULED
    if (pack.effective_to or date.max) < earliest_day(now):
        return VersionState.RETIRED
    return VersionState.ACTIVE


def _selected(selector: Selector) -> dict[str, Any]:
    """What a selector asks, as packs write it: `not_` turns a property round."""
    said: dict[str, Any] = {}
    for test in selector.tests:
        name = f"not_{test.property}" if test.negated else test.property
        said[name] = sorted(test.values)
        if test.forms is not None:
            values = _CALLED[test.property]
            said[name] = {values: said[name], "form": sorted(test.forms)}
    for threshold in selector.thresholds:
        limit = "at_most" if threshold.negated else "over"
        said[threshold.property] = {limit: f"{threshold.limit:f}"}
    return said


def _sorted(words: frozenset[str] | None) -> list[str] | None:
    return None if words is None else sorted(words)


def _date(day: int) -> date | None:
    """The local day; None for the first and the last of all days, which mean without end."""
    found = date_of(day)
    return None if found in (date.min, date.max) else found
