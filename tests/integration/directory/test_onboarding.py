"""Lists of people, posts and appointments become records: all rows or none, quickly, and again without harm."""

from __future__ import annotations

from datetime import timedelta

import pytest
from click.testing import CliRunner
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.directory.organisation.models import Appointment, Post
from linli.directory.organisation.rules.importing import Effect, ImportKind, RefusedColumn, WrongColumns
from linli.directory.organisation.rules.tables import BrokenEncoding
from linli.directory.organisation.services import import_table, preview_import
from linli.directory.organisation.services.importing import RowsRefused
from linli.directory.organisation.services.root import RootDeskEmpty
from linli.directory.people.models import RETENTION, Person
from linli.directory.people.services import NewPerson, StillAppointed, enter_person, erase_people_past_retention, erase_person, reveal_contact
from linli.kernel.access.rules import ANONYMOUS, SYSTEM, Actor, ActorKind, Forbidden, NotSignedIn
from linli.kernel.audit.models import AuditEntry
from linli.kernel.writing import write
from tests.integration.directory.conftest import AT

STRANGER = Actor(id="user:x", kind=ActorKind.USER)


def take_in(kind: ImportKind, text: str, **options):
    with write():
        return import_table(actor=SYSTEM, at=AT, kind=kind, data=text.encode(), **options)


def people_list(count: int, name: str = "王建国") -> str:
    return "工号,姓名,手机\n" + "".join(f"w{number},{name},1380000{number:04}\n" for number in range(count))


@pytest.mark.django_db
def test_people_come_in_once_and_change_when_the_list_does() -> None:
    assert take_in(ImportKind.PEOPLE, people_list(3)).counts()[Effect.ADDED] == 3
    assert take_in(ImportKind.PEOPLE, people_list(3)).counts()[Effect.UNCHANGED] == 3
    plan = take_in(ImportKind.PEOPLE, people_list(4, "李秀英"))
    assert (plan.counts()[Effect.CHANGED], plan.counts()[Effect.ADDED]) == (3, 1)
    assert set(Person.objects.values_list("display_name", flat=True)) == {"李秀英"}


@pytest.mark.django_db
def test_a_preview_changes_nothing_and_says_what_the_import_then_does() -> None:
    take_in(ImportKind.PEOPLE, people_list(2))
    audited = AuditEntry.objects.count()
    shown = preview_import(actor=SYSTEM, kind=ImportKind.PEOPLE, data=people_list(3).encode("gb18030"))
    assert (Person.objects.count(), AuditEntry.objects.count(), shown.encoding) == (2, audited, "gb18030")
    assert take_in(ImportKind.PEOPLE, people_list(3)).lines == shown.lines


@pytest.mark.django_db
def test_one_bad_row_keeps_the_whole_file_out_unless_asked_otherwise() -> None:
    text = "工号,姓名\n1,王建国\n,李秀英\n"
    with pytest.raises(RowsRefused):
        take_in(ImportKind.PEOPLE, text)
    assert not Person.objects.exists()
    take_in(ImportKind.PEOPLE, text, skip_refused=True)
    assert Person.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        ("工号,姓名,民族\n1,王,汉\n".encode("gb18030"), RefusedColumn),
        ("工号,名\n1,王\n".encode(), WrongColumns),
        (b"\x00\x01\x02", BrokenEncoding),
    ],
)
def test_bad_files_leave_nothing(data, refusal) -> None:
    with pytest.raises(refusal), write():
        import_table(actor=SYSTEM, at=AT, kind=ImportKind.PEOPLE, data=data)
    assert not Person.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(("actor", "refusal"), [(STRANGER, Forbidden), (ANONYMOUS, NotSignedIn)])
def test_only_who_manages_the_directory_imports(actor, refusal) -> None:
    with pytest.raises(refusal):
        preview_import(actor=actor, kind=ImportKind.PEOPLE, data=people_list(1).encode())
    with pytest.raises(refusal), write():
        import_table(actor=actor, at=AT, kind=ImportKind.PEOPLE, data=people_list(1).encode())


def test_posts_and_appointments_come_in(staffed) -> None:
    take_in(ImportKind.PEOPLE, people_list(2))
    posts = (
        "岗位编码,岗位名称,英文名称,角色,机构编码,区域编码,顺位\n"
        "G0-night,夜间网格员,Night officer,grid_head,G0-grid,G0,6\n"
        "G0-law_publicist,法规宣传员,,law_publicist,G0-grid,G0,7\n"
    )
    assert [line.effect for line in take_in(ImportKind.POSTS, posts).lines] == [Effect.ADDED, Effect.CHANGED]
    changed = Post.objects.get(code="G0-law_publicist")
    assert (changed.names["zh"], changed.rank) == ("法规宣传员", 7)
    terms = "岗位,工号,开始日期,结束日期\nG0-night,w0,2026-02-01,2026-02-28\nG0-night,w1,2026-03-01,\n"
    assert take_in(ImportKind.APPOINTMENTS, terms).counts()[Effect.ADDED] == 2
    again = take_in(ImportKind.APPOINTMENTS, terms.replace("2026-03-01,", "2026-03-01,2026-12-31"))
    assert [line.effect for line in again.lines] == [Effect.UNCHANGED, Effect.CHANGED]
    assert Appointment.objects.filter(post__code="G0-night", ends_at=None).count() == 0


