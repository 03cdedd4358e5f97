"""``linli bench duties``: a district's recurring work: 706 grids, 20,000 subjects, five cadences each.

A year derived in memory; 35 days stored; one rule changed and derived anew; 500 check-ins that a phone kept for later, taken
in one call. Floor for what is stored: the same rows copied into the same table with its indexes, and nothing else.
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from tests.bench.stage import ROOT, say

GRIDS, SUBJECTS, CHECK_INS = 706, 20_000, 500
MONDAY = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)  # eight in the morning in China
T = TypeVar("T")
RULE = "    - {{code: {code}, names: {{zh: 探访, en: Visit}}, subjects: {{kind: care_case}}, levels: {levels}, cadence: {cadence}}}\n"
DUTIES = "\nduties:\n  rules:\n" + "".join(
    RULE.format(code=code, levels=levels, cadence=cadence)
    for code, levels, cadence in (
        ("weekly", "[grid, street], answer: 2 working_days", '{rule: "FREQ=WEEKLY;BYDAY=MO", days: 7}'),
        ("monthly_head", "[grid, street], answer: 5 working_days", "{times: 1, period: month}"),
        ("monthly_street", "[street]", '{rule: "FREQ=MONTHLY;BYMONTHDAY=15"}'),
        ("quarterly", "[street]", "{times: 1, period: quarter}"),
        ("half_yearly", "[street]", "{times: 1, period: half_year}"),
    )
)


def main() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="linli-bench-") as folder:
        Path(folder).chmod(0o755)
        os.environ.pop("DATABASE_URL", None)
        os.environ["LINLI_DATA"] = folder
        from linli.interfaces.cli.runtime import running_database, start_django

        with running_database(make=True):
            from linli.interfaces.cli.installation import prepare_database

            prepare_database()
            start_django()
            return _measure(Path(folder))


def _timed(name: str, work: Callable[[], T]) -> tuple[T, float]:
    began = time.perf_counter()
    done = work()
    spent = time.perf_counter() - began
    say(f"{name}: {spent:.2f} s")
    return done, round(spent, 2)


def _measure(folder: Path) -> dict[str, Any]:
    from linli.engines.duties import tasks
    from linli.engines.duties.services.derive import windows_for
    from linli.engines.duties.services.frame import frame
    from linli.engines.duties.services.subjects import set_subjects
    from linli.kernel.access.rules import SYSTEM
    from linli.kernel.writing import write

    _community(folder, DUTIES)
    subjects = _subjects()

    def given() -> None:
        for start in range(0, SUBJECTS, 5_000):
            with write():
                set_subjects(subjects[start : start + 5_000], actor=SYSTEM, at=MONDAY)

    _, handed = _timed(f"{SUBJECTS:,} subjects handed over", given)
    land = frame()
    first = land.day_of(MONDAY)
    keyed = [(subject.ref, subject) for subject in subjects]

    def year() -> int:
        last = first + timedelta(days=364)
        return sum(len(list(windows_for(rule, keyed, first=first, last=last, frame=land))) for rule in land.policy.rules.values())

    derived, in_memory = _timed("a year derived in memory", year)
    stored, first_time = _timed("35 days stored", lambda: tasks.derive_due(MONDAY))
    _, idle = _timed("derived again, nothing changed", lambda: tasks.derive_due(MONDAY))
    _apply(folder, DUTIES.replace("BYDAY=MO", "BYDAY=TH"))
    changed, again = _timed("derived anew after one rule changed", lambda: tasks.derive_due(MONDAY))
    opened, opening = _timed("begun", lambda: tasks.sweep(MONDAY + timedelta(hours=1)))
    synced = _sync()
    floor = _floor()
    return {
        "name": "duties",
        "runs": [
            {"name": f"{SUBJECTS:,} subjects handed over", "seconds": handed},
            {"name": "a year derived in memory", "seconds": in_memory, "occurrences": derived, "limit": 30},
            {"name": "35 days stored", "seconds": first_time, "occurrences": stored.made},
            {"name": "derived again, nothing changed", "seconds": idle},
            {
                "name": "derived anew after one rule changed",
                "seconds": again,
                "made": changed.made,
                "changed": changed.changed,
                "gone": changed.gone,
                "limit": 5,
            },
            {"name": "begun by the clock", "seconds": opening, "occurrences": opened},
            {"name": f"{CHECK_INS} check-ins kept off line, one call", "seconds": synced, "limit": 3},
        ],
        "floors": [
            {
                "name": f"{changed.changed:,} rows copied within the server into a twin of the table",
                "seconds": (least := floor(changed.changed)),
                "ratio": round(again / least, 1),
            }
        ],
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def _apply(folder: Path, duties: str) -> None:
    from linli.kernel.access.rules import SYSTEM
    from linli.kernel.playbooks.services.apply import apply_playbook
    from linli.kernel.playbooks.services.load import load_playbook
    from linli.kernel.writing import write

    path = folder / "playbook.yaml"
    text = (ROOT / "tests" / "data" / "small" / "playbook.yaml").read_text(encoding="utf-8")
    path.write_text(text.replace("[matters.read, matters.act", "[duties.read, duties.act, matters.read, matters.act") + duties, encoding="utf-8")
    with write():
        apply_playbook(actor=SYSTEM, at=MONDAY, playbook=load_playbook(path))


def _community(folder: Path, duties: str) -> None:
    """A district of 706 grids under ten streets, every post held."""
    from linli.directory.organisation.playbook import DirectorySection
    from linli.directory.organisation.services.demo import staff_demo
    from linli.directory.organisation.services.staffing import staff_areas
    from linli.directory.territory.rules.source import AreaSource, LayerSource, TerritorySource
    from linli.directory.territory.services.importing import import_territory
    from linli.kernel.access.rules import SYSTEM
    from linli.kernel.playbooks.selectors import active_playbook
    from linli.kernel.writing import write

    def area(code: str, number: int, parent: str | None = None) -> AreaSource:
        return AreaSource(code, {"zh": code, "en": code}, code, point=(121.4 + number % 30 / 100, 31.1 + number // 30 / 100), parent=parent)

    streets = LayerSource("street", "", tuple(area(f"S{number}", number) for number in range(10)), {"zh": "街道", "en": "Street"})
    grids = LayerSource("grid", "", tuple(area(f"G{number}", number, f"S{number % 10}") for number in range(GRIDS)), {"zh": "网格", "en": "Grid"})
    _apply(folder, duties)
    with write():
        import_territory(actor=SYSTEM, at=MONDAY, source=TerritorySource("D", {"zh": "区", "en": "District"}, (streets, grids), nesting="field"))
    with write():
        staff_areas(actor=SYSTEM, at=MONDAY, section=active_playbook().section(DirectorySection))
        staff_demo(actor=SYSTEM, at=MONDAY, since=MONDAY - timedelta(days=100))


def _subjects() -> list[Any]:
    from linli.directory.territory.selectors import ground
    from linli.engines.duties.rules.subjects import Subject
    from linli.kernel.ids import new_id

    grids = ground().of_level("grid")
    return [Subject("care_case", new_id(), grids[number % len(grids)].id, f"G-{number:05}", {"level": "weekly"}) for number in range(SUBJECTS)]


def _sync() -> float:
    """500 visits that were made, one by one, and are handed in together."""
    from django.db import connection

    from linli.engines.duties.rules.task import Verb
    from linli.engines.duties.services.checkin import Command, Receipt, check_in
    from linli.kernel.access.rules import SYSTEM
    from linli.kernel.writing import write

    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM duties_occurrence WHERE state = 'open' ORDER BY id LIMIT %s", [CHECK_INS])
        ids = [row[0] for row in cursor.fetchall()]
    at = MONDAY + timedelta(hours=2)
    commands = [Command((one,), Verb.FINISH, at, key=f"phone-{place}", note="一切都好") for place, one in enumerate(ids)]

    def hand_in() -> list[Any]:
        with write():
            return check_in(commands, actor=SYSTEM, at=at + timedelta(hours=3))

    results, spent = _timed(f"{CHECK_INS} check-ins handed in", hand_in)
    if len(results) != CHECK_INS or not all(isinstance(result, Receipt) for result in results):
        raise SystemExit("not every check-in was taken")
    return spent


def _floor() -> Callable[[int], float]:
    """Copy rows into a twin of the table, with its indexes."""
    from django.db import connection

    def measure(count: int) -> float:
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE twin (LIKE duties_occurrence INCLUDING INDEXES INCLUDING CONSTRAINTS)")
            began = time.perf_counter()
            cursor.execute("INSERT INTO twin SELECT * FROM duties_occurrence LIMIT %s", [count])
            spent = time.perf_counter() - began
            cursor.execute("DROP TABLE twin")
        return round(spent, 2)

    return measure
