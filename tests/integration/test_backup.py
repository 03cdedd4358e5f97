"""Backup and restore of an installation of its own, through the program: what comes back, what must not, and what changes nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from linli.kernel.embedded import Cluster
from tests.factories import SMALL
from tests.harness import ROOT, WORKER, clone_database, drop_database

PASSPHRASE = "a passphrase of our own"
DROPPED = ("DATABASE_URL", "DATABASE_OWNER_URL", "LINLI_DB_ROLE", "LINLI_DATA", "LINLI_PASSPHRASE", "DJANGO_SETTINGS_MODULE")

FILL = """
    from linli.directory.territory.selectors import ground
    from linli.engines.matters.models import Report
    from linli.engines.matters.rules.intake import Contact, ReportRequest
    from linli.engines.matters.services.report import report_matters
    lon, lat = ground().of_level("grid")[0].centre
    def request(name):
        return ReportRequest(at=now(), class_code="E-0401", text="三轮车", lon=lon, lat=lat, contact=Contact(name=name, phone="13800001111"), anonymous=False)
    from PIL import Image
    import io
    picture = io.BytesIO()
    Image.new("RGB", (30, 20), "red").save(picture, "PNG")
    from linli.kernel.files.services import store_file
    with write():
        kept, gone = report_matters([request("Kept"), request("Gone")], actor=SYSTEM, at=now())
        stored = store_file(actor=SYSTEM, at=now(), content=picture.getvalue(), purpose="test")
    print(json.dumps({"kept": kept.tracking, "gone": gone.tracking, "file": str(stored.id)}))
"""
FORGET = """
    from linli.engines.matters.services.reporters import make_anonymous
    with write():
        make_anonymous(at=now(), tracking=sys.argv[1])
"""
LOOK = """
    from linli.engines.matters.models import Report
    from linli.engines.matters.services.report import CONTACT
    from linli.kernel.files.models import FileRendition
    from linli.kernel.files.services.blobs import storage
    from linli.kernel.sealing import Unreadable, unseal
    seen = {}
    for report in Report.objects.all():
        try:
            seen[report.code] = json.loads(unseal(report.contact, purpose=CONTACT))["name"] if report.contact else "anonymous"
        except Unreadable:
            seen[report.code] = "unreadable"
    seen["files"] = all(storage().exists(key) for key in FileRendition.objects.values_list("key", flat=True)) and FileRendition.objects.exists()
    print(json.dumps(seen))
