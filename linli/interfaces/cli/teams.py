"""``linli teams``: member organisations and teams."""

from __future__ import annotations

import click

from linli.interfaces.cli.runtime import line, with_database

name_options = [
    click.option("--zh", "name_zh", required=True, metavar="NAME", help="Name in Chinese."),
    click.option("--en", "name_en", default="", metavar="NAME", help="Name in English."),
    click.option("--area", required=True, metavar="CODE", help="Code of its area."),
]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def teams() -> None:
    """Teams that take part, and firms, schools and other bodies that join in with teams of their own."""


@teams.command()
@click.argument("code")
@click.option("--kind", type=click.Choice(["enterprise", "school", "other"]), required=True)
@name_options[0]
@name_options[1]
@name_options[2]
@with_database
def organisation(code: str, kind: str, name_zh: str, name_en: str, area: str) -> None:
    """Enter the member organisation CODE."""
    from linli.directory.teams.services import enter_organisation
    from linli.kernel.access.rules import Actor
    from linli.kernel.clock.services import now
    from linli.kernel.writing import write

    names = {"zh": name_zh, "en": name_en or name_zh}
    with write():
        enter_organisation(actor=Actor.system("cli"), at=now(), code=code, names=names, kind=kind, area_code=area)
    line(f"{code} joins in.")


@teams.command()
@click.argument("code")
@click.option("--kind", required=True, help="A kind of the playbook's teams section.")
@click.option("--organisation", "body", default="", metavar="CODE", help="The member organisation whose team it is.")
@name_options[0]
@name_options[1]
@name_options[2]
@with_database
def found(code: str, kind: str, body: str, name_zh: str, name_en: str, area: str) -> None:
    """Found the team CODE."""
    from linli.directory.teams.services import NewTeam, found_team
    from linli.kernel.access.rules import Actor
    from linli.kernel.clock.services import now
    from linli.kernel.writing import write

    with write():
        found_team(actor=Actor.system("cli"), at=now(), team=NewTeam(code, kind, {"zh": name_zh, "en": name_en or name_zh}, area, body))
    line(f"{code} is founded.")


@teams.command("list")
@with_database
def list_() -> None:
    """Print teams with their members and applicants."""
    from linli.directory.teams.selectors import teams as lines
    from linli.kernel.access.rules import Actor

    for team in lines(actor=Actor.system("cli")):
        line(f"{team.code}  {team.kind}  {team.names.get('en', '')}  members {team.members}, core {team.core}, waiting {team.waiting}")
