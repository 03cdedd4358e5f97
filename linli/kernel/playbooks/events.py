"""What the playbooks room says has happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from linli.kernel.events.services import Event


@dataclass(frozen=True, slots=True)
class PlaybookApplied(Event):
    """A playbook version holds from now on; ``key`` is its id."""

    topic: ClassVar[str] = "playbooks.applied"
    number: int = 0
    name: str = ""
