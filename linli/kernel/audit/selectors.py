"""Reading and checking the audit chain."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, transaction

from linli.kernel.actor import Asking
from linli.kernel.audit.models import AuditEntry, AuditLink
from linli.kernel.audit.rules import ENTRY_FIELDS, Checker, Fault, FaultKind, Head, Link, moved_from

READ = "audit.read"  # permission
BATCH = 5_000  # rows a round trip
PAGE = 200  # entries a page at most
NEIGHBOURS = 32  # links on each side searched for the place that a moved link came from
APP_ROLE = "linli_app"

_LINK = "seq, recorded_at, count, digest, hash"
_LINKS, _ENTRIES = AuditLink._meta.db_table, AuditEntry._meta.db_table


@dataclass(frozen=True, slots=True)
class Verification:
    """What a walk over the chain found: how much was in order before ``fault``, or all of it."""

    links: int
    entries: int
    seconds: float
    head: Head | None
    fault: Fault | None = None

    @property
    def per_second(self) -> float:
        """Entries checked per second."""
        return self.entries / self.seconds if self.seconds else 0.0


def head() -> Head | None:
    """The chain's last link; None while nothing was ever written."""
    link = AuditLink.objects.order_by("-seq").first()
    return None if link is None else Head(link.seq, bytes(link.hash).hex(), link.recorded_at)


def origin() -> bytes | None:
    """The hash of the chain's first link, by which an installation is told from others; no secret. None while nothing was ever written."""
    first = AuditLink.objects.order_by("seq").values_list("hash", flat=True).first()
    return None if first is None else bytes(first)


def heads(*, every: int = 1_000, after_seq: int = 0) -> Iterator[Head]:
    """Heads for anchoring outside: each ``every``-th link after ``after_seq``, and the last one."""
    last = head()
    rows = AuditLink.objects.extra(where=["seq %% %s = 0"], params=[every]).filter(seq__gt=after_seq).order_by("seq")
    for link in rows.iterator(chunk_size=BATCH):
        yield Head(link.seq, bytes(link.hash).hex(), link.recorded_at)
    if last is not None and last.seq % every and last.seq > after_seq:
        yield last


def verify(*, since_seq: int | None = None, anchors: Mapping[int, str] | None = None) -> Verification:
    """Walk the chain as it stands and name the first thing wrong; memory does not grow with its length.

    Args:
        since_seq: trust this link and check what follows it; by default the whole chain.
        anchors: hashes (hex) by seq that were published outside. Without them a chain that was rewritten whole, or cut
            off at its end, by somebody who rules the database cannot be told from a true one.
    """
    started = time.perf_counter()
    end = head()
    start = since_seq or 0
    anchors = {seq: hash_.lower() for seq, hash_ in (anchors or {}).items() if seq > start}
    checker = Checker(seq=start, anchors=anchors)
    with transaction.atomic():
        fault = _trust(checker) or _walk(checker, end.seq if end else 0)
    return Verification(checker.links, checker.entries, time.perf_counter() - started, end, fault)


def _trust(checker: Checker) -> Fault | None:
    if checker.seq:
        link = AuditLink.objects.filter(seq=checker.seq).first()
        if link is None:
            return Fault(FaultKind.LINK_MISSING, checker.seq, detail="the one to start from")
        checker.previous = bytes(link.hash)
    return None


def _walk(checker: Checker, end: int) -> Fault | None:
    """Check up to link ``end``: what commits meanwhile is left for the next time."""
    start = checker.seq
    links = _stream("linli_links", f"SELECT {_LINK} FROM {_LINKS} WHERE seq > %s AND seq <= %s ORDER BY seq", [start, end])
    entries = _stream(
        "linli_entries",
        f"SELECT link, recorded_at, hash, {', '.join(ENTRY_FIELDS)} FROM {_ENTRIES} WHERE link > %s AND link <= %s ORDER BY link, position",
        [start, end],
    )
    fault = checker.walk((Link(*row) for row in links), entries)
    if fault is None:
        fault = _beyond(max(end, start))
    elif fault.kind is FaultKind.LINK_CHANGED:
        fault = _moved(fault)
    return fault


def _stream(name: str, statement: str, parameters: list[Any]) -> Iterator[tuple[Any, ...]]:
    """Rows through a server-side cursor, in binary: times come as they are stored, whatever the session's settings."""
    connection.ensure_connection()
    assert connection.connection is not None
    with connection.connection.cursor(name=name, binary=True) as cursor:
        cursor.itersize = BATCH
        cursor.execute(statement, parameters)
        while rows := cursor.fetchmany(BATCH):
            yield from rows


