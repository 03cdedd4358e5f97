"""Reading what the house has written down: search, notices, audit, dead letters, the playbook."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from itertools import count, takewhile
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language, gettext, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from linli.engines.matters.selectors.search import search as search_matters
from linli.interfaces.access import actor_of_request, requires, signed_in_route
from linli.interfaces.console.export import short_table
from linli.interfaces.console.filters import uuid_of
from linli.interfaces.console.pages import show
from linli.interfaces.console.playbook_text import Node, change_words, outline
from linli.interfaces.console.queue import lines_of
from linli.interfaces.console.tables import MOST, asked_format, kept_query, taken
from linli.interfaces.wording import CHANNELS, NOTICES, action_words
from linli.kernel.audit.selectors import EntryFilter, entries, whole_log
from linli.kernel.clock.services import now
from linli.kernel.events.selectors import dead_letters, outbox_status
from linli.kernel.events.services import retry_dead_letters
from linli.kernel.notices.rules import Channel, NoticeState
from linli.kernel.notices.selectors import inbox, outbox, outbox_counts, whole_outbox
from linli.kernel.notices.services import mark_read
from linli.kernel.playbooks.rules.changes import compare
from linli.kernel.playbooks.selectors import active_playbook, playbook_version, playbook_versions
from linli.kernel.refusal import N_
from linli.kernel.writing import write


@requires("matters.read")
@never_cache
@require_GET
def search(request: HttpRequest) -> HttpResponseBase:
    """Find matters by number, place, words; by telephone for those who may read identities."""
    at, asked = now(), request.GET.get("q", "").strip()[:120]
    found = search_matters(actor=actor_of_request(request), at=at, asked=asked)
    if asked_format(request):
        actor_of_request(request).require_somewhere("matters.export")
        heads, rows = short_table(found.rows)
        return taken(request, name="search", heads=heads, rows=rows, at=at)
    may_export = bool(found.rows) and actor_of_request(request).holds("matters.export")
    lines = lines_of(found.rows, at)
    return show(request, "console/search.html", "search", asked=asked, found=found, lines=lines, may_export=may_export, query=kept_query(request))


# -- notices ----------------------------------------------------------------------------------------------------------


@requires("notices.read_outbox")
@never_cache
@require_GET
def sent_notices(request: HttpRequest) -> HttpResponseBase:
    """What was sent outwards, waits, or would have been sent; filters by state and channel."""
    actor = actor_of_request(request)
    state = NoticeState(request.GET["state"]) if request.GET.get("state") in list(NoticeState) else None
    channel = Channel(request.GET["channel"]) if request.GET.get("channel") in list(Channel) else None
    if asked_format(request):
        heads = [gettext(head) for head in (N_("What it says"), N_("Channel"), N_("State"), N_("When"))]
        rows = (
            (item.subject or item.template, CHANNELS.get(item.channel, item.channel), NOTICES[item.state][0], item.at)
            for item in whole_outbox(actor, state=state, channel=channel)
        )
        return taken(request, name="notices", heads=heads, rows=rows, at=now())
    page = outbox(actor, _page(request), state=state, channel=channel)
    return show(
        request, "console/outbox.html", "outbox", page=page, counts=[(s, n) for s, n in outbox_counts(actor).items() if n], state=state, channel=channel,
        channels=[channel for channel in Channel if channel != Channel.IN_APP], query=kept_query(request),
    )  # fmt: skip


@signed_in_route
@never_cache
@require_GET
def notices(request: HttpRequest) -> HttpResponseBase:
    """One's own notices."""
    actor, page = actor_of_request(request), _page(request)
    if asked_format(request):
        heads = [gettext(head) for head in (N_("Notice"), N_("What it says"), N_("When"), N_("Read at"))]
        pages = takewhile(bool, (inbox(actor, page=number) for number in count(1)))
        rows = ((item.subject, item.body, item.at, item.read_at) for items in pages for item in items)
        return taken(request, name="my-notices", heads=heads, rows=rows, at=now())
    items = inbox(actor, page=page)
    return show(request, "console/notices.html", "notices", items=items, page=page, more=len(items) == 50, unread=[item for item in items if not item.read_at])


@signed_in_route
@require_POST
def read_notices(request: HttpRequest) -> HttpResponseBase:
    """Mark the notices named as read."""
    ids = [UUID(text) for text in request.POST.getlist("id")]
    with write():
        mark_read(actor=actor_of_request(request), at=now(), notice_ids=ids)
    return redirect("console:notices")


