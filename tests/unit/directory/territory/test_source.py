"""``territory.yaml``: what is understood, and what is refused with its line."""

import pytest

from linli.directory.territory.rules.findings import BadTerritory
from linli.directory.territory.rules.source import Scheme, parse_territory

GOOD = """
name: {zh: 临澜区, en: Linlan}
code: "999001"
crs: gcj02
layers:
  - {level: street, file: s.geojson, code: code, name: {zh: 名称}}
  - {level: grid, file: g.geojson, codes: {scheme: template, template: "{street}-{n:03}"}}
"""


def problems(text: str) -> list[str]:
    with pytest.raises(BadTerritory) as refused:
        parse_territory(text.encode())
    return [str(problem) for problem in refused.value.problems]


def test_a_good_file_is_read():
    territory = parse_territory(GOOD.encode())
    assert (territory.crs, territory.root_level, territory.holidays, territory.nesting) == ("GCJ-02", "district", "CN", "largest-overlap")
    assert territory.layers[1].codes.scheme is Scheme.TEMPLATE


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("crs: gcj02", "crs: EPSG:999999"), "line 4, crs: The coordinate system EPSG:999999 is not known"),
        (("level: street, file", "level: street, fiel"), "line 6, layers[0].fiel: fiel is not known here; did you mean file?"),
        (("code: code, name", "name"), "line 6, layers[0]: code names the field"),
        (("level: grid", "level: street"), "each level has one layer; twice: street"),
        (("{n:03}", "{m}"), "a template needs {n}"),
        (("{street}", "{street.__class__}"), "as plain names"),
        (("{street}", "{village}"), "may use"),
        (("crs: gcj02", "timezone: Asia/Shanghia"), "did you mean Asia/Shanghai?"),
        (("crs: gcj02", "holidays: XX"), "no holidays are known for XX"),
        (("crs: gcj02", "nesting: nearest"), "line 4, nesting"),
        (('code: "999001"', "code: a/b"), "line 3, code"),
        (("name: {zh: 临澜区, en: Linlan}", "name: {zh: 临澜区}"), "line 2, name: en is missing"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(change, said):
    assert any(said in problem for problem in problems(GOOD.replace(*change)))


@pytest.mark.parametrize("text", ["", "just words", "a: [1, 2", "- list", "a: 1\na: 2"])
def test_what_is_no_territory_is_refused(text):
    assert problems(text)


def test_every_problem_is_said_at_once():
    assert len(problems(GOOD.replace("crs: gcj02", "crs: nowhere\ntimezone: Mars/Base").replace('code: "999001"', ""))) == 3
