"""Public meetings: when they are, what comes before them, and what was decided, in public words only."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from linli.engines.duties.meetings.selectors.public import PublicItem, public_meeting, public_meetings
from linli.engines.matters.rules import words
from linli.engines.matters.selectors.public import PublicMatter, public_matters_of
from linli.interfaces.access import public_route
from linli.interfaces.tags import bilingual
from linli.kernel.clock.services import now


@public_route
@never_cache
@require_GET
def meetings(request: HttpRequest) -> HttpResponseBase:
    """Public meetings to come, and those whose minutes are published."""
    coming, published = public_meetings(at=now())
    return render(request, "portal/meetings.html", {"coming": coming, "published": published})


@public_route
@never_cache
@require_GET
def meeting(request: HttpRequest, meeting_id: UUID) -> HttpResponseBase:
    """One public meeting; a matter of its agenda is named only while it is public itself, and no number or address is shown."""
    at, shown = now(), get_language() or ""
    found = public_meeting(meeting_id=meeting_id)
    known = public_matters_of(at=at, matter_ids=[item.matter_id for item in found.items if item.matter_id])
    items = [_item(item, known.get(item.matter_id) if item.matter_id else None, shown) for item in found.items if not item.matter_id or item.matter_id in known]
    addenda = [(words.public(text), day) for text, day in found.addenda]
    context = {"one": found, "text": words.public(found.text), "items": items, "addenda": addenda, "past": found.starts_at < at}
    return render(request, "portal/meeting.html", context)


def _item(item: PublicItem, matter: PublicMatter | None, shown: str) -> tuple[str, str, str]:
    """Title, link and decision of an item."""
    decision = words.public(item.decision)
    if matter is None:
        return words.public(item.title), "", decision
    title = f"{bilingual(dict(matter.class_names), shown)} · {bilingual(dict(matter.area_names), shown)} · {matter.code}"
    return title, reverse("portal:matter", args=[matter.code]), decision
