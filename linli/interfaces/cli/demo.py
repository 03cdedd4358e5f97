"""``linli demo``: everything in one call, from an empty folder to the running demo."""

from __future__ import annotations

import os
import secrets
from datetime import timedelta
from pathlib import Path

import click

from linli.interfaces.cli.installation import chosen, prepare_database, set_up
from linli.interfaces.cli.runtime import data_folder, data_option, line, running_database, said_in_one_line, start_django
from linli.interfaces.cli.serving import run_server

RECORDS = "requests_2015.csv.xz"
MAPPING = "boston-311.yaml"
# Sign-in, role and what it is in the demo; the area is where the month was invented, and there the one where most happens.
SIGN_INS = (
    ("district", "district_duty", "district command desk / 区指挥中心"),
    ("street", "street_duty", "street desk / 街道分中心"),
    ("station", "station_duty", "community station / 社区工作站"),
    ("grid", "grid_head", "grid head / 网格长"),
    ("social", "committee_member", "social worker with the care desk / 社区社工（关爱工作台）"),
)
VOLUNTEER = ("volunteer", "volunteer, captain of a patrol, at /volunteer / 志愿者（巡逻队队长）")
PLAYBOOK = "joined"  # several methods on the ground of joint service


@click.command()
@data_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option(
    "--source",
    default="../shared/data/boston",
    show_default=True,
    metavar="DIR",
    help="Folder with the year of real reports; without it a small invented community.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Replay this many records only.")
def demo(host: str, port: int, source: str, limit: int | None) -> None:
    """Set up, replay a year of real reports (or invent a month), and serve until Ctrl-C.

    What is there already is kept: a second call goes on where the first one stopped, and serves at once when all is done.
    """
    os.environ["LINLI_DEMO"] = "1"  # nothing leaves the machine; the outbox page shows what would have been sent
    folder = data_folder()
    folder.mkdir(parents=True, exist_ok=True)
    real = Path(source).absolute()
    real_there = (real / "territory.yaml").exists() and (real / RECORDS).exists()
    if not real_there:
        line(f"No records in {source}: the demo is a small community of its own making.")
    with running_database(make=True):
        prepare_database()
        start_django()
        with said_in_one_line():
            choice = chosen(playbook=PLAYBOOK, territory=str(real) if real_there else "demo")
            set_up(choice)
        _same_community(choice.territory.code)
        if real_there:
            _replay(real, limit)
        else:
            _invent()
        _invent_duties()
        with said_in_one_line():
            greeting = _sign_ins()
        run_server(host=host, port=port, web=1, greeting=greeting)


def _same_community(code: str) -> None:
    """Let nobody's own community be filled with a demo's reports."""
    from linli.directory.territory.selectors import ground

    held = ground().root.code
    if held != code:
        raise click.ClickException(f"{data_folder()} holds another community ({held}, not {code}). Give the demo a folder of its own: --data DIR.")


def _replay(real: Path, limit: int | None) -> None:
    from django.conf import settings

    from linli.interfaces.cli.replay import replay_file
    from linli.interfaces.replay.models import ReplayProgress

    if ReplayProgress.objects.filter(finished_at__isnull=False).exists():
        return
    line("Replaying a year of real reports (some minutes, once; Ctrl-C stops, the next call goes on) …")
    mapping = Path(settings.REPOSITORY) / "playbooks" / "lianqin" / "mappings" / MAPPING
    replay_file(real / RECORDS, mapping, limit=limit)


def _invent() -> None:
    """Six weeks of an invented community, once: a month that is over, and two days that are still being worked on."""
    from linli.engines.matters.selectors.check import how_many
    from linli.engines.matters.services.report import report_matters
    from linli.engines.matters.tasks import sweep
    from linli.interfaces.scenario.generated import generate, requests_of
    from linli.interfaces.scenario.story import Generate
    from linli.kernel.access.rules import Actor
    from linli.kernel.clock.services import now
    from linli.kernel.writing import write

    if how_many()[0]:
        return
    line("Inventing a month of reports …")
    at = now()
    generate(Generate(reports=600, days=28, seed=7, solved={"grid": 0.8, "street": 0.8}), at=at - timedelta(days=56))
    with write():
        report_matters(requests_of(Generate(reports=40, days=2, seed=8, solved={}), at=at - timedelta(days=2)), actor=Actor.system("scenario"), at=at)
    sweep(at=at)


def _invent_duties() -> None:
    """Teams, rosters, care cases, devices and a month of duties, once: invented, wherever the reports come from."""
    from linli.interfaces.cli.inventing import invent_duties
    from linli.kernel.clock.services import now

    line("Duties, teams, places, meetings, campaigns, care and devices …")
    invent_duties(now())


def _shares(path: str, other: str) -> bool:
    """Whether one of two areas lies in the other."""
    return path.startswith(other) or other.startswith(path)


def _sign_ins() -> str:
    """Make the demo's accounts, once; return the lines that tell how to sign in."""
    from linli.directory.organisation.selectors import organisation
    from linli.directory.people.selectors import names_of
    from linli.directory.people.services import link_user
    from linli.engines.matters.selectors.figures import busiest_areas
    from linli.interfaces.cli.inventing.stage import stage_at
    from linli.kernel.access.models import User
    from linli.kernel.access.rules import OPERATOR, SYSTEM
    from linli.kernel.access.services.roles import give_role
    from linli.kernel.access.services.users import change_password, create_user
    from linli.kernel.clock.services import now
    from linli.kernel.writing import write

    kept = data_folder() / "secrets" / "demo.password"
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(f"linli-{secrets.token_hex(3)}-demo")
    password = kept.read_text().strip()
    at = now()
    lines = [f"Sign in at /accounts/login/ with the password {password} as"]
    held = organisation()
    busy, lived = busiest_areas(), stage_at(at).community.path
    for name, role, text in (*SIGN_INS, ("operator", "", "operator / 运维")):
        lines.append(f"  {name:9} {text}")
        if User.objects.filter(username=name).exists():
            continue
        with write():
            posts = sorted(
                held.posts_with_role(role), key=lambda post: (not _shares(post.area_path, lived), -busy.get(post.area_path, 0), post.rank, post.code)
            )
            person = held.holder(posts[0].id, at).person_id if posts else None
            called = names_of([person]).get(person, "") if person else ""
            user = create_user(actor=SYSTEM, at=at, username=name, password=password, display_name=called)
            if person is None:
                give_role(actor=SYSTEM, at=at, user_id=user.id, role=OPERATOR)
            else:
                link_user(actor=SYSTEM, at=at, person_id=person, user_id=user.id)
    volunteer = User.objects.filter(username=VOLUNTEER[0]).first()
    if volunteer is not None:
        lines.append(f"  {VOLUNTEER[0]:9} {VOLUNTEER[1]}")
        if not volunteer.has_usable_password():
            with write():
                change_password(actor=SYSTEM, at=at, user_id=volunteer.id, password=password)
    return "\n".join(lines)
