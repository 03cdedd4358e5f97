"""A view of the queue as an address: what it asks for, and the same with something changed."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict
from django.utils import timezone

from linli.engines.matters.playbook import MattersSection
from linli.engines.matters.rules.states import State
from linli.engines.matters.selectors.queue import QueueFilter
from linli.kernel.access.rules import Actor
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.refusal import N_, Refusal

NAME = "as"  # what the sender of a link calls its view
PART = "part"  # "rows": the rows alone
NOT_FILTERS = ("after", "format", NAME, PART)
CLOCKS = ("overdue", "soon")
WHOLE = ("open", "ended", "all")


class BadFilter(Refusal):
    code = "console.bad_filter"
    message = N_("This address asks for “%(given)s”, which is no filter of the queue. Begin again at the queue.")


def wanted_of(given: QueryDict, actor: Actor) -> QueueFilter:
    """The filter that an address asks for; without ``view``, those who hold posts begin with their own matters.

    Raises:
        BadFilter: a value that means nothing.
    """
    view = given.get("view", "mine" if actor.post_ids and not given else "area")
    state, clock = given.get("state", "open"), given.get("clock", "")
    levels = [part.level for part in active_playbook().section(MattersSection).route]
    if state not in (*WHOLE, *State):
        raise BadFilter(given=state[:40])
    if clock not in ("", *CLOCKS):
        raise BadFilter(given=clock[:40])
    level = given.get("level", "")
    if level and level not in levels:
        raise BadFilter(given=level[:40])
    return QueueFilter(
        mine=view == "mine",
        state=state,
        level=levels.index(level) if level else None,
        kind=given.get("kind", ""),
        class_code=given.get("class", ""),
        area_path=given.get("area", ""),
        clock=clock,
        urgent=given.get("urgent") == "1",
        unplaced=given.get("unplaced") == "1",
        whistled=given.get("whistled") == "1",
        words=given.get("q", "").strip()[:80],
        post_id=uuid_of(given.get("post", "")),
        since=_instant(given.get("since", "")),
        until=_instant(given.get("until", "")),
        after=_cursor(given.get("after", "")),
    )


def uuid_of(text: str) -> UUID | None:
    """The id that an address names, or None where it names none."""
    try:
        return UUID(text) if text else None
    except ValueError:
        raise BadFilter(given=text[:40]) from None


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        raise BadFilter(given=text[:40]) from None
    return timezone.make_aware(found) if found is not None and found.tzinfo is None else found


def _cursor(text: str) -> tuple[datetime, UUID] | None:
    if not text:
        return None
    when, _, last = text.partition("~")
    instant, key = _instant(when), uuid_of(last)
    if instant is None or key is None:
        raise BadFilter(given=text[:40])
    return instant, key


def link(given: QueryDict, **changes: str | None) -> str:
    """The queue's address with some of its filters changed (None: taken away); a page of it is always the first."""
    values = {key: given[key] for key in sorted(given) if key not in NOT_FILTERS and given[key]}
    for key, value in changes.items():
        if value:
            values[key] = value
        else:
            values.pop(key, None)
    return "?" + urlencode(values) if values else "?view=area"