def test_ranks_can_be_exchanged(staffed) -> None:
    head = "岗位编码,岗位名称,角色,机构编码,区域编码,顺位\n"
    text = head + "G0-law_publicist,宣传员,law_publicist,G0-grid,G0,9\nG0-hardship_helper,帮扶员,hardship_helper,G0-grid,G0,5\n"
    take_in(ImportKind.POSTS, text)
    ranks = dict(Post.objects.filter(area__code="G0").values_list("code", "rank"))
    assert (ranks["G0-law_publicist"], ranks["G0-hardship_helper"]) == (9, 5)


def test_a_list_that_empties_the_top_desk_is_refused(staffed) -> None:
    desk = Appointment.objects.filter(post__level="district").select_related("post", "person")
    day = AT.date().isoformat()
    Appointment.objects.filter(post__level="district").update(starts_at="2026-01-05T00:00:00+08:00")
    text = "岗位,工号,开始日期,结束日期\n" + "".join(f"{term.post.code},{term.person.code},{day},2026-12-31\n" for term in desk)
    with pytest.raises(RootDeskEmpty):
        take_in(ImportKind.APPOINTMENTS, text)
    assert not desk.exclude(ends_at=None).exists()


@pytest.mark.django_db
def test_a_long_list_takes_no_more_queries_than_a_short_one() -> None:
    numbers = []
    for count in (10, 3000):
        for _ in range(2):
            with CaptureQueriesContext(connection) as queries:
                take_in(ImportKind.PEOPLE, people_list(count, f"人{count}"))
        numbers.append(len(queries))
    assert numbers[1] <= numbers[0] + 2


# -- persons' own values ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_contacts_are_sealed_and_reading_them_is_recorded() -> None:
    with write():
        person_id = enter_person(actor=SYSTEM, at=AT, person=NewPerson("1", "王建国", "138 0000 0001"))
    person = Person.objects.get(id=person_id)
    assert b"138" not in bytes(person.contact_sealed) and b"138" not in bytes(person.contact_fingerprint)
    with write():
        assert reveal_contact(actor=SYSTEM, at=AT, person_id=person_id) == "138 0000 0001"
    assert AuditEntry.objects.filter(action="people.reveal_contact", subject=person_id).count() == 1
    with pytest.raises(Forbidden), write():
        reveal_contact(actor=STRANGER, at=AT, person_id=person_id)


def test_people_are_erased_on_request_and_on_time(staffed) -> None:
    held = Appointment.objects.get(post__code="G0-grid_head")
    with pytest.raises(StillAppointed), write():
        erase_person(actor=SYSTEM, at=AT, person_id=held.person_id)
    with pytest.raises(Forbidden), write():
        erase_person(actor=STRANGER, at=AT, person_id=held.person_id)
    Appointment.objects.filter(id=held.id).update(ends_at=AT + timedelta(days=1))
    for days, erased in ((RETENTION.days, 0), (RETENTION.days + 2, 1)):
        with write():
            assert erase_people_past_retention(actor=SYSTEM, at=AT + timedelta(days=days)) == erased
    person = Person.objects.get(id=held.person_id)
    assert (person.display_name, person.user_id, person.contact_sealed) == ("", None, None)
    assert Person.objects.exclude(erased_at=None).count() == 1


# -- the command -----------------------------------------------------------------------------------------------------


def test_the_commands_say_what_they_did(staffed, tmp_path, monkeypatch) -> None:
    from linli.interfaces.cli.directory import directory

    file = tmp_path / "people.csv"
    file.write_bytes("工号,姓名\n1,王建国\n,李\n".encode("gb18030"))
    shown = CliRunner().invoke(directory, ["import", str(file), "--kind", "people", "--preview"])
    assert shown.exit_code == 3 and "Read as gb18030" in shown.output and "row 3" in shown.output
    refused = CliRunner().invoke(directory, ["import", str(file), "--kind", "people"])
    assert refused.exit_code == 1 and "Traceback" not in refused.output
    done = CliRunner().invoke(directory, ["import", str(file), "--kind", "people", "--skip-refused"])
    assert done.exit_code == 0 and "Added: 1" in done.output
    deputy = Appointment.objects.get(post__code="G0-grid_head").person.code
    away = CliRunner().invoke(directory, ["absent", deputy, "--from", "2099-01-01", "--to", "2099-01-02"])
    assert away.exit_code == 0 and "G0-information_officer" in away.output
    assert "G0-grid_head" in CliRunner().invoke(directory, ["absences"]).output
