"""``linli serve``: the running program."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import click

from linli.interfaces.cli.runtime import data_folder, data_option, line, running_database, said_in_one_line, start_django

AGAIN_SECONDS = 5.0  # between tries to start a database that does not start


@click.command()
@data_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for every one.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--web", default=1, show_default=True, type=click.IntRange(1, 64), help="Web processes that share the port.")
def serve(host: str, port: int, web: int) -> None:
    """Serve until SIGTERM or Ctrl-C: database, web and background work.

    Everything that was started is stopped again. A process that dies is started anew, the database too; after a
    kill -9 of the whole, call serve again: nothing needs cleaning up.
    """
    run_server(host=host, port=port, web=web)


def run_server(*, host: str, port: int, web: int, greeting: str = "") -> None:
    from linli.interfaces.cli.supervisor import AddressInUse, supervise

    def ready() -> None:
        line(f"Linli serves {data_folder()} at http://{'localhost' if host in ('127.0.0.1', '0.0.0.0') else host}:{port}/  (Ctrl-C stops it)")  # noqa: S104
        if greeting:
            line(greeting)

    def log(text: str) -> None:
        click.echo(text, err=True)

    with running_database():
        start_django()
        with said_in_one_line():
            if not fits_this_version():
                raise click.ClickException("The database does not fit this version of the program. First: linli upgrade (or linli init, if it is new).")
        try:
            supervise(host=host, port=port, web=web, ready=ready, log=log, keep_database=_keeper(log))
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


def _keeper(log: Callable[[str], None]) -> Callable[[], None]:
    """What starts the embedded database again when it has died; nothing for a database that is not ours."""
    from linli.kernel.embedded import Cluster, DatabaseUnavailable

    if "DATABASE_URL" in os.environ:
        return lambda: None
    cluster = Cluster(data_folder())
    again_at = 0.0

    def keep() -> None:
        nonlocal again_at
        if time.monotonic() < again_at:
            return
        try:
            if cluster.keep():
                log("the database had gone; it was started again")
        except DatabaseUnavailable as error:
            log(str(error))
            again_at = time.monotonic() + AGAIN_SECONDS

    return keep