"""
PREPARED = """
import json, sys
from linli.interfaces.cli.runtime import start_django
start_django()
from linli.kernel.access.rules import SYSTEM
from linli.kernel.clock.services import now
from linli.kernel.writing import write
"""


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {**{name: value for name, value in os.environ.items() if name not in DROPPED}, "LINLI_DATA": str(folder), **more}


def linli(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "linli.interfaces.cli.main", *arguments], env=environment(folder, **more), cwd=ROOT, capture_output=True, text=True, check=False
    )


def code(folder: Path, text: str, *arguments: str) -> dict[str, str]:
    """Run Python in the installation; return what it printed."""
    with Cluster(folder).use():
        script = PREPARED + textwrap.dedent(text)
        done = subprocess.run([sys.executable, "-c", script, *arguments], env=environment(folder), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout) if done.stdout else {}
    return found


@dataclass(frozen=True)
class Made:
    folder: Path
    plain: Path
    keyed: Path
    codes: dict[str, str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """An installation with two named reporters and a file, backed up with and without keys; afterwards one reporter was forgotten."""
    place = tmp_path_factory.mktemp("backup")
    folder, plain, keyed = place / "data", place / "plain.tar", place / "keyed.tar"
    folder.mkdir()
    with Cluster(folder).use():  # as a running server would
        done = linli(folder, "init", "--playbook", str(SMALL))
        assert done.returncode == 0, done.stderr
        codes = code(folder, FILL)
        done = linli(folder, "backup", str(plain))
        assert done.returncode == 0 and "no keys" in done.stdout, done.stderr
        done = linli(folder, "backup", str(keyed), "--passphrase", LINLI_PASSPHRASE=PASSPHRASE)
        assert done.returncode == 0 and "keys sealed in" in done.stdout, done.stderr
        refused = linli(folder, "restore", str(plain), "--replace")
        assert refused.returncode == 1 and "is running" in refused.stderr
        code(folder, FORGET, codes["gone"])
    yield Made(folder, plain, keyed, codes)


def refused(done: subprocess.CompletedProcess[str], word: str) -> None:
    assert done.returncode == 1 and word in done.stderr and len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_what_was_erased_after_the_backup_does_not_come_back(made: Made) -> None:
    (made.folder / "files").rename(made.folder.parent / "lost")
    refused(linli(made.folder, "restore", str(made.plain)), "--replace")
    done = linli(made.folder, "restore", str(made.plain), "--replace")
    assert done.returncode == 0 and "1 erased again" in done.stdout and "in order" in done.stdout, done.stderr
    assert code(made.folder, LOOK) == {made.codes["kept"]: "Kept", made.codes["gone"]: "anonymous", "files": True}
    with Cluster(made.folder).use():
        for command in (("audit", "verify"), ("matters", "check")):
            checked = linli(made.folder, *command)
            assert checked.returncode == 0, checked.stderr


def test_into_an_empty_folder_with_and_without_the_keys(made: Made, tmp_path: Path) -> None:
    done = linli(tmp_path / "without", "restore", str(made.keyed))
    assert done.returncode == 0 and "not taken out" in done.stderr, done.stderr
    seen = code(tmp_path / "without", LOOK)
    assert seen[made.codes["kept"]] == "unreadable" and seen["files"]

    register = str(made.folder / "erasures.log")
    done = linli(tmp_path / "with", "restore", str(made.keyed), "--passphrase", "--erasures", register, LINLI_PASSPHRASE=PASSPHRASE)
    assert done.returncode == 0, done.stderr
    assert code(tmp_path / "with", LOOK) == {made.codes["kept"]: "Kept", made.codes["gone"]: "anonymous", "files": True}
    with Cluster(tmp_path / "with").use():
        assert linli(tmp_path / "with", "audit", "verify").returncode == 0


def test_a_broken_or_strange_archive_changes_nothing(made: Made, tmp_path: Path) -> None:
    whole = made.plain.read_bytes()
    middle = whole.index(b"PGDMP") + 200
    broken = {
        "changed": (whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :], "damaged"),
        "cut": (whole[: len(whole) // 2], "backup"),
        "empty": (b"", "backup"),
        "strange": (b"PK\x03\x04" * 4000, "backup"),
        "manifest": (whole.replace(b'"format": "linli-backup"', b'"format": "linli-bickup"'), "manifest"),
    }
    before = sorted(path.name for path in made.folder.rglob("*"))
    for name, (content, word) in broken.items():
        (tmp_path / name).write_bytes(content)
        refused(linli(made.folder, "restore", str(tmp_path / name), "--replace"), word)
    refused(linli(tmp_path / "new", "restore", str(tmp_path / "cut")), "backup")
    refused(linli(made.folder, "restore", str(made.keyed), "--replace", "--passphrase", LINLI_PASSPHRASE="quite another one"), "passphrase")
    refused(linli(made.folder, "restore", str(made.plain), "--replace", "--passphrase", LINLI_PASSPHRASE=PASSPHRASE), "holds no keys")
    refused(linli(made.folder, "restore", str(tmp_path / "missing"), "--replace"), "cannot be read")
    assert not (tmp_path / "new").exists()
    assert sorted(path.name for path in made.folder.rglob("*")) == before


def test_backup_refuses_plainly(made: Made, tmp_path: Path) -> None:
    refused(linli(made.folder, "backup", str(made.plain)), "exists already")
    refused(linli(made.folder, "backup", str(tmp_path / "no" / "b.tar")), "no folder")
    refused(linli(made.folder, "backup", str(tmp_path / "b.tar"), "--passphrase", LINLI_PASSPHRASE="short"), "12 characters")
    refused(linli(tmp_path / "nothing", "backup", str(tmp_path / "b.tar")), "linli init")
    assert not list(tmp_path.glob("*.tar"))
    assert b"Kept" not in made.plain.read_bytes() and b"k1 " not in made.keyed.read_bytes()


def test_on_a_server_of_ones_own(made: Made, tmp_path: Path) -> None:
    """With DATABASE_URL: the same archive, the database in use is not touched, an emptied one is filled."""
    name = f"linli_{WORKER}_restore"
    url = clone_database(name)
    try:
        with psycopg.connect(url) as link:
            link.execute("INSERT INTO erasures_erasure (kind, subject, at, recorded_at) VALUES ('files.file', %s, now(), now())", [made.codes["file"]])
        done = linli(tmp_path, "backup", str(tmp_path / "b.tar"), DATABASE_URL=url)
        assert done.returncode == 0, done.stderr
        refused(linli(tmp_path, "restore", str(tmp_path / "b.tar"), DATABASE_URL=url), "holds data already")
        with psycopg.connect(url):
            refused(linli(tmp_path, "restore", str(made.plain), "--replace", DATABASE_URL=url), "in use")
        done = linli(tmp_path, "restore", str(made.plain), "--replace", DATABASE_URL=url)
        assert done.returncode == 0 and "1 erased again" in done.stdout, done.stderr
        with psycopg.connect(url) as link:
            assert link.execute("SELECT (SELECT count(*) FROM matters_report), (SELECT count(*) FROM files_storedfile)").fetchone() == (2, 0)
            assert link.execute("SELECT count(*) FROM pg_database WHERE datname LIKE %s", [f"{name}\\_%"]).fetchone() == (0,)
    finally:
        drop_database(name)
