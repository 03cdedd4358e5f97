"""Words and icons of duties, the same on the desk and on the phone: their states, kinds and what is done with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from linli.engines.duties.selectors.desk import DutyLine

# state → (word, icon, kind of badge)
STATES: Mapping[str, tuple[Any, str, str]] = {
    "planned": (_("not begun yet"), "calendar-clock", ""),
    "open": (_("to do"), "circle-dot", "brand"),
    "done": (_("done"), "circle-check", "ok"),
    "refused": (_("not wanted"), "hand-helping", "suspended"),
    "missed": (_("missed"), "triangle-alert", "overdue"),
    "dropped": (_("no longer asked for"), "x", "suspended"),
}
KINDS: Mapping[str, tuple[Any, str]] = {
    "visit": (_("Visit"), "house"),
    "inspection": (_("Inspection"), "search-check"),
    "patrol": (_("Patrol"), "route"),
    "meeting": (_("Meeting"), "users"),
    "task": (_("Task"), "clipboard-list"),
}
SHIFT = (_("Shift"), "timer")
# verb → (what the button says, what the story says, icon)
VERBS: Mapping[str, tuple[Any, Any, str]] = {
    "take": (_("I take it"), _("took it over"), "user-check"),
    "start": (_("Start"), _("set out"), "play"),
    "arrive": (_("Arrived"), _("arrived"), "map-pin"),
    "finish": (_("Done"), _("carried it out"), "check"),
    "not_home": (_("Nobody home"), _("met nobody"), "circle-pause"),
    "refuse": (_("Not wanted"), _("was not wanted"), "hand-helping"),
    "explain": (_("Say why"), _("said why it was missed"), "message-circle"),
    "note": (_("Write a note"), _("wrote a note"), "file-text"),
    "excuse": (_("Accept the reason"), _("accepted the reason; the miss stays on record"), "handshake"),
}


def shown_line(line: DutyLine) -> dict[str, Any]:
    """A line with its words and icons."""
    return {"line": line, "state": STATES[line.state], "kind": KINDS[line.kind]}
