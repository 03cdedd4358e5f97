"""Figures: funnel, rates and clocks, by area, class and month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import AfterValidator, Field

from linli.directory.territory.selectors import ground
from linli.insight.playbook import READ
from linli.insight.rules import Figures
from linli.insight.selectors import Line, Selection, figures_by_area, figures_by_class, figures_by_month, selected_figures
from linli.interfaces.access import ApiAccess, actor_of_request
from linli.interfaces.api.paging import answers
from linli.interfaces.api.schemas import FiguresLineOut, FiguresOut
from linli.kernel.clock.services import now

router = Router(tags=["figures"])


def _near(day: date) -> date:
    if not 1970 <= day.year < 2200:
        raise ValueError("a day between 1970 and 2200")
    return day


Day = Annotated[date, AfterValidator(_near)]


class Of(Schema):
    """What the figures are of; days of reporting, the second not included."""

    area: str = Field(default="", max_length=60, description="code of an area; empty: all")
    since: Day | None = None
    until: Day | None = None
    class_code: str = Field(default="", max_length=60)

    def selection(self) -> Selection:
        land = ground()
        path = land.by_code(self.area).path if self.area else land.root.path
        return Selection(path, self.since, self.until, self.class_code.replace("\0", ""))


def _body(found: Figures) -> dict[str, Any]:
    return {**asdict(found), "clocks": {name: {**asdict(clock), "share": clock.share} for name, clock in found.clocks.items()}}


def _lines(lines: Sequence[Line]) -> list[dict[str, Any]]:
    return [{"key": line.key, "names": dict(line.names), "figures": _body(line.figures)} for line in lines]


@router.get("/figures", auth=ApiAccess.requires(READ), response=answers((200, FiguresOut)), summary="Figures of an area, a period, a class")
def figures(request: HttpRequest, of: Query[Of]) -> Any:
    return _body(selected_figures(actor=actor_of_request(request), at=now(), of=of.selection()))


@router.get("/figures/areas", auth=ApiAccess.requires(READ), response=answers((200, list[FiguresLineOut])), summary="The same for each area directly below")
def by_area(request: HttpRequest, of: Query[Of]) -> Any:
    return _lines(figures_by_area(actor=actor_of_request(request), at=now(), of=of.selection()))


@router.get("/figures/classes", auth=ApiAccess.requires(READ), response=answers((200, list[FiguresLineOut])), summary="The same for each class")
def by_class(request: HttpRequest, of: Query[Of]) -> Any:
    return _lines(figures_by_class(actor=actor_of_request(request), at=now(), of=of.selection()))


@router.get("/figures/months", auth=ApiAccess.requires(READ), response=answers((200, list[FiguresLineOut])), summary="The same for each month")
def by_month(request: HttpRequest, of: Query[Of]) -> Any:
    return _lines(figures_by_month(actor=actor_of_request(request), at=now(), of=of.selection()))
