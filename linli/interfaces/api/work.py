"""For those who handle matters: the queue, one matter with its story, and everything that can be done with it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Header, Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from linli.directory.organisation.selectors import organisation
from linli.directory.territory.selectors import ground
from linli.engines.matters.rules.decide import ChangedMeanwhile, Command, Place
from linli.engines.matters.rules.intake import BadPoint, on_earth
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.selectors.lookup import Found, matter_by_code
from linli.engines.matters.selectors.page import MatterPage, matter_page
from linli.engines.matters.selectors.queue import QueueFilter, queue
from linli.engines.matters.services.act import Done
from linli.engines.matters.services.photos import act_with_files
from linli.engines.matters.services.reporters import redact
from linli.engines.matters.services.whistle import blow_whistle, report_in
from linli.interfaces.access import ApiAccess, actor_of_request
from linli.interfaces.api.areas import path_of, post_by_code, unit_by_code
from linli.interfaces.api.paging import Cursor, Limit, answers, cursor_of, place_of
from linli.interfaces.api.schemas import ActionIn, ActionOut, PlaceIn, WorkOut, WorkRowsOut
from linli.interfaces.refusals import body_of
from linli.kernel.access.rules import Actor
from linli.kernel.clock.services import now
from linli.kernel.refusal import N_, Kind, Refusal
from linli.kernel.writing import write

router = Router(tags=["work"])
NOT_HERE = frozenset({Verb.REPORT, Verb.TIME_OUT, Verb.JOIN, Verb.RATE})  # the clock's and the reporters' own
ACTING = ("matters.act", "matters.dispatch", "matters.verify", "matters.approve", "matters.whistle", "matters.redact")


class UnknownVerb(Refusal):
    code = "api.unknown_verb"
    message = N_("There is no verb “%(given)s”. Known: %(known)s.")
    field = "verb"


class BadVersion(Refusal):
    code = "api.bad_version"
    message = N_("If-Match names the version of the matter as a number: %(given)s")
    field = "version"


class OneUnit(Refusal):
    code = "api.one_unit"
    message = N_("Name the one department that reports in.")
    field = "units"


class BadInstant(Refusal):
    code = "api.bad_instant"
    message = N_("A time between 1970 and 2200 is needed, with its zone.")
    field = "until"


class Wanted(Schema):
    """Filters of the queue."""

    state: Literal["open", "ended", "all", "reported", "filed", "dispatched", "handled", "verified", "suspended", "closed", "refused", "merged"] = "open"
    mine: bool = False
    level: Annotated[int, Field(ge=0, le=20)] | None = None
    kind: str = Field(default="", max_length=60)
    class_code: str = Field(default="", max_length=60)
    area: str = Field(default="", max_length=60, description="code of an area")
    clock: Literal["", "overdue", "soon"] = ""
    urgent: bool = False
    unplaced: bool = False
    after: Cursor = ""
    limit: Limit = 50


@router.get("/queue", auth=ApiAccess.requires("matters.read"), response=answers((200, WorkRowsOut)), summary="The queue, the nearest deadline first")
def rows(request: HttpRequest, wanted: Query[Wanted]) -> Any:
    chosen = QueueFilter(
        mine=wanted.mine,
        state=wanted.state,
        level=wanted.level,
        kind=wanted.kind.replace("\0", ""),
        class_code=wanted.class_code.replace("\0", ""),
        area_path=path_of(wanted.area) if wanted.area else "",
        clock=wanted.clock,
        urgent=wanted.urgent,
        unplaced=wanted.unplaced,
        after=place_of(wanted.after),
        limit=wanted.limit,
    )
    page = queue(actor=actor_of_request(request), at=now(), wanted=chosen)
    return {"items": [asdict(row) for row in page.rows], "next": cursor_of(page.after)}


@router.get("/queue/{code}", auth=ApiAccess.requires("matters.read"), response=answers((200, WorkOut)), summary="One matter; ETag is its version")
def one(request: HttpRequest, response: HttpResponse, code: str) -> Any:
    found = matter_by_code(actor=actor_of_request(request), code=code)
    page = matter_page(actor=actor_of_request(request), at=now(), code=code)
    response["ETag"] = f'"{found.version}"'
    return _body(page)


def _body(page: MatterPage) -> dict[str, Any]:
    matter = page.matter
    plain = (
        "code", "version", "class_code", "condition", "kind", "state", "level", "area_path", "placing", "lon", "lat", "address", "text", "public_text",
        "reported_at", "level_due_at", "closed_at", "outcome", "outcome_text",
    )  # fmt: skip
    return {
        **{name: getattr(matter, name) for name in plain},
        "due_at": matter.extended_due_at or matter.due_at,
        "overdue": page.overdue,
        "post": page.accountable.code,
        "handler": page.handler.code if page.handler else None,
        "verbs": [verb.value for verb in page.verbs],
        "steps": [asdict(step) for step in page.steps],
        "reporters": [asdict(reporter) for reporter in page.reporters],
    }


@router.post(
    "/matters/{code}/actions",
    auth=ApiAccess.requires(*ACTING),
    response=answers((200, ActionOut), conflicts=True),
    summary="Do something with a matter",
    description="With `version` (or If-Match) a matter that changed meanwhile answers 409 and says what changed. "
    "The same Idempotency-Key gives the first answer again.",
)
def action(
    request: HttpRequest,
    code: str,
    given: ActionIn,
    idempotency_key: Annotated[str, Header(max_length=200)] = "",
    if_match: Annotated[str, Header(max_length=40)] = "",
) -> Any:
    actor, at = actor_of_request(request), now()
    found = matter_by_code(actor=actor, code=code)
    verb = _verb(given.verb)
    seen = given.version if given.version is not None else _version(if_match)
    command = _command(given, verb, found, actor=actor, at=at, version=seen, key=idempotency_key)
    try:
        with write():
            done = _do(command, given, actor)
    except Refusal as refusal:
        if refusal.kind is not Kind.CONFLICT:
            raise
        return Status(409, _conflict(refusal, code, seen, actor, at))
    return {
        "code": code,
        "version": done.version,
        "state": done.state.value,
        "level": done.level,
        "post": organisation().post(done.post_id).code,
        "repeated": done.repeated,
    }


def _verb(given: str) -> Verb:
    known = [verb for verb in Verb if verb not in NOT_HERE]
    if given not in known:
        raise UnknownVerb(given=given, known=", ".join(known))
    return Verb(given)


def _version(header: str) -> int | None:
    text = header.strip().removeprefix("W/").strip('"')
    if text in ("", "*"):
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadVersion(given=header[:40])
    return int(text)


def _command(given: ActionIn, verb: Verb, found: Found, *, actor: Actor, at: datetime, version: int | None, key: str) -> Command:
    return Command(
        matter_id=found.id,
        verb=verb,
        at=at,
        version=version,
        key=key,
        reason=given.reason,
        text=given.text,
        outcome=given.outcome,
        post_id=post_by_code(given.post).id if given.post else None,
        until=_instant(given.until) if given.until else None,
        into_id=matter_by_code(actor=actor, code=given.into).id if given.into else None,
        class_code=given.class_code,
        condition=given.condition,
        place=_place(given.place) if given.place else None,
        reached=given.reached,
        units=tuple(unit_by_code(unit) for unit in given.units),
        file_ids=tuple(given.file_ids),
    )


def _instant(at: datetime) -> datetime:
    if not 1970 <= at.year < 2200:
        raise BadInstant
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _place(given: PlaceIn) -> Place:
    land = ground()
    if given.lon is not None or given.lat is not None:
        if not on_earth(given.lon, given.lat):
            raise BadPoint(lon=given.lon, lat=given.lat)
        location = land.locate(given.lon or 0.0, given.lat or 0.0)
    else:
        location = land.unplaced(land.by_code(given.area_code).id if given.area_code else None)
    return Place(location.area.id, location.area.path, location.how.value, given.lon, given.lat, given.address)


def _do(command: Command, given: ActionIn, actor: Actor) -> Done:
    """One service call: some verbs change more than the matter itself."""
    same: dict[str, Any] = {"actor": actor, "at": command.at, "matter_id": command.matter_id}
    if command.verb is Verb.WHISTLE:
        return blow_whistle(**same, units=command.units, reason=command.reason, version=command.version)
    if command.verb is Verb.REPORT_IN:
        if len(command.units) != 1:
            raise OneUnit
        return report_in(**same, unit=command.units[0], answer=command.text)
    if command.verb is Verb.REDACT:
        return redact(**same, public_text=given.text, reason=command.reason, version=command.version)
    return act_with_files(command, actor=actor)


def _conflict(refusal: Refusal, code: str, seen: int | None, actor: Actor, at: datetime) -> dict[str, Any]:
    """The refusal, the version that holds now, and the steps that the asker has not seen."""
    page = matter_page(actor=actor, at=at, code=code)
    unseen = page.steps[seen:] if seen is not None and isinstance(refusal, ChangedMeanwhile) else ()
    return {**body_of(refusal), "version": page.matter.version, "changed": [asdict(step) for step in unseen]}
