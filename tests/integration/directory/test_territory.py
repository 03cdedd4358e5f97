"""Importing a territory: what it holds afterwards, and what is refused with nothing written."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pyogrio
import pytest
import shapely
from django.db import IntegrityError, transaction

from linli.directory.territory.models import Area, Building, Facility, LegalEntity, Place, Territory
from linli.directory.territory.rules import Placing
from linli.directory.territory.rules.findings import BadTerritory
from linli.directory.territory.selectors import NoTerritory, area_features, ground, ground_or_none, territory_flaws
from linli.directory.territory.services import AreaInUse, import_territory, preview_territory, read_territory, territory_source
from linli.kernel.access.rules import ANONYMOUS, Actor, ActorKind, Forbidden, NotSignedIn
from linli.kernel.audit.models import AuditEntry
from linli.kernel.events.models import OutboxEvent
from linli.kernel.geo.rules import from_gcj02, metres_between, to_bd09, to_gcj02
from linli.kernel.writing import write

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BOSS = Actor.system("test")
NOBODY = Actor(id="user:1", kind=ActorKind.USER)
BOSTON = Path(os.environ.get("LINLI_TEST_DATA", Path(__file__).resolve().parents[3].parent / "shared" / "data")) / "boston"


def box(x: float, y: float, w: float = 1, h: float = 1) -> shapely.Polygon:
    return shapely.box(116 + x / 100, 39 + y / 100, 116 + (x + w) / 100, 39 + (y + h) / 100)


STREETS = {"S1": box(0, 0, 2, 2), "S2": box(2, 0, 2, 2)}
GRIDS = {"G1": box(0, 0), "G2": box(1, 0), "G3": box(1.7, 1), "G4": box(3, 0)}


def geojson(path: Path, areas: dict, **properties) -> None:
    features = [
        {"type": "Feature", "geometry": shapely.geometry.mapping(shape), "properties": {"code": code, "name": f"名{code}", "households": 10, **properties}}
        for code, shape in areas.items()
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), encoding="utf-8")


def folder(
    path: Path, *, streets=STREETS, grids=GRIDS, top: str = "", grid: str = "code: code, name: name, households: households", file: str = "grids.geojson"
) -> Path:
    geojson(path / "streets.geojson", streets)
    geojson(path / "grids.geojson", grids)
    (path / "territory.yaml").write_text(
        f"""name: {{zh: 试验区, en: Test District}}
code: T
{top}
layers:
  - {{level: street, file: streets.geojson, code: code, name: name}}
  - {{level: grid, file: {file}, {grid}}}
