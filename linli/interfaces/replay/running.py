"""The replay: windows of days, in each the reports, then the closings, then the backstop's sweep, all by the services.

Everything happens at the record's own time: a clock that ran out between a report and its closing moved the matter up at
its deadline, whenever the sweep came by. So the size of the windows changes nothing but the speed.
"""

from __future__ import annotations

import heapq
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from linli.engines.matters.rules.decide import Command
from linli.engines.matters.rules.states import State, Verb
from linli.engines.matters.selectors.facts import first_matters
from linli.engines.matters.services.act import Done, act
from linli.engines.matters.services.report import report_matters
from linli.engines.matters.tasks import sweep
from linli.interfaces.replay.mapping import Mapping
from linli.interfaces.replay.models import ReplayProgress
from linli.interfaces.replay.records import DUPLICATE, Closing, Record, Refused, digest_of, records_of
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import machine_now, now, set_clock
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.writing import write

BATCH = 1_000
# What closing takes at the most; where a level's solution closes by itself, the later steps find nothing left to do.
STEPS = (Verb.SOLVE, Verb.VERIFY, Verb.CLOSE)


class BeingServed(Refusal):
    """Others work on the same database: their backstop would find the records years overdue before they are closed."""

    code = "replay.being_served"
    message = N_("The program is running on this data (%(count)s connections). Stop it first, then replay.")
    kind = Kind.CONFLICT


def refuse_beside_others() -> None:
    """Go on only where nobody else works on the database.

    Raises:
        BeingServed: somebody does.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()")
        (count,) = cursor.fetchone() or (0,)
    if count:
        raise BeingServed(count=count)


class Interrupted(Exception):
    """The replay was asked to stop and did, between two batches."""


@dataclass
class Plan:
    """What is replayed.

    Attributes:
        ends: the instant at which the replay stands at its end; None: the last one in the file.
        limit: rows at most.
        told: called now and then with bytes read, the window's last day and the tally so far.
        stop: asked between batches whether to stop.
    """

    file: Path
    mapping_file: Path
    mapping: Mapping
    ends: datetime | None = None
    limit: int | None = None
    told: Callable[[int, date | None, Counter[str]], None] = field(default=lambda _bytes, _day, _tally: None)
    stop: Callable[[], bool] = field(default=lambda: False)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.mapping.file.timezone)

    @property
    def actor(self) -> Actor:
        """Who reports: the scope of the records' numbers, one for each mapping."""
        return Actor.system(f"replay:{self.mapping.mapping.name}")

    @property
    def source(self) -> str:
        """What names this replay: the same again goes on where it stood."""
        return f"{digest_of(self.file, self.mapping_file)}:{self.ends.isoformat() if self.ends else ''}:{self.limit or ''}"


