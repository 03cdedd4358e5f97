"""The examples of docs/api.md do what the guide says."""

from __future__ import annotations

import io
import re
import shlex
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from linli.kernel.access.rules import REPORTER, SYSTEM
from linli.kernel.access.services.api_keys import create_api_key
from linli.kernel.writing import write
from tests.factories import MONDAY, community
from tests.harness import ROOT

GUIDE = (ROOT / "docs" / "api.md").read_text()
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass
class Call:
    """One curl command and the status that the guide promises."""

    url: str = ""
    method: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    data: list[str] = field(default_factory=list)
    form: list[str] = field(default_factory=list)
    in_address: bool = False
    status: int = 200

    def send(self) -> Any:
        address = self.url.removeprefix("http://testserver")
        if self.form:
            fields: dict[str, Any] = dict(part.split("=", 1) for part in self.form)
            fields = {name: _photo() if value.startswith("@") else value for name, value in fields.items()}
            return Client().post(address, fields, headers=self.headers)
        body = "&".join(self.data)
        if self.in_address:
            return Client().get(f"{address}?{body}", headers=self.headers)
        kind = self.headers.get("Content-Type", "application/x-www-form-urlencoded")
        return Client().generic(self.method or ("POST" if self.data else "GET"), address, body, kind, headers=self.headers)


def _photo() -> SimpleUploadedFile:
    kept = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(kept, "JPEG")
    return SimpleUploadedFile("photo.jpg", kept.getvalue(), "image/jpeg")


def calls() -> list[tuple[str, int]]:
    """Each command of the guide with the status it promises: that of a comment below it, else 200."""
    found = []
    for block in BLOCK.findall(GUIDE):
        lines = block.replace("\\\n", " ")
        for part in re.split(r"(?m)^(?=curl )", lines):
            if part.strip():
                command, _, said = part.partition("\n# ")
                status = re.match(r"(\d{3})", said)
                found.append((command, int(status[1]) if status else 200))
    return found


def parse(command: str, known: dict[str, str]) -> Call:
    for name, value in known.items():
        command = command.replace(f"${name}", value)
    assert "$" not in command, command
    words = iter(shlex.split(command)[1:])
    call = Call()
    for word in words:
        match word:
            case "-H":
                name, _, value = next(words).partition(": ")
                call.headers[name] = value
            case "-d":
                call.data.append(next(words))
            case "--data-urlencode":
                call.data.append(urlencode([tuple(next(words).split("=", 1))]))
            case "-F":
                call.form.append(next(words))
            case "-X":
                call.method = next(words)
            case "-G":
                call.in_address = True
            case _:
                call.url = word
    return call


@pytest.mark.django_db
def test_the_examples_of_the_guide() -> None:
    with patch("linli.kernel.clock.services.machine_now", return_value=MONDAY + timedelta(hours=2)):
        town = community(playbook=ROOT / "playbooks" / "lianqin" / "playbook.yaml")
        with write():
            street = town.streets[0]
            key = create_api_key(actor=SYSTEM, at=MONDAY, name="city app", role=REPORTER)[1]
            desk = create_api_key(actor=SYSTEM, at=MONDAY, name="street desk", role="street_duty", area_path=street.path)[1]
        lon, lat = town.point()
        known = {"BASE": "http://testserver", "KEY": key, "DESK": desk, "LON": str(lon), "LAT": str(lat)}
        ran = 0
        for command, status in calls():
            answer = parse(command, known).send()
            assert answer.status_code == status, (command, answer.status_code, answer.content[:500])
            body = answer.json() if answer.content and answer["Content-Type"].startswith("application/json") else {}
            if isinstance(body, dict):
                if "tracking" in body and "CODE" not in known:
                    known |= {"CODE": body["code"], "TRACKING": body["tracking"]}
                if command.startswith('curl "$BASE/api/v1/files"'):
                    known["FILE"] = body["id"]
            ran += 1
        assert ran > 25
