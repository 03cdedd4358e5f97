"""Areas come to another upper area: matters and their photos are seen from there, and from where they were no more."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.directory.territory.selectors import ground
from linli.directory.territory.services.importing import import_territory
from linli.directory.territory.services.moving import follow_areas, placed_models
from linli.directory.territory.services.reading import territory_source
from linli.engines.matters.models import Matter
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.selectors.queue import QueueFilter, queue
from linli.kernel.access.rules import SYSTEM
from linli.kernel.access.selectors import actor_of
from linli.kernel.access.services.roles import give_role
from linli.kernel.access.services.users import create_user
from linli.kernel.events.tasks import dispatch_once
from linli.kernel.files.models import StoredFile
from linli.kernel.writing import write
from tests.factories import community, person, report
from tests.integration.matters.made import AT, HOUR, done, head, holds, streets_exchanged

pytestmark = pytest.mark.django_db


def imported(source) -> int:
    with write():
        moved = import_territory(actor=SYSTEM, at=AT, source=source).moved
    while dispatch_once():
        pass
    return len(moved)


def test_matters_follow_their_area_there_and_back() -> None:
    town = community()
    one, closed, unplaced = report(town), report(town, grid=1), report(town, lon=None, lat=None, address="不详")
    done(closed.matter_id, Verb.SOLVE, actor=head(town, 1), text="好了")
    photo = {"purpose": "report_photo", "kind": "photo", "name": "1.jpg", "content_type": "image/jpeg", "uploaded_by": "x", "confidentiality": 0}
    StoredFile.objects.create(owner_type="matter", owner_id=one.matter_id, area_path=one.area_path, at=AT, recorded_at=AT, **photo)
    old_street, new_street = (street.path for street in sorted(town.streets, key=lambda street: not one.area_path.startswith(street.path)))
    assert imported(streets_exchanged()) > 20
    for matter in Matter.objects.all():
        assert matter.area_path == ground().area(matter.area_id).path
    assert Matter.objects.get(id=one.matter_id).area_path.startswith(new_street)
    assert Matter.objects.get(id=unplaced.matter_id).area_path == unplaced.area_path
    assert StoredFile.objects.get().area_path == Matter.objects.get(id=one.matter_id).area_path

    def seen(street: str) -> set[str]:
        return {row.code for row in queue(actor=person("street_duty", street), at=AT, wanted=QueueFilter(state="all")).rows}

    assert (seen(old_street), seen(new_street)) == (set(), {one.code, closed.code})
    holds(AT + HOUR)
    imported(territory_source("demo"))
    assert Matter.objects.get(id=one.matter_id).area_path == one.area_path == StoredFile.objects.get().area_path


def test_a_role_held_in_a_moved_area_goes_along_and_is_held_once() -> None:
    town = community()
    grid = town.grids[0].path
    with write():
        user = create_user(actor=SYSTEM, at=AT, username="wang", password="a long enough password")
        give_role(actor=SYSTEM, at=AT, user_id=user.pk, role="grid_head", area_path=grid)
    imported(streets_exchanged())
    here = ground().area(town.grids[0].id).path
    assert here != grid
    assert [grant.area_path for grant in actor_of(user, AT).grants] == [here]
    imported(territory_source("demo"))
    assert [grant.area_path for grant in actor_of(user, AT).grants] == [grid]


def test_however_many_matters_it_is_one_statement_a_table_and_safe_to_repeat() -> None:
    town = community()
    for grid in range(5):
        report(town, grid=grid)
    old = list(Matter.objects.values_list("area_path", flat=True))
    with write():
        import_territory(actor=SYSTEM, at=AT, source=streets_exchanged())
    with CaptureQueriesContext(connection) as queries:
        assert follow_areas(old_paths=old) == 5
    assert len(queries) == len(placed_models())
    assert follow_areas(old_paths=old) == 0
