"""Words, icons and badges of meetings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

Said = tuple[Any, str, str]  # word, icon, kind of badge

STATES: Mapping[str, Said] = {
    "planned": (_("to come"), "calendar-clock", "brand"),
    "passed": (_("minutes not published"), "hourglass", "soon"),
    "published": (_("minutes published"), "circle-check", "ok"),
    "called_off": (_("called off"), "x", "suspended"),
}
CAME: Mapping[str, Said] = {
    "present": (_("came"), "user-check", "ok"),
    "deputy": (_("deputy"), "users", "brand"),
    "absent": (_("absent"), "minus", "suspended"),
}
WHYS: Mapping[str, Said] = {
    "reopened": (_("reopened"), "rotate-ccw", "warm"),
    "overdue": (_("overdue"), "alarm-clock", "overdue"),
    "suspended": (_("suspended"), "circle-pause", "suspended"),
    "open": (_("not settled"), "circle-dot", "brand"),
}
ACTION_STATES: Mapping[str, Said] = {
    "draft": (_("holds once published"), "pencil", ""),
    "open": (_("not done yet"), "circle-dot", "brand"),
    "overdue": (_("overdue"), "alarm-clock", "overdue"),
    "ended": (_("done"), "circle-check", "ok"),
}
BECOMES: Mapping[str, Any] = {"matter": _("a matter"), "duty": _("a duty")}
OUTCOMES: Mapping[str, Any] = {
    "closed": _("closed"),
    "refused": _("not taken up"),
    "merged": _("merged into another matter"),
    "done": _("done"),
}
