"""A reporter's own data: seen, corrected, taken back, deleted, and not brought back by a restore."""

from __future__ import annotations

import pytest

from linli.engines.matters.models import Matter, Report, Step
from linli.engines.matters.rules.intake import Contact
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.rules.words import MASK
from linli.engines.matters.selectors.own import contact_left, own_data, own_reports
from linli.engines.matters.services.own import NoContactGiven, StillNeeded, correct_contact, make_all_anonymous, mask_again, withdraw_words
from linli.engines.matters.services.reporters import NoSuchReceipt, Rating, rate_outcomes
from linli.kernel.access.models import LoginCode, User
from linli.kernel.access.rules import ANONYMOUS, Actor, NotSignedIn
from linli.kernel.access.selectors import actor_of
from linli.kernel.access.services.own import StaffAccountStays, delete_again, delete_own_account, own_account
from linli.kernel.access.services.users import add_user
from linli.kernel.erasures.models import Erasure
from linli.kernel.writing import write
from tests.factories import Community, person, report
from tests.integration.matters.made import AT, DAY, done, head
from tests.integration.matters.test_reporters import joined

pytestmark = pytest.mark.django_db
PHONE = "+8613800138000"


def resident(phone: str = PHONE, kind: str = User.Kind.RESIDENT) -> Actor:
    with write():
        user = add_user(actor=ANONYMOUS, at=AT, username=f"r{phone[-4:]}", password=None, display_name="", email="", phone=phone, language="", kind=kind)
    return actor_of(user, AT)


def test_a_way_to_be_told_can_be_given_and_corrected_afterwards(town: Community) -> None:
    one = report(town)
    with pytest.raises(NoContactGiven), write():
        correct_contact(at=AT, tracking=one.tracking, contact=Contact(name="only a name"))
    with write():
        correct_contact(at=AT, tracking=one.tracking, contact=Contact(phone="138 0013 8000"))
    assert (contact_left(tracking=one.tracking).phone, Report.objects.get().anonymous) == ("138 0013 8000", False)
    with write():
        correct_contact(at=AT, tracking=one.tracking, contact=Contact(email="A@example.org"), language="en")
    stored = Report.objects.get()
    assert stored.phone_fingerprint is None and stored.language == "en" and own_data(at=AT, tracking=one.tracking)["contact"]["email"] == "A@example.org"
    with pytest.raises(NoSuchReceipt):
        contact_left(tracking="0000-0000-0000")


def test_words_are_taken_back_when_nobody_needs_them_any_more(town: Community) -> None:
    one = report(town, text="王五说井盖坏了", contact=Contact(phone=PHONE), anonymous=False)
    with pytest.raises(StillNeeded), write():
        withdraw_words(at=AT, tracking=one.tracking)
    done(one.matter_id, Verb.SOLVE, actor=head(town), text="已换新")
    with write():
        rate_outcomes([Rating(one.tracking, 5, True, "谢谢小李")], at=AT + DAY)
        withdraw_words(at=AT + DAY, tracking=one.tracking)
    stored, matter = Report.objects.get(), Matter.objects.get()
    assert (stored.text, stored.comment, stored.contact, stored.anonymous) == (MASK, "", None, True)
    assert (matter.text, matter.public_text, matter.outcome_text) == (MASK, MASK, "已换新")
    assert not Step.objects.filter(text__contains="小李").exists()
    assert set(Erasure.objects.values_list("kind", flat=True)) == {"matters.reporter", "matters.report_words", "matters.words"}


def test_what_others_said_of_the_same_thing_stays(town: Community) -> None:
    one = report(town, text="我家门口的井盖")
    other = joined(town, one.matter_id, text="孩子差点摔倒")
    done(one.matter_id, Verb.SOLVE, actor=head(town), text="已换新")
    with write():
        withdraw_words(at=AT + DAY, tracking=other.tracking)
    assert sorted(Report.objects.values_list("text", flat=True)) == sorted(["我家门口的井盖", MASK])
    assert Matter.objects.get().text == "我家门口的井盖"
    Report.objects.filter(code=other.tracking).update(text="孩子差点摔倒")  # as an old backup has it
    with write():
        assert mask_again([Report.objects.get(code=other.tracking).id], AT) == 1
    assert Report.objects.get(code=other.tracking).text == MASK


def test_an_account_sees_its_reports_and_those_that_left_its_number_and_no_others(town: Community) -> None:
    actor = resident()
    signed_in = report(town, actor=actor, user_id=actor.user_id, contact=Contact(phone=PHONE), anonymous=False)
    before = report(town, contact=Contact(phone="138-0013-8000"), anonymous=False)
    report(town, contact=Contact(phone="13900139000"), anonymous=False)
    report(town)
    held = own_account(actor=actor)
    found = own_reports(actor=actor, at=AT, phone=held.phone, email=held.email)
    assert {one.tracking: one.by_contact for one in found} == {signed_in.tracking: False, before.tracking: True}
    with pytest.raises(NotSignedIn):
        own_reports(actor=ANONYMOUS, at=AT)


def test_leaving_deletes_the_account_and_names_nobody_on_its_reports(town: Community) -> None:
    actor = resident()
    report(town, actor=actor, user_id=actor.user_id, contact=Contact(phone=PHONE), anonymous=False)
    ids = [one.id for one in own_reports(actor=actor, at=AT)]
    with write():
        assert make_all_anonymous(actor=actor, at=AT, report_ids=ids) == 1
        delete_own_account(actor=actor, at=AT)
    stored = Report.objects.get()
    assert (stored.user_id, stored.contact, stored.sender) == (None, None, "system:reporter")
    assert not User.objects.filter(pk=actor.user_id).exists() and not LoginCode.objects.exists()
    assert Erasure.objects.filter(kind="access.resident", subject=actor.user_id).exists()
    with write():
        assert delete_again([actor.user_id], AT) == 0  # type: ignore[list-item]


def test_a_staff_account_is_not_deleted_by_its_holder(town: Community) -> None:
    actor = resident("+8613900139000", kind=User.Kind.STAFF)
    with pytest.raises(StaffAccountStays), write():
        delete_own_account(actor=actor, at=AT)
    with pytest.raises(NotSignedIn):
        own_account(actor=person("grid_head", town.grids[0].path))
