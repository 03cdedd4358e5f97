"""``linli backup`` and ``linli restore``."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from linli.interfaces.cli import archive
from linli.interfaces.cli.archive import Archive, BadArchive, checked_archive, new_archive
from linli.interfaces.cli.dumping import RESTORING, DumpFailed, Server, someone_uses
from linli.interfaces.cli.runtime import data_folder, data_option, line, running_database, said_in_one_line, start_django

KEYS = ("sealing.keys", "fingerprint.key", "django.key", "push.key")  # the database's own passwords belong to its cluster and stay
PASSPHRASE = "LINLI_PASSPHRASE"  # noqa: S105 - the variable's name
file_argument = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@contextlib.contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except (BadArchive, DumpFailed) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"{error.filename or 'A file'}: {error.strerror or error}") from None


def _passphrase(*, confirm: bool) -> str:
    given = os.environ.get(PASSPHRASE) or click.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm)
    if confirm and len(given) < 12:
        raise click.ClickException("A passphrase of 12 characters or more: whoever has it and the file reads everything.")
    return str(given)


# -- backup -----------------------------------------------------------------------------------------------------------------


@click.command()
@data_option
@file_argument
@click.option("--passphrase", "with_keys", is_flag=True, help=f"Put the keys in, sealed under a passphrase: {PASSPHRASE}, else it is asked for.")
def backup(file: Path, with_keys: bool) -> None:
    """Write the database, files and the community's own playbook into one FILE, also while linli serve runs.

    Without --passphrase it holds no keys: names and contacts in it stay sealed for whoever finds it, and can be read
    again only where the folder `secrets` of this installation is. Keep a copy of that folder elsewhere.
    """
    if file.exists():
        raise click.ClickException(f"{file} exists already. Nothing is overwritten.")
    if not file.absolute().parent.is_dir():
        raise click.ClickException(f"There is no folder {file.absolute().parent}.")
    secret = _passphrase(confirm=True) if with_keys else ""
    with running_database(), _plain_errors():
        start_django()
        with said_in_one_line():
            _back_up(file, secret)


def _back_up(file: Path, passphrase: str) -> None:
    from django.core.files.storage import storages

    from linli.kernel.clock.services import machine_now, now
    from linli.kernel.files.services.blobs import PART, LocalBlobs, stored_keys

    server, folder = Server.here(), data_folder()
    local = isinstance(storages["files"], LocalBlobs)
    manifest: dict[str, Any] = {
        "version": version("linli"),
        "made_at": machine_now().isoformat(),
        "program_time": now().isoformat(),
        "postgres": server.version(),
        "migrations": server.migrations(),
        "files": "here" if local else "in their bucket",
        "keys": bool(passphrase),
    }
    held = damaged = 0
    with tempfile.TemporaryDirectory(prefix=".linli-", dir=file.absolute().parent) as work, new_archive(file.absolute(), manifest) as writer:
        line("Database …")
        dump = Path(work) / archive.DATABASE
        server.dump(dump)
        with dump.open("rb") as content:
            writer.add(archive.DATABASE, content, dump.stat().st_size)
        if local:
            line("Files …")
            for key, _ in stored_keys():
                path = Path(storages["files"].path(key))
                if path.name.startswith(PART):
                    continue
                with contextlib.suppress(FileNotFoundError), path.open("rb") as content:  # deleted meanwhile: then it is not to come back either
                    writer.add(archive.FILES + key, content, os.fstat(content.fileno()).st_size)
                    held += 1
                    damaged += writer.sums[archive.FILES + key]["sha256"] != path.name
        for part in sorted((folder / "playbook").glob("*")):
            if part.is_file():
                writer.add_bytes(archive.PLAYBOOK + part.name, part.read_bytes())
        if (folder / archive.ERASURES).exists():
            writer.add_bytes(archive.ERASURES, (folder / archive.ERASURES).read_bytes())
        if passphrase:
            keys = {name: (folder / "secrets" / name).read_text() for name in KEYS if (folder / "secrets" / name).exists()}
            writer.add_bytes(archive.KEYS, archive.seal_keys(keys, passphrase))
    if damaged:
        click.echo(f"{damaged} stored files are not what was once stored (their sums differ). They are in the backup as they are.", err=True)
    said = f"{held} files" if local else "files stay in their bucket"
    line(f"{file}: {file.stat().st_size / 1e6:,.1f} MB, {said}, {'keys sealed in' if passphrase else 'no keys'}.")


# -- restore ----------------------------------------------------------------------------------------------------------------


@click.command()
@data_option
@file_argument
@click.option("--replace", is_flag=True, help="Replace the data that is there. Everything since the backup is lost.")
@click.option("--passphrase", "with_keys", is_flag=True, help=f"Take the keys out as well: {PASSPHRASE}, else the passphrase is asked for.")
@click.option("--erasures", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The erasures.log of the folder that was lost.")
def restore(file: Path, replace: bool, with_keys: bool, erasures: Path | None) -> None:
    """Put a backup into an empty data folder (or, with --replace, in the place of what is there).

    The whole FILE is checked first and loaded beside the old data, which it then replaces in one step: a broken backup
    changes nothing. What was erased after the backup was made is erased again, by the register erasures.log.
    """
    folder = data_folder()
    if "DATABASE_URL" not in os.environ and someone_uses(folder):
        raise click.ClickException(f"Linli is running on {folder}. Stop it first.")
    secret = _passphrase(confirm=False) if with_keys else ""
    with _plain_errors(), checked_archive(file) as backed_up:
        keys = _keys(backed_up, secret, with_keys)
        _refuse_used(folder, replace)
        folder.mkdir(parents=True, exist_ok=True)
        with running_database(make=True):
            _restore(backed_up, Server.here(), folder, keys=keys, replace=replace, erasures=erasures)
    if not keys and backed_up.manifest["keys"]:
        click.echo("The backup holds keys that were not taken out (--passphrase): what they sealed stays unreadable without the folder secrets.", err=True)
    line("Restored. Next: linli audit verify, linli matters check, then linli serve.")


def _keys(backed_up: Archive, secret: str, wanted: bool) -> dict[str, str]:
    if not wanted:
        return {}
    if archive.KEYS not in backed_up.names:
        raise BadArchive("This backup holds no keys. Restore it without --passphrase.")
    return archive.open_keys(backed_up.read(archive.KEYS), secret)


def _refuse_used(folder: Path, replace: bool) -> None:
    if replace or "DATABASE_URL" in os.environ:
        return
    if (folder / "postgres" / "cluster").exists() or any((folder / "files").glob("*")):
        raise click.ClickException(f"{folder} holds data already. Restore into an empty folder, or replace it with --replace.")


def _restore(backed_up: Archive, server: Server, folder: Path, *, keys: dict[str, str], replace: bool, erasures: Path | None) -> None:
    if server.embedded:
        from linli.interfaces.cli.installation import prepare_roles

        prepare_roles()
    used = server.is_used()
    if used and not replace:
        raise click.ClickException(f"The database {server.name} holds data already. Use an empty one, or replace it with --replace.")
    if server.users():
        raise click.ClickException("The database is in use. Stop linli serve, and whatever else is connected, first.")
    _refuse_newer(backed_up)
    stones = _register(backed_up, server if used else None, folder, erasures)
    beside = server.name + RESTORING
    staged: list[tuple[Path, Path]] = []
    try:
        line("Database …")
        server.make(beside)
        with tempfile.TemporaryDirectory(prefix=".linli-", dir=folder) as work:
            dump = Path(work) / archive.DATABASE
            with backed_up.open(archive.DATABASE) as content, dump.open("wb") as target:
                shutil.copyfileobj(content, target, 1 << 20)
            server.load(dump, beside)
        line("Files …")
        _put_files(backed_up, folder)
        staged = _stage(backed_up, folder, keys)
        _bring_up(server, beside, folder, stones)
        server.swap(beside)
    except BaseException:
        with contextlib.suppress(DumpFailed):
            server.drop(beside)
        for new, _ in staged:
            new.unlink(missing_ok=True)
        raise
    for new, place in staged:
        new.replace(place)


def _refuse_newer(backed_up: Archive) -> None:
    """Refuse a backup of a version whose tables this one does not know."""
    start_django()  # for what is on the disk; no connection is made
    from django.db.migrations.loader import MigrationLoader

    known = {tuple(key) for key in MigrationLoader(None).disk_migrations}
    apps = {app for app, _ in known}
    unknown = [f"{app} {name}" for app, name in backed_up.manifest["migrations"] if (app, name) not in known and app in apps]
    strange = [app for app, _ in backed_up.manifest["migrations"] if app not in apps]
    if unknown or strange:
        what = unknown[0] if unknown else strange[0]
        raise BadArchive(f"The backup was made by version {backed_up.manifest['version']}, whose tables this version does not know ({what}).")


def _register(backed_up: Archive, current: Server | None, folder: Path, given: Path | None) -> list[str]:
    """Every erasure that is known anywhere: this folder's file, the database that is replaced, the file given, the backup's own."""
    lines: list[str] = []
    for path in (folder / archive.ERASURES, given):
        if path is not None and path.exists():
            lines += path.read_text(errors="replace").splitlines()
    if archive.ERASURES in backed_up.names:
        lines += backed_up.read(archive.ERASURES).decode(errors="replace").splitlines()
    if current is not None:
        lines += [json.dumps({"kind": kind, "subject": subject, "at": at}) for kind, subject, at in current.erasures()]
    return lines


def _put_files(backed_up: Archive, folder: Path) -> None:
    """Put stored content where it is missing; content is named by its sum, so what is there already is the same."""
    for name in backed_up.names:
        if not name.startswith(archive.FILES):
            continue
        place = folder / name
        if place.exists() and place.stat().st_size == backed_up.manifest["sums"][name]["size"]:
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f".part-{secrets.token_hex(8)}")
        with backed_up.open(name) as content, part.open("wb") as target:
            shutil.copyfileobj(content, target, 1 << 20)
            target.flush()
            os.fsync(target.fileno())
        part.replace(place)


def _stage(backed_up: Archive, folder: Path, keys: dict[str, str]) -> list[tuple[Path, Path]]:
    """Write keys and playbook beside their places, to be moved there once the database is in its own."""
    staged = []
    wanted = {folder / "secrets" / name: text.encode() for name, text in keys.items() if name in KEYS}
    wanted |= {folder / name: backed_up.read(name) for name in backed_up.names if name.startswith(archive.PLAYBOOK)}
    for place, content in wanted.items():
        place.parent.mkdir(mode=0o700 if place.parent.name == "secrets" else 0o755, parents=True, exist_ok=True)
        new = place.with_name(f".{place.name}.restored")
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target:
            target.write(content)
        staged.append((new, place))
    return staged


def _bring_up(server: Server, database: str, folder: Path, stones: list[str]) -> None:
    """Bring the restored tables up to this version, erase again what was erased, look at the audit chain: before it is used.

    Each in a process of its own, which connects to the restored database and ends before the swap.
    """
    owner = {**os.environ, "DATABASE_URL": server.of(database), "LINLI_DB_ROLE": "owner", "DATABASE_OWNER_URL": server.of(database)}
    _child(
        "-m", "django", "migrate", "--verbosity", "0", environment={**owner, "DJANGO_SETTINGS_MODULE": "linli.config.settings"}, what="bringing up its tables"
    )
    app = {**os.environ, "DATABASE_URL": server.app_url(database), "LINLI_DB_ROLE": "app"}
    with tempfile.NamedTemporaryFile("w", dir=folder, prefix=".erasures-") as handle:
        handle.write("\n".join(stones))
        handle.flush()
        said = _child("-m", "linli.interfaces.cli.restored", handle.name, environment=app, what="erasing again what was erased")
    for text in said.splitlines():
        line(text)


def _child(*arguments: str, environment: dict[str, str], what: str) -> str:
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()
        raise DumpFailed(f"The backup could not be used; {what} failed: {last[-1] if last else 'no reason given'}")
    return str(done.stdout)
