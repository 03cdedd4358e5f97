"""The patrols section: what contradicts itself, or another section, is said."""

from __future__ import annotations

import pytest

from linli.engines.duties.patrols.playbook import PatrolsSection
from linli.engines.duties.shifts.playbook import ShiftsSection
from linli.kernel.playbooks.rules import Sections


def issues(walkers: int, times: int) -> list[tuple[str | int, ...]]:
    patrols, shifts = PatrolsSection(walkers_days=walkers), ShiftsSection(times_days=times)
    return [issue.path for issue in patrols.check(Sections({"patrols": patrols, "shifts": shifts}))]


@pytest.mark.parametrize(("walkers", "times"), [(31, 31), (32, 31), (366, 1)])
def test_times_that_are_forgotten_with_the_walkers_or_before_them_are_taken(walkers: int, times: int) -> None:
    assert issues(walkers, times) == []


@pytest.mark.parametrize(("walkers", "times"), [(30, 31), (1, 366)])
def test_times_that_outlive_the_walkers_are_refused_since_they_would_tell_who_walked(walkers: int, times: int) -> None:
    assert issues(walkers, times) == [("walkers_days",)]
