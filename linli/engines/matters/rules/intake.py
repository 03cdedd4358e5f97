"""One report: what is asked of it, and the matter that it begins."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from linli.engines.matters.rules import words
from linli.engines.matters.rules.case import Case, World
from linli.engines.matters.rules.classes import unknown_class
from linli.engines.matters.rules.clocks import level_deadline, next_owner
from linli.engines.matters.rules.decide import Place
from linli.engines.matters.rules.policy import MatterClass, Policy
from linli.engines.matters.rules.states import State, landing
from linli.kernel.refusal import N_, Refusal

CLOCK_SKEW = timedelta(minutes=5)  # a phone's clock may run ahead by this much
KEY_MOST = 200  # characters: an index takes no more than some 2,700 bytes, and fails the whole write over one
CELL_DEGREES = 0.002  # side of the squares in which likes are looked for, about 200 m


@dataclass(frozen=True, slots=True)
class Contact:
    """How the reporter may be told; all of it is sealed when stored."""

    name: str = ""
    phone: str = ""
    email: str = ""

    def __bool__(self) -> bool:
        return bool(self.phone or self.email or self.name)


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """What somebody reports.

    Attributes:
        at: when it was reported.
        class_code, condition: what it is; an empty condition means the class's first row.
        lon, lat: WGS 84 degrees, or None where no point is known.
        key: the sender's idempotency key or own number; the same key gives the first receipt again.
        promised: deadline that came with the report from another platform (12345 and the like); only for gateways.
    """

    at: datetime
    class_code: str
    text: str = ""
    condition: str = ""
    lon: float | None = None
    lat: float | None = None
    address: str = ""
    area_code: str = ""
    source: str = "web"
    key: str = ""
    contact: Contact = Contact()
    user_id: UUID | None = None
    anonymous: bool = True
    language: str = "zh-hans"
    details: Mapping[str, object] = field(default_factory=dict)
    promised: datetime | None = None
    file_ids: tuple[UUID, ...] = ()


class TextTooLong(Refusal):
    code = "matters.text_too_long"
    message = N_("The text is %(length)s characters long; at most %(most)s are kept.")
    field = "text"


class KeyTooLong(Refusal):
    code = "matters.key_too_long"
    message = N_("The idempotency key is longer than %(most)s characters.")
    field = "key"


class NothingSaid(Refusal):
    code = "matters.nothing_said"
    message = N_("Say in a few words what is wrong.")
    field = "text"


class BadPoint(Refusal):
    code = "matters.bad_point"
    message = N_("The point %(lon)s, %(lat)s is not a place on earth (longitude −180…180, latitude −90…90).")
    field = "lat"


class FarAway(Refusal):
    code = "matters.far_away"
    message = N_("This place lies %(km)s km outside %(place)s. Please report it to the city that it is in.")
    field = "lat"


class NoPlace(Refusal):
    code = "matters.no_place"
    message = N_("Say where it is: a point on the map or an address.")
    field = "address"


class InTheFuture(Refusal):
    code = "matters.in_the_future"
    message = N_("The time of the report lies in the future.")
    field = "at"


def on_earth(lon: float | None, lat: float | None) -> bool:
    """Whether both are given and name a place on earth; not a number is none."""
    return lon is not None and lat is not None and -180 <= lon <= 180 and -90 <= lat <= 90


def cell_of(lon: float | None, lat: float | None) -> int | None:
    """Return the number of the square that holds the point; neighbours differ by 1 (east) and 2**20 (north)."""
    if lon is None or lat is None:
        return None
    return (int((lat + 90) / CELL_DEGREES) << 20) | int((lon + 180) / CELL_DEGREES)


def cells_around(lon: float, lat: float, metres: float) -> list[int]:
    """Return the squares that a circle of ``metres`` around the point can touch."""
    north = math.ceil(metres / (CELL_DEGREES * 111_320))
    east = math.ceil(metres / (CELL_DEGREES * 111_320 * max(0.05, math.cos(math.radians(lat)))))
    middle = cell_of(lon, lat)
    assert middle is not None
    return [middle + (dy << 20) + dx for dy in range(-north, north + 1) for dx in range(-east, east + 1)]


def cells_in(west: float, south: float, east: float, north: float, *, most: int = 100) -> list[int]:
    """Return the squares that a box can touch, and those beside them; none where they are more than ``most``: then a box is no help to an index."""
    rows = range(int((south + 90) / CELL_DEGREES) - 1, int((north + 90) / CELL_DEGREES) + 2)
    columns = range(int((west + 180) / CELL_DEGREES) - 1, int((east + 180) / CELL_DEGREES) + 2)
    if len(rows) * len(columns) > most:
        return []
    return [(row << 20) | column for row in rows for column in columns]


def check(request: ReportRequest, *, now: datetime, policy: Policy) -> MatterClass:
    """Return the class of a report that may be taken.

    Raises:
        Refusal: unknown class or condition, no words where the class publishes none, a bad point, a future time.
    """
    known = policy.classes.get(request.class_code)
    if known is None or known.row(request.condition) is None:
        raise unknown_class(request.class_code if known is None else f"{request.class_code}/{request.condition}", policy=policy)
    check_said(request)
    if request.at > now + CLOCK_SKEW:
        raise InTheFuture()
    if not (request.lon is None and request.lat is None) and not on_earth(request.lon, request.lat):
        raise BadPoint(lon=request.lon, lat=request.lat)
    return known


def check_said(request: ReportRequest) -> None:
    """Let pass words and a key that can be kept. Raises ``TextTooLong``, ``KeyTooLong``."""
    if len(request.text) > words.MAX_TEXT:
        raise TextTooLong(length=len(request.text), most=words.MAX_TEXT)
    if len(request.key) > KEY_MOST:
        raise KeyTooLong(most=KEY_MOST)


def begin(
    request: ReportRequest,
    *,
    known: MatterClass,
    place: Place,
    ids: tuple[UUID, UUID],
    policy_id: UUID,
    policy: Policy,
    world: World,
) -> Case:
    """Return the matter that a checked report begins: owned, with a promise and a level's clock.

    A report that has a place is filed and dispatched by itself where the playbook says so; one without a place waits
    for a person. It starts at the class's own level, or at the next one above that has a post for the area.
    """
    row = known.row(request.condition)
    assert row is not None
    at = request.at
    owner = next_owner(world=world, policy=policy, level=known.start_level - 1, area_id=place.area_id)
    assert owner is not None, "the root area always has a head"
    level, post = owner
    promise = request.promised if request.promised is not None and request.promised > at else world.due(at, row.promise)
    state = State.REPORTED if place.placing == "unplaced" else landing(State.REPORTED, policy.intake_drops)
    return Case(
        id=ids[0],
        audit_ref=ids[1],
        version=1,
        policy_id=policy_id,
        class_code=known.code,
        condition=row.condition,
        confidentiality=known.confidentiality,
        state=state,
        state_before="",
        level=level,
        accountable_post_id=post,
        handler_post_id=None,
        area_id=place.area_id,
        area_path=place.area_path,
        placing=place.placing,
        reported_at=at,
        due_at=promise,
        extended_due_at=None,
        extension_until=None,
        extensions=0,
        level_since=at,
        level_due_at=level_deadline(world=world, policy=policy, row=row, level=level, since=at, promise=promise),
        remaining=None,
        filed_at=None if state is State.REPORTED else at,
        dispatched_at=at if state is State.DISPATCHED else None,
        handled_at=None,
        verified_at=None,
        closed_at=None,
        closed_level=None,
        outcome="",
        outcome_text="",
        merged_into_id=None,
        returns=0,
        reopenings=0,
        calls=0,
        called_back_at=None,
    )
