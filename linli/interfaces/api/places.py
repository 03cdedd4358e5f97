"""Ledgers of places (四桩台账): the places of an area, one with its loose leaf, and one leaf with its history. Read only."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from linli.engines.duties.inspections.playbook import READ, keeps_ledgers
from linli.engines.duties.inspections.selectors.ledgers import LeafVersion, LeafView, LedgerFilter, LedgerPage, ledger_page, ledgers_after
from linli.engines.duties.inspections.services.leaves import NoSuchLeaf, NoSuchPlace
from linli.interfaces.access import ApiAccess, actor_of_request
from linli.interfaces.api.areas import path_of
from linli.interfaces.api.paging import BadCursor, Cursor, Limit, answers
from linli.kernel.clock.services import now

router = Router(tags=["places"])
Kind = Literal["place", "entity"]
Word = Annotated[str, Query(max_length=60)]


class PlaceOut(Schema):
    """``lacking``: the forms that are missing, or not yet of this year."""

    kind: str
    id: UUID
    label: str
    stake: str
    stake_names: dict[str, str]
    class_code: str
    area_names: dict[str, str]
    lacking: list[dict[str, str]]
    inspected_at: datetime | None
    hazards_open: int


class PlacesOut(Schema):
    items: list[PlaceOut]
    next: str | None


class LeafVersionOut(Schema):
    """``answers`` is null where it is sealed from this reader, or was forgotten."""

    version: int
    at: datetime
    by: str
    answers: dict[str, Any] | None
    forgotten: bool


class LeafOut(Schema):
    """``lacking``: it is missing, or not yet of this year. ``form``: the JSON Schema of its answers."""

    code: str
    names: dict[str, str]
    yearly: bool
    lacking: bool
    form: dict[str, Any]
    current: LeafVersionOut | None


class LeafStoryOut(LeafOut):
    """A leaf with its older versions, the newest first."""

    older: list[LeafVersionOut]


class HazardOut(Schema):
    words: str
    found_at: datetime
    rectify_by: date
    matter: str = Field(description="public number of its matter, or empty")
    mended_at: datetime | None


class LedgerOut(Schema):
    kind: str
    id: UUID
    label: str
    stake: str
    stake_names: dict[str, str]
    area_names: dict[str, str]
    address: str
    inspected_at: datetime | None
    leaves: list[LeafOut]
    hazards: list[HazardOut]


@router.get("/places", auth=ApiAccess.requires(READ), response=answers((200, PlacesOut)), summary="Places that have a ledger, by area, kind and stake")
def places(
    request: HttpRequest, area: Word = "", kind: Literal["", "place", "entity"] = "", stake: Word = "", missing: Word = "",
    after: Cursor = "", limit: Limit = 30,
) -> Any:  # fmt: skip
    """``missing``: the code of a form, or ``any``."""
    path = path_of(area) if area else ""
    if not keeps_ledgers():
        return {"items": [], "next": None}
    wanted = LedgerFilter(stake=stake, kind=kind, area_path=path, missing=missing.replace("\0", ""))
    lines = ledgers_after(actor=actor_of_request(request), at=now(), wanted=wanted, after=_after(after), most=limit + 1)
    items = [
        {
            "kind": line.kind, "id": line.place, "label": line.label, "stake": line.stake.code, "stake_names": dict(line.stake.names),
            "class_code": line.class_code, "area_names": dict(line.area_names), "lacking": [dict(names) for names in line.lacking],
            "inspected_at": line.inspected_at, "hazards_open": line.hazards,
        }
        for line in lines[:limit]
    ]  # fmt: skip
    return {"items": items, "next": str(lines[limit - 1].subject) if len(lines) > limit else None}


@router.get("/places/{kind}/{place_id}", auth=ApiAccess.requires(READ), response=answers((200, LedgerOut)), summary="One place's loose leaf and its hazards")
def place(request: HttpRequest, kind: Kind, place_id: UUID) -> Any:
    page = _page(request, kind, place_id)
    return {
        "kind": page.kind, "id": page.place, "label": page.label, "stake": page.stake.code, "stake_names": dict(page.stake.names),
        "area_names": dict(page.area_names), "address": page.where.address if page.where else "", "inspected_at": page.inspected_at,
        "leaves": [_leaf(view) for view in page.leaves],
        "hazards": [
            {"words": one.words, "found_at": one.found_at, "rectify_by": one.rectify_by, "matter": one.matter_code, "mended_at": one.mended_at}
            for one in page.hazards
        ],
    }  # fmt: skip


@router.get(
    "/places/{kind}/{place_id}/leaves/{code}", auth=ApiAccess.requires(READ), response=answers((200, LeafStoryOut)), summary="One leaf with its history"
)
def leaf(request: HttpRequest, kind: Kind, place_id: UUID, code: str) -> Any:
    view = next((view for view in _page(request, kind, place_id).leaves if view.form.code == code), None)
    if view is None:
        raise NoSuchLeaf
    return {**_leaf(view), "older": [_version(version) for version in view.older]}


def _page(request: HttpRequest, kind: str, place_id: UUID) -> LedgerPage:
    if not keeps_ledgers():
        raise NoSuchPlace
    return ledger_page(actor=actor_of_request(request), at=now(), kind=kind, place=place_id)


def _leaf(view: LeafView) -> dict[str, Any]:
    return {
        "code": view.form.code, "names": dict(view.form.names), "yearly": view.form.yearly, "lacking": view.lacking, "form": dict(view.form.schema),
        "current": _version(view.current) if view.current else None,
    }  # fmt: skip


def _version(version: LeafVersion) -> dict[str, Any]:
    answers_ = dict(version.answers) if version.answers is not None else None
    return {"version": version.version, "at": version.at, "by": version.by, "answers": answers_, "forgotten": version.forgotten}


def _after(cursor: str) -> UUID | None:
    try:
        return UUID(cursor) if cursor else None
    except ValueError:
        raise BadCursor from None
