"""Duties as people meet them: my day, one duty with its story, and the board of what was missed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from linli.directory.people.selectors import names_of
from linli.engines.duties.models import CheckInRecord, Occurrence, SubjectRecord
from linli.engines.duties.playbook import ACT, JUDGE, MANAGE, READ
from linli.engines.duties.rules.policy import DutyRule
from linli.engines.duties.rules.task import CLOCKS_DIFFER, State
from linli.engines.duties.services.checkin import FILE_OWNER, NoSuchDuty
from linli.engines.duties.services.confiding import is_confided
from linli.engines.duties.services.frame import Frame, NoSuchRule, frame
from linli.engines.duties.services.subjects import pauses_of
from linli.kernel.access.rules import Actor, Confidentiality
from linli.kernel.access.selectors import in_scope, names_of_actors
from linli.kernel.files.selectors import FileView, files_of

AHEAD = timedelta(days=7)
MOST = 200


@dataclass(frozen=True, slots=True)
class DutyLine:
    """One duty in a list. ``names``: what the playbook calls it; ``clock``: ok, soon or overdue; ``quick``: it needs nothing but the word."""

    id: UUID
    version: int
    names: Mapping[str, str]
    kind: str
    label: str
    area_names: Mapping[str, str]
    state: str
    level: int
    post_names: Mapping[str, str]
    person: str
    opens_at: datetime
    due_at: datetime
    started_at: datetime | None
    attempts: int
    next_try_at: datetime | None
    missed_at: datetime | None
    done_at: datetime | None
    explained_at: datetime | None
    excused_at: datetime | None
    clock: str
    quick: bool


@dataclass(frozen=True, slots=True)
class MyDay:
    """What this person answers for: to do now, the soonest end first; coming within a week; missed within a week."""

    now: tuple[DutyLine, ...]
    coming: tuple[DutyLine, ...]
    missed: tuple[DutyLine, ...]
    today: int
    done: int


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One check-in. ``files``: those of its photos and signatures that the reader may see."""

    verb: str
    at: datetime
    recorded_at: datetime
    by: str
    note: str
    form: Mapping[str, Any]
    files: tuple[FileView, ...]
    late_news: bool


@dataclass(frozen=True, slots=True)
class DutyPage:
    """``mine``: the actor is who answers for it now. ``confided``: what is written at its visits is not kept here (``services/confiding.py``).

    Of an open duty, why it is with whom it is: ``came_from`` had it first and did not answer in time; ``stands_for`` holds the post and is away;
    ``answer_by``: until when somebody answers, or it goes a level up.
    """

    line: DutyLine
    rule: DutyRule | None
    story: tuple[StoryLine, ...]
    may_act: bool
    may_explain: bool
    may_excuse: bool
    may_pause: bool
    subject: tuple[str, UUID]
    pauses: tuple[PauseLine, ...]
    mine: bool
    confided: bool
    came_from: Mapping[str, str] | None = None
    stands_for: str = ""
    answer_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class PauseLine:
    """Days on which nothing is asked for a subject, and why; ``last`` of None: until further notice."""

    first: date
    last: date | None
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class MissedBoard:
    """Misses since ``since`` where the actor may look: the lines (at most 200, the newest first) and their count by rule."""

    lines: tuple[DutyLine, ...]
    by_rule: tuple[tuple[Mapping[str, str], int, int], ...]
    total: int
    excused: int
    since: datetime


def my_day(*, actor: Actor, at: datetime) -> MyDay:
    """What the actor's posts answer for now, own and by succession. A handful of queries."""
    mine = visible(actor).filter(post_id__in=list(actor.post_ids))
    land = frame()
    midnight = land.moment(land.day_of(at) + timedelta(days=1), 0)
    running = mine.filter(Q(state="open") | Q(state="planned", opens_at__lte=at)).order_by("due_at", "id")
    coming = mine.filter(state="planned", opens_at__gt=at, opens_at__lte=at + AHEAD).order_by("opens_at", "id")
    had = Q(post_id__in=list(actor.post_ids)) | Q(first_post_id__in=list(actor.post_ids))  # who had it first sees it, too
    missed = visible(actor).filter(had, state="missed", missed_at__gt=at - AHEAD).order_by("-missed_at", "id")
    week = mine.filter(state="done", done_at__gt=at - AHEAD)
    return MyDay(
        now=lines_of(running[:MOST], at=at, land=land),
        coming=lines_of(coming[:50], at=at, land=land),
        missed=lines_of(missed[:50], at=at, land=land),
        today=running.filter(due_at__lte=midnight).count(),
        done=week.count(),
    )


