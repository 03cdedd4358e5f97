"""Photos and signatures: what finishing a duty may ask to see, who sees them, and how long they are kept."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from linli.directory.organisation.selectors import organisation
from linli.directory.people.services import link_user
from linli.engines.duties.models import CheckInRecord, Occurrence
from linli.engines.duties.rules.forms import wrong_with
from linli.engines.duties.rules.task import EvidenceMissing, Verb
from linli.engines.duties.selectors.desk import duty_page
from linli.engines.duties.services.checkin import FILE_OWNER, Command, check_in
from linli.engines.duties.services.pictures import NotAPicture, TooManyPhotos
from linli.interfaces.printing import name_as_picture
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.services import users
from linli.kernel.clock.services import set_clock
from linli.kernel.files.models import StoredFile
from linli.kernel.files.services import Examined, discard_due_files, examine
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.duties.made import HOUR, Town, did, town

RULES = """
duties:
  files_days: 30
  rules:
    - code: check
      names: {zh: 检查, en: Check}
      kind: inspection
      subjects: {kind: area, where: {level: grid}}
      levels: [grid]
      cadence: {rule: "FREQ=WEEKLY;BYDAY=MO", days: 7}
      evidence: [form, photo, signature]
      form:
        type: object
        required: [exits]
        properties: {exits: {type: boolean, title: Exits clear, title_zh: 通道畅通}}