# -- audit and dead letters -------------------------------------------------------------------------------------------


@requires("audit.read")
@never_cache
@require_GET
def audit(request: HttpRequest) -> HttpResponseBase:
    """The audit log, the newest entries first; filters by who, what, when and about what."""
    given = request.GET
    since, until = _day(given.get("since", "")), _day(given.get("until", ""))
    wanted = EntryFilter(
        subject=uuid_of(given.get("subject", "")),
        subject_type=given.get("type", "")[:40],
        actor=given.get("actor", "")[:80],
        action=given.get("action", "")[:80],
        since=since,
        until=until + timedelta(days=1) if until else None,
    )
    if asked_format(request):
        heads = [gettext(head) for head in (N_("Action"), N_("In words"), N_("Who"), N_("About"), N_("From"), N_("To"), N_("When"), N_("Place in the chain"))]
        rows = (
            (
                entry.action,
                action_words(entry.action),
                entry.actor,
                f"{entry.subject_type} {entry.subject}",
                entry.from_state,
                entry.to_state,
                entry.at,
                f"{entry.link}.{entry.position}",
            )
            for entry in whole_log(actor_of_request(request), wanted)
        )
        return taken(request, name="audit", heads=heads, rows=rows, at=now())
    link, _, position = given.get("before", "").partition("-")
    before = (int(link), int(position)) if link.isdigit() and position.isdigit() else None
    page = entries(actor_of_request(request), wanted, before=before)
    kept = given.copy()
    kept.pop("before", None)
    return show(request, "console/audit.html", "audit", page=page, wanted=wanted, given=given, kept=kept.urlencode(), query=kept_query(request))


@requires("events.retry")
@never_cache
@require_GET
def events(request: HttpRequest) -> HttpResponseBase:
    """How the outbox stands, and what no handler could take."""
    if asked_format(request):
        heads = [gettext(head) for head in (N_("Handler"), N_("Event"), N_("When"), N_("Tries"), N_("Behind it"), N_("Error"))]
        rows = (
            (letter.handler, letter.topic, letter.at, letter.attempts, letter.behind, letter.error)
            for letter in dead_letters(actor_of_request(request), limit=MOST)
        )
        return taken(request, name="dead-letters", heads=heads, rows=rows, at=now())
    return show(
        request, "console/events.html", "events", status_of_outbox=outbox_status(), letters=dead_letters(actor_of_request(request)), query=kept_query(request)
    )  # fmt: skip


@requires("events.retry")
@require_POST
def retry(request: HttpRequest) -> HttpResponseBase:
    """Have the dead letters named tried again, or all of them."""
    ids = [int(text) for text in request.POST.getlist("id") if text.isdigit()]
    with write():
        tried = retry_dead_letters(actor=actor_of_request(request), at=now(), ids=ids or None)
    messages.success(request, ngettext("%(n)d is tried again.", "%(n)d are tried again.", tried) % {"n": tried})
    return redirect("console:events")


# -- the playbook -----------------------------------------------------------------------------------------------------


@requires("matters.read", "playbooks.apply")
@require_GET
def playbook(request: HttpRequest) -> HttpResponseBase:
    """The playbook that holds, or an earlier version, in words; and what changed from one version to another."""
    versions = playbook_versions()
    known = {line.number: line for line in versions}
    active = active_playbook()
    number = _number(request.GET.get("version", ""), known, active.number)
    shown = playbook_version(known[number].id)
    against = _number(request.GET.get("against", ""), known, 0)
    changes = compare(playbook_version(known[against].id), shown) if against else []
    sections: list[Node] = outline(shown)
    return show(
        request, "console/playbook.html", "playbook", versions=versions, shown=known[number], against=known.get(against),
        changes=[change_words(change, get_language() or "") for change in changes], sections=sections,
        before=known.get(number - 1),
    )  # fmt: skip


def _number(text: str, known: Mapping[int, object], otherwise: int) -> int:
    return int(text) if text.isdigit() and int(text) in known else otherwise


def _page(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return max(1, int(text)) if text.isdigit() else 1


def _day(text: str) -> datetime | None:
    try:
        return timezone.make_aware(datetime.combine(date.fromisoformat(text), time())) if text else None
    except ValueError:
        return None
