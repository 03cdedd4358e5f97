"""A table is taken in on the desk: every row's effect is seen first, nothing is saved before it is sure, and who is refused."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from linli.directory.organisation.selectors import organisation
from linli.directory.people.models import Person
from linli.directory.territory.selectors import ground
from tests.factories import Community
from tests.integration.console.conftest import Desk

pytestmark = pytest.mark.django_db
PAGE = "/console/directory/import"


def sent(text: str | bytes, kind: str = "people", name: str = "people.csv") -> dict[str, object]:
    return {"kind": kind, "table": SimpleUploadedFile(name, text if isinstance(text, bytes) else text.encode())}


def carried(answer) -> str:
    return re.search(r'name="carried" value="([^"]*)"', answer.content.decode()).group(1)


def people() -> int:
    return Person.objects.filter(code__startswith="T-").count()


def test_a_table_is_looked_at_then_taken_in_without_being_chosen_again(town: Community, desk: Desk) -> None:
    operator = desk(role="operator")
    looked = operator.post(PAGE, sent("工号,姓名,手机\nT-1,王建国,13800000001\nT-2,李秀英,\n"))
    page = looked.content.decode()
    assert looked.status_code == 200 and "2 rows" in page and "王建国" in page
    assert people() == 0  # only looked at
    done = operator.post(PAGE, {"kind": "people", "carried": carried(looked), "sure": "all"}, follow=True)
    assert people() == 2 and "2 added" in done.content.decode()
    again = operator.post(PAGE, sent("工号,姓名\nT-1,王建国\n")).content.decode()
    assert "nothing in it to take in" in again and "Take it in" not in again


def test_refused_rows_are_named_with_why_and_only_left_out_when_that_is_sure(town: Community, desk: Desk) -> None:
    operator = desk(role="operator")
    looked = operator.post(PAGE, sent("工号,姓名\nT-1,王建国\nT-2,<b>x</b>\n"))
    page = looked.content.decode()
    assert "Refused" in page and "姓名 (name) holds the characters &lt; or &gt;" in page and "<b>x" not in page
    whole = operator.post(PAGE, {"kind": "people", "carried": carried(looked), "sure": "all"})
    assert whole.status_code == 400 and people() == 0
    operator.post(PAGE, {"kind": "people", "carried": carried(looked), "sure": "without"})
    assert list(Person.objects.filter(code__startswith="T-").values_list("code", flat=True)) == ["T-1"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("工号,姓名,民族\nT-1,王建国,汉\n", "never taken in"),
        ("工号,姓明\nT-1,王建国\n", "The columns are not the expected ones"),
        (b"\xff\xfe\x00", "no known encoding"),
        (b"PK\x03\x04 no book", "neither a readable XLSX nor CSV"),
        ("", "submitted file is empty"),
    ],
    ids=["a refused attribute", "wrong columns", "broken encoding", "broken book", "empty"],
)
def test_what_is_no_such_table_is_refused_beside_its_field(text: str | bytes, said: str, town: Community, desk: Desk) -> None:
    answer = desk(role="operator").post(PAGE, sent(text))
    assert answer.status_code == 400 and said in answer.content.decode()
    assert people() == 0


def test_a_broken_carried_table_asks_for_the_file_again(town: Community, desk: Desk) -> None:
    operator = desk(role="operator")
    for given in ("not base64 at all", "AAAA"):
        answer = operator.post(PAGE, {"kind": "people", "carried": given, "sure": "all"})
        assert answer.status_code == 400 and "Choose the table again" in answer.content.decode()


def test_thousands_of_posts_come_by_a_book_whose_empty_form_is_given(town: Community, desk: Desk) -> None:
    operator = desk(role="operator")
    given = operator.get(PAGE, {"format": "xlsx", "kind": "posts"})
    book = openpyxl.load_workbook(io.BytesIO(given.content))
    heads = [cell.value for cell in book.active[1]]
    head = town.head("grid", 0)
    unit = organisation().unit(head.unit_id).code
    row = {"code": "", "name_zh": "测试岗", "name_en": "", "role": head.role, "unit": unit, "area": ground().area(head.area_id).code, "level": "", "rank": 0}
    for number in range(3_000):
        line = row | {"code": f"BULK-{number}", "rank": 100 + number}
        book.active.append([line[name] for name in heads])
    raw = io.BytesIO()
    book.save(raw)
    looked = operator.post(PAGE, sent(raw.getvalue(), "posts", "posts.xlsx"))
    page = looked.content.decode()
    assert "3000 rows" in page or "3,000 rows" in page
    assert "And further rows like these." in page and len(page) < 400_000
    operator.post(PAGE, {"kind": "posts", "carried": carried(looked), "sure": "all"})
    assert sum(1 for post in organisation().posts if post.code.startswith("BULK-")) == 3_000


def test_only_who_manages_the_whole_directory_may(town: Community, desk: Desk) -> None:
    assert desk("street").get(PAGE).status_code == 403
    below = desk(role="operator", area_path=town.streets[0].path)
    assert below.get(PAGE).status_code == 403
    assert below.post(PAGE, sent("工号,姓名\nT-1,王\n")).status_code == 403 and people() == 0
