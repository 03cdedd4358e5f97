"""Template tags and filters of the design system (builtins of every template)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import segno
from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from linli.interfaces.wording import ABSENCES, CHANNELS, NOTICES, PLACINGS, SOURCES, action_words, state_words, verb_words
from linli.kernel.playbooks.rules import Text

register = template.Library()
SPRITE = Path(__file__).parent / "static" / "vendor" / "icons" / "sprite.svg"
NOTE_ICONS = {"success": "circle-check", "warning": "triangle-alert", "error": "octagon-alert", "info": "info", "debug": "info"}
CLOCKS = {
    "ok": ("clock", _("On time")),
    "soon": ("hourglass", _("Due soon")),
    "overdue": ("alarm-clock", _("Overdue")),
    "suspended": ("circle-pause", _("Suspended")),
    "done": ("circle-check", _("Closed")),
    "late": ("circle-check", _("Closed late")),
}


@lru_cache(maxsize=1)
def icon_names() -> frozenset[str]:
    """Names in the sprite that ``scripts/lay_front_end.py`` made."""
    return frozenset(re.findall(r'<symbol id="([^"]+)"', SPRITE.read_text()))


@register.simple_tag
def icon(name: str, *, size: str = "", label: str = "", **extra: str) -> SafeString:
    """An icon of the sprite by its Lucide name; without ``label`` it is decoration and hidden from screen readers.

    ``size``: s, l or xl; empty follows the text. Refuses (in DEBUG and tests) a name that the sprite has not.
    """
    if name not in icon_names():
        message = f"no icon {name!r} in the sprite: add it to scripts/lay_front_end.py"
        raise template.TemplateSyntaxError(message)
    classes = " ".join(filter(None, ("icon", f"icon--{size}" if size else "", extra.get("class", ""))))
    told = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html('<svg class="{}" {} focusable="false"><use href="{}#{}"></use></svg>', classes, told, static("vendor/icons/sprite.svg"), name)


@register.filter
def qr_code(text: str) -> SafeString:
    """The text as an SVG picture of a QR code, dark on white in either theme."""
    made = segno.make(text, error="m").svg_inline(scale=1, border=2, dark="#000", light="#fff", omitsize=True)
    return mark_safe(made)  # noqa: S308 - drawn here from squares; the text is not in it


@register.filter
def note_icon(kind: str) -> str:
    return NOTE_ICONS.get(kind or "info", "info")


@register.filter
def clock_icon(state: str) -> str:
    return CLOCKS[state][0]


@register.filter
def clock_word(state: str) -> Any:
    return CLOCKS[state][1]


@register.filter
def span_words(span: timedelta) -> str:
    """A span in its two largest units, rounded down: "2 days 3 h", "3 h 20 min", "under a minute"."""
    minutes = int(abs(span).total_seconds() // 60)
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    parts = []
    if days:
        parts.append(ngettext("%(n)d day", "%(n)d days", days) % {"n": days})
    if hours and days < 10:
        parts.append(ngettext("%(n)d h", "%(n)d h", hours) % {"n": hours})
    if rest and not days:
        parts.append(ngettext("%(n)d min", "%(n)d min", rest) % {"n": rest})
    return " ".join(parts) if parts else str(_("under a minute"))


@register.simple_tag
def time_left(due: datetime, now: datetime) -> str:
    """How far a deadline is: "3 h 20 min left" or "2 days over"."""
    words = span_words(due - now)
    return str((_("%(span)s left") if due >= now else _("%(span)s over")) % {"span": words})


@register.filter
def bilingual(names: Any, language: str) -> str:
    """The reader's language out of ``{"zh": …, "en": …}`` or a playbook's text; the other one where it is missing."""
    if not names:
        return ""
    if isinstance(names, Text):
        return names.in_language(language)
    first, second = ("en", "zh") if language == "en" else ("zh", "en")
    return names.get(first) or names.get(second) or ""


@register.filter
def share(part: float, whole: float) -> float:
    """``part`` of ``whole`` in per cent, 0 where there is no whole (for the width of a bar)."""
    return round(100 * part / whole, 2) if whole else 0


@register.filter
def state_word(state: str) -> Any:
    return state_words(state)[0]


@register.filter
def state_icon(state: str) -> str:
    return state_words(state)[1]


@register.filter
def state_badge(state: str) -> str:
    return state_words(state)[2]


@register.filter
def verb_done(verb: str) -> Any:
    """What a step did: "Sent up"."""
    return verb_words(verb)[0]


@register.filter
def verb_wish(verb: str) -> Any:
    """What to press: "Send up"."""
    return verb_words(verb)[1]


@register.filter
def verb_icon(verb: str) -> str:
    return verb_words(verb)[2]


@register.filter
def verb_dot(verb: str) -> str:
    return verb_words(verb)[3]


@register.filter
def source_word(source: str) -> Any:
    return SOURCES.get(source, source)


@register.filter
def placing_word(placing: str) -> Any:
    return PLACINGS.get(placing, placing)


@register.filter
def notice_word(state: str) -> Any:
    return NOTICES[state][0]


@register.filter
def notice_badge(state: str) -> str:
    return NOTICES[state][1]


@register.filter
def channel_word(channel: str) -> Any:
    return CHANNELS.get(channel, channel)


@register.filter
def absence_word(reason: str) -> Any:
    return ABSENCES.get(reason, reason)


@register.filter
def action_word(action: str) -> Any:
    return action_words(action)