def missed_board(*, actor: Actor, at: datetime, days: int = 7) -> MissedBoard:
    """What was missed in the last ``days`` days, on the day it was missed, where the actor may look.

    Raises:
        Forbidden: the actor may look nowhere.
    """
    actor.require_somewhere(READ)
    since = at - timedelta(days=days)
    land = frame()
    missed = visible(actor).filter(missed_at__gt=since, missed_at__lte=at)
    rows = list(missed.values_list("rule", "policy", "excused_at"))
    counts: dict[str, list[int]] = {}
    names: dict[str, Mapping[str, str]] = {}
    for rule, policy, excused in rows:
        found = _rule(land, policy, rule)
        names[rule] = found.names if found else {"zh": rule, "en": rule}
        count = counts.setdefault(rule, [0, 0])
        count[0] += 1
        count[1] += excused is not None
    by_rule = tuple(sorted(((names[rule], count[0], count[1]) for rule, count in counts.items()), key=lambda row: -row[1]))
    lines = lines_of(missed.order_by("-missed_at", "id")[:MOST], at=at, land=land)
    return MissedBoard(lines, by_rule, len(rows), sum(1 for row in rows if row[2] is not None), since)


def duty_page(*, actor: Actor, at: datetime, duty_id: UUID) -> DutyPage:
    """One duty with its story.

    Raises:
        NoSuchDuty: there is none, or the actor may not see it.
    """
    land = frame()
    row = visible(actor).filter(id=duty_id).select_related("subject").first()
    if row is None:
        raise NoSuchDuty()
    (line,) = lines_of([row], at=at, land=land)
    steps = list(CheckInRecord.objects.filter(occurrence_id=duty_id).order_by("version"))
    people = names_of_actors([step.actor for step in steps])
    files = files_of(actor, FILE_OWNER, [step.visit for step in steps if step.files])
    story = tuple(
        StoryLine(
            step.verb, step.at, step.recorded_at, people.get(step.actor, ""), step.note, step.form or {}, tuple(files.get(step.visit, ())),
            step.recorded_at - step.at > CLOCKS_DIFFER,
        )
        for step in steps
    )  # fmt: skip
    place: dict[str, Any] = {"area_path": row.area_path, "confidentiality": Confidentiality(row.confidentiality)}
    may_act = actor.may(ACT, **place)
    own = {row.post_id, row.first_post_id} & actor.post_ids
    return DutyPage(
        line=line,
        rule=_rule(land, row.policy, row.rule),
        story=story,
        may_act=may_act and (row.state in (State.OPEN, State.MISSED) or (row.state == State.PLANNED and row.opens_at <= at)),
        may_explain=may_act and row.missed_at is not None and row.excused_at is None,
        may_pause=actor.may(MANAGE, area_path=row.area_path) and row.subject.ended_at is None and bool(land.policy.pauses),
        subject=(row.subject.kind, row.subject.ref),
        pauses=_pauses(row.subject, at=at, land=land),
        may_excuse=actor.may(JUDGE, **place) and row.explained_at is not None and row.excused_at is None and not own,
        mine=actor.person_id is not None and row.person_id == actor.person_id,
        confided=is_confided(row.subject.kind),
        **_why_here(row, at=at, land=land),
    )


def _why_here(row: Occurrence, *, at: datetime, land: Frame) -> dict[str, Any]:
    """Why an open duty is with whom it is, in the words of :class:`DutyPage`."""
    if row.state != State.OPEN:
        return {}
    own = land.organisation.appointee(row.post_id, at)
    away = own is not None and row.person_id is not None and own != row.person_id
    return {
        "came_from": land.organisation.post(row.first_post_id).names if row.post_id != row.first_post_id else None,
        "stands_for": names_of([own]).get(own, "") if away and own is not None else "",
        "answer_by": row.hand_on_at if row.answered_at is None else None,
    }


