"""Rotation of the master key: every case opens before, during and after it, also when it is killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from linli.domains.care.models import CareCase
from linli.domains.care.services import keys, reading
from linli.interfaces.cli.main import main
from linli.kernel.access.rules import ANONYMOUS, SYSTEM, NotSignedIn
from linli.kernel.audit.models import AuditEntry
from linli.kernel.sealing import Unreadable, _later, add_master_key, newest_key, sealed_under, unseal
from linli.kernel.writing import write
from tests.factories import MONDAY
from tests.integration.care.made import NAME, Town, caring_town

BATCH = 3
CASES = 9
RACER = """
import os, secrets, sys, time
import django
os.environ["DJANGO_SETTINGS_MODULE"] = "linli.config.settings"
django.setup()
from uuid import UUID
from linli.domains.care.services.keys import CaseKey
from linli.kernel.sealing import add_master_key
token = secrets.token_urlsafe
secrets.token_urlsafe = lambda size: time.sleep(0.3) or token(size)  # between reading the list and writing it
print("ready", flush=True)
sys.stdin.readline()
made = add_master_key()
print(made, CaseKey.fresh(UUID(int=1)).wrapped().hex(), flush=True)
"""


@pytest.fixture(autouse=True)
def _own_secrets(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets of the test's own, as files, so that another process finds them."""
    folder = tmp_path / "data" / "secrets"
    folder.mkdir(parents=True)
    (folder / "sealing.keys").write_text("".join(f"{key_id} {secret}\n" for key_id, secret in settings.SEALING_KEYS))
    (folder / "fingerprint.key").write_text(settings.FINGERPRINT_KEY)
    settings.DATA = tmp_path / "data"
    settings.SEALING_KEYS = list(settings.SEALING_KEYS)
    monkeypatch.setenv("LINLI_DATA", str(settings.DATA))


def all_open(town: Town, ids: list[Any]) -> bool:
    for case_id in ids:
        with write():
            assert reading.read_case(actor=town.worker(), at=MONDAY, case_id=case_id).content.name == NAME
    return True


def under() -> list[str]:
    return [sealed_under(case.key_wrapped) for case in CareCase.objects.order_by("id")]


def test_rotation_wraps_every_key_anew_and_leaves_the_content_alone(town: Town) -> None:
    ids = [town.case() for _ in range(3)]
    sealed = list(CareCase.objects.order_by("id").values_list("sealed", flat=True))
    old = newest_key()
    assert add_master_key() != old and keys.keys_left() == 3
    with write():
        assert keys.rewrap_keys(actor=SYSTEM, at=MONDAY, after=None) == (None, 3)
    with write():
        assert keys.rewrap_keys(actor=SYSTEM, at=MONDAY, after=None) == (None, 0)
    assert set(under()) == {newest_key()} and keys.keys_left() == 0
    assert list(CareCase.objects.order_by("id").values_list("sealed", flat=True)) == sealed
    assert all_open(town, ids)
    assert json.loads(AuditEntry.objects.get(action="care.rewrap_keys").details) == {"count": 3, "key": newest_key()}
    with pytest.raises(NotSignedIn), write():
        keys.rewrap_keys(actor=ANONYMOUS, at=MONDAY, after=None)


def test_a_process_that_meets_a_new_key_reads_the_list_again_and_a_lost_key_is_said(town: Town, settings: Any) -> None:
    ids = [town.case()]
    before = list(settings.SEALING_KEYS)
    add_master_key()
    with write():
        keys.rewrap_keys(actor=SYSTEM, at=MONDAY, after=None)
    _later.clear()  # a server that has been running all the time
    assert all_open(town, ids)
    (settings.DATA / "secrets" / "sealing.keys").write_text("".join(f"{key_id} {secret}\n" for key_id, secret in before))
    _later.clear()
    with pytest.raises(Unreadable), write():
        reading.read_case(actor=town.worker(), at=MONDAY, case_id=ids[0])


def test_two_rotations_at_once_make_two_keys_and_every_case_key_opens_afterwards() -> None:
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    racers = [subprocess.Popen([sys.executable, "-c", RACER], **pipes) for _ in range(3)]
    assert [racer.stdout.readline() for racer in racers if racer.stdout] == ["ready\n"] * 3
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    said = [racer.communicate(timeout=60)[0].split() for racer in racers]
    before = newest_key()
    assert len({made for made, _ in said}) == 3 and before not in {made for made, _ in said}
    for _, wrapped in said:
        assert unseal(bytes.fromhex(wrapped), purpose=keys.WRAPPED)


def test_a_new_key_lies_on_the_disk_under_its_name(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    replace, sync = Path.replace, os.fsync
    monkeypatch.setattr(Path, "replace", lambda old, new: (steps.append("replace"), replace(old, new))[1])
    monkeypatch.setattr(os, "fsync", lambda handle: (steps.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file"), sync(handle))[1])
    add_master_key()
    assert steps == ["file", "replace", "folder"]


def test_a_rotation_killed_in_the_middle_goes_on(committed: str, tmp_path: Path) -> None:
    town = caring_town(tmp_path)
    ids = [town.case() for _ in range(CASES)]
    old = newest_key()
    command = [sys.executable, "-m", "linli.interfaces.cli.main", "keys", "rotate", "--batch", str(BATCH)]
    with psycopg.connect(committed) as holder:
        holder.execute("SELECT 1 FROM care_carecase WHERE id = %s FOR UPDATE", [sorted(ids)[BATCH]])  # it waits at its second batch
        process = subprocess.Popen(command, env={**os.environ, "DATABASE_URL": committed}, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None and process.stdout.readline().startswith("New master key: ")
        until = time.monotonic() + 60
        while under().count(old) == CASES and time.monotonic() < until and process.poll() is None:
            os.sched_yield()
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert under().count(old) == CASES - BATCH
    assert all_open(town, ids)
    said = CliRunner().invoke(main, ["keys", "rotate"])
    assert said.exit_code == 0 and f"{CASES - BATCH} case keys are left" in said.stdout and "New master key" not in said.stdout
    assert set(under()) == {newest_key()} and newest_key() != old
    assert all_open(town, ids)
    assert "under an older one: 0" in CliRunner().invoke(main, ["keys", "show"]).stdout
