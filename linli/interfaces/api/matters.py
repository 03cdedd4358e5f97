"""Public matters: what can be reported, what was reported, what is near; and reporting itself."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Header, Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from linli.engines.matters.playbook import MattersSection
from linli.engines.matters.selectors.public import PublicFilter, nearby, public_list, public_matter
from linli.engines.matters.services.act import NoSuchMatter
from linli.engines.matters.services.report import report_matters
from linli.interfaces.access import ApiAccess, actor_of_request
from linli.interfaces.api.areas import path_of
from linli.interfaces.api.paging import Cursor, Limit, answers, cursor_of, place_of
from linli.interfaces.api.reports import Instant, ReceiptOut, ReportIn, receipt_body, to_request
from linli.interfaces.api.schemas import ClassOut, MattersOut, MatterStoryOut, NearOut
from linli.kernel.clock.services import now
from linli.kernel.geo.rules import metres_between
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write

router = Router(tags=["matters"])
Longitude = Annotated[float, Field(ge=-180, le=180)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
STEP = 50  # metres: distances are told no finer, since the point shown is a coarse one


class Wanted(Schema):
    """Filters of public matters."""

    state: Literal["open", "closed", "all"] = "open"
    class_code: str = Field(default="", max_length=60)
    kind: str = Field(default="", max_length=60)
    area: str = Field(default="", max_length=60, description="code of an area")
    since: Instant | None = None
    after: Cursor = ""
    limit: Limit = 30


@router.get("/classes", auth=ApiAccess.public(), response=answers((200, list[ClassOut])), summary="What can be reported")
def classes(request: HttpRequest) -> Any:  # noqa: ARG001 - the library's shape
    section = active_playbook().section(MattersSection)
    kinds = {kind.code: kind for kind in section.kinds}
    return [
        {
            "code": part.code,
            "kind": part.kind,
            "names": part.names.model_dump(),
            "group": part.group.model_dump() if part.group else None,
            "words": part.words,
            "visibility": part.visibility or kinds[part.kind].visibility,
            "reported_by": part.reported_by,
            "emergency": part.emergency,
            "urgent": part.urgent or bool(part.emergency),
            "conditions": [{"code": row.code, "names": row.names.model_dump() if row.names else {}, "promise": str(row.time)} for row in part.conditions],
            "form": [
                {
                    "code": asked.code,
                    "names": asked.names.model_dump(),
                    "type": asked.type,
                    "required": asked.required,
                    "choices": [{"code": choice.code, "names": choice.names.model_dump()} for choice in asked.choices],
                }
                for asked in part.form
            ],
        }
        for part in section.classes
    ]


@router.get("/matters", auth=ApiAccess.public(), response=answers((200, MattersOut)), summary="Public matters, the newest first")
def listed(request: HttpRequest, wanted: Query[Wanted]) -> Any:  # noqa: ARG001
    chosen = PublicFilter(
        state=wanted.state,
        class_code=wanted.class_code.replace("\0", ""),
        kind=wanted.kind.replace("\0", ""),
        area_path=path_of(wanted.area) if wanted.area else "",
        since=wanted.since,
        before=place_of(wanted.after),
        limit=wanted.limit + 1,
    )
    rows = public_list(at=now(), wanted=chosen)
    more = len(rows) > wanted.limit
    rows = rows[: wanted.limit]
    return {"items": [asdict(row) for row in rows], "next": cursor_of((rows[-1].reported_at, rows[-1].id)) if more else None}


@router.post(
    "/matters",
    auth=ApiAccess.signed_in(),
    response=answers((200, ReceiptOut), (201, ReceiptOut), conflicts=True),
    summary="Report",
    description="201 with a receipt. The same Idempotency-Key gives the first receipt again (200).",
)
def report(request: HttpRequest, given: ReportIn, idempotency_key: Annotated[str, Header(max_length=200)] = "") -> Any:
    actor, at = actor_of_request(request), now()
    with write():
        (answer,) = report_matters([to_request(given, key=idempotency_key, at=at)], actor=actor, at=at)
    if isinstance(answer, Refusal):
        raise answer
    return Status(200 if answer.repeated else 201, receipt_body(answer))


@router.get("/matters/{code}", auth=ApiAccess.public(), response=answers((200, MatterStoryOut)), summary="One public matter and its story")
def one(request: HttpRequest, code: str) -> Any:  # noqa: ARG001
    if "\0" in code:
        raise NoSuchMatter
    matter, story = public_matter(at=now(), code=code)
    return {**asdict(matter), "story": [asdict(step) for step in story]}


@router.get("/nearby", auth=ApiAccess.public(), response=answers((200, list[NearOut])), summary="Open public matters near a point: look before you report")
def near(request: HttpRequest, lon: Longitude, lat: Latitude, class_code: Annotated[str, Query(max_length=60)] = "") -> Any:  # noqa: ARG001
    found = nearby(at=now(), lon=lon, lat=lat, class_code=class_code.replace("\0", ""))
    told = []
    for matter, _ in found:
        assert matter.lon is not None and matter.lat is not None, "what is found by its place has one"
        told.append({"matter": asdict(matter), "metres": STEP * round(metres_between(lon, lat, matter.lon, matter.lat) / STEP)})
    return told
