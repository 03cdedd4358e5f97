"""The test harness: one private PostgreSQL for the run, one template database, one clone a worker.

`` tests run in a transaction that is rolled back. ``committed`` tests need real commits (races, constraints at
commit, NOTIFY): each gets a database of its own, cloned from the template.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import psycopg

from linli.kernel.embedded import OWNER, Cluster
from scripts.messages import compile_catalogs

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "tests"
CLUSTER = Cluster(CACHE, durable=False)


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
            if admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                return
            unfinished = f"{name}_unfinished"
            admin.execute(f"DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)")
            admin.execute(f"CREATE DATABASE {unfinished}")
            as_owner = {"DATABASE_URL": CLUSTER.url(OWNER, unfinished), "LINLI_DB_ROLE": "owner", "DJANGO_SETTINGS_MODULE": "linli.config.settings"}
            subprocess.run([sys.executable, "-m", "django", "migrate", "--verbosity", "0"], env={**os.environ, **as_owner}, cwd=ROOT, check=True)
            admin.execute(f"ALTER DATABASE {unfinished} RENAME TO {name}")


def clone_database(name: str) -> str:
    """Make database ``name`` anew from the template and return its URL."""
    with _admin() as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
    return CLUSTER.url(OWNER, name)


def drop_database(name: str) -> None:
    with _admin() as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


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


def pytest_unconfigure() -> None:
    drop_database(f"linli_{WORKER}")
    _cluster_use.__exit__(None, None, None)