def duties_of(*, actor: Actor, at: datetime, kind: str, ref: UUID, most: int = 8) -> tuple[DutyLine, ...]:
    """What recurs for one subject: to do now and coming within five weeks, then what has ended, the newest first; as far as the actor may see."""
    rows = visible(actor).filter(subject__kind=kind, subject__ref=ref)
    ahead = rows.filter(state__in=["open", "planned"], opens_at__lte=at + 5 * AHEAD).order_by("opens_at", "id")
    behind = rows.exclude(state__in=["open", "planned"]).order_by("-due_at", "id")
    land = frame()
    return (*lines_of(ahead[: most // 2], at=at, land=land), *lines_of(behind[: most // 2], at=at, land=land))


def pause_reasons() -> Mapping[str, Mapping[str, str]]:
    """The reasons for a pause of the playbook that holds: code → names."""
    return frame().policy.pauses


def pauses_ahead(*, kind: str, ref: UUID, at: datetime) -> tuple[PauseLine, ...]:
    """A subject's pauses that are not over, in order. Whoever asks has decided who may know of the subject."""
    row = SubjectRecord.objects.filter(kind=kind, ref=ref).first()
    return _pauses(row, at=at, land=frame()) if row else ()


def _pauses(row: SubjectRecord, *, at: datetime, land: Frame) -> tuple[PauseLine, ...]:
    today = land.day_of(at)
    spans = (span for span in pauses_of(row) if span.last is None or span.last >= today)
    return tuple(PauseLine(span.first, span.last, land.policy.pauses.get(span.reason, {"zh": span.reason, "en": span.reason})) for span in spans)


def visible(actor: Actor) -> QuerySet[Occurrence]:
    """The duties that the actor may see: by area and confidentiality."""
    return Occurrence.objects.filter(in_scope(actor.scopes(READ)))


def _rule(land: Frame, policy: UUID, code: str) -> DutyRule | None:
    try:
        return land.rule(policy, code)
    except NoSuchRule:
        return None


def lines_of(rows: Any, *, at: datetime, land: Frame) -> tuple[DutyLine, ...]:
    """Return the lines of these occurrences, in their order; one query for names, one more for rows that are not read yet."""
    found = list(rows.select_related("subject")) if isinstance(rows, QuerySet) else list(rows)
    people = names_of(row.person_id for row in found if row.person_id)
    return tuple(_line(row, at=at, land=land, person=people.get(row.person_id, "") if row.person_id else "") for row in found)


def _line(row: Occurrence, *, at: datetime, land: Frame, person: str) -> DutyLine:
    rule = _rule(land, row.policy, row.rule)
    retry = None
    if rule is not None and row.tried_at is not None and row.attempts < rule.retries and row.state == State.OPEN:
        retry = min(row.tried_at + timedelta(hours=rule.retry_hours), row.due_at - timedelta(hours=1))
    left = row.due_at - at
    clock = "overdue" if left.total_seconds() < 0 else "soon" if left < timedelta(days=1) else "ok"
    return DutyLine(
        id=row.id,
        version=row.version,
        names=rule.names if rule else {"zh": row.rule, "en": row.rule},
        kind=rule.kind if rule else "task",
        label=row.subject.label,
        area_names=land.ground.area(row.area_id).names,
        state=State.OPEN.value if row.state == State.PLANNED and row.opens_at <= at else row.state,
        level=row.level,
        post_names=land.organisation.post(row.post_id).names,
        person=person,
        opens_at=row.opens_at,
        due_at=row.due_at,
        started_at=row.started_at,
        attempts=row.attempts,
        next_try_at=retry,
        missed_at=row.missed_at,
        done_at=row.done_at,
        explained_at=row.explained_at,
        excused_at=row.excused_at,
        clock=clock,
        quick=rule is not None and not rule.evidence,
    )
