"""Two at once at one post, and at the top desk: real commits, in threads that start together."""

from __future__ import annotations

import threading
from uuid import UUID

from django.db import connection, transaction

from linli.directory.organisation.models import Absence, Appointment
from linli.directory.organisation.services import appoint, end_appointment, staff_areas, staff_demo
from linli.kernel.access.rules import SYSTEM
from linli.kernel.writing import write
from tests.integration.directory.conftest import AT, day, holder_of, lay_areas, lianqin, newcomer, post


def _at_once(*works) -> list[object]:
    """Run the works in threads that start together; give each one's result or exception."""
    barrier = threading.Barrier(len(works))
    results: list[object] = [None] * len(works)

    def run(place: int, work) -> None:
        barrier.wait()
        try:
            results[place] = work()
        except Exception as error:
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place, work)) for place, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def _staff_committed() -> None:
    lay_areas()
    with write():
        staff_areas(actor=SYSTEM, at=AT, section=lianqin())
        staff_demo(actor=SYSTEM, at=AT)


def test_two_appointments_to_one_post_at_once_leave_one(committed) -> None:
    _staff_committed()
    current = Appointment.objects.get(post__code="G0-grid_head")
    with write():
        end_appointment(actor=SYSTEM, at=AT, appointment_id=current.id, ends_at=day(1))
    people = [newcomer(f"n{number}") for number in range(2)]

    def work(person_id: UUID):
        def appoint_one() -> UUID:
            with write():
                return appoint(actor=SYSTEM, at=AT, post_id=current.post_id, person_id=person_id, starts_at=day(1))

        return appoint_one

    results = _at_once(*(work(person_id) for person_id in people))
    assert sorted(type(result).__name__ for result in results) == ["PostTaken", "UUID"]
    assert Appointment.objects.filter(post=current.post_id, ends_at=None).count() == 1


def test_two_raw_appointments_at_once_leave_one(committed) -> None:
    _staff_committed()
    Appointment.objects.filter(post__code="G0-grid_head").update(ends_at=day(1))
    head = post("G0-grid_head")
    people = [newcomer(f"n{number}") for number in range(2)]

    def work(person_id: UUID):
        return lambda: Appointment.objects.create(post=head, person_id=person_id, starts_at=day(1), at=AT, recorded_at=AT)

    results = _at_once(*(work(person_id) for person_id in people))
    assert sorted(type(result).__name__ for result in results) == ["Appointment", "IntegrityError"]


def test_the_two_of_the_top_desk_cannot_leave_at_once(committed) -> None:
    """Each transaction alone sees the other still present; the database lets one of them through."""
    _staff_committed()
    people = [holder_of(code) for code in ("D-district_duty", "D-district_duty_deputy")]
    meet = threading.Barrier(2)

    def work(person_id: UUID):
        def leave() -> str:
            with transaction.atomic():
                Absence.objects.create(person_id=person_id, starts_at=day(1), ends_at=day(2), reason="leave", at=AT, recorded_at=AT)
                meet.wait()  # both have written before either commits
            return "away"

        return leave

    results = _at_once(*(work(person_id) for person_id in people))
    assert sorted(type(result).__name__ for result in results) == ["IntegrityError", "str"]
    assert Absence.objects.count() == 1
