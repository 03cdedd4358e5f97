"""Keeping the roll-ups true: days are marked when something changes, and counted anew from the facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import connection

from linli.directory.territory.selectors import ground
from linli.engines.matters.selectors.facts import reported_between
from linli.insight.models import DirtyDay
from linli.insight.rules import MEASURES
from linli.kernel.calendar.playbook import CalendarSection
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.rows import insert_rows

ONE_AT_A_TIME = 7_241_031  # advisory lock: two counts of one day would collide

# Closed, refused and merged matters each ended; only closed ones are measured.
_COUNTS = {
    "reported": "count(*)",
    "open": "count(*) FILTER (WHERE closed_at IS NULL)",
    "closed": "count(*) FILTER (WHERE state = 'closed')",
    "refused": "count(*) FILTER (WHERE state = 'refused')",
    "merged": "count(*) FILTER (WHERE state = 'merged')",
    "unplaced": "count(*) FILTER (WHERE \"placing\" = 'unplaced')",
    "funnel": "count(*) FILTER (WHERE state = 'closed' AND \"placing\" <> 'unplaced')",
    "on_time": "count(*) FILTER (WHERE state = 'closed' AND on_time)",
    "responded": "count(*) FILTER (WHERE first_action_at IS NOT NULL OR late_response)",
    "response_late": "count(*) FILTER (WHERE late_response)",
    "filed": "count(*) FILTER (WHERE filed_at IS NOT NULL OR late_filing)",
    "filed_late": "count(*) FILTER (WHERE late_filing)",
    "dispatched": "count(*) FILTER (WHERE dispatched_at IS NOT NULL OR late_dispatch)",
    "dispatched_late": "count(*) FILTER (WHERE late_dispatch)",
    "handled": "count(*) FILTER (WHERE handled_at IS NOT NULL OR late_handling)",
    "handled_late": "count(*) FILTER (WHERE late_handling OR handled_at > due_at)",
    "reopened": "count(*) FILTER (WHERE reopenings > 0)",
    "returned": "count(*) FILTER (WHERE returns > 0 AND reopenings = 0)",
    "extended": "count(*) FILTER (WHERE extensions > 0)",
    "reporters": "coalesce(sum(reporters), 0)",
    "rated": "coalesce(sum(rated), 0)",
    "solved": "coalesce(sum(solved_yes), 0)",
    "satisfied": "coalesce(sum(satisfied), 0)",
    "seconds": "coalesce(sum(extract(epoch FROM closed_at - reported_at)) FILTER (WHERE state = 'closed'), 0)::bigint",
}
MEASURED = ", ".join(f"{_COUNTS[name]} AS {name}" for name in MEASURES)
_COUNT_DAY = f"""
INSERT INTO insight_rollup (day, area_path, class_code, level, {", ".join(f'"{name}"' for name in MEASURES)}, open_due)
SELECT %(day)s, path, coalesce(class_code, ''), at_level, {MEASURED}, coalesce(array_agg(due_at) FILTER (WHERE closed_at IS NULL), '{{}}')
FROM (SELECT f.*, coalesce(f.closed_level, f.level) AS at_level FROM matters_fact f WHERE f.reported_at >= %(start)s AND f.reported_at < %(end)s OFFSET 0) AS f,
    LATERAL (SELECT string_to_array(rtrim(f.area_path, '/'), '/') AS codes) AS split,
    LATERAL (SELECT n, array_to_string(codes[1:n], '/') || '/' AS path FROM generate_series(1, cardinality(codes)) AS n) AS above
GROUP BY n, path, at_level, GROUPING SETS ((class_code), ())
HAVING GROUPING(class_code) = 1 OR n <= %(depth)s
"""


def figures_zone() -> ZoneInfo:
    """The time zone of the days that figures are counted by."""
    return active_playbook().section(CalendarSection).zone()


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Start and end of a day as instants."""
    return datetime.combine(day, time(), zone), datetime.combine(day + timedelta(days=1), time(), zone)


def mark_days(days: Iterable[date]) -> None:
    """Remember that these days are to be counted anew."""
    insert_rows(DirtyDay, ("day",), [(day,) for day in sorted(set(days))])


def refresh_days(*, most: int = 60) -> int:
    """Count up to ``most`` marked days anew; return how many. 0: none is marked, or another process is counting."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute("SELECT DISTINCT day FROM insight_dirtyday ORDER BY day DESC LIMIT %s", [most])
        wanted = [row[0] for row in cursor.fetchall()]
        if wanted:
            # What was marked by now; a mark set while the days are counted stays for the next time.
            cursor.execute("DELETE FROM insight_dirtyday WHERE day = ANY(%s)", [wanted])
            count_days(wanted)
    return len(wanted)


def count_days(days: Sequence[date]) -> None:
    """Replace the roll-ups of these days by new counts from the facts. The caller holds the lock, or is alone."""
    zone, depth = figures_zone(), max(1, len(ground().levels) - 1)
    with connection.cursor() as cursor:
        for day in days:
            start, end = day_bounds(day, zone)
            cursor.execute("DELETE FROM insight_rollup WHERE day = %s", [day])
            cursor.execute(_COUNT_DAY, {"day": day, "start": start, "end": end, "depth": depth})


def mark_all() -> int:
    """Mark every day on which anything was reported; return how many. What is counted for other days is removed."""
    known = reported_between(timezone=str(figures_zone()))
    with connection.cursor() as cursor:
        if known is None:
            cursor.execute("DELETE FROM insight_rollup")
            return 0
        cursor.execute("DELETE FROM insight_rollup WHERE day < %s OR day > %s", known)
    days = [known[0] + timedelta(days=number) for number in range((known[1] - known[0]).days + 1)]
    mark_days(days)
    return len(days)
