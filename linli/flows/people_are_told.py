"""Whoever a matter concerns is told: the reporter what became of it, the holder of a post what has come to it.

Old news is not told: what happened more than a day ago (a replayed year, an import) is on the record and in the queue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from linli.directory.organisation.selectors import organisation
from linli.directory.people.selectors import reach_of
from linli.engines.matters.events import MatterEnded, MatterEvent, MatterMoved, MatterReported, MatterTouched
from linli.engines.matters.selectors.news import Brief, Move, briefs, last_words, moves_of, open_calls, reporters_to_tell, running_out
from linli.flows import matter_news as news
from linli.kernel.calendar.playbook import CalendarSection
from linli.kernel.events.services import Delivered, subscribe
from linli.kernel.notices.rules import Channel, Recipient, Urgency
from linli.kernel.notices.services.queue import NoticeRequest, notify_many
from linli.kernel.playbooks.selectors import active_playbook

OLD_NEWS = timedelta(days=1)
WARNING = timedelta(hours=1)  # how long before its level's clock ends a holder is warned
ZH = "zh"


def _fresh(deliveries: Iterable[Delivered[Any]], at: datetime) -> list[MatterEvent]:
    return [delivery.event for delivery in deliveries if at - delivery.event.at < OLD_NEWS]


@subscribe("people_are_told.reporters", MatterReported, MatterEnded, MatterTouched)
def tell_reporters(deliveries: Sequence[Delivered[MatterReported | MatterEnded | MatterTouched]]) -> None:
    """Receipt, outcome and questions go to those reporters who left a way to be told."""
    at = deliveries[0].handled_at
    told = [event for event in _fresh(deliveries, at) if not isinstance(event, MatterTouched) or event.verb == "ask_reporter"]
    told = [event for event in told if event.to_state != "merged"]
    if not told:
        return
    keys = {event.key for event in told}
    reporters: dict[UUID, list[Any]] = {}
    for reporter in reporters_to_tell(keys):
        reporters.setdefault(reporter.matter_id, []).append(reporter)
    if not reporters:
        return
    known = briefs(keys)
    questions = last_words({event.key for event in told if event.verb == "ask_reporter"}, verb="ask_reporter")
    requests = []
    for event in told:
        brief = known[event.key]
        for reporter in reporters.get(event.key, ()):
            language = ZH if reporter.language.startswith(ZH) else "en"
            params = {**_what(brief, language), "tracking": reporter.tracking}
            if isinstance(event, MatterReported):
                template, params = news.RECEIVED, {**params, **_post(brief, language, brief.due_at)}
            elif isinstance(event, MatterEnded):
                until = brief.reopen_until.date().isoformat() if brief.reopen_until else ""
                template, params = news.OUTCOME, {**params, "outcome": brief.outcome, "reopen_until": until}
            else:
                template, params = news.QUESTION, {**params, "question": questions.get(event.key, "")}
            addresses = {Channel.SMS: reporter.phone, Channel.EMAIL: reporter.email}
            recipient = Recipient(f"reporter:{reporter.report_id}", {channel: to for channel, to in addresses.items() if to}, reporter.language)
            requests.append(NoticeRequest(at, recipient, template.key, f"{event.key}:{event.version}", params))
    notify_many(requests)


@subscribe("people_are_told.holders", MatterReported, MatterMoved, MatterTouched)
def tell_holders(deliveries: Sequence[Delivered[MatterReported | MatterMoved | MatterTouched]]) -> None:
    """Whoever holds the post that a matter has come to is told; a called department is told by whom and until when."""
    at = deliveries[0].handled_at
    fresh = [event for event in _fresh(deliveries, at) if not isinstance(event, MatterTouched) or event.verb == "whistle"]
    if not fresh:
        return
    known = briefs({event.key for event in fresh})
    fresh = [event for event in fresh if event.post == str(known[event.key].post_id)]  # what has gone on since is told by its later event
    moves = moves_of({event.key: event.version for event in fresh if event.verb in ("escalate", "time_out", "reopen")})
    held = organisation()
    calls: dict[UUID, list[Any]] = {}
    for call in open_calls({event.key for event in fresh if event.verb == "whistle"}):
        calls.setdefault(call.matter_id, []).append(call)
    drafts: list[tuple[MatterEvent, UUID, str, Callable[[str], Mapping[str, object]]]] = []
    for event in fresh:
        brief = known[event.key]
        if event.verb == "whistle":
            for call in calls.get(event.key, ()):
                words = _called(brief, call)
                drafts.append((event, call.post_id, news.WHISTLE.key, words))
        elif event.verb in ("escalate", "time_out"):
            drafts.append((event, brief.post_id, news.ESCALATED.key, _escalated(brief, event.verb, moves[event.key])))
        elif event.verb == "reopen":
            drafts.append((event, brief.post_id, news.REOPENED.key, _with(brief, brief.level_due_at, reason=moves[event.key].reason)))
        elif event.verb in ("report", "dispatch", "transfer", "correct"):
            drafts.append((event, brief.handler_id or brief.post_id, news.DISPATCHED.key, _with(brief, brief.level_due_at)))
    holders = [held.holder(post, at).person_id for _, post, _, _ in drafts]
    reach = reach_of(holder for holder in holders if holder)
    notify_many([
        NoticeRequest(at, reach[holder].recipient(holder), template, f"{event.key}:{event.version}:{post}", words(reach[holder].tongue),
                      urgency=Urgency.URGENT if known[event.key].urgent else Urgency.NORMAL)
        for (event, post, template, words), holder in zip(drafts, holders, strict=True)
        if holder is not None
    ])  # fmt: skip


def warn_holders(*, at: datetime) -> None:
    """Tell each holder, once for each level, that a matter's clock is about to end. Inside a write; safe to repeat."""
    held = organisation()
    near = running_out(after=at, until=at + WARNING)
    holders = [held.holder(brief.post_id, at).person_id for brief in near]
    reach = reach_of(holder for holder in holders if holder)
    notify_many([
        NoticeRequest(at, reach[holder].recipient(holder), news.RUNNING_OUT.key, f"{brief.id}:{brief.level}:{brief.level_due_at.isoformat()}",
                      _with(brief, brief.level_due_at)(reach[holder].tongue))
        for brief, holder in zip(near, holders, strict=True)
        if holder is not None
    ])  # fmt: skip


