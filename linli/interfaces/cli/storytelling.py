"""``linli playbook scenario``: a story told in a data folder of its own, with a database of its own."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import click

from linli.interfaces.cli.runtime import DATA_ENV, in_terminal_language, line, running_database, said_in_one_line, start_django


def tell(named: str) -> bool:
    """Tell the story that lies beside the playbook; return whether all came true."""
    with tempfile.TemporaryDirectory(prefix="linli-story-") as folder:
        os.environ.pop("DATABASE_URL", None)  # never on a real one: the story moves the clock
        os.environ[DATA_ENV] = folder
        Path(folder).chmod(0o755)  # the database may run as a user of its own
        with running_database(make=True):
            from linli.interfaces.cli.installation import prepare_database

            prepare_database()
            start_django()
            with said_in_one_line():
                return _tell(named)


def _tell(named: str) -> bool:
    from linli.interfaces.cli.installation import chosen, set_up
    from linli.interfaces.scenario.story import BadStory, load_story
    from linli.interfaces.scenario.telling import Telling
    from linli.kernel.playbooks.services.load import find_playbook

    path = find_playbook(named)
    try:
        story = load_story(path.parent / "scenario.yaml")
    except BadStory as bad:
        for problem in bad.problems:
            click.echo(problem.sentence(in_terminal_language), err=True)
        sys.exit(1)
    set_up(chosen(playbook=named, territory="demo"))
    line(f"{story.scenario.title.zh} · {story.scenario.title.en}")
    right = True
    for told in Telling(story).tell():
        line(f"{'✗' if told.wrong else '✓'} {told.number:>3}  {told.at:%Y-%m-%d %H:%M}  {told.said}")
        for wrong in told.wrong:
            right = False
            line(f"       {wrong}")
    line("All came true." if right else "Not all came true.")
    return right
