"""``linli init`` and ``linli upgrade``: from an empty folder to a staffed community that can take a report."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from linli.interfaces.cli.runtime import data_folder, data_option, line, running_database, said_in_one_line, start_django

if TYPE_CHECKING:
    from linli.directory.territory.rules.source import TerritorySource

STAFFED_SINCE = timedelta(days=365 * 15)  # invented people hold their posts for longer than any record that is replayed


@click.command()
@data_option
@click.option("--playbook", default="lianqin", show_default=True, help="Name of a shipped playbook, or a file.")
@click.option("--territory", default="demo", show_default=True, metavar="demo|DIR", help="The built-in demo, or a folder with a territory.yaml.")
@click.option("--operator", default="operator", show_default=True, help="Name of the first account; its password is printed once.")
def init(playbook: str, territory: str, operator: str) -> None:
    """Make the data folder: database, playbook, territory, posts with invented people, and a first account.

    Safe to run again: what is there stays, what is missing is made; a wrong playbook or territory makes nothing. Replace the
    invented people by your own with linli directory import, or on the console.
    """
    folder = data_folder()
    with _nothing_left_where_refused(folder):
        start_django()
        with said_in_one_line():
            choice = chosen(playbook=playbook, territory=territory)
    with running_database(make=True):
        prepare_database()
        with said_in_one_line():
            set_up(choice)
            _first_account(operator)
    line(f"Ready. Next: linli serve --data {folder}")


@click.command()
@data_option
def upgrade() -> None:
    """Bring the database of an older version up to this one. Make a backup first: linli backup FILE."""
    with running_database():
        prepare_database()
    line("The database fits this version.")


def prepare_database() -> None:
    """Make the embedded database and its roles where they are missing, and bring its tables up to this version."""
    environment = {**os.environ, "LINLI_DB_ROLE": "owner", "DJANGO_SETTINGS_MODULE": "linli.config.settings"}
    if "DATABASE_URL" not in os.environ:
        prepare_roles()
    line("Database tables …")
    done = subprocess.run([sys.executable, "-m", "django", "migrate", "--verbosity", "0"], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()
        raise click.ClickException(f"The database could not be set up: {last[-1] if last else 'no reason given'}")


def prepare_roles() -> None:
    """The owner makes tables; the program itself works as a role that can neither alter them nor rewrite the audit chain."""
    import psycopg
    from psycopg import sql

    from linli.kernel.embedded import APP, DATABASE, OWNER, Cluster

    cluster = Cluster(data_folder())
    with psycopg.connect(cluster.url(OWNER, "postgres"), autocommit=True) as link:
        if not link.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP]).fetchone():
            link.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(APP), sql.Literal(cluster.password(APP))))
        if not link.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            link.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    with psycopg.connect(cluster.url(OWNER), autocommit=True) as link:
        app = sql.Identifier(APP)
        link.execute(sql.SQL("ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}").format(app))
        link.execute(sql.SQL("ALTER DEFAULT PRIVILEGES GRANT USAGE, SELECT ON SEQUENCES TO {}").format(app))
        link.execute(sql.SQL("ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO {}").format(app))


@dataclass(frozen=True, slots=True)
class Choice:
    """What a community begins with, read and found right: the playbook's file, and the territory."""

    playbook: Path
    territory: TerritorySource
    named: str


def chosen(*, playbook: str, territory: str) -> Choice:
    """Read playbook and territory; touches no database.

    Raises:
        Refusal: there is no such playbook, or one of them is wrong.
    """
    from linli.directory.territory.services.reading import territory_source
    from linli.kernel.playbooks.services.load import find_playbook, load_playbook

    file = find_playbook(playbook)
    load_playbook(file)
    return Choice(file, territory_source(territory if territory == "demo" else Path(territory)), territory)


@contextlib.contextmanager
def _nothing_left_where_refused(folder: Path) -> Iterator[None]:
    """Make the data folder and the keys that settings read; take it away again where it was not there and the call is refused."""
    from linli.kernel.embedded import Cluster

    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    if "DATABASE_URL" not in os.environ:
        Cluster(folder).make_passwords()
    try:
        yield
    except click.ClickException:
        if made:
            shutil.rmtree(folder)
        raise


def set_up(choice: Choice) -> None:
    """Apply the playbook, take in the territory and staff it, each in a write of its own, each only where it is missing."""
    from linli.directory.organisation.playbook import DirectorySection
    from linli.directory.organisation.services.demo import staff_demo
    from linli.directory.organisation.services.staffing import staff_areas
    from linli.directory.territory.selectors import ground_or_none
    from linli.directory.territory.services.importing import import_territory
    from linli.interfaces.cli.territory import report_lines
    from linli.kernel.access.rules import SYSTEM
    from linli.kernel.clock.services import now
    from linli.kernel.playbooks.selectors import NoPlaybook, active_playbook
    from linli.kernel.playbooks.services.apply import apply_playbook
    from linli.kernel.playbooks.services.load import load_playbook
    from linli.kernel.writing import write

    source = choice.territory
    try:
        active_playbook()
    except NoPlaybook:
        line(f"Playbook {choice.playbook.parent.name} …")
        own = _own_playbook(choice.playbook, source)
        with write():
            apply_playbook(actor=SYSTEM, at=now(), playbook=load_playbook(own))
    if ground_or_none() is None:
        line(f"Territory {choice.named} …")
        with write():
            report = import_territory(actor=SYSTEM, at=now(), source=source)
        for said in report_lines(report):
            line(f"  {said}")
    line("Posts and people …")
    at: datetime = now()
    with write():
        staffed = staff_areas(actor=SYSTEM, at=at, section=active_playbook().section(DirectorySection))
        filled = staff_demo(actor=SYSTEM, at=at, since=at - STAFFED_SINCE)
    line(f"  {staffed.posts} posts made, {len(filled)} filled with invented people")


def _own_playbook(file: Path, source: TerritorySource) -> Path:
    """The community's own playbook: a shipped one with the time zone and holidays of the territory where they differ, or a file as it is."""
    from linli.kernel.playbooks.services.load import shipped_playbooks

    if (source.timezone, source.holidays) == ("Asia/Shanghai", "CN") or file not in shipped_playbooks().values():
        return file
    own = data_folder() / "playbook" / "playbook.yaml"
    own.parent.mkdir(exist_ok=True)
    own.write_text(
        "# This community's own playbook: it builds on a shipped one and says what differs. Change it, then: linli playbook apply FILE\n"
        "playbook:\n"
        "  name: community\n  version: 1.0.0\n  schema: 1\n"
        "  title: {zh: 本社区, en: This community}\n"
        "  method: {zh: 在所选工作法之上, en: Built on a shipped method}\n"
        f"  extends: [{file.parent.name}]\n"
        "  overrides: [calendar.timezone, calendar.holidays]\n"
        f"calendar:\n  timezone: {source.timezone}\n  holidays: '{source.holidays}'\n"
    )
    return own


def _first_account(name: str) -> None:
    from linli.kernel.access.models import User
    from linli.kernel.access.rules import OPERATOR, SYSTEM
    from linli.kernel.access.services.roles import give_role
    from linli.kernel.access.services.users import create_user
    from linli.kernel.clock.services import now
    from linli.kernel.writing import write

    if User.objects.exists():
        return
    import secrets

    password = secrets.token_urlsafe(9)
    with write():
        user = create_user(actor=SYSTEM, at=now(), username=name, password=password)
        give_role(actor=SYSTEM, at=now(), user_id=user.id, role=OPERATOR)
    line(f"First account: {name}, password {password} (shown once; change it with linli user password {name})")
