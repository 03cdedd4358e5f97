"""Reporting at the portal over HTTP: what is taken, what is refused, what is kept of a refused form."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from PIL import Image

from linli.engines.matters.models import Matter, Report
from linli.kernel.access.rules import SYSTEM
from linli.kernel.clock.services import now, set_clock
from linli.kernel.files.models import StoredFile
from linli.kernel.files.services import clear_photo
from linli.kernel.writing import write
from tests.factories import MONDAY, Community, community, report


@pytest.fixture
def town(db: None) -> Community:
    with write():
        set_clock(to=MONDAY)
    return community()


def form_of(town: Community, *, grid: int = 0, **more: Any) -> dict[str, Any]:
    lon, lat = town.point(grid)
    return {"key": "k1", "lon": lon, "lat": lat, "text": "三轮车堵住消防通道", "class_code": "E-0401", "who": "anonymous", **more}


def photo(name: str = "a.jpg", *, gps: bool = False) -> SimpleUploadedFile:
    body = io.BytesIO()
    picture = Image.new("RGB", (64, 48), (10, 90, 60))
    exif = Image.Exif()
    if gps:
        exif.get_ifd(0x8825).update({1: "N", 2: (38.0, 49.0, 0.0), 3: "E", 4: (119.0, 36.0, 30.0)})
    picture.save(body, "JPEG", exif=exif)
    return SimpleUploadedFile(name, body.getvalue(), "image/jpeg")


def test_a_report_is_taken_and_the_receipt_says_who_has_it(client: Client, town: Community) -> None:
    answer = client.post("/report", form_of(town), follow=True)
    report = Report.objects.get()
    assert answer.redirect_chain == [(f"/report/done/{report.code}", 302)]
    said = answer.content.decode()
    assert report.code in said and "<svg" in said and "网格长" in said
    assert "no-store" in answer["Cache-Control"]
    assert (report.anonymous, report.contact, report.source, report.language) == (True, None, "web", "zh-hans")


def test_the_same_form_twice_gives_the_first_receipt(client: Client, town: Community) -> None:
    first, second = client.post("/report", form_of(town)), client.post("/report", form_of(town))
    assert first.url == second.url
    assert Matter.objects.count() == 1


def test_two_at_the_same_moment_make_one_matter(committed: str) -> None:
    with write():
        set_clock(to=MONDAY)
    town = community()

    def send(_number: int) -> str:
        try:
            return Client().post("/report", form_of(town)).url
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        addresses = set(pool.map(send, range(4)))
    assert len(addresses) == 1 and Matter.objects.count() == Report.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"lon": "", "lat": ""}, "address"),
        ({"lon": "-71.06", "lat": "42.36"}, "address"),  # far away: the engine refuses
        ({"lon": "999", "lat": "1"}, "address"),
        ({"lon": "nan", "lat": "nan"}, "address"),
        ({"class_code": ""}, "class_code"),
        ({"class_code": "X-0000"}, "class_code"),
        ({"class_code": "C-0101", "condition": ""}, "condition"),
        ({"class_code": "C-0101", "condition": "none-such"}, "condition"),
        ({"text": "  "}, "text"),
        ({"text": "长" * 4001}, "text"),
        ({"who": "named"}, "phone"),
        ({"who": "named", "phone": "abc"}, "phone"),
        ({"who": "named", "email": "nobody"}, "email"),
    ],
)
def test_a_refusal_stands_beside_its_field_and_what_was_typed_is_kept(client: Client, town: Community, wrong: dict[str, str], field: str) -> None:
    answer = client.post("/report", form_of(town, **wrong))
    assert answer.status_code == 400
    form = answer.context["form"]
    assert field in form.errors, form.errors
    if "text" not in wrong:
        assert "三轮车堵住消防通道" in answer.content.decode()
    assert Matter.objects.count() == 0


def test_script_in_a_description_stays_words(client: Client, town: Community) -> None:
    client.post("/report", form_of(town, text="<script>alert(1)</script>占道"))
    code = Matter.objects.get().code
    for path in ("/matters", f"/matters/{code}", f"/track/{Report.objects.get().code}"):
        said = client.get(path).content.decode()
        assert "<script>alert" not in said and "&lt;script&gt;" in said


def test_near_ones_are_shown_once_before_sending(client: Client, town: Community) -> None:
    first = report(town)
    look = client.post("/report", form_of(town))
    assert look.status_code == 200 and first.code in look.content.decode()
    assert Matter.objects.count() == 1
    assert client.post("/report", form_of(town, send="yes")).status_code == 302
    assert client.post("/report", form_of(town, key="k2", seen=[m.code for m in Matter.objects.all()])).status_code == 302
    assert Matter.objects.count() == 3


def test_me_too_needs_no_class_and_no_words(client: Client, town: Community) -> None:
    first = report(town)
    answer = client.post("/report", {"key": "k3", "who": "named", "phone": "13800000000", "join": first.code})
    assert answer.status_code == 302
    assert set(Report.objects.values_list("matter_id", flat=True)) == {first.matter_id}
    again = client.post(f"/matters/{first.code}/join", {"key": "k3", "who": "anonymous"})
    assert again.url == answer.url and Report.objects.count() == 2


def test_what_is_private_cannot_be_joined(client: Client, town: Community) -> None:
    quarrel = report(town, class_code="D-0101", text="楼上半夜吵")
    answer = client.post("/report", {"key": "k4", "who": "anonymous", "join": quarrel.code})
    assert answer.status_code == 409
    assert client.get(f"/matters/{quarrel.code}").status_code == 404
    assert Report.objects.count() == 1


def test_an_emergency_says_whom_to_call_before_it_is_sent(client: Client, town: Community) -> None:
    look = client.post("/report", form_of(town, class_code="E-0501"))
    assert look.status_code == 200 and 'href="tel:119"' in look.content.decode()
    sent = client.post("/report", form_of(town, class_code="E-0501", seen="call:119"), follow=True)
    assert 'href="tel:119"' in sent.content.decode()
    assert Matter.objects.get().urgent


def test_too_many_are_refused_in_words_and_nothing_is_lost(client: Client, town: Community) -> None:
    for number in range(20):
        assert client.post("/report", form_of(town, key=f"n{number}", send="yes")).status_code == 302
    refused = client.post("/report", form_of(town, key="n20", send="yes"))
    assert refused.status_code == 429
    assert "三轮车堵住消防通道" in refused.content.decode()
    assert client.post("/report", form_of(town, key="n3", send="yes")).status_code == 302  # already taken: its receipt again
    assert client.post("/report", form_of(town, key="x", send="yes"), REMOTE_ADDR="203.0.113.9").status_code == 302
    assert Matter.objects.count() == 21


# -- photos -------------------------------------------------------------------------------------------------------------


def test_photos_go_with_the_report_and_are_shown_after_clearing_only(client: Client, town: Community) -> None:
    client.post("/report", form_of(town, photo=[photo(), photo("b.jpg")]))
    matter = Matter.objects.get()
    assert set(StoredFile.objects.values_list("owner_type", "owner_id", "area_path")) == {("matter", matter.id, matter.area_path)}
    tracking = Report.objects.get().code
    for path in (f"/matters/{matter.code}", f"/track/{tracking}"):
        assert "<img" not in client.get(path).content.decode()
    file = StoredFile.objects.first()
    assert client.get(f"/photos/{file.id}/original").status_code in (302, 401, 403)
    assert client.get(f"/photos/{file.id}/public").status_code == 404
    with write():
        clear_photo(actor=SYSTEM, at=now(), file_id=file.id, regions=[])
    assert f"/photos/{file.id}/public_small" in client.get(f"/matters/{matter.code}").content.decode()
    shown = client.get(f"/photos/{file.id}/public_small")
    assert shown.status_code == 200 and shown["Content-Type"] == "image/webp" and shown["X-Content-Type-Options"] == "nosniff"
    assert client.get(f"/photos/{file.id}/nonsense").status_code == 404


def test_photos_survive_an_error_elsewhere_in_the_form(client: Client, town: Community) -> None:
    answer = client.post("/report", form_of(town, class_code="", photo=photo()))
    kept = answer.context["form"].data["kept"]
    client.post("/report", form_of(town, kept=kept))
    assert StoredFile.objects.get().owner_id == Matter.objects.get().id


def test_somebody_elses_photos_cannot_be_taken(client: Client, town: Community) -> None:
    answer = client.post("/report", form_of(town, class_code="", photo=photo()))
    kept = answer.context["form"].data["kept"]
    client.post("/report", form_of(town, kept=kept[:-3] + "abc"))
    assert StoredFile.objects.get().owner_id is None


@pytest.mark.parametrize(
    "file", [SimpleUploadedFile("a.jpg", b"not a photo", "image/jpeg"), SimpleUploadedFile("a.pdf", b"%PDF-1.4\n%%EOF", "application/pdf")]
)
def test_a_file_that_lies_is_refused_beside_the_photo(client: Client, town: Community, file: SimpleUploadedFile) -> None:
    file.seek(0)
    answer = client.post("/report", form_of(town, photo=file))
    assert answer.status_code == 400 and "photo" in answer.context["form"].errors
    assert Matter.objects.count() == 0


def test_the_point_of_a_photo_is_offered_and_not_stored(client: Client, town: Community) -> None:
    answer = client.post("/report", form_of(town, lon="", lat="", photo=photo(gps=True)))
    assert answer.status_code == 200 and answer.context["offered"]
    assert float(answer.context["form"]["lon"].value()) == pytest.approx(119.608333, abs=1e-4)
    assert Matter.objects.count() == 0


# -- the form's helps -----------------------------------------------------------------------------------------------------


def test_helps_of_the_form(client: Client, town: Community) -> None:
    lon, lat = town.point(0)
    assert "E-0401" in client.get("/report/suggestions", {"q": "有车占用消防通道"}).content.decode()
    said = client.get("/report/class", {"class_code": "C-0101"}).content.decode()
    assert 'value="missing"' in said and 'value="noisy"' in said
    assert "tel:119" in client.get("/report/class", {"class_code": "E-0501"}).content.decode()
    assert "望潮街道" in client.get("/report/where", {"lon": lon, "lat": lat}).content.decode()
    assert "note--error" in client.get("/report/where", {"lon": -71, "lat": 42}).content.decode()
    assert client.get("/report/where", {"lon": "x"}).status_code == 200
    assert 'name="place"' in client.get("/report/places", {"q": "石桥花园"}).content.decode()


def test_an_address_alone_is_enough(client: Client, town: Community) -> None:
    client.post("/report", form_of(town, lon="", lat="", address="菜市场后门"))
    matter = Matter.objects.get()
    assert (matter.placing, matter.address, matter.state) == ("unplaced", "菜市场后门", "reported")


def test_an_area_chosen_is_kept(client: Client, town: Community) -> None:
    client.post("/report", form_of(town, lon="", lat="", address="石桥", place=f"area:{town.grids[2].code}"))
    assert Matter.objects.get().area_path == town.grids[2].path


def test_two_hundred_megabytes_are_refused_before_they_are_read_in_page_and_program(client: Client, town: Community) -> None:
    page = client.post("/report", form_of(town), headers={"Accept-Language": "en"}, CONTENT_LENGTH="200000000")
    assert page.status_code == 400 and "at most 100 MB" in page.content.decode()
    program = client.post("/api/v1/files", {"file": photo()}, headers={"Accept-Language": "zh-CN"}, CONTENT_LENGTH="200000000")
    assert program.status_code == 400 and program.json()["code"] == "request.too_long"
    assert not Matter.objects.exists() and not StoredFile.objects.exists()
