"""What a community's playbook says of care, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class CarePolicy:
    """Purposes, statutory duties and levels by code with their names, and the spans that hold.

    Attributes:
        stays, days: what visits may count from: a stay in hospital, the day of a release.
        review_days: a case is reviewed at least that often.
        longest_days: no case runs longer without being renewed.
        retention: how long a closed case is kept before it is erased.
        glass: how long a broken glass stays open.
    """

    purposes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    duties: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    levels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    stays: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    days: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    review_days: int = 90
    longest_days: int = 365
    retention: timedelta = timedelta(days=365)
    glass: timedelta = timedelta(hours=4)
