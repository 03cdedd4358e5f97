"""What was noted by mistake is taken back once: it stays on record, counts no more, and its door is open again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import IntegrityError, connections, transaction

from linli.engines.duties.campaigns.models import Attempt, Target
from linli.engines.duties.campaigns.rules.doors import Advice, NothingToTakeBack, Outcome, OutsideCampaign
from linli.engines.duties.campaigns.services import noting
from linli.engines.duties.campaigns.services import running as services
from linli.engines.duties.campaigns.services.noting import NoSuchTarget, Noted, Wish
from linli.engines.duties.campaigns.services.running import CampaignOver
from linli.kernel.access.rules import Actor
from linli.kernel.audit.models import AuditEntry
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.campaigns.test_campaigns import DAY, HOUR, Street, page, real_street, said, sign_in, street

__all__ = ["real_street", "street"]


def doors(given: Street) -> list[Target]:
    given.lay(given.start())
    return list(Target.objects.order_by("unit", "room"))


def back(given: Street, door: Target, *, actor: Actor | None = None, key: str = "", at: object = None) -> Noted | Refusal:
    """The sender's last note of a door is a mistake, says the sender."""
    when = at or MONDAY + 2 * HOUR
    with write():
        (result,) = noting.note_attempts(actor=actor or given.leader(), at=when, wishes=[Wish(door.id, None, when, key or str(uuid4()))])  # type: ignore[arg-type]
    return result


def take_back(given: Street, attempt: Attempt, *, actor: Actor | None = None) -> None:
    with write():
        noting.take_back(actor=actor or given.leader(), at=MONDAY + 2 * HOUR, attempt_id=attempt.id)


def test_a_result_taken_back_counts_nowhere_stays_on_record_and_the_door_gets_its_own(street: Street) -> None:
    door, other, *_ = doors(street)
    street.note(door, Outcome.NOT_HOME, MONDAY)
    street.note(door, Outcome.DONE, MONDAY + HOUR)
    street.note(other, Outcome.NOT_HOME, MONDAY + HOUR)
    for key in ("once", "once"):
        result = back(street, door, key=key)
        assert isinstance(result, Noted) and (result.outcome, result.tries) == (None, 1)
    progress = page(street).line.progress
    assert (progress.done, progress.tried, progress.open) == (0, 2, 12) and page(street).days[0][1:] == (0, 0)
    line = next(one for one in page(street, at=MONDAY + 2 * HOUR).left if one.id == door.id)
    assert (line.tries, line.result, line.suggestion.advice) == (1, "", Advice.THEN)
    kept = Attempt.objects.get(outcome="done")
    assert (kept.taken_back_at, kept.taken_back_by) == (MONDAY + 2 * HOUR, street.leader().id)
    entry = AuditEntry.objects.get(action="campaigns.take_back")
    assert (entry.subject, entry.from_state, entry.actor) == (door.id, "done", street.leader().id)
    assert street.note(door, Outcome.REFUSED, MONDAY + 3 * HOUR) is Outcome.REFUSED
    assert page(street).line.progress.refused == 1


def test_one_batch_notes_takes_back_and_notes_again(street: Street) -> None:
    door, *_ = doors(street)
    ways = (Outcome.DONE, None, Outcome.REFUSED, None, Outcome.NOT_HOME)
    wishes = [Wish(door.id, way, MONDAY + n * HOUR, f"key-{n}") for n, way in enumerate(ways, start=1)]
    for repeated in (False, True):
        with write():
            results = noting.note_attempts(actor=street.leader(), at=MONDAY + DAY, wishes=wishes)
        assert [isinstance(one, Noted) and one.repeated for one in results] == [repeated] * 5
    standing = Attempt.objects.filter(taken_back_at=None).values_list("outcome", flat=True)
    assert list(standing) == ["not_home"] and Attempt.objects.count() == 3


