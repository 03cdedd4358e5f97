"""Places, components, buildings and legal entities from tables, and the command line of the territory."""

from datetime import UTC, datetime

import openpyxl
import pytest
from click.testing import CliRunner

from linli.directory.territory.models import Area, Building, Facility, LegalEntity, Place
from linli.directory.territory.rules.findings import BadTerritory
from linli.directory.territory.rules.records import RecordKind
from linli.directory.territory.selectors import NoTerritory, address_candidates, ground
from linli.directory.territory.services import import_records, import_territory, preview_records, read_records, territory_source
from linli.interfaces.cli.main import main
from linli.kernel.access.rules import Actor, ActorKind, Forbidden
from linli.kernel.audit.models import AuditEntry
from linli.kernel.writing import write

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BOSS = Actor.system("test")


@pytest.fixture
def demo_ground(db):
    with write():
        import_territory(actor=BOSS, at=AT, source=territory_source("demo"))


def take_in(kind, records):
    with write():
        return import_records(actor=BOSS, at=AT, kind=kind, records=records)


@pytest.mark.usefixtures("demo_ground")
def test_records_are_added_then_changed_by_code(tmp_path):
    lon, lat = ground().by_code("999001001001002").centre
    path = tmp_path / "places.csv"
    path.write_text(
        f"code,name_zh,name_en,class,lon,lat,address\nX1,望潮书屋,Book House,library,{lon},{lat},临澜区望潮街道榆荫社区望潮路9号\n", encoding="utf-8"
    )
    records = read_records(path, RecordKind.PLACE)
    assert preview_records(actor=BOSS, kind=RecordKind.PLACE, records=records).added == ("X1",)
    assert not Place.objects.filter(code="X1").exists()
    report = take_in(RecordKind.PLACE, records)
    assert (report.added, report.changed, report.unchanged, report.placed) == (("X1",), (), 0, {"inside": 1})
    place = Place.objects.get(code="X1")
    assert (place.area.code, place.placing, place.street, place.road, place.number) == ("999001001001002", "inside", "望潮街道", "望潮路", "9号")
    assert address_candidates(text="望潮书屋")[0].code == "X1"
    assert take_in(RecordKind.PLACE, records).unchanged == 1
    path.write_text(path.read_text().replace("望潮书屋", "听潮书屋"), encoding="utf-8")
    assert take_in(RecordKind.PLACE, read_records(path, RecordKind.PLACE)).changed == ("X1",)
    again = Place.objects.get(code="X1")
    assert (again.id, again.names["zh"]) == (place.id, "听潮书屋")
    assert AuditEntry.objects.filter(action="territory.records_imported").count() == 6


@pytest.mark.usefixtures("demo_ground")
def test_a_workbook_with_chinese_heads(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["编码", "名称", "分类代码", "经度", "纬度", "网格编码"])
    book.active.append(["F1", "消防栓", 103, None, None, "999001002001001"])
    book.active.append(["F2", "路灯杆", "0108", 119.0, 38.0, None])
    book.active.append(["F3", "井盖", "0101", None, None, None])
    book.save(tmp_path / "f.xlsx")
    report = take_in(RecordKind.FACILITY, read_records(tmp_path / "f.xlsx", RecordKind.FACILITY))
    assert report.placed == {"outside": 1, "unplaced": 2}
    found = {facility.code: (facility.area.code, facility.class_code, facility.placing) for facility in Facility.objects.filter(code__in=("F1", "F2", "F3"))}
    assert found == {"F1": ("999001002001001", "103", "unplaced"), "F2": ("999001", "0108", "outside"), "F3": ("999001", "0101", "unplaced")}