""",
        encoding="utf-8",
    )
    return path


def take_in(source):
    with write():
        return import_territory(actor=BOSS, at=AT, source=source)


@pytest.mark.django_db
def test_an_import_makes_the_tree_and_the_ground(tmp_path):
    assert ground_or_none() is None
    with pytest.raises(NoTerritory):
        ground()
    report = take_in(read_territory(folder(tmp_path)))
    assert (report.levels, report.split, report.outside) == ({"district": 1, "street": 2, "grid": 4}, {"street": 0, "grid": 1}, {"street": 0, "grid": 0})
    assert len(report.added) == 7 and report.households == 40
    known = ground()
    assert known.by_code("G3").path == "T/S2/G3/" and known.by_code("G3").split
    assert known.by_code("S1").households == 20 and known.by_code("G1").name() == "名G1"
    assert known.locate(116.005, 39.005).area.code == "G1"
    assert (known.timezone, known.holidays) == ("Asia/Shanghai", "CN")
    assert AuditEntry.objects.get().action == "territory.imported"
    assert OutboxEvent.objects.get(topic="territory.imported").data["added"] == list(report.added)


@pytest.mark.django_db
def test_a_second_import_changes_by_code_and_keeps_ids(tmp_path):
    take_in(read_territory(folder(tmp_path)))
    before = dict(Area.objects.values_list("code", "id"))
    same = preview_territory(actor=BOSS, source=read_territory(tmp_path))
    assert (same.added, same.changed, dict(same.moved), same.removed, same.unchanged) == ((), (), {}, (), 7)
    grids = {"G1": box(0, 0), "G2": box(2, 0), "G4": box(3, 0, 1, 0.5), "G5": box(0, 1)}
    changed = read_territory(folder(tmp_path, grids=grids))
    expected = (("G5",), ("G4",), {"G2": ("T/S1/G2/", "T/S2/G2/")}, ("G3",))
    preview = preview_territory(actor=BOSS, source=changed)
    assert (preview.added, preview.changed, dict(preview.moved), preview.removed) == expected
    assert Area.objects.filter(code="G5").count() == 0
    report = take_in(changed)
    assert (report.added, report.changed, dict(report.moved), report.removed) == expected
    after = dict(Area.objects.values_list("code", "id"))
    assert {code: after[code] for code in after if code in before} == {code: before[code] for code in before if code in after}
    assert set(after) == {"T", "S1", "S2", "G1", "G2", "G4", "G5"}
    assert ground().locate(116.025, 39.005).area.code == "G2"


@pytest.mark.django_db
def test_a_new_root_takes_the_place_of_the_old(tmp_path):
    take_in(read_territory(folder(tmp_path)))
    text = (tmp_path / "territory.yaml").read_text().replace("code: T\n", "code: U\n")
    (tmp_path / "territory.yaml").write_text(text)
    report = take_in(read_territory(tmp_path))
    assert (report.added, report.removed, len(report.moved)) == (("U",), ("T",), 6)
    assert ground().root.code == "U" and Territory.objects.get().root.code == "U"


@pytest.mark.django_db
def test_an_area_in_use_is_not_removed(tmp_path):
    take_in(read_territory(folder(tmp_path)))
    Building.objects.create(code="B1", names={"zh": "楼"}, area=Area.objects.get(code="G3"), placing="unplaced")
    smaller = read_territory(folder(tmp_path, grids={"G1": GRIDS["G1"], "G9": box(1, 0)}))
    assert preview_territory(actor=BOSS, source=smaller).in_use == {"G3": ("territory_building",)}
    with pytest.raises(AreaInUse) as refused:
        take_in(smaller)
    assert refused.value.params["areas"] == "G3 (territory_building)"
    assert Area.objects.filter(code="G3").exists() and not Area.objects.filter(code="G9").exists()


@pytest.mark.django_db
def test_records_with_a_point_follow_the_changed_ground(tmp_path):
    take_in(read_territory(folder(tmp_path)))
    Building.objects.create(code="B1", names={"zh": "楼"}, area=Area.objects.get(code="G4"), placing="inside", lon=116.035, lat=39.005)
    report = take_in(read_territory(folder(tmp_path, grids={"G1": GRIDS["G1"], "G7": box(3, 0)})))
    assert report.relocated == 1
    assert Building.objects.get().area.code == "G7"


@pytest.mark.django_db
def test_only_who_manages_the_directory_may_import(tmp_path):
    source = read_territory(folder(tmp_path))
    for actor, refusal in ((NOBODY, Forbidden), (ANONYMOUS, NotSignedIn)):
        with pytest.raises(refusal):
            preview_territory(actor=actor, source=source)
        with pytest.raises(refusal), write():
            import_territory(actor=actor, at=AT, source=source)
    assert not Area.objects.exists()


@pytest.mark.parametrize(("crs", "convert"), [("GCJ-02", to_gcj02), ("bd09", to_bd09)])
def test_chinese_datums_are_converted(tmp_path, crs, convert):
    moved = {
        code: shapely.transform(shape, lambda points: shapely.get_coordinates([shapely.Point(convert(*p)) for p in points.tolist()]))
        for code, shape in GRIDS.items()
    }
    source = read_territory(folder(tmp_path, grids=moved, grid=f"code: code, crs: {crs}"))
    for found in source.layers[1].areas:
        centre, wanted = found.polygon.centroid, GRIDS[found.code].centroid
        assert metres_between(centre.x, centre.y, wanted.x, wanted.y) < 0.5
    assert from_gcj02(*to_gcj02(116.0, 39.0)) == pytest.approx((116.0, 39.0), abs=1e-7)


@pytest.mark.parametrize(("name", "driver"), [("grids.shp", "ESRI Shapefile"), ("grids.gpkg", "GPKG")])
def test_shapefile_and_geopackage_are_read_in_their_own_projection(tmp_path, name, driver):
    from pyproj import Transformer

    project = Transformer.from_crs("EPSG:4326", "EPSG:32650", always_xy=True)
    shapes = [
        shapely.transform(shape, lambda points: shapely.get_coordinates([shapely.Point(project.transform(*p)) for p in points.tolist()]))
        for shape in GRIDS.values()
    ]
    fields = [list(GRIDS), [f"名{code}" for code in GRIDS]]
    import numpy as np

    pyogrio.raw.write(
        tmp_path / name, shapely.to_wkb(np.array(shapes)), [np.array(field, dtype=object) for field in fields], ["code", "name"],
        driver=driver, geometry_type="Polygon", crs="EPSG:32650", encoding="UTF-8",
    )  # fmt: skip
    source = read_territory(folder(tmp_path, file=name, grid="code: code, name: name, crs: EPSG:32650"))
    for found in source.layers[1].areas:
        assert found.names["zh"] == f"名{found.code}"
        assert found.polygon.symmetric_difference(GRIDS[found.code]).area < 1e-9
    with pytest.raises(BadTerritory, match=r"the file says EPSG:32650, territory.yaml says EPSG:4326"):
        read_territory(folder(tmp_path, file=name, grid="code: code"))


def test_csv_with_outlines_and_with_points(tmp_path):
    rows = [f'{code},名{code},"{shape.wkt}",{shape.centroid.x},{shape.centroid.y}' for code, shape in GRIDS.items()]
    (tmp_path / "g.csv").write_text("\n".join(["code,name,outline,x,y", *rows]), encoding="utf-8-sig")
    outlines = read_territory(folder(tmp_path, file="g.csv", grid="code: code, name: name, wkt: outline"))
    assert [found.polygon.equals(GRIDS[found.code]) for found in outlines.layers[1].areas] == [True] * 4
    points = read_territory(folder(tmp_path, file="g.csv", grid="code: code, name: name, lon: x, lat: y"))
    assert [found.point for found in points.layers[1].areas] == [pytest.approx(shape.centroid.coords[0]) for shape in GRIDS.values()]


def test_generated_codes(tmp_path):
    source = read_territory(folder(tmp_path, grid='name: name, codes: {scheme: template, template: "{street}-{n:02}"}'))
    assert {found.code for found in source.layers[1].areas} == {""}
    from linli.directory.territory.rules.tree import plan_territory

    assert sorted(found.code for found in plan_territory(source).areas if found.level == "grid") == ["S1-01", "S1-02", "S2-01", "S2-02"]


BOWTIE = shapely.Polygon([(116, 39), (116.01, 39.01), (116.01, 39), (116, 39.01)])


def _bad(path: Path, case: str) -> Path:
    folder(path)
    grids = path / "grids.geojson"
    if case == "missing file":
        grids.unlink()
    elif case == "not geojson":
        grids.write_text("this is no JSON")
    elif case == "empty":
        grids.write_text('{"type": "FeatureCollection", "features": []}')
    elif case == "missing field":
        folder(path, grid="code: code, households: people")
    elif case == "wrong crs":
        folder(path, top="crs: EPSG:2249")
    elif case == "projected as degrees":
        geojson(grids, {"G1": shapely.box(500000, 4300000, 500100, 4300100)})
    elif case == "crossed":
        geojson(grids, {"G1": BOWTIE})
    elif case == "code twice":
        text = grids.read_text().replace('"G2"', '"G1"')
        grids.write_text(text)
    elif case == "no code":
        grids.write_text(grids.read_text().replace('"G2"', "null"))
    elif case == "lines":
        geojson(grids, {"G1": shapely.LineString([(116, 39), (116.01, 39.01)])})
    elif case == "bad households":
        grids.write_text(grids.read_text().replace('"households": 10', '"households": -3'))
    elif case == "ethnic field":
        geojson(grids, GRIDS, 民族="汉族")
    elif case == "religious field":
        geojson(grids, GRIDS, religion="none")
    elif case == "political field":
        geojson(grids, GRIDS, 政治面貌="群众")
    elif case == "encoding":
        (path / "g.csv").write_bytes("code,name\nG1,网格".encode("gb18030"))
        folder(path, file="g.csv", grid="code: code, name: name")
    elif case == "ragged csv":
        (path / "g.csv").write_text("code,name\nG1,a,b\n")
        folder(path, file="g.csv", grid="code: code")
    elif case == "binary csv":
        (path / "g.csv").write_bytes(b"code,name\x00\x01\n1,2\n")
        folder(path, file="g.csv", grid="code: code")
    elif case == "bad wkt":
        (path / "g.csv").write_text('code,w\nG1,"POLYGON((0 0"\n')
        folder(path, file="g.csv", grid="code: code, wkt: w")
    elif case == "no yaml":
        (path / "territory.yaml").unlink()
    return path


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("missing file", "grids.geojson: there is no such file"),
        ("not geojson", "this is no GeoJSON"),
        ("empty", "it holds no features"),
        ("missing field", "there is no field people (households); there are: code, name, households"),
        ("wrong crs", "no places on Earth|is the crs right"),
        ("projected as degrees", "feature 1: its coordinates are no places on Earth in EPSG:4326"),
        ("crossed", "feature 1 (G1): the outline crosses itself (Self-intersection"),
        ("code twice", "feature 2 (G1): the code G1 stands twice, first at feature 1"),
        ("no code", "feature 2: the code (code) is empty"),
        ("lines", "expected a polygon, found LineString"),
        ("bad households", "households (households) is not a whole number"),
        ("ethnic field", "field 民族: data about ethnicity"),
        ("religious field", "field religion: data about ethnicity, religion"),
        ("political field", "field 政治面貌"),
        ("encoding", "the text is not UTF-8; give encoding"),
        ("ragged csv", "row 2: 3 values for 2 columns"),
        ("binary csv", "binary data"),
        ("bad wkt", "row 2: the outline or the point cannot be read"),
        ("no yaml", "there is no such file; a territory is a folder"),
    ],
)
@pytest.mark.django_db
def test_bad_files_are_refused_and_nothing_is_written(tmp_path, case, said):
    with pytest.raises(BadTerritory) as refused:
        take_in(read_territory(_bad(tmp_path, case)))
    text = str(refused.value)
    assert any(part in text for part in said.split("|")), text
    assert not Area.objects.exists() and not Territory.objects.exists() and not AuditEntry.objects.exists()


@pytest.mark.django_db
def test_a_crossed_outline_is_mended_when_asked_and_reported(tmp_path):
    report = take_in(read_territory(folder(tmp_path, grids={"G1": BOWTIE, "G2": GRIDS["G2"]}, top="repair: true")))
    assert report.repaired == ("G1",)
    assert shapely.from_wkb(bytes(Area.objects.get(code="G1").geometry)).is_valid


@pytest.mark.django_db
def test_a_gb18030_table_is_read_when_it_says_so(tmp_path):
    (tmp_path / "g.csv").write_bytes("编码,名称,x,y\nG1,第一网格,116.005,39.005".encode("gb18030"))
    take_in(read_territory(folder(tmp_path, file="g.csv", grid="code: 编码, name: 名称, lon: x, lat: y, encoding: gb18030")))
    assert ground().by_code("G1").name() == "第一网格"


@pytest.mark.django_db
def test_the_database_itself_holds_the_tree_together(tmp_path):
    take_in(read_territory(folder(tmp_path)))
    root = Area.objects.get(depth=0)
    wrong = (
        {"code": "X", "path": "T/Y/", "level": "grid", "depth": 1, "parent": root},  # path does not end with its code
        {"code": "G1", "path": "T/G1/", "level": "grid", "depth": 1, "parent": root},  # code twice
        {"code": "X", "path": "X/", "level": "district", "depth": 0},  # second root
        {"code": "X", "path": "T/X/", "level": "grid", "depth": 1},  # neither root nor child
        {"code": "X", "path": "T/X/", "level": "grid", "depth": 1, "parent": root, "lon": 200.0, "lat": 0.0},
        {"code": "X", "path": "T/X/", "level": "grid", "depth": 1, "parent": root, "lon": 20.0},
        {"code": "X", "path": "T/X/", "level": "grid", "depth": 1, "parent": root, "households": -1},
        {"code": "", "path": "T//", "level": "grid", "depth": 1, "parent": root},
    )
    for row in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            Area.objects.create(names={"zh": "x"}, **row)


@pytest.mark.django_db
def test_a_failed_import_leaves_no_new_ground_in_memory(tmp_path):
    take_in(read_territory(folder(tmp_path)))
    first = ground()
    source = read_territory(folder(tmp_path, grids={"G1": GRIDS["G1"], "G2": GRIDS["G2"], "G3": GRIDS["G3"], "G8": GRIDS["G4"]}))
    with pytest.raises(ZeroDivisionError), write():
        import_territory(actor=BOSS, at=AT, source=source)
        _ = 1 / 0
    assert {area.code for area in ground()} == {area.code for area in first}


@pytest.mark.usefixtures("demo_ground")
def test_the_demo_territory_with_its_records():
    known = ground()
    assert [len(known.of_level(level)) for level in known.levels] == [1, 2, 4, 24]
    assert (Building.objects.count(), Place.objects.count(), Facility.objects.count(), LegalEntity.objects.count()) == (72, 16, 48, 12)
    assert set(Building.objects.values_list("placing", flat=True)) <= {"inside", "border"}
    assert not any(territory_flaws().values())
    block = Building.objects.get(code="999001001001B001")
    assert known.locate(block.lon, block.lat).area.id == block.area_id
    report = take_in(territory_source("demo"))
    assert (report.added, report.changed, report.removed, report.unchanged) == ((), (), (), 31)


@pytest.mark.usefixtures("demo_ground")
def test_areas_are_drawn_as_geojson():
    drawn = area_features(level="grid", within="999001/999001002/")
    assert len(drawn["features"]) == 12
    feature = drawn["features"][0]
    assert feature["properties"]["path"].startswith("999001/999001002/") and feature["geometry"]["type"] == "Polygon"
    json.dumps(drawn)


@pytest.mark.skipif(not BOSTON.is_dir(), reason="the city's layers are not here")
@pytest.mark.django_db
def test_the_real_layers_of_a_city():
    report = take_in(territory_source(BOSTON))
    assert report.levels == {"district": 1, "street": 12, "community": 26, "grid": 545}
    assert report.split["community"] > 0 and report.split["grid"] > 0 and report.households > 250_000
    known = ground()
    for grid in known.of_level("grid"):
        assert [area.level for area in known.chain(grid.id)] == ["district", "street", "community", "grid"]
        assert known.locate(*grid.centre).area == grid
    assert known.locate(-71.0587, 42.3594).how in (Placing.INSIDE, Placing.BORDER)
    assert known.locate(-70.5, 42.0).area is known.root
    assert (known.timezone, known.holidays) == ("America/New_York", "US-MA")
