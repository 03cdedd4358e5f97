"""Filters with a name: kept by one person, sent to others as a link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from linli.interfaces.access import actor_of_request, requires
from linli.interfaces.console.filters import NAME, wanted_of
from linli.interfaces.console.models import SavedFilter
from linli.kernel.access.rules import Actor, NotSignedIn
from linli.kernel.clock.services import now
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.writing import write

MOST = 30


class NameNeeded(Refusal):
    code = "console.name_needed"
    message = N_("Give the filter a name of at most 40 characters.")
    field = "name"


class TooManyFilters(Refusal):
    code = "console.too_many_filters"
    message = N_("You keep %(most)s filters already. Forget one first.")
    kind = Kind.LIMIT


@dataclass(frozen=True, slots=True)
class Kept:
    """One of the reader's filters; ``chosen``: it is what is shown now."""

    id: UUID
    name: str
    address: str
    chosen: bool


def kept_filters(*, actor: Actor, query: str) -> Sequence[Kept]:
    """The reader's filters by name; one query."""
    if actor.user_id is None:
        return []
    rows = SavedFilter.objects.filter(user_id=actor.user_id).order_by("name").values_list("id", "name", "query")
    return [Kept(key, name, f"?{kept}&{urlencode({NAME: name})}", kept == query) for key, name, kept in rows]


def keep_filter(*, user_id: UUID, at: datetime, name: str, query: str) -> None:
    """Keep a view under a name; the same name again replaces what it meant.

    Refuses no name or a long one, and more than ``MOST`` filters.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= 40:
        raise NameNeeded()
    mine = SavedFilter.objects.filter(user_id=user_id)
    if not mine.filter(name=name).update(query=query, at=at):
        if mine.count() >= MOST:
            raise TooManyFilters(most=MOST)
        SavedFilter.objects.create(user_id=user_id, name=name, query=query, at=at)


@requires("matters.read")
@require_POST
def keep(request: HttpRequest) -> HttpResponseBase:
    """Keep the filter of the queue under a name, or forget one."""
    actor = actor_of_request(request)
    if actor.user_id is None:
        raise NotSignedIn
    if request.POST.get("forget"):
        with write():
            SavedFilter.objects.filter(user_id=actor.user_id, name=request.POST["forget"]).delete()
        messages.success(request, gettext("The filter is forgotten."))
        return redirect("console:queue")
    query = request.POST.get("query", "")[:2_000]
    wanted_of(QueryDict(query), actor)  # a view that means nothing is not kept
    with write():
        keep_filter(user_id=actor.user_id, at=now(), name=request.POST.get("name", ""), query=query)
    messages.success(request, gettext("Kept. Its link shows anybody else the same view of what they may see."))
    name = " ".join(request.POST.get("name", "").split())
    return redirect(f"{reverse('console:queue')}?{query}&{urlencode({NAME: name})}")
