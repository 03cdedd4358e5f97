"""A pledge is signed: its signature stays with the version that it was given for, and is seen by those who see the place."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from linli.engines.duties.inspections.models import Leaf
from linli.engines.duties.inspections.selectors.ledgers import LeafVersion, LeafView, ledger_page
from linli.engines.duties.inspections.services.leaves import LEAF_FILES, NeverShown, NotAskedFor, PhotoMissing, SignatureMissing, confirm_leaf
from linli.engines.duties.services.pictures import NotAPicture, TooManyPhotos
from linli.interfaces.printing import Sheet
from linli.kernel.access.rules import SYSTEM
from linli.kernel.clock.services import set_clock
from linli.kernel.files.models import StoredFile
from linli.kernel.files.services import discard_due_files, examine
from linli.kernel.playbooks.rules.problems import BadPlaybook
from linli.kernel.playbooks.services.load import load_playbook
from linli.kernel.writing import write
from tests.factories import hold_playbook
from tests.integration.duties.test_evidence import picture, signed, taken
from tests.integration.inspections.made import DAY, FISHINGNET, HOUR, MORNING, REGISTERED, Town
from tests.integration.inspections.test_pages import Desk, desk, place

__all__ = ["desk", "place"]
PLEDGE = {"signed": True, "on": "2026-01-05"}
STAFF = '          names: {zh: 从业人员统计, en: "Staff, counted"}\n          yearly: true\n'


def view(place: Town, form: str = "safety_pledge") -> LeafView:
    page = ledger_page(actor=place.actor(), at=MORNING + HOUR, kind="place", place=place.hotel)
    return next(one for one in page.leaves if one.form.code == form)


def current(place: Town, form: str = "safety_pledge") -> LeafVersion:
    found = view(place, form).current
    assert found is not None
    return found


def confirmed(place: Town, form: str, at: Any, version: int = 1) -> None:
    with write():
        confirm_leaf(actor=place.actor(), at=at, kind="place", place=place.hotel, form=form, version=version)


def asking_for(tmp_path: Path, evidence: str, form: str = STAFF) -> Path:
    """The fishing net, where a form of venues asks for something to be shown."""
    text = FISHINGNET.read_text()
    assert form in text
    (tmp_path / "playbook.yaml").write_text(text.replace(form, f"{form}          evidence: [{evidence}]\n", 1))
    return tmp_path / "playbook.yaml"


def test_without_a_signature_nothing_is_written_and_with_it_it_stays_with_its_version(place: Town) -> None:
    with pytest.raises(SignatureMissing):
        place.write("safety_pledge", PLEDGE)
    assert not Leaf.objects.exists() and not StoredFile.objects.exists()
    first = place.write("safety_pledge", PLEDGE, signature=signed())
    second = place.write("safety_pledge", PLEDGE, version=1, signature=signed(), at=MORNING + 2 * HOUR)
    with pytest.raises(SignatureMissing):
        place.write("safety_pledge", PLEDGE, version=2, at=MORNING + 2 * HOUR)
    found = view(place)
    assert found.current is not None
    assert [file.owner_id for version in (found.current, *found.older) for file in version.files] == [second.leaf_id, first.leaf_id]
    assert all(one.confidentiality >= 1 and one.area_path == Leaf.objects.first().area_path for one in StoredFile.objects.all())  # type: ignore[union-attr]


def test_handed_in_twice_it_is_kept_once(place: Town) -> None:
    place.write("safety_pledge", PLEDGE, key="phone-1", signature=signed())
    assert place.write("safety_pledge", PLEDGE, key="phone-1", signature=signed()).repeated
    assert StoredFile.objects.filter(owner_type=LEAF_FILES).count() == 1


def test_what_is_not_asked_for_or_no_picture_is_not_kept(place: Town) -> None:
    with pytest.raises(NotAskedFor):
        place.write("registration", REGISTERED, photos=[taken()])
    with pytest.raises(NotAskedFor):
        place.write("contact", {"name": "前台", "phone": "010-5550100"}, signature=signed())
    with pytest.raises(NotAPicture):
        place.write("safety_pledge", PLEDGE, signature=examine(content=b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n", claimed_name="p.pdf"))
    assert not Leaf.objects.exists() and not StoredFile.objects.exists()


def test_still_right_keeps_the_signature_and_asks_for_none(place: Town) -> None:
    place.write("safety_pledge", PLEDGE, signature=signed())
    confirmed(place, "safety_pledge", MORNING + 300 * DAY)
    found = view(place)
    assert found.current is not None and [file.id for file in found.current.files] == [file.id for file in found.older[0].files]
    assert StoredFile.objects.filter(owner_type=LEAF_FILES).count() == 1
    with write():  # it is kept from when it was last said to be right
        assert discard_due_files(actor=SYSTEM, at=MORNING + timedelta(days=800)) == 0
        assert discard_due_files(actor=SYSTEM, at=MORNING + timedelta(days=1040)) == 1
    assert current(place).files == ()


def test_a_leaf_from_before_it_was_asked_for_is_written_anew_once(place: Town, tmp_path: Path) -> None:
    place.write("staff", {"staff": 12})
    hold_playbook(at=MORNING + HOUR, playbook=asking_for(tmp_path, "photo"))
    assert view(place, "staff").never_shown
    with pytest.raises(NeverShown):
        confirmed(place, "staff", MORNING + 2 * HOUR)
    with pytest.raises(PhotoMissing):
        place.write("staff", {"staff": 12}, version=1)
    with pytest.raises(TooManyPhotos):
        place.write("staff", {"staff": 12}, version=1, photos=[taken() for _ in range(7)])
    place.write("staff", {"staff": 12}, version=1, photos=[taken()])
    assert not view(place, "staff").never_shown and len(current(place, "staff").files) == 1
    confirmed(place, "staff", MORNING + 2 * HOUR, version=2)
    assert Leaf.objects.filter(form="staff").count() == 3


def test_a_playbook_that_asks_for_anything_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadPlaybook, match="nothing else"):
        load_playbook(asking_for(tmp_path, "arrival"))
    with pytest.raises(BadPlaybook):
        load_playbook(asking_for(tmp_path, "handshake"))
    with pytest.raises(BadPlaybook, match="no signature"):
        load_playbook(asking_for(tmp_path, "signature", "          contact_days: 400\n"))


def test_on_the_desk_a_pledge_is_signed_and_seen_and_nobody_elses_eyes_open_it(place: Town, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with write():
        set_clock(to=MORNING + HOUR)
    grid, address = desk("grid"), f"/console/places/place/{place.hotel}"
    blank = grid.get(f"{address}/safety_pledge").content.decode()
    assert "data-sign" in blank and "multipart/form-data" in blank and 'name="photos"' not in blank
    assert "data-sign" not in grid.get(f"{address}/registration").content.decode()
    given = {"version": "0", "key": "k-1", "form_signed": "yes", "form_on": "2026-01-05"}
    bare = grid.post(f"{address}/safety_pledge", given)
    assert bare.status_code == 400 and bare.content.decode().count("field__error") == 1
    lie = SimpleUploadedFile("s.png", b"no picture at all", "image/png")
    assert grid.post(f"{address}/safety_pledge", {**given, "signature": lie}).status_code == 400
    assert not Leaf.objects.exists() and not StoredFile.objects.exists()
    drawn = SimpleUploadedFile("s.jpg", picture("white"), "image/jpeg")
    page = grid.post(f"{address}/safety_pledge", {**given, "signature": drawn}, follow=True).content.decode()
    assert "Written down." in page and "shown__signature" in page
    assert grid.post(f"{address}/fire_pledge", {**given, "key": "k-2", "signature_typed": "王芳"}, follow=True).status_code == 200
    assert StoredFile.objects.filter(owner_type=LEAF_FILES, purpose="duty_signature").count() == 2
    printed: list[tuple[str, str]] = []
    facts = Sheet.facts
    monkeypatch.setattr(Sheet, "facts", lambda self, pairs: (printed.extend(pairs), facts(self, pairs))[1])
    answer = grid.get(f"{address}/sheet.pdf")
    assert [name for name, _ in printed].count("Signature") == 2
    assert answer.status_code == 200 and answer.content.count(b"/Type /Page\n") == 1
    file = f"/console/files/{StoredFile.objects.first().id}"  # type: ignore[union-attr]
    assert file in page and grid.get(f"{file}/large").status_code == 200
    for other in (desk("grid", 5), desk(role="supervisor")):
        assert other.get(address).status_code in (403, 404)
        assert other.get(f"{file}/large").status_code == 403 and other.get(f"{file}/small").status_code == 403
