"""How a patrol duty stands: the routes that it may be walked on, and what its rounds have met."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from linli.engines.duties.models import Occurrence
from linli.engines.duties.patrols.models import Beat, Round
from linli.engines.duties.patrols.services.stands import routes_for
from linli.engines.duties.patrols.services.walked import Walked, how_far


@dataclass(frozen=True, slots=True)
class Walk:
    """One route of a patrol duty: how many rounds were walked on it, whether somebody is on one, and how far it is (None: not begun)."""

    names: dict[str, str]
    rounds: int
    out: bool
    walked: Walked | None


def walks_of_duty(*, duty_id: UUID, at: datetime) -> tuple[Walk, ...]:
    """The routes of a patrol duty, walked ones first. Whoever asks has decided who may see the duty; six queries at most."""
    duty = Occurrence.objects.get(id=duty_id)
    beats = list(Beat.objects.filter(duty=duty).select_related("route").order_by("recorded_at", "id"))
    far = how_far(beats)
    rounds = Counter((beat_id, ended is None) for beat_id, ended in Round.objects.filter(beat__in=beats).values_list("beat_id", "finished_at"))
    begun = [Walk(beat.route.names, rounds[beat.id, False] + rounds[beat.id, True], rounds[beat.id, True] > 0, far[beat.id]) for beat in beats]
    there = {beat.route_id for beat in beats}
    ahead = [route for route in routes_for(set(), [duty.area_path], at) if route.id not in there] if duty.state in ("planned", "open") else []
    return (*begun, *(Walk(route.names, 0, out=False, walked=None) for route in ahead))