def test_nothing_of_one_s_own_stands_there_or_it_is_too_late(street: Street) -> None:
    door, other, *_ = doors(street)
    street.note(door, Outcome.DONE, MONDAY)
    assert isinstance(back(street, other), NothingToTakeBack)
    assert isinstance(back(street, door, actor=street.helper(0)), NothingToTakeBack)  # another's
    assert isinstance(back(street, door, actor=street.helper(1)), NoSuchTarget)
    assert isinstance(back(street, door, at=MONDAY + 60 * DAY), OutsideCampaign)
    attempt = Attempt.objects.get()
    with pytest.raises(NoSuchTarget):
        take_back(street, attempt, actor=street.helper(0))
    with pytest.raises(NoSuchTarget):
        take_back(street, Attempt(id=uuid4()))
    take_back(street, attempt)
    with pytest.raises(NothingToTakeBack):
        take_back(street, attempt)
    street.note(door, Outcome.DONE, MONDAY + 2 * HOUR)
    with write():
        services.end_campaign(actor=street.leader(), at=MONDAY + 3 * HOUR, campaign_id=door.campaign_id)
    assert isinstance(back(street, door, at=MONDAY + 4 * HOUR), CampaignOver)
    with pytest.raises(CampaignOver):
        take_back(street, Attempt.objects.get(taken_back_at=None))


def test_whoever_runs_the_campaign_takes_back_what_others_noted(street: Street) -> None:
    door, *_ = doors(street)
    street.note(door, Outcome.REFUSED, MONDAY, actor=street.helper(0))
    assert [one.takes_back for one in page(street).lately] == [True]
    take_back(street, Attempt.objects.get())
    assert page(street).lately == () and page(street).line.progress.refused == 0


def test_the_database_lets_nothing_else_of_an_attempt_change(street: Street) -> None:
    door, *_ = doors(street)
    street.note(door, Outcome.DONE, MONDAY)
    row = Attempt.objects.filter(target=door)
    gone = {"taken_back_at": MONDAY, "taken_back_by": "user:1"}
    for change in ({"outcome": "refused"}, {**gone, "outcome": "refused"}, {"taken_back_at": MONDAY}, {"taken_back_by": "user:1"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            row.update(**change)
    row.update(**gone)
    for change in ({"taken_back_at": None, "taken_back_by": ""}, {"taken_back_at": MONDAY + HOUR}):
        with pytest.raises(IntegrityError), transaction.atomic():
            row.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        row.delete()


def test_of_two_who_take_one_back_in_the_same_instant_one_does(real_street: Street) -> None:
    door, *_ = doors(real_street)
    real_street.note(door, Outcome.DONE, MONDAY)
    attempt = Attempt.objects.get()

    def taking(by_phone: bool) -> str:
        try:
            if by_phone:
                return "refused" if isinstance(back(real_street, door), Refusal) else "taken"
            take_back(real_street, attempt)
        except NothingToTakeBack:
            return "refused"
        finally:
            connections.close_all()
        return "taken"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(taking, [True, False])) == ["refused", "taken"]
    assert AuditEntry.objects.filter(action="campaigns.take_back").count() == 1


def test_on_the_desk_and_on_the_volunteers_page(street: Street) -> None:
    desk, helper, anybody = sign_in(street, "street"), sign_in(street, "grid", 0), sign_in(street, "grid", 2)
    door, other, *_ = doors(street)
    at = "/console/campaigns/doors"
    desk.post(f"{at}/helper", {"person": street.helper(0).person_id})
    desk.post(f"{at}/share")
    helper.post(f"/volunteer/doors/{door.id}", {"outcome": "done", "key": "k1"})
    assert "one door with a result" in said(helper.get("/volunteer/doors")) and "Take it back" in said(helper.get("/volunteer/doors"))
    assert "the door is open again" in said(helper.post(f"/volunteer/doors/{door.id}", {"outcome": "take_back", "key": "k2"}, follow=True))
    assert "with a result" not in said(helper.get("/volunteer/doors"))
    assert "stands any more" in said(helper.post(f"/volunteer/doors/{door.id}", {"outcome": "take_back", "key": "k3"}, follow=True))
    desk.post(f"{at}/targets/{other.id}", {"outcome": "refused", "key": "k4"})
    assert "Noted lately" in said(desk.get(at))
    way = f"{at}/attempts/{Attempt.objects.get(taken_back_at=None).id}/take-back"
    assert anybody.post(way).status_code in (403, 404) and helper.get(way).status_code == 405
    assert "the target is open again" in said(desk.post(way, follow=True))
    assert desk.post(way).status_code == 409 and "Noted lately" not in said(desk.get(at))
    assert desk.post(f"{at}/attempts/{uuid4()}/take-back").status_code == 404
