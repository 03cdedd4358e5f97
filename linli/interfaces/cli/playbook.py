"""``linli playbook``: list, check, show, compare and apply playbooks."""

from __future__ import annotations

import sys
from typing import Any

import click

from linli.interfaces.cli.runtime import (
    data_option,
    in_terminal_language,
    line,
    running_database,
    said_in_one_line,
    start_django,
    terminal_language,
    with_database,
)

FOUND_WRONG = 3


@click.group(name="playbook", context_settings={"help_option_names": ["-h", "--help"]})
def playbook() -> None:
    """List, check, show, compare and apply playbooks.

    A playbook is named by the name of a shipped one, by a file, or by a folder that holds a playbook.yaml.
    """


def _without_database() -> None:
    """Settings and sections only: works before there is a data folder, and when the database does not run."""
    start_django()


def _load(named: str, *, report_to_output: bool = False) -> Any:
    """Load a playbook, or say everything that is wrong with it and leave with exit code 3."""
    from linli.kernel.playbooks.rules.problems import BadPlaybook
    from linli.kernel.playbooks.services.load import find_playbook, load_playbook

    try:
        return load_playbook(find_playbook(named))
    except BadPlaybook as bad:
        for problem in bad.problems:
            click.echo(problem.sentence(in_terminal_language), err=not report_to_output)
        sys.exit(FOUND_WRONG)


@playbook.command(name="list")
@data_option
def list_playbooks() -> None:
    """List the playbooks that come with the program, one a line: name, version, title."""
    _without_database()
    from linli.kernel.playbooks.rules.problems import BadPlaybook
    from linli.kernel.playbooks.services.load import load_playbook, shipped_playbooks

    for name, path in shipped_playbooks().items():
        try:
            loaded = load_playbook(path)
        except BadPlaybook as bad:
            line(f"{name}\t–\t{len(bad.problems)} problems; see: linli playbook check {name}")
        else:
            line(f"{name}\t{loaded.meta.version}\t{loaded.meta.title.zh} · {loaded.meta.title.en}")


@playbook.command()
@click.argument("named", metavar="FILE")
@data_option
def check(named: str) -> None:
    """Check a playbook; needs no database.

    Every problem is one line: file:line: path: message (expected …; did you mean …?). Exit code 3 when there is one.
    """
    _without_database()
    with said_in_one_line():
        loaded = _load(named, report_to_output=True)
    line(f"{loaded.name} {loaded.meta.version}: OK")


@playbook.command()
@click.argument("named", metavar="[NAME]", required=False)
@data_option
def show(named: str | None) -> None:
    """Show a playbook as the program reads it, composed and with defaults filled in; without NAME, the one that holds."""
    if named is None:
        _show_active()
        return
    _without_database()
    with said_in_one_line():
        loaded = _load(named)
    _print(loaded.content["playbook"], loaded.sections)


def _show_active() -> None:
    with running_database():
        start_django()
        from linli.kernel.playbooks.selectors import active_playbook, active_version

        with said_in_one_line():
            active, version = active_playbook(), active_version()
            line(f"# {active.name} {version.version}, application {active.number}, {version.at.isoformat(timespec='seconds')}, {version.applied_by}")
            _print(version.content["playbook"], active)


def _print(head: Any, sections: Any) -> None:
    import yaml

    parts = {"playbook": dict(head), **{name: section.model_dump(mode="json", by_alias=True) for name, section in sections.items()}}
    line(yaml.safe_dump(parts, allow_unicode=True, sort_keys=False, width=120).rstrip())


@playbook.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@data_option
def diff(before: str, after: str) -> None:
    """Say in words what changes from playbook A to playbook B."""
    _without_database()
    from linli.kernel.playbooks.rules.changes import compare

    with said_in_one_line():
        changes = compare(_load(before).sections, _load(after).sections)
    for change in changes:
        line(change.sentence(terminal_language()))


@playbook.command()
@click.argument("named", metavar="FILE|NAME")
@with_database
def apply(named: str) -> None:
    """Apply a playbook: the program obeys it from now on. A broken one changes nothing.

    Open matters finish under the version that they began with.
    """
    from linli.kernel.access.rules import Actor
    from linli.kernel.clock.services import now
    from linli.kernel.playbooks.rules.changes import compare
    from linli.kernel.playbooks.selectors import NoPlaybook, active_playbook
    from linli.kernel.playbooks.services.apply import apply_playbook
    from linli.kernel.writing import write

    loaded = _load(named)
    try:
        before = active_playbook()
    except NoPlaybook:
        before = None
    with write():
        version = apply_playbook(actor=Actor.system("cli"), at=now(), playbook=loaded)
    for change in compare(before, loaded.sections) if before is not None else ():
        line(change.sentence(terminal_language()))
    line(f"{version.name} {version.version}: {version.number}")


@playbook.command()
@click.argument("named", metavar="NAME")
def scenario(named: str) -> None:
    """Tell a playbook's acceptance story on an empty community of its own, made for it and removed afterwards.

    Each step is a line; exit code 3 when something is not as the story expects.
    """
    from linli.interfaces.cli.storytelling import tell

    if not tell(named):
        sys.exit(FOUND_WRONG)
