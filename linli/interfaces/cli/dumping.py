"""PostgreSQL's own programs for backup and restore, and the swap of a restored database for the old one."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from linli.interfaces.cli.runtime import data_folder
from linli.kernel.embedded import APP, OWNER, Cluster, DatabaseUnavailable, binaries

RESTORING, BEFORE = "_restoring", "_before_restore"


class DumpFailed(Exception):
    """One of the programs failed, or the server refused; the text says why in one line."""


@dataclass(frozen=True)
class Server:
    """Where the database is, as its owner: the embedded cluster, or the server of DATABASE_URL (DATABASE_OWNER_URL for its owner)."""

    url: str
    embedded: bool

    @classmethod
    def here(cls) -> Server:
        if "DATABASE_URL" in os.environ:
            return cls(os.environ.get("DATABASE_OWNER_URL") or os.environ["DATABASE_URL"], embedded=False)
        return cls(Cluster(data_folder()).url(OWNER), embedded=True)

    @property
    def name(self) -> str:
        return unquote(urlsplit(self.url).path.lstrip("/"))

    def of(self, database: str) -> str:
        """The same server's address for another database."""
        return urlunsplit(urlsplit(self.url)._replace(path="/" + quote(database, safe="")))

    def app_url(self, database: str) -> str:
        """As the program itself connects."""
        if self.embedded:
            return Cluster(data_folder()).url(APP, database)
        return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path="/" + quote(database, safe="")))

    @contextmanager
    def link(self, database: str = "") -> Iterator[psycopg.Connection]:
        """A connection that commits each statement.

        Raises:
            DumpFailed: the server cannot be reached, or refused a statement.
        """
        try:
            with psycopg.connect(self.of(database) if database else self.url, autocommit=True) as link:
                yield link
        except psycopg.Error as error:
            raise DumpFailed(f"The database refused: {str(error).strip().splitlines()[0]}") from None

    # -- dump and load -----------------------------------------------------------------------------------------------

    def dump(self, target: Path) -> None:
        """Write the whole database, as it is at one instant, while it is in use."""
        _run("pg_dump", self.url, "--format=custom", "--compress=6", "--no-comments", f"--file={target}")

    def load(self, source: Path, database: str) -> None:
        """Load a dump into an empty database; all of it or nothing.

        What roles may do comes along where this server has them; else everything belongs to whoever loads it.
        """
        with self.link("postgres") as link:
            has_app = link.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP]).fetchone()
            has_owner = link.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [OWNER]).fetchone()
        rights = [] if has_app and has_owner else ["--no-privileges"]
        _run("pg_restore", self.of(database), "--no-owner", "--no-comments", "--exit-on-error", "--single-transaction", *rights, str(source))

    # -- the swap --------------------------------------------------------------------------------------------------------

    def make(self, database: str) -> None:
        """Make an empty database, in place of one of that name which an interrupted restore left."""
        with self.link("postgres") as link:
            link.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))
            like = link.execute("SELECT datcollate, datctype FROM pg_database WHERE datname = %s AND datlocprovider = 'c'", [self.name]).fetchone()
            locale = sql.SQL(" LC_COLLATE {} LC_CTYPE {}").format(sql.Literal(like[0]), sql.Literal(like[1])) if like else sql.SQL("")
            link.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(database)) + locale)

    def drop(self, database: str) -> None:
        with self.link("postgres") as link:
            link.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def swap(self, database: str) -> None:
        """Put ``database`` in the place of the one in use, in one step; the old one is then dropped.

        Raises:
            DumpFailed: somebody uses one of them; nothing was changed.
        """
        old = self.name + BEFORE
        self.drop(old)
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        with self.link("postgres") as link, link.transaction():
            if link.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.name]).fetchone():
                link.execute(rename.format(sql.Identifier(self.name), sql.Identifier(old)))
            link.execute(rename.format(sql.Identifier(database), sql.Identifier(self.name)))
        self.drop(old)

    # -- questions -------------------------------------------------------------------------------------------------------

    def version(self) -> str:
        with self.link() as link:
            row = link.execute("SHOW server_version").fetchone()
        return str(row[0]) if row else ""

    def users(self) -> int:
        """How many others are connected to the database."""
        with self.link() as link:
            row = link.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()").fetchone()
        return int(row[0]) if row else 0

    def is_used(self) -> bool:
        """Whether the database exists and holds tables."""
        with self.link("postgres") as link:
            if not link.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.name]).fetchone():
                return False
        with self.link() as link:
            return link.execute("SELECT 1 FROM pg_tables WHERE schemaname = 'public' LIMIT 1").fetchone() is not None

    def migrations(self) -> list[list[str]]:
        with self.link() as link:
            return [list(row) for row in link.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()]

    def erasures(self) -> list[tuple[str, str, str]]:
        """What the database's register says was erased; empty where it has none."""
        with self.link() as link:
            if link.execute("SELECT to_regclass('public.erasures_erasure')").fetchone() in (None, (None,)):
                return []
            return [(kind, str(subject), at.isoformat()) for kind, subject, at in link.execute("SELECT kind, subject, at FROM erasures_erasure").fetchall()]


def _run(program: str, url: str, *arguments: str) -> None:
    """Run one of PostgreSQL's client programs; the password goes by the environment, where no list of processes shows it."""
    parts = urlsplit(url)
    environment = dict(os.environ)
    if parts.password:
        environment["PGPASSWORD"] = unquote(parts.password)
    host = parts.netloc.rpartition("@")[2]
    plain = urlunsplit(parts._replace(netloc=f"{parts.username or ''}@{host}" if parts.username else host))
    try:
        path = binaries() / program
    except DatabaseUnavailable as error:
        raise DumpFailed(str(error)) from None
    done = subprocess.run([str(path), f"--dbname={plain}", "--no-password", *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = [text for text in done.stderr.strip().splitlines() if "error" in text.lower()] or done.stderr.strip().splitlines()
        raise DumpFailed(f"{program} failed: {(said or ['no reason given'])[0][:300]}")


def someone_uses(folder: Path) -> bool:
    """Whether a process uses the embedded cluster of this data folder now."""
    path = folder / "postgres.users"
    if not path.exists():
        return False
    with open(path, "a") as users:
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
