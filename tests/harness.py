"""The test harness: one private PostgreSQL for the run, one template database, one clone a worker.

``django_db`` tests run in a transaction that is rolled back. ``committed`` tests need real commits (races, constraints at
commit, NOTIFY): each gets a database of its own, cloned from the template.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings

from linli.kernel.embedded import OWNER, Cluster
from scripts.messages import compile_catalogs

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "tests"
CLUSTER = Cluster(CACHE, durable=False)
OF_A_RUN = re.compile(r"(?:linli_)?(?:main|gw\d+)_(?P<process>\d+)(?:_own)?")  # databases and data folders
TEMPLATES_KEPT = 3  # a run that began before a migration changed still clones the older one


def _admin() -> psycopg.Connection:
    return psycopg.connect(CLUSTER.url(OWNER, "postgres"), autocommit=True)


def _migrations_digest() -> str:
    digest = hashlib.sha256()
    for path in sorted((ROOT / "linli").rglob("migrations/*.py")):
        digest.update(path.read_bytes())
    digest.update((ROOT / "requirements.txt").read_bytes())
    return digest.hexdigest()


def _prepare_template(name: str) -> None:
    """Migrate the template of these migrations once; other workers wait and find it ready."""
    with open(CACHE / "template.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with _admin() as admin:
            _clear_leftovers(admin)
            if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                return
            unfinished = f"{name}_unfinished"
            admin.execute(f"DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)")
            admin.execute(f"CREATE DATABASE {unfinished}")
            as_owner = {"DATABASE_URL": CLUSTER.url(OWNER, unfinished), "LINLI_DB_ROLE": "owner", "DJANGO_SETTINGS_MODULE": "linli.config.settings"}
            subprocess.run([sys.executable, "-m", "django", "migrate", "--verbosity", "0"], env={**os.environ, **as_owner}, cwd=ROOT, check=True)
            admin.execute(f"ALTER DATABASE {unfinished} RENAME TO {name}")


def _clear_leftovers(admin: psycopg.Connection) -> None:
    """Remove what runs left behind that were killed, and templates of migrations long gone."""
    names = [name for (name,) in admin.execute("SELECT datname FROM pg_database ORDER BY oid").fetchall()]
    templates = [name for name in names if name.startswith("linli_template")]
    for name in [name for name in names if _is_left_over(name)] + templates[:-TEMPLATES_KEPT]:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    for folder in (CACHE / "data").glob("*_*"):
        if _is_left_over(folder.name):
            shutil.rmtree(folder, ignore_errors=True)


def _is_left_over(name: str) -> bool:
    found = OF_A_RUN.fullmatch(name)
    if found is None:
        return False
    try:
        os.kill(int(found["process"]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False


def clone_database(name: str) -> str:
    """Make database ``name`` anew from the template and return its URL."""
    with _admin() as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
    return CLUSTER.url(OWNER, name)


def drop_database(name: str) -> None:
    with _admin() as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


settings.register_profile("house", deadline=None)  # a busy machine is no defect
settings.load_profile("house")
compile_catalogs()
CACHE.mkdir(parents=True, exist_ok=True)
_cluster_use = CLUSTER.use()
_cluster_use.__enter__()
TEMPLATE = f"linli_template_{_migrations_digest()[:16]}"  # one for each state of the migrations
_prepare_template(TEMPLATE)
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main") + f"_{os.getpid()}"
os.environ["DATABASE_URL"] = clone_database(f"linli_{WORKER}")
os.environ["LINLI_DATA"] = str(CACHE / "data" / WORKER)
os.environ["LINLI_DB_ROLE"] = "app"
Path(os.environ["LINLI_DATA"]).mkdir(parents=True, exist_ok=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if os.environ.get("LINLI_CHECKS") == "failed":
        terminalreporter.write_line("The checks before the tests found something: see the top (make check).", red=True)


def pytest_unconfigure() -> None:
    drop_database(f"linli_{WORKER}")
    shutil.rmtree(os.environ["LINLI_DATA"], ignore_errors=True)
    _cluster_use.__exit__(None, None, None)
