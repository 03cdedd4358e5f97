"""``linli replay``: records of another system, each at its own time, through the same services as a live report."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from linli.interfaces.cli.runtime import in_terminal_language, line, with_database

STOPPED = 130


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--mapping", "mapping_file", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), help="YAML file: what the columns mean."
)
@click.option("--limit", type=click.IntRange(min=1), help="Read this many rows at most.")
@click.option("--until", type=click.DateTime(formats=["%Y-%m-%d"]), help="Last day that is replayed; the clock stands at its end.")
@click.option("--jobs", type=click.IntRange(0, 8), default=1, show_default=True, help="Processes that handle events meanwhile; 0: afterwards.")
@with_database
def replay(file: Path, mapping_file: Path, limit: int | None, until: datetime | None, jobs: int) -> None:
    """Replay FILE (CSV, also .gz or .xz): every record is reported, moved up by its clocks and closed at its own time.

    Ctrl-C stops after the batch; the same command goes on from there, and the result is the same. At the end the
    program's clock stands at the end of the replay. Nobody else may work on the database meanwhile (linli serve).
    """
    replay_file(file, mapping_file, limit=limit, until=until, jobs=jobs)


def replay_file(file: Path, mapping_file: Path, *, limit: int | None = None, until: datetime | None = None, jobs: int = 1) -> None:
    """Replay a file with the database running and Django ready; prints the summary."""
    from linli.directory.organisation.playbook import DirectorySection
    from linli.engines.matters.playbook import MattersSection
    from linli.interfaces.replay.mapping import BadMapping, check_against, load_mapping
    from linli.interfaces.replay.running import Interrupted, Plan, Replay, refuse_beside_others
    from linli.interfaces.replay.summary import summary_lines
    from linli.kernel.clock.services import now
    from linli.kernel.playbooks.selectors import active_playbook

    try:
        mapping = load_mapping(mapping_file)
        playbook = active_playbook()
        classes = {part.code: frozenset(row.code for row in part.conditions) for part in playbook.section(MattersSection).classes}
        check_against(mapping, mapping_file, classes, frozenset(part.code for part in playbook.section(DirectorySection).departments))
    except BadMapping as bad:
        _say_problems(bad)
    refuse_beside_others()
    asked = _Asked()
    with _progress(file) as told:
        plan = Plan(file, mapping_file, mapping, ends=_end(mapping, until), limit=limit, told=told, stop=asked)
        run = Replay(plan)
        with _dispatchers(jobs), asked:
            try:
                run.run()
            except Interrupted:
                click.echo(f"Stopped after {run.tally['rows']:,} rows. The same command goes on from there.", err=True)
                sys.exit(STOPPED)
            _drain()
    _count()
    for text in summary_lines(run.progress, sender=plan.actor.id, at=now()):
        line(text)
    line(f"The clock stands at {now().astimezone(ZoneInfo(mapping.file.timezone)):%Y-%m-%d %H:%M}.")


def _say_problems(bad: Any) -> None:
    for problem in bad.problems:
        click.echo(problem.sentence(in_terminal_language), err=True)
    sys.exit(1)


def _end(mapping: Any, until: datetime | None) -> datetime | None:
    """Where the replay ends: the end of the day asked for, else what the mapping says."""
    zone = ZoneInfo(mapping.file.timezone)
    if until is not None:
        return (until + timedelta(days=1)).replace(tzinfo=zone).astimezone(UTC)
    return datetime.fromisoformat(mapping.file.ends).replace(tzinfo=zone).astimezone(UTC) if mapping.file.ends else None


class _Asked:
    """Ctrl-C and SIGTERM while it lasts: the first asks, the second one ends at once."""

    def __init__(self) -> None:
        self._asked = False
        self._before: dict[int, Any] = {}

    def __call__(self) -> bool:
        return self._asked

    def __enter__(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._ask)

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _ask(self, number: int, frame: Any) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True


@contextlib.contextmanager
def _progress(file: Path) -> Iterator[Any]:
    """A bar on a terminal; else a line for every tenth of the file. Both on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    size = max(1, file.stat().st_size)
    console = Console(stderr=True)
    if not console.is_terminal:
        tenths = [0]

        def say(read: int, day: date | None, tally: Counter[str]) -> None:
            if read * 10 // size > tenths[0]:
                tenths[0] = read * 10 // size
                click.echo(f"{tenths[0]}0 %  {day}  {tally['taken']:,} taken, {tally['closed']:,} closed", err=True)

        yield say
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[said]}"), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Replay", total=size, said="")

        def show(read: int, day: date | None, tally: Counter[str]) -> None:
            bar.update(task, completed=read, said=f"{day or ''}  {tally['taken']:,} taken, {tally['closed']:,} closed")

        yield show


@contextlib.contextmanager
def _dispatchers(jobs: int) -> Iterator[None]:
    """Processes that handle events while the replay writes them; they end with it. Ctrl-C does not reach their group."""
    command = [sys.executable, "-m", "linli.interfaces.replay.dispatching"]
    running = [subprocess.Popen(command, stdin=subprocess.PIPE, process_group=0) for _ in range(jobs)]
    try:
        yield
    finally:
        for process in running:
            assert process.stdin is not None
            process.stdin.close()
        for process in running:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def _drain() -> None:
    """Handle what is still in the outbox, together with the processes beside."""
    from linli.kernel.events.selectors import outbox_status
    from linli.kernel.events.tasks import dispatch_once

    while outbox_status().waiting:
        if dispatch_once(2_000) == 0:
            time.sleep(0.1)  # others have the rest


def _count() -> None:
    """Count the days anew that the events have marked."""
    from linli.insight.tasks import refresh_figures

    while refresh_figures():
        pass
