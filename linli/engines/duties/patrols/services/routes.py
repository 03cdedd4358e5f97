"""Routes of a team: their checkpoints in order, how each shows itself, tags and displays."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.db.models import Max

from linli.directory.territory.selectors import ground
from linli.engines.duties.patrols.models import CheckIn, Checkpoint, Route
from linli.engines.duties.patrols.playbook import patrols_section
from linli.engines.duties.patrols.rules.codes import Shown, read_tag
from linli.engines.duties.patrols.services.stands import led, note
from linli.engines.duties.shifts.models import ShiftTemplate
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import machine_now
from linli.kernel.geo.rules import Placing, valid_point
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.sealing import fingerprint

MOST = 60
NAME_MOST = 80


class NoSuchRoute(Refusal):
    code: ClassVar[str] = "patrols.no_such_route"
    message: ClassVar[str] = N_("There is no such route.")
    kind: ClassVar[Kind] = Kind.MISSING


class BadRoute(Refusal):
    code: ClassVar[str] = "patrols.bad_route"
    message: ClassVar[str] = N_("A route has a name, and an interval of 10 minutes to a day.")
    field: ClassVar[str] = "minutes"


class NoSuchCheckpoint(Refusal):
    code: ClassVar[str] = "patrols.no_such_checkpoint"
    message: ClassVar[str] = N_("There is no such checkpoint.")
    kind: ClassVar[Kind] = Kind.MISSING


class BadCheckpoint(Refusal):
    code: ClassVar[str] = "patrols.bad_checkpoint"
    message: ClassVar[str] = N_("A checkpoint has a name and a radius of 10 to 2,000 metres; a route has at most %(most)s of them.")
    field: ClassVar[str] = "radius"


class OffTheGround(Refusal):
    code: ClassVar[str] = "patrols.off_the_ground"
    message: ClassVar[str] = N_("This place lies outside the community's ground.")
    field: ClassVar[str] = "lat"


class NotShownSo(Refusal):
    code: ClassVar[str] = "patrols.not_shown_so"
    message: ClassVar[str] = N_("This checkpoint shows itself in another way.")
    kind: ClassVar[Kind] = Kind.CONFLICT


class TagTaken(Refusal):
    code: ClassVar[str] = "patrols.tag_taken"
    message: ClassVar[str] = N_("This tag hangs at another checkpoint already.")
    kind: ClassVar[Kind] = Kind.CONFLICT
    field: ClassVar[str] = "tag"


@dataclass(frozen=True, slots=True)
class NewRoute:
    """A route: names, the weekly shift that walks it (None: every shift of the team), minutes of a slot (None: the playbook's)."""

    names: Mapping[str, str]
    template_id: UUID | None = None
    minutes: int | None = None
    closed: bool = False


@dataclass(frozen=True, slots=True)
class NewCheckpoint:
    """A checkpoint: names, point in degrees (WGS 84), how it shows itself, metres around it (None: the playbook's)."""

    names: Mapping[str, str]
    lon: float
    lat: float
    shown: Shown
    radius: int | None = None


def tag_fingerprint(number: str) -> bytes:
    """By what a tag is found again; its number cannot be had from it."""
    return fingerprint(number, purpose="patrol tag")


def make_route(*, actor: Actor, at: datetime, team_id: UUID, route: NewRoute) -> UUID:
    """Make a route of a team. Refuses anybody but its captains and ``patrols.manage`` there, a bad interval, a shift of another team."""
    team = led(actor, at, team_id)
    _check(team_id, route)
    area = ground().by_path(team.area_path)
    made = Route.objects.create(
        team_id=team_id, area_id=area.id, area_path=area.path, names=dict(route.names), template_id=route.template_id, minutes=route.minutes,
        closed=route.closed, at=at, recorded_at=machine_now(),
    )  # fmt: skip
    note(at, actor.id, "make_route", made.id)
    return made.id


def change_route(*, actor: Actor, at: datetime, route_id: UUID, route: NewRoute) -> None:
    """Change a route; a shift that runs keeps the interval that it began with. Refuses what :func:`make_route` refuses."""
    held = _held(actor, at, route_id)
    _check(held.team_id, route)
    Route.objects.filter(id=held.id).update(names=dict(route.names), template_id=route.template_id, minutes=route.minutes, closed=route.closed)
    note(at, actor.id, "change_route", held.id)


def retire_route(*, actor: Actor, at: datetime, route_id: UUID) -> None:
    """Take a route out of use; what was walked and missed stays. Refuses anybody but captains and ``patrols.manage``."""
    held = _held(actor, at, route_id)
    Route.objects.filter(id=held.id).update(retired_at=at)
    note(at, actor.id, "retire_route", held.id)


def add_checkpoint(*, actor: Actor, at: datetime, route_id: UUID, checkpoint: NewCheckpoint) -> UUID:
    """Add a checkpoint at a route's end.

    Raises:
        NoSuchRoute, Forbidden, BadCheckpoint, BadPoint, OffTheGround.
    """
    held = _held(actor, at, route_id)
    there = Checkpoint.objects.filter(route=held, retired_at=None)
    radius = _radius(checkpoint.names, checkpoint.radius)
    lon, lat = valid_point(checkpoint.lon, checkpoint.lat)
    found = ground().locate(lon, lat)
    if found.how is Placing.OUTSIDE and found.metres > 0:
        raise OffTheGround
    if there.count() >= MOST:
        raise BadCheckpoint(most=MOST)
    last = there.aggregate(last=Max("place"))["last"]
    made = Checkpoint.objects.create(
        route=held, place=0 if last is None else last + 1, names=dict(checkpoint.names), lon=lon, lat=lat, radius=radius, shown=checkpoint.shown.value,
        at=at, recorded_at=machine_now(),
    )  # fmt: skip
    note(at, actor.id, "add_checkpoint", held.id, checkpoint=str(made.id))
    return made.id


def change_checkpoint(*, actor: Actor, at: datetime, checkpoint_id: UUID, names: Mapping[str, str], radius: int, shown: Shown) -> None:
    """Change a checkpoint's name, radius, or how it shows itself (which ends its tag or its display). A place that moves is a new one."""
    held = _checkpoint(actor, at, checkpoint_id)
    ended = {} if shown.value == held.shown else {"tag": None, "display": None}
    Checkpoint.objects.filter(id=held.id).update(names=dict(names), radius=_radius(names, radius), shown=shown.value, **ended)
    note(at, actor.id, "change_checkpoint", held.route_id, checkpoint=str(held.id))


def move_up(*, actor: Actor, at: datetime, checkpoint_id: UUID) -> None:
    """Have a checkpoint come one place earlier; the first one stays."""
    held = _checkpoint(actor, at, checkpoint_id)
    before = Checkpoint.objects.filter(route_id=held.route_id, retired_at=None, place__lt=held.place).order_by("-place").first()
    if before is None:
        return
    for one, place in ((held.id, -1), (before.id, held.place), (held.id, before.place)):  # no two at one place, at any instant
        Checkpoint.objects.filter(id=one).update(place=place)
    note(at, actor.id, "move_checkpoint", held.route_id, checkpoint=str(held.id))


def retire_checkpoint(*, actor: Actor, at: datetime, checkpoint_id: UUID) -> None:
    """Take a checkpoint off its route: its codes, its tag and its display open nothing any more."""
    held = _checkpoint(actor, at, checkpoint_id)
    Checkpoint.objects.filter(id=held.id).update(retired_at=at, tag=None, display=None)
    note(at, actor.id, "retire_checkpoint", held.route_id, checkpoint=str(held.id))


def hang_tag(*, actor: Actor, at: datetime, checkpoint_id: UUID, tag: str) -> None:
    """Say which tag hangs at a checkpoint, by the tag's own number; an earlier one counts no more.

    Raises:
        NoSuchCheckpoint, Forbidden, NotShownSo, BadTag, TagTaken.
    """
    held = _checkpoint(actor, at, checkpoint_id)
    if held.shown != Shown.TAG:
        raise NotShownSo
    found = tag_fingerprint(read_tag(tag).number)
    if Checkpoint.objects.filter(tag=found).exclude(id=held.id).exists():
        raise TagTaken
    if bytes(held.tag or b"") != found:
        CheckIn.objects.filter(checkpoint=held).update(reading=None)  # another chip counts its readings anew
    Checkpoint.objects.filter(id=held.id).update(tag=found)
    note(at, actor.id, "hang_tag", held.route_id, checkpoint=str(held.id))


def renew_display(*, actor: Actor, at: datetime, checkpoint_id: UUID) -> str:
    """Make a private address for a checkpoint's display and return its secret part, which cannot be had again; an earlier one ends.

    Raises:
        NoSuchCheckpoint, Forbidden, NotShownSo.
    """
    held = _checkpoint(actor, at, checkpoint_id)
    if held.shown != Shown.DISPLAY:
        raise NotShownSo
    secret = secrets.token_urlsafe(32)
    Checkpoint.objects.filter(id=held.id).update(display=hashlib.sha256(secret.encode()).digest())
    note(at, actor.id, "renew_display", held.route_id, checkpoint=str(held.id))
    return secret


def _check(team_id: UUID, route: NewRoute) -> None:
    named = any(text.strip() for text in route.names.values()) and all(len(text) <= NAME_MOST for text in route.names.values())
    if not named or not (route.minutes is None or 10 <= route.minutes <= 1440):
        raise BadRoute
    if route.template_id is not None and not ShiftTemplate.objects.filter(id=route.template_id, team_id=team_id).exists():
        raise NoSuchRoute


def _radius(names: Mapping[str, str], radius: int | None) -> int:
    wanted = patrols_section().radius_metres if radius is None else radius
    named = any(text.strip() for text in names.values()) and all(len(text) <= NAME_MOST for text in names.values())
    if not named or not 10 <= wanted <= 2000:
        raise BadCheckpoint(most=MOST)
    return wanted


def _held(actor: Actor, at: datetime, route_id: UUID) -> Route:
    """A route in use that the actor leads, held until the write ends."""
    found = Route.objects.select_for_update(of=("self",)).filter(id=route_id, retired_at=None).first()
    if found is None:
        raise NoSuchRoute
    led(actor, at, found.team_id)
    return found


def _checkpoint(actor: Actor, at: datetime, checkpoint_id: UUID) -> Checkpoint:
    found = Checkpoint.objects.filter(id=checkpoint_id, retired_at=None).first()
    if found is None:
        raise NoSuchCheckpoint
    _held(actor, at, found.route_id)
    return found