def _beyond(end: int) -> Fault | None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT link, position FROM {_ENTRIES} AS entry WHERE (link > %s OR link < 1) AND NOT EXISTS (SELECT FROM {_LINKS} WHERE seq = entry.link)
                ORDER BY link, position LIMIT 1""",
            [end],
        )
        row = cursor.fetchone()
    return None if row is None else Fault(FaultKind.ENTRY_ADDED, row[0], row[1], "its link does not exist")


def _moved(fault: Fault) -> Fault:
    near = AuditLink.objects.filter(seq__range=(fault.link - NEIGHBOURS, fault.link + NEIGHBOURS)).order_by("seq")
    links = [Link(row.seq, row.recorded_at, row.count, bytes(row.digest), bytes(row.hash)) for row in near]
    suspect = next(link for link in links if link.seq == fault.link)
    origin = moved_from(suspect, links)
    return fault if origin is None else Fault(FaultKind.LINK_MOVED, fault.link, detail=f"it was link {origin}")


def unprotected() -> list[str]:
    """What no longer keeps the database from changing the chain: triggers gone or off, rights given to the application's role."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT t.name || ': its trigger is ' || CASE WHEN g.tgenabled IS NULL THEN 'missing' ELSE 'off' END
               FROM unnest(%s::text[]) AS t(name) LEFT JOIN pg_trigger g ON g.tgrelid = t.name::regclass AND g.tgname = 'append_only'
               WHERE g.tgenabled IS DISTINCT FROM 'A'
               UNION ALL
               SELECT t.name || ': the role ' || r.rolname || ' may ' || p.name
               FROM unnest(%s::text[]) AS t(name), unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS p(name), pg_roles r
               WHERE r.rolname = %s AND has_table_privilege(r.oid, t.name::regclass, p.name)
               ORDER BY 1""",
            [[_LINKS, _ENTRIES], [_LINKS, _ENTRIES], APP_ROLE],
        )
        return [row[0] for row in cursor.fetchall()]


# -- the reader's pages -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which entries; an empty field asks nothing. ``since`` and ``until`` bound ``recorded_at`` (half open)."""

    subject: UUID | None = None
    subject_type: str = ""
    actor: str = ""
    action: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry as a reader sees it."""

    link: int
    position: int
    at: datetime
    recorded_at: datetime
    actor: str
    action: str
    subject_type: str
    subject: UUID
    from_state: str
    to_state: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EntriesPage:
    """Newest first; ``before`` is what to ask for the next page with, None on the last."""

    entries: tuple[EntryView, ...]
    before: tuple[int, int] | None


def whole_log(actor: Asking, filters: EntryFilter = EntryFilter()) -> Iterator[EntryView]:
    """Every entry that the filter lets through, newest first, read page by page. Refuses as :func:`entries`."""
    before: tuple[int, int] | None = None
    while True:
        page = entries(actor, filters, before=before, limit=PAGE)
        yield from page.entries
        before = page.before
        if before is None:
            return


def entries(actor: Asking, filters: EntryFilter = EntryFilter(), *, before: tuple[int, int] | None = None, limit: int = 50) -> EntriesPage:
    """A page of the audit log, in one query.

    Raises:
        Forbidden: ``actor`` lacks ``audit.read``.
    """
    actor.require(READ)
    wanted = AuditEntry.objects.order_by("-link", "-position")
    for name in ("subject_type", "actor", "action"):
        if value := getattr(filters, name):
            wanted = wanted.filter(**{name: value})
    if filters.subject is not None:
        wanted = wanted.filter(subject=filters.subject)
    if filters.since is not None:
        wanted = wanted.filter(recorded_at__gte=filters.since)
    if filters.until is not None:
        wanted = wanted.filter(recorded_at__lt=filters.until)
    if before is not None:
        wanted = wanted.filter(pk__lt=before)
    limit = max(1, min(limit, PAGE))
    rows = list(wanted[: limit + 1])
    views = tuple(
        EntryView(r.link, r.position, r.at, r.recorded_at, r.actor, r.action, r.subject_type, r.subject, r.from_state, r.to_state, orjson.loads(r.details))
        for r in rows[:limit]
    )
    return EntriesPage(views, (views[-1].link, views[-1].position) if len(rows) > limit else None)