def _what(brief: Brief, language: str) -> dict[str, object]:
    return {"code": brief.code, "class": brief.class_names.get(language, ""), "place": brief.place(language)}


def _post(brief: Brief, language: str, due: datetime) -> dict[str, object]:
    return {"post": brief.post_names.get(language, ""), "due": local_time(due)}


def local_time(at: datetime) -> str:
    """A moment as people read it in a message: by the community's clock, to the minute."""
    return at.astimezone(active_playbook().section(CalendarSection).zone()).strftime("%Y-%m-%d %H:%M")


def _with(brief: Brief, due: datetime, **more: object) -> Callable[[str], Mapping[str, object]]:
    return lambda language: {**_what(brief, language), **_post(brief, language, due), **more}


def _escalated(brief: Brief, verb: str, move: Move) -> Callable[[str], Mapping[str, object]]:
    reasons = {"time_out": {"zh": "下级期限已到", "en": "the clock below ran out"}, "escalate": {"zh": "下级上报", "en": "sent up from below"}}

    def words(language: str) -> Mapping[str, object]:
        reason = move.reason if verb == "escalate" and move.reason else reasons[verb][language]
        return {**_what(brief, language), **_post(brief, language, brief.level_due_at), "from_post": move.from_post.get(language, ""), "reason": reason}

    return words


def _called(brief: Brief, call: Any) -> Callable[[str], Mapping[str, object]]:
    def words(language: str) -> Mapping[str, object]:
        return {**_what(brief, language), **_post(brief, language, call.due_at), "unit": call.unit_names.get(language, ""), "reason": call.reason}

    return words
