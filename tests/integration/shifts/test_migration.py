"""Shifts that lay in the database before anybody could say "I am here": what had begun stays counted, what is to come is asked about."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.models.functions import Now

from linli.engines.duties.shifts.models import Shift, ShiftMiss, ShiftPart
from linli.engines.duties.shifts.services import rosters as signing
from linli.engines.duties.shifts.tasks import sweep_missing
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.shifts.test_shifts import make_patrol

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_what_had_begun_before_counts_as_it_did_and_nobody_is_missing_from_it(committed: str, tmp_path: Path) -> None:
    patrol = make_patrol(tmp_path)
    patrol.lay(most=3)
    over, running, off, ahead = patrol.shifts()[:4]
    for shift in (over, running, off, ahead):
        patrol.sign("bob", shift)
    patrol.sign("cid", over)
    with write():
        signing.cancel(actor=patrol.leader, at=MONDAY, shift_id=over.id, person_id=patrol.people["cid"].person_id)
    for shift, begins in ((over, -DAY), (running, -HOUR), (off, -3 * DAY), (ahead, DAY)):  # by the database's clock, as the migration goes
        for rows in (Shift.objects.filter(id=shift.id), ShiftPart.objects.filter(shift=shift)):
            rows.update(starts_at=Now() + begins, ends_at=Now() + begins + 3 * HOUR)
    Shift.objects.filter(id=off.id).update(called_off_at=Now() - 4 * DAY)  # its people were still in it
    assert connection.connection is not None
    connection.connection.prepare_threshold = None  # as migrations run: several statements at once are not prepared
    loader = MigrationLoader(connection)
    presence, before = loader.get_migration("shifts", "0003_presence"), loader.project_state(("shifts", "0003_presence"), at_end=False)
    for step in (presence.unapply, presence.apply):  # without the executor, which lays out every room's history first
        with connection.schema_editor(atomic=True) as editor:
            step(before.clone(), editor)
    bob = ShiftPart.objects.filter(person_id=patrol.people["bob"].person_id)
    assert dict(bob.values_list("shift", "minutes")) == {over.id: 180, running.id: 180, off.id: None, ahead.id: None}
    assert ShiftPart.objects.get(person_id=patrol.people["cid"].person_id).minutes is None
    assert set(Shift.objects.filter(looked=True, id__in=[over.id, running.id, off.id, ahead.id]).values_list("id", flat=True)) == {over.id, running.id, off.id}
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        (today,) = cursor.fetchone()
    sweep_missing(today)
    assert not ShiftMiss.objects.filter(shift__in=[over, running, off]).exists()
    sweep_missing(today + 2 * DAY)
    assert [miss.shift_id for miss in ShiftMiss.objects.filter(part__in=bob)] == [ahead.id]
