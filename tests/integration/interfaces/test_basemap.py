"""The base map is a setting: none by default, a file served in parts, or a server that the policy then names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from linli.interfaces.basemap import read_setting
from linli.interfaces.security import content_security_policy

pytestmark = pytest.mark.django_db


def test_without_a_setting_no_foreign_server_is_asked(client: Client) -> None:
    page = client.get("/").content.decode()
    assert "linli-basemap" not in page
    assert "http" not in content_security_policy()
    assert client.get("/basemap.pmtiles").status_code == 404


def test_a_file_is_served_in_parts(client: Client, tmp_path: Path, settings) -> None:
    (tmp_path / "city.pmtiles").write_bytes(b"PMTiles" + bytes(range(100)))
    settings.BASEMAP = f"pmtiles:{tmp_path}/city.pmtiles"
    part = client.get("/basemap.pmtiles", HTTP_RANGE="bytes=7-16")
    assert (part.status_code, part.content, part["Content-Range"]) == (206, bytes(range(10)), "bytes 7-16/107")
    assert client.get("/basemap.pmtiles", HTTP_RANGE="bytes=100-9999").content == bytes(range(93, 100))
    assert client.get("/basemap.pmtiles", HTTP_RANGE="bytes=500-600").status_code == 416
    assert "/basemap.pmtiles" in client.get("/").content.decode()


def test_a_tile_server_is_named_by_the_policy(client: Client, settings) -> None:
    settings.BASEMAP, settings.BASEMAP_ATTRIBUTION = "https://tiles.example.org/{z}/{x}/{y}.png", "© somebody"
    assert "connect-src 'self' https://tiles.example.org" in client.get("/")["Content-Security-Policy"]
    known = read_setting(settings.BASEMAP, settings.BASEMAP_ATTRIBUTION)
    assert known and json.loads(known.described()) == {"tiles": ["https://tiles.example.org/{z}/{x}/{y}.png"], "attribution": "© somebody"}


def test_the_national_map_has_names_above_its_picture() -> None:
    known = read_setting("tianditu:abc", "")
    assert known and [("LAYER=vec" in one, "LAYER=cva" in one, "tk=abc" in one) for one in known.tiles] == [(True, False, True), (False, True, True)]
    assert known.servers == ["https://t0.tianditu.gov.cn"]


@pytest.mark.parametrize("setting", ["pmtiles:/nowhere.pmtiles", "tianditu:", "https://tiles.example.org/", "ftp://x/{z}/{x}/{y}", "osm"])
def test_a_setting_that_means_nothing_is_refused(setting: str) -> None:
    with pytest.raises(ImproperlyConfigured):
        read_setting(setting, "")
