"""An area comes to another upper area: whatever lies in it, photos, roles and keys go along, and its figures are counted anew."""

from __future__ import annotations

from collections.abc import Sequence

from linli.directory.territory.events import TerritoryImported
from linli.directory.territory.services.moving import follow_areas
from linli.insight.services import mark_all
from linli.kernel.access.services.roles import follow_moved
from linli.kernel.events.services import Delivered, subscribe
from linli.kernel.files.services import follow_paths


@subscribe("areas_move.contents", TerritoryImported)
def contents_follow(deliveries: Sequence[Delivered[TerritoryImported]]) -> None:
    """Handler of the outbox, in the order of the imports: one statement each for a table, for files, roles and keys."""
    for delivery in deliveries:
        if delivery.event.moved:
            follow_areas(old_paths=delivery.event.moved)
            follow_paths(moved=delivery.event.moved)
            follow_moved(moved=delivery.event.moved)
            mark_all()
