"""Figures of matters from their counts: funnel, rates, clocks. Pure.

Every rate says what it is a share of; where nothing was counted it is None, and the screen says so (DECIDED 22).
Definitions (after GB/T 30428.4 and the hotline figures, FIELD.md):

- **funnel**: of the closed matters that have a place, by the level that closed them; unplaced ones stand outside.
- **response** 响应率: acted on or closed before the first level's clock ran out, of those acted on or run out.
- **solved** 解决率, **satisfied** 满意率: reporters who said “solved”, or gave 4 or 5 stars, of those who rated.
- **on time**: closed by the promise (as extended with approval), of the closed and the open ones that are overdue.
- **filing, dispatch, handling on time**: done without the clock having moved the matter up while it waited for that step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

Share = float | None


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of some matters; adds up."""

    reported: int = 0
    open: int = 0
    closed: int = 0
    refused: int = 0
    merged: int = 0
    unplaced: int = 0
    funnel: int = 0
    on_time: int = 0
    responded: int = 0
    response_late: int = 0
    filed: int = 0
    filed_late: int = 0
    dispatched: int = 0
    dispatched_late: int = 0
    handled: int = 0
    handled_late: int = 0
    reopened: int = 0
    returned: int = 0
    extended: int = 0
    reporters: int = 0
    rated: int = 0
    solved: int = 0
    satisfied: int = 0
    seconds: int = 0
    overdue: int = 0  # open ones, at the moment that was asked about

    def __add__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, name) + getattr(other, name) for name in NAMES))


NAMES = tuple(f.name for f in fields(Counts))
MEASURES = NAMES[:-1]  # what does not depend on the moment


@dataclass(frozen=True, slots=True)
class Clock:
    """How often a step was done in its time: ``share`` of ``done + late``."""

    on_time: int
    late: int

    @property
    def share(self) -> Share:
        return share(self.on_time, self.on_time + self.late)


@dataclass(frozen=True, slots=True)
class Rates:
    """The three rates and the shares beside them."""

    response: Share
    solved: Share
    satisfied: Share
    rated: int
    on_time: Share
    rework: Share  # closed ones that were reopened or sent back


@dataclass(frozen=True, slots=True)
class FunnelLevel:
    """One level of the funnel: what it closed, its share of all, and its share of what reached it."""

    level: int
    closed: int
    share: Share
    of_reached: Share


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that a dashboard shows of one selection."""

    counts: Counts
    overdue_open: int
    funnel: tuple[FunnelLevel, ...]
    rates: Rates
    clocks: Mapping[str, Clock]
    mean_hours: Share


def share(part: int, whole: int) -> Share:
    """``part`` of ``whole`` between 0 and 1, or None where there is nothing."""
    return part / whole if whole else None


def total(counts: Iterable[Counts]) -> Counts:
    result = Counts()
    for one in counts:
        result += one
    return result


def funnel(by_level: Mapping[int, Counts], levels: int) -> tuple[FunnelLevel, ...]:
    """The funnel over ``levels`` levels, the lowest first; every level has a line, and the lines add up to all."""
    closed = [by_level.get(level, Counts()).funnel for level in range(levels)]
    everything, reached, lines = sum(closed), sum(closed), []
    for level, count in enumerate(closed):
        lines.append(FunnelLevel(level, count, share(count, everything), share(count, reached)))
        reached -= count
    return tuple(lines)


def figures(by_level: Mapping[int, Counts], *, levels: int) -> Figures:
    """The figures of a selection from its counts by level."""
    counts = total(by_level.values())
    overdue_open = counts.overdue
    return Figures(
        counts=counts,
        overdue_open=overdue_open,
        funnel=funnel(by_level, levels),
        rates=Rates(
            response=share(counts.responded - counts.response_late, counts.responded),
            solved=share(counts.solved, counts.rated),
            satisfied=share(counts.satisfied, counts.rated),
            rated=counts.rated,
            on_time=share(counts.on_time, counts.closed + overdue_open),
            rework=share(counts.reopened + counts.returned, counts.closed + counts.open),
        ),
        clocks={
            "filing": Clock(counts.filed - counts.filed_late, counts.filed_late),
            "dispatch": Clock(counts.dispatched - counts.dispatched_late, counts.dispatched_late),
            "handling": Clock(counts.handled - counts.handled_late, counts.handled_late),
            "closing": Clock(counts.on_time, counts.closed - counts.on_time + overdue_open),
        },
        mean_hours=None if counts.closed == 0 else counts.seconds / counts.closed / 3600,
    )


def counts_of(row: Sequence[int]) -> Counts:
    """Counts from a row of numbers in the order of ``NAMES``."""
    return Counts(*(int(value or 0) for value in row))
