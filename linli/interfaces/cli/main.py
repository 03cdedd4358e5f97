"""``linli``: the program. Each group of commands is a module beside this one, loaded when it is called."""

from __future__ import annotations

import importlib

import click

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("installation:init", "Make the data folder: database, playbook, territory, posts."),
    "serve": ("serving:serve", "Serve: database, web and background work, until Ctrl-C."),
    "demo": ("demo:demo", "Everything in one call: set up, replay a year of real reports, serve."),
    "upgrade": ("installation:upgrade", "Bring the database of an older version up to this one."),
    "backup": ("backup:backup", "Write database, files and playbook into one file, while it runs."),
    "restore": ("backup:restore", "Put a backup into an empty folder, or in the place of what is there."),
    "clock": ("clock:clock", "Show or move the program's clock."),
    "matters": ("matters:matters", "Check the invariants over every matter; run the backstop's sweep."),
    "duties": ("duties:duties", "Check duties; derive them and run their clocks."),
    "playbook": ("playbook:playbook", "List, check, show, compare and apply playbooks."),
    "user": ("accounts:user", "Accounts of staff: make, list, close; passwords; roles."),
    "apikey": ("accounts:apikey", "Keys by which programs report and read."),
    "directory": ("directory:directory", "People, posts, appointments, absences: take in, staff, show."),
    "replay": ("replay:replay", "Records of another system, each at its own time."),
    "figures": ("figures:figures", "Funnel, rates and clocks; count them anew."),
    "territory": ("territory:territory", "Take in, check and show areas, buildings, places."),
    "audit": ("audit:audit", "Check the audit chain; print its heads for keeping elsewhere."),
    "teams": ("teams:teams", "Member organisations and teams: enter, found, list."),
    "devices": ("devices:devices", "Register devices, list them, take them down."),
    "keys": ("keys:keys", "Show and rotate the master key of what lies sealed."),
    "events": ("events:events", "How the outbox stands; dead letters and their retry."),
    "bench": ("bench:bench", "Measure this machine: intake, read, replay, locate."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported only when they are needed, so that ``--help`` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(f"linli.interfaces.cli.{module}"), name)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a file or folder that cannot be used is one clear line, like any other failure."""
        try:
            return super().invoke(ctx)
        except OSError as error:
            if isinstance(error, BrokenPipeError) or error.strerror is None:
                raise
            raise click.ClickException(f"{error.filename}: {error.strerror}" if error.filename else error.strerror) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="linli")
def main() -> None:
    """Linli (邻里): the open operating system of a neighbourhood.

    Everything lives in one data folder, named by --data DIR, else LINLI_DATA, else ./data. DATABASE_URL replaces the
    embedded PostgreSQL. Exit codes: 0 done, 1 refused or failed (one line says why), 2 wrong usage, 3 a check found
    something wrong.
    """


if __name__ == "__main__":
    main()
