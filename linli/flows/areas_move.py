"""An area comes to another upper area: the matters that lie in it, and their photos, are seen from there."""

from __future__ import annotations

from collections.abc import Sequence

from linli.directory.territory.events import TerritoryImported
from linli.engines.matters.services.moving import follow_areas
from linli.kernel.events.services import Delivered, subscribe
from linli.kernel.files.services import follow_paths


@subscribe("areas_move.matters", TerritoryImported)
def matters_follow(deliveries: Sequence[Delivered[TerritoryImported]]) -> None:
    """Handler of the outbox, in the order of the imports: one statement each for matters and for files."""
    for delivery in deliveries:
        if delivery.event.moved:
            follow_areas(old_paths=delivery.event.moved)
            follow_paths(moved=delivery.event.moved)
