"""States and transitions of a matter, as one pure table (GB/T 30428: report, file, dispatch, handle, report back, close)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class State(StrEnum):
    """Where a matter stands. Every state but the last three is open."""

    REPORTED = "reported"  # 上报: waits to be filed
    FILED = "filed"  # 立案: waits to be dispatched
    DISPATCHED = "dispatched"  # 派遣: somebody handles it
    HANDLED = "handled"  # 反馈: handled and reported back, waits for verification
    VERIFIED = "verified"  # 核查: verified, waits for call-back and closing
    SUSPENDED = "suspended"  # 挂账: on hold until its review date
    CLOSED = "closed"  # 结案
    REFUSED = "refused"  # 不予立案
    MERGED = "merged"  # 并入另一件

    def in_chinese(self) -> str:
        return _STATES_ZH[self]


ENDED = frozenset({State.CLOSED, State.REFUSED, State.MERGED})
OPEN = frozenset(State) - ENDED


class Verb(StrEnum):
    """What can be done with a matter."""

    REPORT = "report"
    FILE = "file"
    REFUSE = "refuse"
    MERGE = "merge"
    DISPATCH = "dispatch"
    TRANSFER = "transfer"
    RETURN = "return"
    REPORT_BACK = "report_back"
    SOLVE = "solve"
    VERIFY = "verify"
    CALL_BACK = "call_back"
    CLOSE = "close"
    REOPEN = "reopen"
    ESCALATE = "escalate"
    TIME_OUT = "time_out"
    SUSPEND = "suspend"
    RESUME = "resume"
    ASK_EXTENSION = "ask_extension"
    GRANT_EXTENSION = "grant_extension"
    DECLINE_EXTENSION = "decline_extension"
    WHISTLE = "whistle"
    REPORT_IN = "report_in"
    CORRECT = "correct"
    REDACT = "redact"
    NOTE = "note"
    ASK_REPORTER = "ask_reporter"
    JOIN = "join"
    RATE = "rate"

    def in_chinese(self) -> str:
        return _VERBS_ZH[self]


# How a playbook says them in Chinese, in their order.
_STATES_ZH = dict(zip(State, ("待立案", "待派遣", "处置中", "待核查", "待结案", "挂账", "已结案", "不予立案", "已并案"), strict=True))
_VERBS_ZH = dict(zip(Verb, (
    "上报", "立案", "不予立案", "并案", "派遣", "转派", "退回", "反馈", "办结", "核查", "回访", "结案", "重办", "上报上级", "超时上移", "挂账", "恢复办理",
    "申请延期", "同意延期", "不同意延期", "吹哨", "部门报到", "更正", "遮盖公开文字", "备注", "问上报人", "加入", "评价",
), strict=True))  # fmt: skip

_S, _V = State, Verb

# (state, verb) → next state. A verb absent for a state is refused there. SOLVE and VERIFY go on by the policy (see
# ``landing``): the state written here is the farthest that they always reach.
TABLE: dict[tuple[State, Verb], State] = {
    (_S.REPORTED, _V.FILE): _S.FILED,
    (_S.REPORTED, _V.REFUSE): _S.REFUSED,
    (_S.FILED, _V.REFUSE): _S.REFUSED,
    (_S.FILED, _V.DISPATCH): _S.DISPATCHED,
    (_S.DISPATCHED, _V.DISPATCH): _S.DISPATCHED,
    (_S.DISPATCHED, _V.RETURN): _S.FILED,
    (_S.HANDLED, _V.RETURN): _S.DISPATCHED,
    (_S.VERIFIED, _V.RETURN): _S.DISPATCHED,
    (_S.DISPATCHED, _V.REPORT_BACK): _S.HANDLED,
    (_S.REPORTED, _V.SOLVE): _S.HANDLED,
    (_S.FILED, _V.SOLVE): _S.HANDLED,
    (_S.DISPATCHED, _V.SOLVE): _S.HANDLED,
    (_S.HANDLED, _V.VERIFY): _S.VERIFIED,
    (_S.VERIFIED, _V.CLOSE): _S.CLOSED,
    (_S.CLOSED, _V.REOPEN): _S.FILED,
    (_S.REFUSED, _V.REOPEN): _S.REPORTED,
    # Moving up: what was being handled below is filed anew above; what was handled keeps waiting for its check.
    (_S.REPORTED, _V.ESCALATE): _S.REPORTED,
    (_S.FILED, _V.ESCALATE): _S.FILED,
    (_S.DISPATCHED, _V.ESCALATE): _S.FILED,
    (_S.HANDLED, _V.ESCALATE): _S.HANDLED,
    (_S.VERIFIED, _V.ESCALATE): _S.VERIFIED,
}
for _state in (_S.REPORTED, _S.FILED, _S.DISPATCHED):
    TABLE[_state, _V.MERGE] = _S.MERGED
    TABLE[_state, _V.SUSPEND] = _S.SUSPENDED
    TABLE[_state, _V.TRANSFER] = _state
    TABLE[_state, _V.ASK_EXTENSION] = _state
    TABLE[_state, _V.GRANT_EXTENSION] = _state
    TABLE[_state, _V.DECLINE_EXTENSION] = _state
for _state in OPEN - {_S.SUSPENDED}:
    TABLE[_state, _V.TIME_OUT] = TABLE[_state, _V.ESCALATE]
for _state in OPEN:
    for _verb in (_V.WHISTLE, _V.REPORT_IN, _V.CORRECT, _V.JOIN, _V.ASK_REPORTER, _V.CALL_BACK):
        TABLE[_state, _verb] = _state
for _state in State:
    TABLE[_state, _V.REDACT] = _state
    TABLE[_state, _V.NOTE] = _state
for _state in (_S.CLOSED, _S.REFUSED):
    TABLE[_state, _V.RATE] = _state
    TABLE[_state, _V.CALL_BACK] = _state
# RESUME leads back to the state before the suspension; the table names the states that it may reach.
RESUMES_TO = frozenset({_S.REPORTED, _S.FILED, _S.DISPATCHED})

# Steps a playbook may drop, each with the verb that it saves.
OPTIONAL: dict[str, Verb] = {"filing": _V.FILE, "dispatching": _V.DISPATCH, "verification": _V.VERIFY, "closing": _V.CLOSE}


def next_state(state: State, verb: Verb) -> State | None:
    """Return where ``verb`` leads from ``state``, or None where the table refuses it."""
    return TABLE.get((state, verb))


def landing(state: State, dropped: frozenset[str]) -> State:
    """Return where a matter comes to rest when the steps in ``dropped`` go by themselves."""
    following = next((TABLE[state, verb] for step, verb in OPTIONAL.items() if step in dropped and (state, verb) in TABLE), state)
    return state if following is state else landing(following, dropped)


def dead_ends(dropped: frozenset[str], forbidden: Iterable[tuple[State, Verb]] = ()) -> frozenset[State]:
    """Return the open states from which *closed* cannot be reached when ``forbidden`` moves are taken away.

    Being refused or merged is no way out for what has to be solved. The playbook validator refuses a playbook for which
    this is not empty (DESIGN §2).
    """
    refused = frozenset(forbidden)
    reaching: set[State] = {State.CLOSED}
    moves: dict[State, set[State]] = {state: set() for state in State}
    for (state, verb), following in TABLE.items():
        if (state, verb) not in refused:
            moves[state].add(landing(following, dropped))
    if not any(pair == (_S.SUSPENDED, _V.RESUME) for pair in refused):
        moves[_S.SUSPENDED] |= RESUMES_TO
    changed = True
    while changed:
        changed = False
        for state, followings in moves.items():
            if state not in reaching and followings & reaching:
                reaching.add(state)
                changed = True
    return frozenset(OPEN - reaching)