@pytest.mark.usefixtures("demo_ground")
def test_buildings_and_entities_hold_their_own_figures(tmp_path):
    (tmp_path / "b.csv").write_text("code;name_zh;floors;units;households;street;building\nB9;九号楼;18;2;144;望潮街道;9号楼\n", encoding="utf-8")
    (tmp_path / "e.csv").write_text("code,name_zh,class,registration\nE9,小店,retail,91110000000000000X\n", encoding="utf-8")
    take_in(RecordKind.BUILDING, read_records(tmp_path / "b.csv", RecordKind.BUILDING))
    take_in(RecordKind.ENTITY, read_records(tmp_path / "e.csv", RecordKind.ENTITY))
    building = Building.objects.get(code="B9")
    assert (building.floors, building.units, building.households, building.address) == (18, 2, 144, "望潮街道9号楼")
    assert LegalEntity.objects.get(code="E9").registration == "91110000000000000X"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("code,name_zh\nX,a", "the column class is missing"),
        ("code,class\nX,a", "a column name_zh or name_en is missing"),
        ("code,name_zh,class,lon\nX,a,b,1", "the columns lon and lat belong together"),
        ("code,name_zh,clas\nX,a,b", "column clas: it is not known for place"),
        ("code,name_zh,class,民族\nX,a,b,c", "column 民族: data about ethnicity"),
        ("code,name_zh,class,Religion\nX,a,b,c", "column Religion: data about ethnicity, religion"),
        ("code,name_zh,class,政治面貌\nX,a,b,c", "column 政治面貌"),
        ("code,name_zh,class\n,a,b", "row 2: the code is empty"),
        ("code,name_zh,class\nX,,b", "row 2: it has no name"),
        ("code,name_zh,class\nX,a,b\nX,a,b", "row 3: the code X stands twice, first at row 2"),
        ("code,name_zh,class,lon,lat\nX,a,b,39.9,116.4", "row 2: 39.9, 116.4 is not a place on Earth"),
        ("code,name_zh,class,lon,lat\nX,a,b,nan,1", "is not a place on Earth"),
        ("code,name_zh,class,area\nX,a,b,nowhere", "row 2: there is no area nowhere"),
        ("", "expected a line of column names"),
    ],
)
@pytest.mark.usefixtures("demo_ground")
def test_bad_tables_are_refused_and_nothing_is_written(tmp_path, table, said):
    (tmp_path / "t.csv").write_text(table, encoding="utf-8")
    before = Place.objects.count()
    with pytest.raises(BadTerritory) as refused:
        take_in(RecordKind.PLACE, read_records(tmp_path / "t.csv", RecordKind.PLACE))
    assert said in str(refused.value)
    assert Place.objects.count() == before


@pytest.mark.parametrize("name", ["t.xlsx", "t.csv"])
def test_files_that_lie_about_their_type_are_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe")
    with pytest.raises(BadTerritory):
        read_records(tmp_path / name, RecordKind.PLACE)
    with pytest.raises(BadTerritory, match="there is no such file"):
        read_records(tmp_path / "none.csv", RecordKind.PLACE)


@pytest.mark.usefixtures("demo_ground")
def test_who_may_not_is_refused():
    nobody = Actor(id="user:1", kind=ActorKind.USER)
    with pytest.raises(Forbidden):
        preview_records(actor=nobody, kind=RecordKind.PLACE, records=[])
    with pytest.raises(Forbidden), write():
        import_records(actor=nobody, at=AT, kind=RecordKind.PLACE, records=[])


@pytest.mark.django_db
def test_records_need_a_territory():
    with pytest.raises(NoTerritory):
        take_in(RecordKind.PLACE, [])


@pytest.mark.django_db
def test_the_command_line(tmp_path):
    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(main, ["territory", *words, "--data", str(tmp_path)])
        assert result.exit_code == code, result.output
        return result.output

    assert "24 grid" in run("import", "demo", "--preview") and not Area.objects.exists()
    run("show", code=1)
    assert "Added: 31" in run("import", "demo")
    assert "榆荫社区 · Yuyin Community (community" in run("show")
    assert "without crossed outlines" in run("check")
    (tmp_path / "p.csv").write_text("code,name_zh,class\nP1,站,stop\n", encoding="utf-8")
    assert "Added: 1 (P1)" in run("import-records", str(tmp_path / "p.csv"), "--kind", "place")
    said = run("import", str(tmp_path), code=1)
    assert "territory.yaml" in said and len(said.strip().splitlines()) == 1
    run("import-records", str(tmp_path / "p.csv"), "--kind", "people", code=2)
    Area.objects.filter(code="999001001001001").update(geometry=bytes(Area.objects.get(code="999001001001002").geometry))
    from linli.directory.territory.models import Territory
    from linli.kernel.epoch.services import Cached
    from linli.kernel.ids import new_id

    Territory.objects.update(revision=new_id())
    Cached.forget_all()
    assert "overlap of 999001001001001, 999001001001002" in run("check", code=3)