class Replay:
    """One run of a plan, from where the last one stopped."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._actor = plan, plan.actor
        self.progress, _ = ReplayProgress.objects.get_or_create(source=plan.source, defaults={"name": plan.mapping.mapping.name})
        self.tally: Counter[str] = Counter(self.progress.counts)
        self._closings: list[Closing] = []  # of reported records, the earliest first: as many as are open at once
        self._started = time.monotonic()
        self._seconds = self.progress.seconds
        self._bytes = 0

    def run(self) -> None:
        """Replay to the end, then set the clock there.

        Raises:
            Interrupted: between two batches; a later run goes on from there.
            Refusal: the file cannot be read on.
        """
        if self.progress.finished_at is not None:
            return
        ends = self._plan.ends
        for window, until in self._windows():
            self._window(window, until)
        while self._closings and (ends is None or self._closings[0].at < ends):
            until = heapq.nsmallest(BATCH, self._closings)[-1].at + timedelta(microseconds=1)
            self._window([], min(until, ends) if ends else until)
        end = ends or self.progress.done_until or now()
        sweep(at=end)
        with write():
            set_clock(to=end)
            self.tally["closes_after_the_end"] = len(self._closings)
            self._save(finished=True)

    # -- planning ----------------------------------------------------------------------------------------------------

    def _windows(self) -> Iterator[tuple[list[Record | Refused], datetime]]:
        """Yield the rows of some whole days together, a batch or more, with the end of their last day."""
        zone, ends = self._plan.zone, self._plan.ends
        window: list[Record | Refused] = []
        last: date | None = None
        rows: Iterable[Record | Refused] = records_of(self._plan.file, self._plan.mapping, seen=self._seen)
        for entry in rows if self._plan.limit is None else islice(rows, self._plan.limit):
            if isinstance(entry, Refused):
                window.append(entry)
                continue
            if ends is not None and entry.request.at >= ends:
                window.append(Refused(entry.row, AfterTheEnd()))
                continue
            day = entry.request.at.astimezone(zone).date()
            if last is not None and day > last and len(window) >= BATCH:
                yield window, self._midnight(last)
                window = []
            last = day if last is None else max(last, day)
            window.append(entry)
        if window:
            yield window, self._midnight(last) if last is not None else ends or machine_now()

    def _seen(self, count: int) -> None:
        self._bytes = count

    def _midnight(self, day: date) -> datetime:
        """The end of a day, or of the replay where that is earlier."""
        end = datetime.combine(day + timedelta(days=1), datetime.min.time(), self._plan.zone).astimezone(UTC)
        return min(end, self._plan.ends) if self._plan.ends else end

    # -- writing -----------------------------------------------------------------------------------------------------

    def _window(self, window: Sequence[Record | Refused], until: datetime) -> None:
        progress = self.progress
        new = [entry for entry in window if entry.row >= progress.rows]
        for start in range(0, len(new), BATCH):
            self._report(new[start : start + BATCH], until)
        for entry in window:
            closing = entry.closing if isinstance(entry, Record) else None
            done = entry.row < progress.window_rows and progress.done_until is not None
            if closing is not None and not (done and progress.done_until is not None and closing.at < progress.done_until):
                heapq.heappush(self._closings, closing)
        if not new and progress.done_until is not None and until <= progress.done_until:
            return  # done by an earlier run; only what is still to close was gathered
        due: list[Closing] = []
        while self._closings and self._closings[0].at < until:
            due.append(heapq.heappop(self._closings))
        for start in range(0, max(len(due), 1), BATCH):
            chunk = due[start : start + BATCH]
            with write():
                if chunk:
                    self._close(chunk)
                if start + BATCH >= len(due):
                    progress.window_rows, progress.done_until = progress.rows, until
                self._save()
        sweep(at=until)
        self._breathe(until)  # not between the closings of a window: a run that stops here has done some of it for good

    def _report(self, entries: Sequence[Record | Refused], until: datetime) -> None:
        with write():
            records = [entry for entry in entries if isinstance(entry, Record)]
            for entry in entries:
                if isinstance(entry, Refused):
                    self.tally[f"refused:{entry.refusal.code}"] += 1
            receipts = report_matters([record.request for record in records], actor=self._actor, at=until) if records else []
            for receipt in receipts:
                if isinstance(receipt, Refusal):
                    self.tally[f"refused:{receipt.code}"] += 1
                else:
                    self.tally["repeated" if receipt.repeated else "taken"] += 1
            self.tally["rows"] += len(entries)
            self.progress.rows = entries[-1].row + 1
            self._save()
        self._breathe(until)

    def _close(self, closings: Sequence[Closing]) -> None:
        """Close records as the levels' rules ask; a duplicate is merged where its original is open."""
        names = {closing.number for closing in closings} | {closing.original for closing in closings if closing.original}
        known = first_matters(actor=self._actor, sender=self._actor.id, keys=names)
        wanted = [closing for closing in closings if closing.number in known]
        commands: list[Command] = []
        merging: dict[int, Closing] = {}
        for closing in wanted:
            matter_id, original = known[closing.number][0], known.get(closing.original)
            if original is not None and original[0] != matter_id and original[1] <= closing.at:
                merging[len(commands)] = closing
                commands.append(
                    Command(matter_id=matter_id, verb=Verb.MERGE, at=closing.at, key=f"{closing.number}:close", reason=closing.text, into_id=original[0])
                )
            else:
                commands += self._steps(closing, known)
        results = act(commands, actor=self._actor)
        again = [closing for place, closing in merging.items() if isinstance(results[place], Refusal)]
        if again:  # the original had ended: closed as a duplicate
            results = [result for place, result in enumerate(results) if place not in merging or not isinstance(result, Refusal)]
            results += act([command for closing in again for command in self._steps(closing, known)], actor=self._actor)
        self._count_closed(results, wanted)

    def _steps(self, closing: Closing, known: dict[str, tuple[UUID, datetime]]) -> list[Command]:
        matter_id = known[closing.number][0]
        return [
            Command(
                matter_id=matter_id,
                verb=verb,
                at=closing.at,
                key=f"{closing.number}:close" if verb is Verb.SOLVE else "",
                text=closing.text if verb is Verb.SOLVE else "",
                outcome=closing.outcome if verb is Verb.SOLVE else "",
            )
            for verb in STEPS
        ]

    def _count_closed(self, results: Sequence[Done | Refusal], wanted: Sequence[Closing]) -> None:
        ended: set[object] = set()
        for result in results:
            if isinstance(result, Done) and not result.repeated and result.state in (State.CLOSED, State.MERGED):
                ended.add(result.matter_id)
                if result.state is State.MERGED:
                    self.tally["merged"] += 1
        self.tally["closed"] += len(ended)
        self.tally["duplicates"] += sum(closing.outcome == DUPLICATE for closing in wanted)

    def _save(self, *, finished: bool = False) -> None:
        progress = self.progress
        progress.counts = dict(self.tally)
        progress.seconds = self._seconds + time.monotonic() - self._started
        progress.finished_at = machine_now() if finished else None
        progress.save()

    def _breathe(self, until: datetime) -> None:
        self._plan.told(self._bytes, until.astimezone(self._plan.zone).date(), self.tally)
        if self._plan.stop():
            raise Interrupted


class AfterTheEnd(Refusal):
    """The record was opened when the replay had ended."""

    code = "replay.after_the_end"
    message = N_("The record was opened after the end of the replay.")
