"""Words, icons and badges of campaigns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from linli.engines.duties.campaigns.rules.doors import Outcome

Said = tuple[Any, str, str]  # word, icon, kind of badge

STATES: Mapping[str, Said] = {
    "planned": (_("to come"), "calendar-clock", ""),
    "running": (_("running"), "play", "brand"),
    "over": (_("its days are over"), "hourglass", "soon"),
    "ended": (_("ended"), "circle-check", "ok"),
}
KINDS: Mapping[str, Any] = {
    "household": _("households"),
    "area": _("areas"),
    "place": _("places"),
    "facility": _("facilities"),
    "matter": _("matters closed"),
}
OUTCOMES: Mapping[str, Said] = {
    "not_home": (_("Nobody home"), "circle-pause", "soon"),
    "done": (_("Done"), "check", "ok"),
    "refused": (_("Not wanted"), "x", "suspended"),
    "leaflet": (_("Leaflet left"), "mail", "warm"),
}
TAKE_BACK = "take_back"  # beside the outcomes: the last one that its sender noted there was a mistake


def way_of(given: str) -> Outcome | None:
    """What a button of a door says: an outcome, or None for taking back. Raises ValueError for anything else."""
    return None if given == TAKE_BACK else Outcome(given)


ADVICE: Mapping[str, Said] = {
    "any_time": (_("not tried yet"), "circle-dot", "brand"),
    "then": (_("try again"), "calendar-clock", "soon"),
    "leaflet": (_("leave a leaflet"), "mail", "warm"),
    "nothing": (_("its days are over"), "hourglass", "suspended"),
}
PARTS: Mapping[str, Any] = {"morning": _("in the morning"), "afternoon": _("in the afternoon"), "evening": _("in the evening")}
