"""A pack on paper: selectors, numbers and obligations in words a lawyer reads."""

import pytest
from contact_rules.domain import show
from door_questions import pack_of


def _shown(rule: str, head: str = "applies: named") -> tuple[str, str]:
    """The pack in English and in Chinese, its lines put together."""
    pack = pack_of(rule, head=head)
    return " ".join(show(pack, "en").split()), "".join(show(pack, "zh").split())


@pytest.mark.parametrize(
    ("selector", "en", "zh"),
    [
        (
            "{state: {kind: [cease], form: [written, separate_instrument]}}",
            "known a request to stop contact, in a document of its own or in writing",
            "已知情况：要求停止联系（单独文件、书面）",
        ),
        (
            "{not_consent: {scope: [visit_frequency], form: [oral]}}",
            "no consent to more visits, by word of mouth",
            "未同意：外访频次（口头）",
        ),
        ("{not_channel: [visit]}", "channel not visit", "渠道：非外访"),
        ("{state: [hospital]}", "known a stay in hospital", "已知情况：住院"),
        ("{place: [hospital]}", "place hospital", "地点：医院"),
        ("{days_past_due: {over: 15}}", "days past due over 15", "逾期天数：超过15"),
        (
            '{annual_rate: {at_most: "0.154"}}',
            "yearly interest at most 15.4%",
            "年利率：不超过15.4%",
        ),
        (
            "{channel: [visit], days_past_due: {at_most: 60}}",
            "channel visit; days past due at most 60",
            "渠道：外访；逾期天数：不超过60",
        ),
    ],
)
def test_selectors(selector: str, en: str, zh: str) -> None:
    applies = _shown(f"kind: staffing\nparams: {{min: 2}}\napplies_when: {selector}")
    assert f"When: {en}" in applies[0]
    assert f"适用:{zh}" in applies[1]
    unless = _shown(f"kind: staffing\nparams: {{min: 2}}\nexceptions: [{selector}]")
    assert f"Unless: {en}" in unless[0]
    assert f"例外:{zh}" in unless[1]


def test_obligations_with_all_that_belongs_to_them() -> None:
    en, zh = _shown(
        "kind: obligation\nparams: {what: record_visit, when: during, evidence: [audio, video],"
        " keep_years: 2, needs: {consent: [recording]}, otherwise: record_outside_only,"
        " impossible_when: [cannot_record]}"
    )
    assert (
        "Must, throughout: record the visit; shown by audio, video; kept for 2 years;"
        " only with consent to recording; else record only outside the home;"
        " no contact with a recorder that does not work"
    ) in en
    assert (
        "须履行（全程）：全程录制外访；凭证：录音、录像；保存2年；须已同意：录音录像；"
        "否则仅在户外录制；有下列情形时不得联系：录音录像设备不可用"
    ) in zh


def test_a_plain_obligation_is_said_plainly() -> None:
    en, _ = _shown("kind: obligation\nparams: {what: leave_when_asked, when: on_refusal}")
    assert "Must, when refused: leave when asked to Source:" in en


@pytest.mark.parametrize(
    ("entry", "en"),
    [
        ("never", "Must, at the start: stay outside Source:"),
        ("if_invited", "Must, at the start: enter only if invited Source:"),
        (
            "with_consent",
            "Must, at the start: enter as agreed; only with consent to coming in;"
            " else stay outside Source:",
        ),
    ],
)
def test_going_in(entry: str, en: str) -> None:
    assert en in _shown(f"kind: place\nparams: {{entry: {entry}}}")[0]
    assert "Must" not in _shown("kind: place\nparams: {deny: [work]}")[0]


def test_what_is_the_same_for_every_contact_is_filled_in() -> None:
    en, zh = _shown(
        "kind: place\nparams: {allow: [home, agreed]}\n"
        'message: {en: "Only {allowed}, not {place}.", zh: "仅限{allowed}，不得{place}。"}'
    )
    assert "Only home, place agreed on, not …." in en
    assert "仅限住所、约定地点，不得…。" in zh
    en, zh = _shown(
        'kind: gate\nparams: {annual_rate: {over: "0.36"}}\n'
        'message: {en: "{rate} is over {limit}.", zh: "{rate} 超过 {limit}。"}'
    )
    assert "… is over 36%." in en
    assert "…超过36%。" in zh


def test_whom_a_pack_is_for() -> None:
    rule = "kind: staffing\nparams: {min: 2}"
    en, zh = _shown(
        rule,
        "applies: jurisdiction\n"
        "covers: {country: US, region: NY, city: NYC, collectors: [agency, debt_buyer]}",
    )
    assert "applies to contacts in US-NY NYC only for agency or debt buyer" in en
    assert "仅适用于受托催收机构、债权受让人" in zh
    en, zh = _shown(rule, "applies: overlay\nlender: river-bank")
    assert "applies beside all others to contacts of the lender river-bank" in en
    assert "river-bank" in zh
