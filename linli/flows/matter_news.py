"""News of a matter reaches the people that it concerns: the kinds of notice there are, and what each may say.

The words here are the program's own; a playbook may replace them (``notices.templates``).
"""

from __future__ import annotations

from linli.kernel.notices.rules import Words, declare_template

_WHAT = {"code": "the matter's public number", "class": "name of its class", "place": "address or area"}
_POST = {"post": "the post that answers for it", "due": "until when"}

RECEIVED = declare_template(
    "matters.received",
    places={**_WHAT, **_POST, "tracking": "the reporter's tracking code"},
    zh=Words(
        "已收到您的上报（{code}）",
        "您上报的“{class}”（{place}）已收到，由 {post} 负责，承诺期限 {due}。查询码：{tracking}。",
        "已收到上报{code}，查询码{tracking}",
    ),
    en=Words(
        "We have your report ({code})",
        "“{class}” ({place}) is with {post}, promised by {due}. Tracking code: {tracking}.",
        "Report {code} received, code {tracking}",
    ),
)
ESCALATED = declare_template(
    "matters.escalated",
    places={**_WHAT, **_POST, "from_post": "the post that had it before", "reason": "why"},
    zh=Words("{code} 已上推至您处", "“{class}”（{place}）已由 {from_post} 上推至 {post}，期限 {due}。原因：{reason}"),
    en=Words("{code} has come up to you", "“{class}” ({place}) has moved from {from_post} to {post}, due {due}. Reason: {reason}"),
    mandatory=True,
)
DISPATCHED = declare_template(
    "matters.dispatched",
    places={**_WHAT, **_POST},
    zh=Words("派遣：{class}（{code}）", "请处置“{class}”，地点：{place}，期限：{due}。"),
    en=Words("Dispatched to you: {class} ({code})", "Please handle “{class}” at {place} by {due}."),
    mandatory=True,
)
RUNNING_OUT = declare_template(
    "matters.running_out",
    places={**_WHAT, **_POST},
    zh=Words("即将超时：{class}（{code}）", "“{class}”（{place}）的期限为 {due}，到时未办结将自动上推一级。"),
    en=Words("About to run out: {class} ({code})", "The clock of “{class}” ({place}) ends at {due}; after that it moves up one level by itself."),
    mandatory=True,
)
OUTCOME = declare_template(
    "matters.outcome",
    places={**_WHAT, "outcome": "what was done", "tracking": "the reporter's tracking code", "reopen_until": "last day to have it reopened"},
    zh=Words(
        "办理结果（{code}）",
        "您上报的“{class}”（{place}）已办结：{outcome} 请用查询码 {tracking} 评价；若未解决，{reopen_until} 前可重办。",
    ),
    en=Words(
        "The outcome of your report ({code})",
        "“{class}” ({place}) is closed: {outcome} Rate it with {tracking}; if it is not solved, have it reopened until {reopen_until}.",
    ),
)
QUESTION = declare_template(
    "matters.question",
    places={**_WHAT, "question": "what is asked", "tracking": "the reporter's tracking code"},
    zh=Words("关于您的上报，请补充（{code}）", "工作人员请您补充：{question} 请用查询码 {tracking} 回答。"),
    en=Words("A question about your report ({code})", "The people who handle your report ask: {question} Please answer with tracking code {tracking}."),
)
WHISTLE = declare_template(
    "matters.whistle",
    places={**_WHAT, **_POST, "unit": "the department called", "reason": "why"},
    zh=Words("吹哨：请到场（{code}）", "{post} 就“{class}”（{place}）吹哨，请 {unit} 在 {due} 前报到。事由：{reason}"),
    en=Words("You are called to report in ({code})", "{post} calls {unit} to “{class}” ({place}): report in by {due}. Reason: {reason}"),
    mandatory=True,
)
REOPENED = declare_template(
    "matters.reopened",
    places={**_WHAT, **_POST, "reason": "why"},
    zh=Words("重新办理：{class}（{code}）", "“{class}”（{place}）已重新办理，由 {post} 负责，期限 {due}。原因：{reason}"),
    en=Words("Reopened: {class} ({code})", "“{class}” ({place}) has been reopened and is with {post}, due {due}. Reason: {reason}"),
    mandatory=True,
)
