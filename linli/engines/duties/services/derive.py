"""Making occurrences on the rolling horizon, and making them anew when a rule, a subject or the calendar changes.

What has begun is left as it is. What has not is compared with what should be: the difference is written, in a few statements
whatever the number of rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from linli.engines.duties.models import Derivation, SubjectRecord
from linli.engines.duties.rules.cadence import SHARED, Window, cut_all, own_windows, shared_windows
from linli.engines.duties.rules.policy import DutyRule
from linli.engines.duties.rules.subjects import Subject
from linli.engines.duties.services.clock import drop_ended, resume
from linli.engines.duties.services.frame import Frame, held_frame
from linli.engines.duties.services.subjects import SUBJECT_FIELDS, subject_of
from linli.kernel.ids import new_id

_WANTED = "rule, slot, subject_id, area_id, area_path, confidentiality, level, post_id, opens_at, due_at"
_TYPES = "id uuid, rule text, slot text, subject_id uuid, area_id uuid, area_path text, confidentiality smallint, level smallint, post_id uuid, opens_at timestamptz, due_at timestamptz"  # noqa: E501


@dataclass(frozen=True, slots=True)
class Derived:
    """What a pass changed: occurrences made, moved and taken away."""

    made: int = 0
    changed: int = 0
    gone: int = 0

    def __add__(self, other: Derived) -> Derived:
        return Derived(self.made + other.made, self.changed + other.changed, self.gone + other.gone)


def windows_for(rule: DutyRule, subjects: Iterable[tuple[UUID, Subject]], *, first: date, last: date, frame: Frame) -> Iterator[tuple[UUID, Subject, Window]]:
    """Yield every window of the rule for those of the subjects that it is about. In memory only."""
    shared: tuple[Window, ...] | None = None
    if isinstance(rule.cadence, SHARED):
        shared = shared_windows(rule.cadence, first=first, last=last, days_off=rule.days_off, calendar=frame.calendar)
    for key, subject in subjects:
        if subject.kind != rule.subject_kind or not subject.meets(rule.where):
            continue
        found = shared
        if found is None:
            found = own_windows(rule.cadence, subject, first=first, last=last, days_off=rule.days_off, calendar=frame.calendar)
        for window in cut_all(found, subject, first=first, last=last):
            yield key, subject, window


def derive(*, at: datetime, only: Sequence[str]) -> Derived:
    """Derive those of these rules as of ``at`` that are new, changed or whose horizon has come nearer, for all of their subjects.

    Inside a write; safe to repeat, and two at once wait for each other.
    """
    frame = held_frame()
    _lock()
    known = {row.rule: row for row in Derivation.objects.all()}
    until = frame.day_of(at) + timedelta(days=frame.policy.horizon)
    named = (frame.policy.rules[code] for code in only if code in frame.policy.rules)
    fresh = [rule for rule in named if not _is_current(known.get(rule.code), rule, frame=frame, until=until)]
    total = _derive(fresh, _subjects({rule.subject_kind for rule in fresh}), frame=frame, at=at, until=until)
    for rule in fresh:
        Derivation.objects.update_or_create(rule=rule.code, defaults={"signature": signature(rule, frame=frame), "until": until, "at": at, "recorded_at": at})
    return total


def derive_stale(*, at: datetime, only: Sequence[str], settled: bool = True) -> Derived:
    """Derive these rules for the subjects that are stale, and ask again for what was dropped and is wanted after all.

    ``settled``: the subjects are stale no more, and every rule that is left out is to be derived anew as a whole. Inside a write; safe to repeat.
    """
    frame = held_frame()
    _lock()
    # Locked before they are read: whoever changes one meanwhile waits, and makes it stale again.
    stale = list(SubjectRecord.objects.select_for_update().filter(stale=True).order_by("id").values_list("id", flat=True))
    total = Derived()
    if stale:
        if settled:
            drop_ended(at=at)
        rules = [frame.policy.rules[code] for code in only if code in frame.policy.rules]
        until = frame.day_of(at) + timedelta(days=frame.policy.horizon)
        total = _derive(rules, _subjects(ids=stale), frame=frame, at=at, until=until, of=stale)
        if rules:
            resume(_dropped_and_wanted(at), at=at)
    if settled:
        SubjectRecord.objects.filter(id__in=stale).update(stale=False)
        Derivation.objects.exclude(rule__in=only).delete()
    return total


def waiting_rules(*, at: datetime) -> list[str]:
    """The rules of the playbook that holds now that are to be derived: so that each can have a write of its own."""
    frame = held_frame()
    known = {row.rule: row for row in Derivation.objects.all()}
    until = frame.day_of(at) + timedelta(days=frame.policy.horizon)
    return [rule.code for rule in frame.policy.rules.values() if not _is_current(known.get(rule.code), rule, frame=frame, until=until)]


def signature(rule: DutyRule, *, frame: Frame) -> str:
    """What a derivation of the rule rests on: the rule itself, the calendar, and who answers where."""
    answering = (post for post in frame.organisation.posts if post.level in rule.chain or post.role in rule.chain)
    posts = ",".join(sorted(f"{post.id}{post.level}{post.role}{post.rank}{post.area_path}" for post in answering))
    return hashlib.sha256(f"{rule.signature}|{frame.days}|{posts}".encode()).hexdigest()[:32]


def _is_current(row: Derivation | None, rule: DutyRule, *, frame: Frame, until: date) -> bool:
    return row is not None and row.until >= until and row.signature == signature(rule, frame=frame)


def _subjects(kinds: Iterable[str] = (), *, ids: Sequence[UUID] | None = None) -> list[tuple[UUID, Subject]]:
    rows = SubjectRecord.objects.filter(ended_at=None).only(*SUBJECT_FIELDS)
    rows = rows.filter(kind__in=list(kinds)) if ids is None else rows.filter(id__in=ids)
    return [(row.id, subject_of(row)) for row in rows.iterator(chunk_size=5_000)]


def _derive(
    rules: Sequence[DutyRule], subjects: Sequence[tuple[UUID, Subject]], *, frame: Frame, at: datetime, until: date, of: Sequence[UUID] | None = None
) -> Derived:
    if not rules:
        return Derived()
    today = frame.day_of(at)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE IF NOT EXISTS duties_wanted ({_TYPES}) ON COMMIT DELETE ROWS")
        cursor.execute("TRUNCATE duties_wanted")
        with cursor.cursor.copy(f"COPY duties_wanted (id, {_WANTED}) FROM STDIN") as copy:
            for rule in rules:
                _copy(copy, rule, subjects, first=today, last=until, frame=frame)
        cursor.execute("ANALYZE duties_wanted")
        return _compare(cursor, [rule.code for rule in rules], frame=frame, at=at, of=of)


def _copy(copy: Any, rule: DutyRule, subjects: Sequence[tuple[UUID, Subject]], *, first: date, last: date, frame: Frame) -> None:
    """Write the rule's windows as lines of COPY's text form; made by hand, which costs a quarter of ``write_row``."""
    spans: dict[tuple[date, date], str] = {}
    places: dict[UUID, str] = {}
    lines: list[str] = []
    for subject_id, subject, window in windows_for(rule, subjects, first=first, last=last, frame=frame):
        days = (window.first, window.last)
        times = spans.get(days)
        if times is None:
            times = spans[days] = f"{frame.moment(window.first, rule.opens).isoformat()}\t{frame.moment(window.last, rule.closes).isoformat()}"
        place = places.get(subject.area_id)
        if place is None:
            level, post = frame.first_post(rule.chain, subject.area_id)
            path = _escaped(frame.ground.area(subject.area_id).path)
            place = places[subject.area_id] = f"{subject.area_id}\t{path}\t{int(rule.confidentiality)}\t{level}\t{post}"
        lines.append(f"{new_id()}\t{rule.code}\t{window.key}\t{subject_id}\t{place}\t{times}\n")
        if len(lines) >= 10_000:
            copy.write("".join(lines))
            lines.clear()
    copy.write("".join(lines))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def _compare(cursor: Any, rules: list[str], *, frame: Frame, at: datetime, of: Sequence[UUID] | None) -> Derived:
    """Bring what has not begun to what is wanted. A window that is running already is taken only where nothing of it has begun.

    What should have begun by ``at`` has, even where its clock was not run yet. A window that runs already begins now: nobody can
    have answered for what was not there.
    """
    scope = "o.opens_at > %s AND o.rule = ANY(%s)" + ("" if of is None else " AND o.subject_id = ANY(%s::uuid[])")
    scoped: list[Any] = [at, rules] if of is None else [at, rules, list(of)]
    # First those that only move: a row that is wanted no more becomes one that is new, which costs a third of taking away and making.
    cursor.execute(
        f"WITH gone AS (SELECT o.id, o.subject_id, o.rule, row_number() OVER (PARTITION BY o.subject_id, o.rule ORDER BY o.opens_at) AS number"
        f" FROM duties_occurrence o WHERE o.state = 'planned' AND {scope}"
        " AND NOT EXISTS (SELECT FROM duties_wanted w WHERE w.subject_id = o.subject_id AND w.rule = o.rule AND w.slot = o.slot)),"
        " fresh AS (SELECT w.*, row_number() OVER (PARTITION BY w.subject_id, w.rule ORDER BY w.opens_at) AS number FROM duties_wanted w"
        " WHERE w.opens_at > %s AND NOT EXISTS (SELECT FROM duties_occurrence o WHERE o.subject_id = w.subject_id AND o.rule = w.rule AND o.slot = w.slot))"
        " UPDATE duties_occurrence o SET slot = f.slot, area_id = f.area_id, area_path = f.area_path, confidentiality = f.confidentiality, level = f.level,"
        " post_id = f.post_id, first_post_id = f.post_id, opens_at = f.opens_at, due_at = f.due_at, wake_at = f.opens_at, policy = %s"
        " FROM gone g JOIN fresh f ON f.subject_id = g.subject_id AND f.rule = g.rule AND f.number = g.number WHERE o.id = g.id",
        [*scoped, at, frame.policy_id],
    )
    moved = int(cursor.rowcount)
    cursor.execute(
        f"DELETE FROM duties_occurrence o WHERE o.state = 'planned' AND {scope}"
        " AND NOT EXISTS (SELECT FROM duties_wanted w WHERE w.subject_id = o.subject_id AND w.rule = o.rule AND w.slot = o.slot)",
        scoped,
    )
    gone = cursor.rowcount
    cursor.execute(
        "UPDATE duties_occurrence o SET area_id = w.area_id, area_path = w.area_path, confidentiality = w.confidentiality, level = w.level,"
        " post_id = w.post_id, first_post_id = w.post_id, opens_at = w.opens_at, due_at = w.due_at, wake_at = w.opens_at, policy = %s"
        " FROM duties_wanted w WHERE w.subject_id = o.subject_id AND w.rule = o.rule AND w.slot = o.slot AND o.state = 'planned' AND o.opens_at > %s"
        " AND (o.area_id, o.area_path, o.confidentiality, o.post_id, o.opens_at, o.due_at, o.policy)"
        " IS DISTINCT FROM (w.area_id, w.area_path, w.confidentiality, w.post_id, w.opens_at, w.due_at, %s)",
        [frame.policy_id, at, frame.policy_id],
    )
    changed = cursor.rowcount
    cursor.execute(
        "INSERT INTO duties_occurrence (id, version, policy, rule, slot, subject_id, area_id, area_path, confidentiality, state, level, post_id,"
        " first_post_id, opens_at, due_at, wake_at, attempts)"
        " SELECT w.id, 1, %s, w.rule, w.slot, w.subject_id, w.area_id, w.area_path, w.confidentiality, 'planned', w.level, w.post_id,"
        " w.post_id, greatest(w.opens_at, %s), w.due_at, greatest(w.opens_at, %s), 0 FROM duties_wanted w"
        " WHERE w.due_at > %s"
        " AND NOT EXISTS (SELECT FROM duties_occurrence o WHERE o.subject_id = w.subject_id AND o.rule = w.rule AND o.slot = w.slot)"
        " AND (w.opens_at > %s OR NOT EXISTS (SELECT FROM duties_occurrence o WHERE o.subject_id = w.subject_id AND o.rule = w.rule"
        " AND o.opens_at < w.due_at AND o.due_at > w.opens_at AND o.opens_at <= %s))"
        " ON CONFLICT (subject_id, rule, slot) DO NOTHING",
        [frame.policy_id, at, at, at, at, at],
    )
    return Derived(cursor.rowcount, changed + moved, gone)


def _dropped_and_wanted(at: datetime) -> list[UUID]:
    """What was not asked for any more and is in the windows that were derived last: its pause has ended, or its subject is back."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT o.id FROM duties_wanted w JOIN duties_occurrence o ON o.subject_id = w.subject_id AND o.rule = w.rule AND o.slot = w.slot"
            " WHERE o.state = 'dropped' AND o.due_at > %s AND w.due_at > %s",
            [at, at],
        )
        return [row[0] for row in cursor.fetchall()]


def drop_rules() -> Derived:
    """Rules that the playbook has no more: what has not begun goes, what has begun finishes. Inside a write; safe to repeat."""
    _lock()
    codes = list(Derivation.objects.exclude(rule__in=held_frame().policy.rules).values_list("rule", flat=True))
    if not codes:
        return Derived()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM duties_occurrence WHERE state = 'planned' AND rule = ANY(%s)", [codes])
        gone = int(cursor.rowcount)
    Derivation.objects.filter(rule__in=codes).delete()
    return Derived(gone=gone)


def _lock() -> None:
    """One pass at a time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('duties.derive'))")
