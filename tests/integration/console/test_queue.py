"""The queue: whose it is, filters by link, clocks, paging, export, and who is refused."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from linli.engines.matters.models import Matter
from linli.engines.matters.rules.decide import Command
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.services.act import act
from linli.engines.matters.services.likes import index_matters
from linli.interfaces.console.tables import safe_cell
from linli.kernel.access.rules import SYSTEM
from linli.kernel.audit.models import AuditEntry
from linli.kernel.clock.services import set_clock
from linli.kernel.writing import write
from tests.factories import MONDAY, Community, report
from tests.integration.console.conftest import Desk

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def shown(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.content[:400]
    return answer.content.decode()


def test_everybody_begins_with_their_own_and_can_see_their_area(town: Community, desk: Desk) -> None:
    mine, other = report(town).code, report(town, grid=1).code
    grid, street = desk("grid"), desk("street")
    assert mine in shown(grid, "/console/") and other not in shown(grid, "/console/")
    assert other not in shown(grid, "/console/?view=area")  # another grid's
    assert mine not in shown(street, "/console/")  # the street does not answer for it yet
    assert mine in shown(street, "/console/?view=area")


def test_filters_are_links_that_anyone_else_can_open(town: Community, desk: Desk) -> None:
    early, late = report(town).code, report(town, grid=0, class_code="C-0101", text="井盖没了").code
    street = desk("street")
    assert early in shown(street, "/console/?view=area&class=E-0401") and late not in shown(street, "/console/?view=area&class=E-0401")
    assert late in shown(street, "/console/?view=area&kind=component")
    assert early in shown(street, "/console/?view=area&level=grid") and early not in shown(street, "/console/?view=area&level=street")
    assert early not in shown(street, "/console/?view=area&state=ended")
    with write():
        index_matters(list(Matter.objects.values_list("id", flat=True)))
    found = shown(street, "/console/?view=area&q=井盖")
    assert late in found and early not in found


def test_a_filter_that_means_nothing_is_refused_in_words(town: Community, desk: Desk) -> None:
    street = desk("street")
    for address in ("?state=asleep", "?clock=13", "?level=moon", "?after=yesterday~1", "?post=7"):
        assert street.get(f"/console/{address}").status_code == 400


def test_both_clocks_are_said_and_not_by_colour_alone(town: Community, desk: Desk) -> None:
    report(town)
    with write():
        set_clock(to=MONDAY + 8 * HOUR - timedelta(minutes=5))
    page = shown(desk("grid"), "/console/")
    assert "This level&#x27;s clock" in page or "This level's clock" in page
    assert "Due soon" in page and "1 h " in page and "left" in page and "On time" in page


def test_counts_lead_to_what_they_count(town: Community, desk: Desk) -> None:
    code = report(town).code
    report(town, grid=1)
    with write():
        set_clock(to=MONDAY + timedelta(days=10))
    street = desk("street")
    page = shown(street, "/console/?view=area&clock=overdue")
    assert code in page
    assert shown(street, "/console/?view=area").count("clock--overdue") >= 2


def test_the_number_of_queries_does_not_grow_with_the_queue(town: Community, desk: Desk) -> None:
    street = desk("street")
    report(town)
    shown(street, "/console/?view=area")

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            shown(street, "/console/?view=area")
        return len(queries)

    few = asked()
    for number in range(12):
        report(town, text=f"第{number}件")
    assert asked() == few


def test_pages_follow_each_other_by_cursor(town: Community, desk: Desk) -> None:
    codes = {report(town, at=MONDAY - timedelta(minutes=number)).code for number in range(55)}
    street = desk("street")
    seen: set[str] = set()
    address = "/console/?view=area"
    for _ in range(3):
        answer = street.get(address)
        seen |= {line.row.code for line in answer.context["lines"]}
        if not answer.context["next"]:
            break
        address = "/console/" + answer.context["next"]
    assert seen == codes


def test_unknown_people_sign_in_and_people_without_matters_go_where_they_may(town: Community, desk: Desk, client: Client) -> None:
    assert client.get("/console/").status_code == 302
    operator = desk(role="operator")
    answer = operator.get("/console/")
    assert (answer.status_code, answer.url) == (302, "/console/directory")
    nobody = desk(role="reporter")
    assert nobody.get("/console/directory").status_code == 403
    assert nobody.get("/console/matters/250101-AAAAAAAA").status_code == 403


def test_the_export_holds_no_formulas_and_is_written_down(town: Community, desk: Desk) -> None:
    report(town, text='=HYPERLINK("http://x")', address="@here")
    street = desk("street")
    text = b"".join(street.get("/console/export?view=area&format=csv").streaming_content).decode("utf-8-sig")
    heads, row = list(csv.reader(io.StringIO(text)))
    assert row[heads.index("Words")].startswith("'=") and row[heads.index("Address")] == "'@here"
    book = openpyxl.load_workbook(io.BytesIO(street.get("/console/export?view=area&format=xlsx").content))
    cells = [cell for line in book.active.iter_rows() for cell in line]
    assert all(cell.data_type != "f" for cell in cells)
    assert AuditEntry.objects.filter(action="matters.export").count() == 2
    assert desk("grid").get("/console/export").status_code == 403  # a grid head may not take lists out


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "|x"])
def test_no_cell_begins_like_a_formula(text: str) -> None:
    assert safe_cell(text) == "'" + text
    assert safe_cell("1+1=2") == "1+1=2"


def test_ended_ones_are_listed_by_their_state(town: Community, desk: Desk) -> None:
    receipt = report(town)
    with write():
        act([Command(receipt.matter_id, Verb.SOLVE, MONDAY + HOUR, text="done")], actor=SYSTEM)
        set_clock(to=MONDAY + 2 * HOUR)
    street = desk("street")
    assert receipt.code not in shown(street, "/console/?view=area")
    assert receipt.code in shown(street, "/console/?view=area&state=ended") and receipt.code in shown(street, "/console/?view=area&state=closed")
