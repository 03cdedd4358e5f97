"""``linli directory``: people, posts, appointments and absences."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from linli.interfaces.cli.runtime import in_terminal_language, line, with_database

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

SHOWN = 20
DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def directory() -> None:
    """People, posts, appointments and absences: who answers for what."""


@directory.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--kind", type=click.Choice(["people", "posts", "appointments"]), required=True, help="What the table holds.")
@click.option("--preview", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--skip-refused", is_flag=True, help="Take in the other rows although some are refused.")
@with_database
def import_command(file: Path, kind: str, preview: bool, skip_refused: bool) -> None:
    """Take in people, posts or appointments from a CSV (UTF-8, UTF-16, GB18030) or XLSX table: all rows or none.

    \b
    people        code 工号, name 姓名, contact 联系方式, languages 语言
    posts         code 岗位编码, name_zh 岗位名称, name_en 英文名称, role 角色,
                  unit 机构编码, area 区域编码, level 层级, rank 顺位
    appointments  post 岗位编码, person 工号, starts 开始日期, ends 结束日期

    Rows are matched by number or code (appointments by post, person and first day) and none is removed; the last day is
    included. Exit code 3 when a preview finds rows that would be refused.
    """
    from linli.directory.organisation.rules.importing import Effect, ImportKind
    from linli.directory.organisation.services import import_table, preview_import
    from linli.kernel.access.rules import Actor
    from linli.kernel.clock.services import now
    from linli.kernel.writing import write

    actor, data = Actor.system("cli"), file.read_bytes()
    if preview:
        plan = preview_import(actor=actor, kind=ImportKind(kind), data=data)
        line(f"Preview: nothing is changed. Read as {plan.encoding}.")
    else:
        with write():
            plan = import_table(actor=actor, at=now(), kind=ImportKind(kind), data=data, skip_refused=skip_refused)
    _say_plan(plan)
    if preview and plan.of(Effect.REFUSED):
        raise SystemExit(3)


def _say_plan(plan: Any) -> None:
    from linli.directory.organisation.rules.importing import Effect

    for effect, count in plan.counts().items():
        if not count:
            continue
        line(f"{effect.value.capitalize()}: {count}")
        if effect is Effect.UNCHANGED:
            continue
        for entry in plan.of(effect)[:SHOWN]:
            reason = f": {entry.reason.sentence(in_terminal_language)}" if entry.reason else ""
            line(f"  row {entry.row}  {entry.key}{reason}")
        if count > SHOWN:
            line(f"  and {count - SHOWN} more")


@directory.command()
@click.option("--top", metavar="NUMBER NAME", help="Who holds the top desk, entered if not known; needed once.")
@click.option("--demo", is_flag=True, help="Appoint invented people to every vacant post.")
@click.option("--since", type=DAY, help="First day of the invented appointments, for a replay of an earlier time.")
@with_database
def staff(top: str | None, demo: bool, since: datetime | None) -> None:
    """Make every unit and post that the applied playbook asks for and that is not there yet."""
    from linli.directory.organisation.playbook import DirectorySection
    from linli.directory.organisation.services import staff_areas, staff_demo
    from linli.directory.people.selectors import person_of_code
    from linli.directory.people.services import NewPerson, enter_person
    from linli.kernel.access.rules import Actor
    from linli.kernel.clock.services import now
    from linli.kernel.playbooks.selectors import active_playbook
    from linli.kernel.writing import write

    actor, at = Actor.system("cli"), now()
    section = active_playbook().section(DirectorySection)
    with write():
        person_id: UUID | None = None
        if top:
            number, _, name = top.partition(" ")
            known = person_of_code(number)
            person_id = known or enter_person(actor=actor, at=at, person=NewPerson(number, name.strip()))
        made = staff_areas(actor=actor, at=at, section=section, root_person_id=person_id)
        filled = staff_demo(actor=actor, at=at, since=since.replace(tzinfo=_zone()) if since else None) if demo else {}
    line(f"Units made: {made.units}")
    line(f"Posts made: {made.posts}")
    if demo:
        line(f"Posts filled with invented people: {len(filled)}")


@directory.command()
@click.option("--area", metavar="CODE", help="Only this area and below.")
@click.option("--vacant", is_flag=True, help="Only posts that another one answers for now.")
@with_database
def show(area: str | None, vacant: bool) -> None:
    """Print the posts with who answers for each now."""
    from linli.directory.organisation.selectors import organisation, posts_held
    from linli.directory.territory.selectors import ground
    from linli.kernel.access.rules import Actor
    from linli.kernel.clock.services import now

    lines = posts_held(actor=Actor.system("cli"), at=now(), area_path=ground().by_code(area).path if area else "")
    snapshot = organisation()
    for entry in lines:
        holding = entry.holding
        if vacant and holding is not None and not holding.is_acting:
            continue
        if holding is None:
            who = "nobody"
        elif holding.is_acting:
            reason = holding.succession[0][1].value
            who = f"{entry.holder}, acting from {snapshot.post(holding.acting_post_id).code} ({reason})"
        else:
            who = entry.holder
        line(f"{entry.post.code}  {entry.post.names.get('zh', '')} · {entry.post.names.get('en', '')}: {who}")
    line(f"{len(lines)} posts in {len({entry.post.unit_id for entry in lines})} units")


@directory.command()
@with_database
def absences() -> None:
    """List who is away now or will be."""
    from linli.directory.organisation.selectors import absences as absences_now
    from linli.kernel.access.rules import Actor
    from linli.kernel.clock.services import now

    zone = _zone()
    found = absences_now(actor=Actor.system("cli"), at=now())
    for entry in found:
        posts = ", ".join(post.code for post in entry.posts) or "no post"
        line(f"{entry.person}  {_said(entry.starts_at, zone)} to {_said(entry.ends_at, zone)}  {entry.reason}  {posts}")
    if not found:
        line("Nobody is away.")


@directory.command()
@click.argument("number")
@click.option("--from", "start", type=DAY, required=True, help="First day away.")
@click.option("--to", "end", type=DAY, help="Last day away; without it, until further notice.")
@click.option("--reason", type=click.Choice(["leave", "training", "elsewhere", "off_shift", "other"]), default="leave", show_default=True)
@click.option("--preview", is_flag=True, help="Say which posts would pass to whom, and record nothing.")
@with_database
def absent(number: str, start: datetime, end: datetime | None, reason: str, preview: bool) -> None:
    """Record that the person of that NUMBER is away, and say which posts pass to whom meanwhile."""
    from linli.directory.organisation.rules.importing import day_end, day_start
    from linli.directory.organisation.selectors import consequences_of_absence, organisation
    from linli.directory.organisation.services import record_absence
    from linli.directory.people.selectors import UnknownPerson, names_of, person_of_code
    from linli.kernel.access.rules import Actor
    from linli.kernel.clock.services import now
    from linli.kernel.writing import write

    zone, actor = _zone(), Actor.system("cli")
    person_id = person_of_code(number)
    if person_id is None:
        raise UnknownPerson(person=number)
    starts_at, ends_at = day_start(start.date(), zone), day_end(end.date(), zone) if end else None
    passing = consequences_of_absence(actor=actor, person_id=person_id, starts_at=starts_at, ends_at=ends_at)
    if not preview:
        with write():
            record_absence(actor=actor, at=now(), person_id=person_id, starts_at=starts_at, ends_at=ends_at, reason=reason)
    snapshot = organisation()
    names = names_of(entry.holding.person_id for entry in passing)
    for entry in passing:
        acting = snapshot.post(entry.holding.acting_post_id).code
        period = f"{_said(entry.starts_at, zone)} to {_said(entry.ends_at, zone)}"
        line(f"{snapshot.post(entry.post_id).code}  {period}  passes to {names.get(entry.holding.person_id, '')} ({acting})")
    if not passing:
        line("No post passes on.")
    line("Preview: nothing is recorded." if preview else "Recorded.")


@directory.command()
@click.argument("number")
@click.argument("username")
@with_database
def link(number: str, username: str) -> None:
    """Say that the account USERNAME is that of the person of that NUMBER: it may then do what their posts may."""
    from linli.directory.people.selectors import UnknownPerson, person_of_code
    from linli.directory.people.services import link_user
    from linli.kernel.access.rules import Actor
    from linli.kernel.access.selectors import user_named
    from linli.kernel.access.services.users import UnknownUser
    from linli.kernel.clock.services import now
    from linli.kernel.writing import write

    account, person_id = user_named(username), person_of_code(number)
    if account is None:
        raise UnknownUser
    if person_id is None:
        raise UnknownPerson(person=number)
    with write():
        link_user(actor=Actor.system("cli"), at=now(), person_id=person_id, user_id=account.pk)
    line("Linked.")


def _zone() -> ZoneInfo:
    from zoneinfo import ZoneInfo

    from linli.directory.territory.selectors import ground_or_none

    known = ground_or_none()
    return ZoneInfo(known.timezone if known else "Asia/Shanghai")


def _said(instant: datetime | None, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).strftime("%Y-%m-%d %H:%M") if instant else "further notice"
