"""What a replay prints at the end: counts, funnel, rates and clocks, each with what it is a share of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from linli.directory.territory.selectors import ground
from linli.engines.matters.playbook import MattersSection
from linli.engines.matters.selectors.facts import claimed_on_time
from linli.insight.rules import Share
from linli.insight.selectors import Selection, selected_figures
from linli.interfaces.replay.models import ReplayProgress
from linli.kernel.access.rules import SYSTEM
from linli.kernel.playbooks.selectors import active_playbook

REFUSED = "refused:"


def percent(part: Share) -> str:
    return "–" if part is None else f"{part:.1%}"


def summary_lines(progress: ReplayProgress, *, sender: str, at: datetime) -> list[str]:
    """The lines to print when ``progress`` has ended; the figures are those of the whole installation at ``at``."""
    return [*counted(progress.counts), *figures_lines(at=at), *agreement_lines(sender), *speed_lines(progress)]


def counted(counts: Mapping[str, int]) -> Iterable[str]:
    refused = {name.removeprefix(REFUSED): count for name, count in counts.items() if name.startswith(REFUSED)}
    repeated = f", {counts['repeated']:,} there already" if counts.get("repeated") else ""
    yield f"Rows: {counts.get('rows', 0):,} read, {counts.get('taken', 0):,} taken{repeated}, {sum(refused.values()):,} refused"
    for name, count in sorted(refused.items(), key=lambda item: -item[1]):
        yield f"  refused {count:,}: {name}"
    later = counts.get("closes_after_the_end", 0)
    yield (
        f"Closed: {counts.get('closed', 0):,}, of them {counts.get('merged', 0):,} merged into an open original"
        f" ({counts.get('duplicates', 0):,} closings said “duplicate”)" + (f"; {later:,} close after the end and are open now" if later else "")
    )


def figures_lines(*, at: datetime) -> Iterable[str]:
    found = selected_figures(actor=SYSTEM, at=at, of=Selection(area_path=ground().root.path))
    counts, levels = found.counts, [part.level for part in active_playbook().section(MattersSection).route]
    yield f"Matters: {counts.reported:,}: {counts.open:,} open ({found.overdue_open:,} overdue), {counts.closed:,} closed, {counts.merged:,} merged"
    shown = " · ".join(f"{levels[line.level]} {line.closed:,} ({percent(line.share)})" for line in found.funnel)
    yield f"Funnel (derived by the mapping's rules, of {counts.funnel:,} closed with a place): {shown}"
    yield f"  of what reached each: {' · '.join(f'{levels[line.level]} {percent(line.of_reached)}' for line in found.funnel)}"
    yield f"  outside the funnel: {counts.unplaced:,} without a place"
    rates = found.rates
    rated = (
        f"solved {percent(rates.solved)}, satisfied {percent(rates.satisfied)} of {rates.rated:,} ratings"
        if rates.rated
        else "solved and satisfied: no ratings"
    )
    yield f"Rates: response {percent(rates.response)}, {rated}, on time {percent(rates.on_time)}, rework {percent(rates.rework)}"
    for name, clock in found.clocks.items():
        yield f"  {name} on time: {clock.on_time:,} of {clock.on_time + clock.late:,} ({percent(clock.share)})"
    if found.mean_hours is not None:
        yield f"  from report to closing: {found.mean_hours:,.1f} hours on average"


def agreement_lines(sender: str) -> Iterable[str]:
    pairs = claimed_on_time(actor=SYSTEM, sender=sender)
    compared = sum(pairs.values())
    if compared:
        same = sum(count for (claimed, here), count in pairs.items() if claimed == here)
        yield f"On time as the file itself says: {same:,} of {compared:,} closed records with a deadline agree ({percent(same / compared)})"


def speed_lines(progress: ReplayProgress) -> Iterable[str]:
    if progress.seconds:
        taken = progress.counts.get("taken", 0)
        yield f"Replayed in {progress.seconds:,.1f} s: {taken / progress.seconds:,.0f} matters per second, each from report to closing"
