"""The same number of queries for one matter and for fifty."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.engines.matters.models import Matter, Report
from linli.engines.matters.rules.command import Command
from linli.engines.matters.rules.intake import Contact, ReportRequest
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.selectors.page import matter_page
from linli.engines.matters.selectors.posts import posts_with_open_matters
from linli.engines.matters.selectors.public import PublicFilter, public_list
from linli.engines.matters.selectors.queue import QueueFilter, queue
from linli.engines.matters.services.act import act, time_out
from linli.engines.matters.services.likes import index_matters
from linli.engines.matters.services.report import report_matters
from linli.engines.matters.services.reporters import Rating, join_matter, rate_outcomes
from linli.kernel.access.rules import ANONYMOUS, SYSTEM
from linli.kernel.writing import write
from tests.factories import MONDAY, Community
from tests.integration.matters.made import AT, DAY, HOUR, desk, district, holds, unit

pytestmark = pytest.mark.django_db
MANY = 50


def counted(run: Callable[[], Any]) -> int:
    with CaptureQueriesContext(
        connection,
    ) as seen:
        run()
    return len(seen)


def asked(town: Community, number: int = 0, **wanted: Any) -> ReportRequest:
    lon, lat = town.point(number % len(town.grids))
    contact = Contact(phone=f"1380013{number:04}")
    return ReportRequest(**{"at": MONDAY, "class_code": "E-0401", "text": f"第{number}件", "lon": lon, "lat": lat, "contact": contact, **wanted})


def hand_in(requests: list[ReportRequest], actor: Any = SYSTEM) -> list[Any]:
    with write():
        return report_matters(requests, actor=actor, at=MONDAY)


def all_act(commands: list[Command]) -> list[Any]:
    with write():
        return act(commands, actor=SYSTEM)


@pytest.mark.parametrize("keyed", [False, True])
def test_reporting(town: Community, keyed: bool) -> None:
    def batch(size: int, start: int) -> list[ReportRequest]:
        return [asked(town, number, key=f"k{number}" if keyed else "") for number in range(start, start + size)]

    hand_in(batch(1, 0))  # what is cached is cached
    one = counted(lambda: hand_in(batch(1, 100)))
    assert one == counted(lambda: hand_in(batch(MANY, 200)))
    if keyed:
        assert counted(lambda: hand_in(batch(1, 100))) == counted(lambda: hand_in(batch(MANY, 200)))


def test_acting_of_every_kind(town: Community) -> None:
    ids = [receipt.matter_id for receipt in hand_in([asked(town, number) for number in range(2 * MANY + 12)])]
    kinds: list[Callable[[Any], Command]] = [
        lambda one: Command(one, Verb.NOTE, AT, text="x", key=f"note {one}"),
        lambda one: Command(one, Verb.SUSPEND, AT, reason="x", until=AT + DAY),
        lambda one: Command(one, Verb.RESUME, AT, reason="x"),
        lambda one: Command(one, Verb.CORRECT, AT, reason="x", class_code="C-0101", condition="noisy"),
        lambda one: Command(one, Verb.ESCALATE, AT, reason="x"),
        lambda one: Command(one, Verb.SOLVE, AT, text="x"),
        lambda one: Command(one, Verb.VERIFY, AT),
        lambda one: Command(one, Verb.CLOSE, AT),
        lambda one: Command(one, Verb.REOPEN, AT + HOUR, reason="x"),
        lambda one: Command(one, Verb.MERGE, AT + HOUR, reason="x", into_id=ids[-1]),
    ]
    all_act([Command(ids[-2], Verb.NOTE, AT, text="x")])
    for kind in kinds:
        one = counted(lambda kind=kind: all_act([kind(ids[0])]))
        many = counted(lambda kind=kind: all_act([kind(each) for each in ids[1 : 1 + MANY]]))
        assert one == many, kind(ids[0]).verb
    assert Matter.objects.filter(state="merged").count() == MANY + 1
    rest = ids[1 + MANY : 1 + 2 * MANY]
    time_out_of = [counted(lambda few=few: _settle(few)) for few in (rest[:1], rest[1:])]
    assert time_out_of[0] == time_out_of[1]
    holds(AT + 2 * HOUR)


def _settle(ids: list[Any]) -> None:
    with write():
        assert time_out(ids, at=MONDAY + 10 * HOUR) == len(ids)


def test_rating(town: Community) -> None:
    receipts = hand_in([asked(town, number) for number in range(MANY + 2)])
    all_act([Command(receipt.matter_id, Verb.SOLVE, AT, text="x") for receipt in receipts])

    def rate(some: list[Any]) -> None:
        with write():
            rate_outcomes([Rating(receipt.tracking, 1, False, "没好") for receipt in some], at=AT + HOUR)

    rate(receipts[:1])
    assert counted(lambda: rate(receipts[1:2])) == counted(lambda: rate(receipts[2:]))
    assert Matter.objects.filter(reopenings=1).count() == Report.objects.filter(rating=1).count() == MANY + 2


def test_queue_and_public_list(town: Community) -> None:
    def look() -> list[int]:
        return [
            counted(lambda: queue(actor=district(), at=AT, wanted=QueueFilter())),
            counted(lambda: queue(actor=desk(town), at=AT, wanted=QueueFilter(state="all", words="消防"))),
            counted(lambda: public_list(at=AT, wanted=PublicFilter())),
        ]

    (one,) = hand_in([asked(town)])
    look()
    few = look()
    assert queue(actor=district(), at=AT, wanted=QueueFilter()).rows[0].code == one.code
    hand_in([asked(town, number) for number in range(MANY)])
    assert look() == few


def test_one_matter_with_a_long_story(town: Community) -> None:
    receipts = hand_in([asked(town, 0, text=f"车挡路 {number}") for number in range(2)])
    one = receipts[0]

    def look() -> int:
        return counted(lambda: matter_page(actor=district(), at=AT, code=one.code))

    look()
    few = look()
    all_act([Command(one.matter_id, Verb.NOTE, AT, text=f"{number}") for number in range(MANY)])
    all_act([Command(one.matter_id, Verb.WHISTLE, AT + timedelta(minutes=1), reason="x", units=(unit("water").id,))])
    with write():
        for _ in range(5):
            join_matter(asked(town), actor=ANONYMOUS, at=AT + HOUR, matter_id=one.matter_id)
        index_matters([receipt.matter_id for receipt in receipts])
    page = matter_page(actor=district(), at=AT + HOUR, code=one.code)
    assert (len(page.steps), len(page.reporters), len(page.likes)) == (MANY + 7, 6, 1)
    assert look() == few


def test_posts_in_use(town: Community) -> None:
    hand_in([asked(town)])
    every = [grid.id for grid in town.grids]
    used = town.head("grid").id
    assert counted(lambda: posts_with_open_matters([used])) == 1
    assert posts_with_open_matters([used, *every]) == {used}
