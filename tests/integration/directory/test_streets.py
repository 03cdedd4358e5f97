"""Streets from a file: cut by the lowest areas, whole or not at all, replaced by the layer's next file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import shapely
from click.testing import CliRunner
from pyproj import Transformer

from linli.directory.territory.models import StreetPiece
from linli.directory.territory.rules.findings import BadTerritory
from linli.directory.territory.selectors import NoTerritory, ground
from linli.directory.territory.selectors.streets import street_pieces
from linli.directory.territory.services import import_streets, import_territory, read_streets, territory_source
from linli.directory.territory.services.streets import StreetsReport
from linli.interfaces.cli.main import main
from linli.kernel.access.rules import Actor, ActorKind, Forbidden
from linli.kernel.audit.models import AuditEntry
from linli.kernel.geo.rules import UnknownDatum, metres_between, to_bd09, to_gcj02
from linli.kernel.writing import write

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BOSS = Actor.system("test")
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("demo_ground")]


def feature(*parts: list[Any], **told: Any) -> dict[str, Any]:
    shape = {"type": "LineString", "coordinates": parts[0]} if len(parts) == 1 else {"type": "MultiLineString", "coordinates": list(parts)}
    return {"type": "Feature", "properties": {"name": "望潮路", **told}, "geometry": shape}


def written(folder: Path, *features: Any, **more: Any) -> Path:
    path = folder / "roads.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(features), **more}), encoding="utf-8")
    return path


def stating(crs: str) -> dict[str, Any]:
    return {"type": "name", "properties": {"name": crs}}


def taken(path: Path, source: str = "roads") -> StreetsReport:
    with write():
        return import_streets(actor=BOSS, at=AT, source=source, streets=read_streets(path))


def centre(number: int) -> list[float]:
    return list(ground().by_code(f"999001001001{number:03}").centre or ())


def test_a_line_is_cut_by_the_grids_and_keeps_its_length(tmp_path: Path) -> None:
    west, east = centre(1), centre(3)
    report = taken(written(tmp_path, feature([west, east], name_en="Wangchao Road")))
    pieces = street_pieces(area_path="")
    assert len(pieces) == report.pieces >= 3 and report.outside == pytest.approx(0, abs=0.5)
    assert sum(piece.metres for piece in pieces) == pytest.approx(metres_between(*west, *east), abs=0.5) == pytest.approx(report.metres)
    for piece in pieces:
        assert piece.names == {"zh": "望潮路", "en": "Wangchao Road"}
        assert ground().polygon(piece.area_id).buffer(1e-7).covers(piece.line)  # type: ignore[union-attr]
    first = ground().by_code("999001001001001")
    assert {piece.area_id for piece in street_pieces(area_path=first.path)} == {first.id}


def test_a_line_on_a_shared_border_belongs_to_one_grid_and_what_is_outside_is_said(tmp_path: Path) -> None:
    one, other = (ground().polygon(ground().by_code(f"999001001001{number:03}").id) for number in (1, 2))
    border = shapely.line_merge(shapely.intersection(one, other))
    far = [border.coords[0][0] - 0.5, border.coords[0][1]]
    report = taken(written(tmp_path, feature([list(spot) for spot in border.coords]), feature([far, [far[0] + 0.01, far[1]]])))
    assert {piece.area_id for piece in street_pieces(area_path="")} == {ground().by_code("999001001001001").id}
    assert report.outside > 800


def test_the_same_file_changes_nothing_and_a_new_one_replaces_its_layer(tmp_path: Path) -> None:
    first = written(tmp_path, feature([centre(1), centre(2)], [centre(4), centre(5)]))
    taken(first)
    taken(first, "paths")
    before = set(StreetPiece.objects.values_list("id", "revision"))
    again = taken(first)
    assert not again.changed and set(StreetPiece.objects.values_list("id", "revision")) == before
    assert AuditEntry.objects.filter(action="territory.streets_imported").count() == 2
    report = taken(written(tmp_path, feature([centre(1), centre(2)], name="石桥街")))
    assert report.changed and report.replaced > report.pieces
    assert {source: names["zh"] for source, names in StreetPiece.objects.values_list("source", "names")} == {"roads": "石桥街", "paths": "望潮路"}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"type": "Feature", "properties": {}, "geometry": None}, "feature 2: it has no name"),
        ({"type": "Feature", "properties": {"name": "x"}, "geometry": {"type": "Point", "coordinates": [1, 2]}}, "feature 2: expected a line, found Point"),
        (feature([[500000.0, 4400000.0], [500100.0, 4400000.0]]), "feature 2: the line cannot be read"),
        (feature([[119.6, 38.8]]), "feature 2: the line cannot be read"),
        (feature([[119.6, 38.8], [119.6, "north"]]), "feature 2: the line cannot be read"),
        (feature([[119.6, 38.8], [119.7, 38.8]], religion="x"), "feature 2: data about ethnicity"),
    ],
)
def test_a_file_with_one_bad_line_is_refused_whole(tmp_path: Path, wrong: Any, words: str) -> None:
    taken(written(tmp_path, feature([centre(1), centre(2)])))
    before = set(StreetPiece.objects.values_list("id", flat=True))
    with pytest.raises(BadTerritory, match=words):
        taken(written(tmp_path, feature([centre(1), centre(3)]), wrong))
    assert set(StreetPiece.objects.values_list("id", flat=True)) == before


@pytest.mark.parametrize("crs", ["EPSG:4326", "GCJ-02", "BD-09", "EPSG:4549"])
def test_streets_of_every_coordinate_system_lie_where_they_are(tmp_path: Path, crs: str) -> None:
    turn: dict[str, Any] = {"EPSG:4326": lambda x, y: (x, y), "GCJ-02": to_gcj02, "BD-09": to_bd09}
    turn["EPSG:4549"] = Transformer.from_crs("EPSG:4326", "EPSG:4549", always_xy=True).transform
    there, drawn = [centre(1), centre(3)], [[float(value) for value in turn[crs](*centre(number))] for number in (1, 3)]
    (street,) = read_streets(written(tmp_path, feature(drawn)), crs=crs)
    for (lon, lat), (x, y) in zip(street.parts[0].coords, there, strict=True):
        assert metres_between(lon, lat, x, y) < 0.1


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4326", "EPSG:4326"])
def test_a_file_may_state_its_coordinate_system(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, feature([centre(1), centre(2)]), crs=stating(name))
    assert read_streets(path) == read_streets(path, crs="WGS84") and len(read_streets(path, crs="GCJ-02")) == 1


def test_what_is_no_file_of_streets_is_refused(tmp_path: Path) -> None:
    good = feature([centre(1), centre(2)])
    elsewhere = written(tmp_path, feature([[10.0, 10.0], [10.01, 10.0]]))
    with pytest.raises(BadTerritory, match="not a metre"):
        taken(elsewhere)
    with pytest.raises(BadTerritory, match="another coordinate system than EPSG:4326"):
        read_streets(written(tmp_path, good, crs=stating("urn:ogc:def:crs:EPSG::4490")))
    with pytest.raises(BadTerritory, match="another coordinate system than GCJ-02"):
        read_streets(written(tmp_path, good, crs=stating("urn:ogc:def:crs:EPSG::4549")), crs="gcj02")
    with pytest.raises(UnknownDatum):
        read_streets(written(tmp_path, good), crs="Mars-7")
    with pytest.raises(BadTerritory, match="FeatureCollection"):
        read_streets(written(tmp_path))
    (tmp_path / "x.geojson").write_text("{")
    for name, words in (("x.geojson", "no GeoJSON"), ("none.geojson", "no such file")):
        with pytest.raises(BadTerritory, match=words):
            read_streets(tmp_path / name)
    with pytest.raises(Forbidden), write():
        import_streets(actor=Actor(id="user:1", kind=ActorKind.USER), at=AT, source="roads", streets=[])
    assert not StreetPiece.objects.exists()


def test_a_changed_ground_cuts_the_streets_anew(tmp_path: Path) -> None:
    taken(written(tmp_path, feature([centre(1), centre(2)])))
    metres = sum(piece.metres for piece in street_pieces(area_path=""))
    folder = tmp_path / "ground"
    folder.mkdir()
    whole = shapely.union_all([ground().polygon(area.id) for area in ground().of_level("grid")])
    shape = {"type": "Feature", "properties": {"code": "ALL", "name": "一"}, "geometry": shapely.geometry.mapping(whole)}
    (folder / "all.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [shape]}))
    (folder / "territory.yaml").write_text(
        "code: '999001'\nname: {zh: 临澜区, en: Linlan}\nlayers:\n  - {level: grid, file: all.geojson, code: code, name: name}\n", encoding="utf-8"
    )
    from linli.directory.territory.models import Building, Facility, LegalEntity, Place

    for model in (Building, Facility, LegalEntity, Place):
        model.objects.filter(lon=None).delete()
    with write():
        import_territory(actor=BOSS, at=AT, source=territory_source(folder))
    pieces = street_pieces(area_path="")
    assert {piece.area_id for piece in pieces} == {ground().by_code("ALL").id}
    assert sum(piece.metres for piece in pieces) == pytest.approx(metres, abs=0.1)


def test_the_command(tmp_path: Path) -> None:
    def run(path: Path, code: int = 0) -> str:
        result = CliRunner().invoke(main, ["territory", "import-streets", str(path), "--data", str(tmp_path)])
        assert result.exit_code == code, result.output
        return str(result.output)

    path = written(tmp_path, feature([centre(1), centre(3)]))
    assert "Streets: 1 lines" in run(path) and StreetPiece.objects.filter(source="roads").exists()
    assert "Unchanged." in run(path)
    said = run(written(tmp_path, feature([])), code=1)
    assert "Nothing was imported" in said and "feature 1" in said


def test_streets_need_a_territory(tmp_path: Path) -> None:
    from linli.directory.territory.models import Territory
    from linli.kernel.epoch.services import bump

    path = written(tmp_path, feature([centre(1), centre(2)]))
    with write():
        bump()
        Territory.objects.all().delete()
    with pytest.raises(NoTerritory):
        taken(path)
