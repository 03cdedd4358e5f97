"""``linli serve``: the running program."""

from __future__ import annotations

import click

from linli.interfaces.cli.runtime import data_folder, data_option, line, running_database, said_in_one_line, start_django


@click.command()
@data_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for every one.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--web", default=1, show_default=True, type=click.IntRange(1, 64), help="Web processes that share the port.")
def serve(host: str, port: int, web: int) -> None:
    """Serve until SIGTERM or Ctrl-C: database, web and background work.

    Everything that was started is stopped again. A process that dies is started anew; after a kill -9 of the whole,
    call serve again: nothing needs cleaning up.
    """
    run_server(host=host, port=port, web=web)


def run_server(*, host: str, port: int, web: int, greeting: str = "") -> None:
    from linli.interfaces.cli.supervisor import AddressInUse, supervise

    def ready() -> None:
        line(f"Linli serves {data_folder()} at http://{'localhost' if host in ('127.0.0.1', '0.0.0.0') else host}:{port}/  (Ctrl-C stops it)")  # noqa: S104
        if greeting:
            line(greeting)

    with running_database():
        start_django()
        with said_in_one_line():
            if not fits_this_version():
                raise click.ClickException("The database does not fit this version of the program. First: linli upgrade (or linli init, if it is new).")
        try:
            supervise(host=host, port=port, web=web, ready=ready, log=lambda text: click.echo(text, err=True))
        except AddressInUse as error:
            raise click.ClickException(str(error)) from None
    line("Stopped.")


def fits_this_version() -> bool:
    """Whether every migration of this version has been applied."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    try:
        executor = MigrationExecutor(connection)
        return not executor.migration_plan(executor.loader.graph.leaf_nodes())
    finally:
        connection.close()
