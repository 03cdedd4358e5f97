"""What every page of the console shares: its frame with the rail of what this person may open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from linli.directory.organisation.playbook import DirectorySection
from linli.interfaces.access import actor_of_request
from linli.kernel.access.rules import Actor
from linli.kernel.notices.selectors import unread_count
from linli.kernel.playbooks.rules import UnknownSection
from linli.kernel.playbooks.selectors import NoPlaybook, active_playbook


@dataclass(frozen=True, slots=True)
class Place:
    """A place of the rail. ``permissions``: any of them opens it; none: everybody. ``first``: also on a phone's bar."""

    section: str
    route: str
    icon: str
    words: str | Promise
    permissions: tuple[str, ...]
    first: bool = False
    everywhere: bool = False

    def opens(self, actor: Actor) -> bool:
        """Whether this person may open it; what is of the whole house asks for a permission that is held everywhere."""
        held = actor.may if self.everywhere else actor.holds
        return not self.permissions or any(held(permission) for permission in self.permissions)


PLACES = (
    Place("queue", "console:queue", "layout-list", _("Queue"), ("matters.read",), first=True),
    Place("report", "console:report", "phone-call", _("Take a call"), ("matters.report_for_others",), first=True),
    Place("whistles", "console:whistles", "siren", _("Departments called"), ("matters.read",)),
    Place("calls", "console:calls", "phone", _("Call back"), ("matters.verify",)),
    Place("search", "console:search", "search", _("Search"), ("matters.read",), first=True),
    Place("screen", "command:screen", "layout-dashboard", _("Command"), ("insight.read",)),
    Place("notices", "console:notices", "bell", _("My notices"), (), first=True),
    Place("duties", "console:duties", "clipboard-list", _("Duties"), ("duties.read",)),
    Place("meetings", "console:meetings", "message-square-text", _("Meetings"), ("meetings.read",)),
    Place("places", "console:places", "store", _("Places"), ("ledgers.read",)),
    Place("campaigns", "console:campaigns", "flag", _("Campaigns"), ("campaigns.read",)),
    Place("care", "console:care", "heart-handshake", _("Care desk"), ("care.work", "care.review")),
    Place("teams", "console:teams", "hand-helping", _("Teams"), ("teams.read",)),
    Place("devices", "console:devices", "bell-ring", _("Devices"), ("devices.read",)),
    Place("directory", "console:directory", "users", _("Posts and people"), ("directory.read",)),
    Place("playbook", "console:playbook", "scale", _("Playbook"), ("matters.read", "playbooks.apply")),
    Place("outbox", "console:outbox", "send", _("Notices sent"), ("notices.read_outbox",), everywhere=True),
    Place("audit", "console:audit", "shield-check", _("Audit"), ("audit.read",), everywhere=True),
    Place("events", "console:events", "zap", _("Dead letters"), ("events.retry",), everywhere=True),
)


@dataclass(frozen=True, slots=True)
class RailLink:
    section: str
    address: str
    icon: str
    words: str | Promise
    first: bool
    count: int = 0


def rail(actor: Actor) -> list[RailLink]:
    """The places that this person may open. One query, for the unread notices."""
    unread = unread_count(actor)
    return [
        RailLink(place.section, reverse(place.route), place.icon, place.words, place.first, unread if place.section == "notices" else 0)
        for place in PLACES
        if place.opens(actor)
    ]


def show(request: HttpRequest, template: str, section: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """Render a page of the console in its frame."""
    actor = actor_of_request(request)
    frame = {"section": section, "rail": rail(actor), "may_search": actor.holds("matters.read"), "level_names": level_names(), **context}
    return render(request, template, frame, status=status)


def level_names() -> dict[str, Any]:
    """The names of the levels of the chain, by code, as the playbook calls them."""
    try:
        section = active_playbook().section(DirectorySection)
    except (NoPlaybook, UnknownSection):
        return {}
    return {level.code: level.names.model_dump() for level in section.levels}


def first_place(actor: Actor) -> str:
    """Where somebody who may not see matters begins: the first administrative page that is open to them."""
    open_ones: Iterable[RailLink] = rail(actor)
    order = ("directory", "playbook", "audit", "outbox", "events", "notices")
    found = {link.section: link.address for link in open_ones}
    return next(found[section] for section in order if section in found)