"""


def picture(colour: str = "green") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(out, "JPEG")
    return out.getvalue()


def taken(colour: str = "green") -> Examined:
    return examine(content=picture(colour), claimed_name="p.jpg")


def signed() -> Examined:
    return examine(content=name_as_picture("王芳"), claimed_name="signature.png")


@pytest.fixture
def place(committed: None, tmp_path: Path) -> Town:
    found = town(tmp_path)
    found.rules(RULES)
    found.run(MONDAY + HOUR)
    return found


def check(place: Town) -> Occurrence:
    return Occurrence.objects.filter(rule="check", area=place.community.grids[0].id).earliest("opens_at")


def test_it_is_done_with_form_photo_and_signature_and_not_without_one_of_them(place: Town) -> None:
    grid, one = place.actor(), check(place)
    whole: dict[str, object] = {"form": {"exits": True}, "photos": [taken()], "signature": signed()}
    for missing in ("form", "photos", "signature"):
        given = {name: value for name, value in whole.items() if name != missing}
        with pytest.raises(EvidenceMissing, match=missing.removesuffix("s")):
            did(Verb.FINISH, one, actor=grid, at=MONDAY + 2 * HOUR, **given)
    assert not StoredFile.objects.exists()  # nothing half-written
    receipt = did(Verb.FINISH, one, actor=grid, at=MONDAY + 2 * HOUR, **whole)
    row = CheckInRecord.objects.get(occurrence=one, verb="finish")
    files = list(StoredFile.objects.filter(owner_type=FILE_OWNER, owner_id=receipt.visit).order_by("id"))
    assert [str(file.id) for file in files] == row.files and {file.purpose for file in files} == {"duty_photo", "duty_signature"}
    assert all(file.confidentiality >= 1 and file.area_path == one.area_path for file in files)


def test_handed_in_twice_it_is_kept_once(place: Town) -> None:
    grid, one = place.actor(), check(place)
    command = Command((one.id,), Verb.FINISH, MONDAY + 2 * HOUR, key="phone-1", form={"exits": True}, photos=[taken()], signature=signed())
    with write():
        (first,) = check_in([command], actor=grid, at=MONDAY + 2 * HOUR)
    with write():
        (again,) = check_in([replace(command, photos=[taken()], signature=signed())], actor=grid, at=MONDAY + 3 * HOUR)
    assert not isinstance(first, Refusal) and not isinstance(again, Refusal)
    assert again.repeated and again.visit == first.visit
    assert StoredFile.objects.count() == 2


def test_seven_photos_and_a_document_are_refused(place: Town) -> None:
    grid, one = place.actor(), check(place)
    with pytest.raises(TooManyPhotos):
        did(Verb.ARRIVE, one, actor=grid, at=MONDAY + 2 * HOUR, photos=[taken() for _ in range(7)])
    paper = examine(content=b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n", claimed_name="p.pdf")
    with pytest.raises(NotAPicture):
        did(Verb.ARRIVE, one, actor=grid, at=MONDAY + 2 * HOUR, photos=[paper])
    assert not StoredFile.objects.exists()


def test_they_are_seen_by_handlers_only_and_go_when_their_time_is_over(place: Town) -> None:
    grid, one = place.actor(), check(place)
    did(Verb.FINISH, one, actor=grid, at=MONDAY + 2 * HOUR, form={"exits": True}, photos=[taken()], signature=signed())
    may = replace(grid, grants=tuple(replace(grant, permissions=grant.permissions | {"files.read"}) for grant in grid.grants))
    assert [len(step.files) for step in duty_page(actor=may, at=MONDAY + 3 * HOUR, duty_id=one.id).story] == [2]
    without = replace(grid, grants=tuple(replace(grant, permissions=grant.permissions - {"files.read"}) for grant in grid.grants))
    assert [len(step.files) for step in duty_page(actor=without, at=MONDAY + 3 * HOUR, duty_id=one.id).story] == [0]
    with write():
        assert discard_due_files(actor=SYSTEM, at=MONDAY + timedelta(days=29)) == 0
        assert discard_due_files(actor=SYSTEM, at=MONDAY + timedelta(days=31)) == 2
    assert not StoredFile.objects.exists()
    assert [len(step.files) for step in duty_page(actor=may, at=MONDAY + timedelta(days=32), duty_id=one.id).story] == [0]


def test_on_the_desk_a_name_is_typed_or_drawn_and_the_page_shows_it(place: Town) -> None:
    with write():
        set_clock(to=MONDAY + HOUR)
        user = users.create_user(actor=SYSTEM, at=MONDAY, username="grid0", password="a long enough password")
        link_user(actor=SYSTEM, at=MONDAY, person_id=organisation().appointee(place.community.head("grid", 0).id, MONDAY), user_id=user.pk)
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    client.force_login(user)
    address = f"/console/duties/{check(place).id}"
    assert "data-sign" in client.get(address).content.decode()
    form = {"note": "", "form_exits": "yes"}
    bare = client.post(f"{address}/finish", form)
    assert bare.status_code == 400 and bare.content.decode().count("field__error") == 2
    lie = SimpleUploadedFile("p.jpg", b"no picture at all", "image/jpeg")
    assert client.post(f"{address}/finish", {**form, "photos": lie, "signature_typed": "王芳"}).status_code == 400
    photo = SimpleUploadedFile("p.jpg", picture(), "image/jpeg")
    done = client.post(f"{address}/finish", {**form, "photos": photo, "signature_typed": "王芳"}, follow=True)
    assert done.status_code == 200 and "Exits clear:" in done.content.decode()
    assert check(place).state == "done" and StoredFile.objects.filter(purpose="duty_signature").count() == 1


def test_a_form_that_asks_what_is_never_asked_is_no_form() -> None:
    def said(part: dict[str, object]) -> list[str]:
        return [message for message, _ in wrong_with({"type": "object", "properties": {"x": part}})]

    assert said({"type": "string", "title_zh": "登记人数"}) == []
    assert said({"type": "string", "title_zh": "民族"}) == ["Linli keeps no %(attribute)s of anyone."]
    assert said({"type": "string", "enum": ["佛教", "无"]}) == ["Linli keeps no %(attribute)s of anyone."]
    assert len(said({"type": "array", "items": {"type": "string"}})) == 1
    assert len(said({"type": "strang"})) == 1
    assert len(list(wrong_with({"type": "object", "properties": {}}))) == 1
    assert len(list(wrong_with({"type": "object", "required": ["y"], "properties": {"x": {"type": "string"}}}))) == 1
