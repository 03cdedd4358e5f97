"""What the kernel's own rooms need of an actor; ``kernel.access.rules.Actor`` is one.

A protocol, because access itself writes audit entries: rooms below it cannot name its class.
"""

from __future__ import annotations

from typing import Protocol


class Asking(Protocol):
    """Somebody with an ``id`` (a pseudonym), of whom a permission can be required."""

    @property
    def id(self) -> str: ...

    def require(self, permission: str, /) -> None:
        """Return, or raise a refusal."""
