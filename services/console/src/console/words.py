"""What the console says, in English and Chinese: one line a thing, the same keys in both."""

from typing import Final, Literal

Language = Literal["en", "zh"]

LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")

# key: (English, Chinese). The field's own words are those of the glossary.
_WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("Doorstep", "Doorstep"),
    "subtitle": ("Compliant field collections", "合规上门催收"),
    "cases": ("Cases", "案件"),
    "visits": ("Visits", "外访"),
    "plans": ("Repayment plans", "还款计划"),
    "packs": ("Rule packs", "规则包"),
    "sign_in": ("Sign in", "登录"),
    "sign_out": ("Sign out", "退出"),
    "token": ("Token", "令牌"),
    "token_hint": (
        "Paste a bearer token. `doorstep token --role ops` prints one.",
        "请粘贴访问令牌。运行 `doorstep token --role ops` 可取得。",
    ),
    "token_refused": (
        "This token is not valid, or no longer.",
        "令牌无效或已过期。",
    ),
    "search": ("Search", "搜索"),
    "search_hint": ("Name or account", "姓名或账户号"),
    "status": ("Status", "状态"),
    "all": ("All", "全部"),
    "next_page": ("Next page", "下一页"),
    "first_page": ("First page", "首页"),
    "none": ("Nothing here yet.", "暂无内容。"),
    "debtor": ("Debtor", "债务人"),
    "lender": ("Lender", "委托方"),
    "stage": ("Stage", "阶段"),
    "dpd": ("Days past due", "逾期天数"),
    "bucket": ("Bucket", "账龄段"),
    "balance": ("Balance", "余额"),
    "overdue": ("Overdue", "逾期金额"),
    "opened": ("Opened", "立案时间"),
    "flags": ("Flags", "标记"),
    "accounts": ("Accounts", "账户"),
    "account": ("Account", "账户"),
    "product": ("Product", "产品"),
    "due_since": ("Due since", "逾期起始"),
    "addresses": ("Addresses", "地址"),
    "address": ("Address", "地址"),
    "kind": ("Kind", "类型"),
    "time_zone": ("Time zone", "时区"),
    "unknown_zone": ("unknown: visits need review", "未知：外访须人工审核"),
    "related": ("Related persons", "相关人"),
    "role": ("Role", "角色"),
    "name": ("Name", "姓名"),
    "timeline": ("Timeline", "时间线"),
    "when": ("When", "时间"),
    "what": ("What", "事项"),
    "who": ("Who", "操作者"),
    "local_time": ("Local time at the door", "门前当地时间"),
    "party": ("To be met", "拟会见"),
    "purpose": ("Purpose", "目的"),
    "team": ("Team", "人员"),
    "verdict": ("Verdict", "裁决"),
    "why_denied": ("Why this visit may not take place", "不得外访的原因"),
    "why_review": ("Why people must decide", "须人工审核的原因"),
    "all_rules": ("All rules that were asked", "全部规则"),
    "rule": ("Rule", "规则"),
    "law": ("Law", "法规依据"),
    "result": ("Result", "结果"),
    "severity": ("Severity", "效力"),
    "source_quality": ("How we know", "依据来源"),
    "measured": ("Measured", "实际"),
    "limit": ("Limit", "上限"),
    "message": ("In words", "说明"),
    "next_lawful": ("Next lawful times", "下一可行时段"),
    "first_start": ("first start", "最早开始"),
    "last_start": ("last start", "最晚开始"),
    "no_lawful": (
        "None within 90 days for this visit as it is planned.",
        "按此方案，90 天内没有可行时段。",
    ),
    "approval": ("Approval", "准入"),
    "valid_until": ("Valid until", "有效期至"),
    "must_end_by": ("Must end by", "须结束于"),
    "obligations": ("Obligations at the door", "上门义务"),
    "at": ("When", "时点"),
    "cancelled": ("Cancelled", "已取消"),
    "outcome": ("Outcome", "结果"),
    "plan": ("Plan", "计划"),
    "amount": ("Amount", "金额"),
    "total": ("Total", "合计"),
    "paid": ("Paid", "已付"),
    "interest": ("Interest", "利息"),
    "principal": ("Principal", "本金"),
    "rate": ("Effective annual rate", "实际年利率"),
    "instalments": ("Instalments", "期数"),
    "due_on": ("Due", "到期日"),
    "balance_after": ("Balance after", "剩余本金"),
    "history": ("History", "历史"),
    "reason": ("Reason", "原因"),
    "consent": ("Consent", "同意"),
    "version": ("Version", "版本"),
    "rules": ("Rules", "规则"),
    "in_force": ("In force", "施行"),
    "to_verify": ("Not verified yet", "尚待核实"),
    "not_found": ("There is nothing here for you.", "此处没有您可查看的内容。"),
    "not_allowed": ("Your role may not see this.", "您的角色无权查看。"),
    "not_understood": ("That address makes no sense.", "该地址无法识别。"),
    "unreachable": (
        "The service {service} can't be reached now. Nothing is shown rather than something stale.",
        "服务 {service} 暂时无法访问。为免误导，不显示旧数据。",
    ),
    "failed": ("Something went wrong on our side.", "服务器发生错误。"),
    "back": ("Back to the cases", "返回案件列表"),
    "other_language": ("中文", "English"),
    "text": ("read in the law", "已核对法条"),
    "report": ("reported, law not read", "据报道，未核对法条"),
    "memory": ("from memory, not verified", "凭记忆，未核实"),
    # The field's codes.
    "open": ("open", "已立案"),
    "working": ("working", "处理中"),
    "resolved": ("resolved", "已解决"),
    "closed": ("closed", "已关闭"),
    "requested": ("requested", "待审批"),
    "scheduled": ("scheduled", "已排期"),
    "denied": ("denied", "已拒绝"),
    "deny": ("denied", "拒绝"),
    "needs_review": ("needs review", "须人工审核"),
    "allow": ("allowed", "准许"),
    "completed": ("completed", "已完成"),
    "pass": ("pass", "符合"),
    "fail": ("fail", "不符合"),
    "unknown": ("unknown", "无法判断"),
    "not_applicable": ("does not apply", "不适用"),
    "prohibition": ("prohibition", "禁止性规定"),
    "presumption": ("presumption", "推定"),
    "guidance": ("guidance", "指引"),
    "policy": ("own policy", "内部政策"),
    "offered": ("offered", "已提出"),
    "consented": ("consented", "已同意"),
    "active": ("active", "履行中"),
    "expired": ("expired", "已过期"),
    "part_paid": ("part paid", "部分已付"),
    "plan_active": ("plan active", "计划履行中"),
    "home": ("home", "住所"),
    "work": ("work", "单位"),
    "neighbour": ("neighbour", "邻居"),
    "colleague": ("colleague", "同事"),
    "guarantor": ("guarantor", "保证人"),
    "spouse": ("spouse", "配偶"),
    "family": ("family", "亲属"),
    "notice": ("notice", "通知"),
    "internal": ("internal", "内催"),
    "field": ("field", "外访"),
    "agency": ("agency", "委外"),
    "legal": ("legal", "法务"),
}

CODES: Final = frozenset(_WORDS)


class Words:
    """The words of one language; ``words.sign_in`` in a template."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._at = LANGUAGES.index(language)

    def __getattr__(self, key: str) -> str:
        try:
            return _WORDS[key][self._at]
        except KeyError:
            raise AttributeError(key) from None

    def code(self, code: object) -> str:
        """A code of the services in words; one without words is shown as it is."""
        found = _WORDS.get(str(code))
        return str(code).replace("_", " ") if found is None else found[self._at]
