"""``linli territory``: take in, check and show the ground."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from linli.interfaces.cli.runtime import line, with_database

KINDS = ("place", "facility", "building", "entity")
SHOWN = 12


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def territory() -> None:
    """The ground: areas, buildings, places, facilities, legal entities.

    A territory comes from a folder with a territory.yaml, which names its layers from the top down: for each level a
    GeoJSON, Shapefile, GeoPackage or CSV file and the fields that hold code, name and households.
    """


@territory.command("import")
@click.argument("source", metavar="DIR|demo")
@click.option("--preview", is_flag=True, help="Say what would change, and change nothing.")
@with_database
def import_command(source: str, preview: bool) -> None:
    """Take in the territory of a folder, or the built-in one named demo.

    Areas are matched by code: new ones are added, others updated, and those that the files no longer hold are removed
    unless something refers to them. All or nothing.
    """
    from linli.directory.territory.services import import_territory, preview_territory, territory_source
    from linli.kernel.access.rules import Actor
    from linli.kernel.clock.services import now
    from linli.kernel.writing import write

    actor = Actor.system("cli")
    read = territory_source(source)
    if preview:
        report = preview_territory(actor=actor, source=read)
        line("Preview: nothing is changed.")
    else:
        with write():
            report = import_territory(actor=actor, at=now(), source=read)
    for text in report_lines(report):
        line(text)


def report_lines(report: Any) -> list[str]:
    """An ImportReport as lines to print."""
    lines = []
    for level, count in report.levels.items():
        notes = []
        if report.split.get(level):
            notes.append(f"{report.split[level]} split between upper areas, given to the one that holds most")
        if report.outside.get(level):
            notes.append(f"{report.outside[level]} outside every upper area, given to the nearest")
        flaws = report.flaws.get(level, ())
        if flaws:
            notes.append(_flaw_counts(flaws))
        lines.append(f"{count:>6} {level}" + (f" ({'; '.join(notes)})" if notes else ""))
    if report.households is not None:
        lines.append(f"{report.households:>6} households")
    if report.repaired:
        lines.append(f"Repaired outlines: {_some(report.repaired)}")
    for word, codes in (("Added", report.added), ("Changed", report.changed), ("Moved", tuple(report.moved)), ("Removed", report.removed)):
        if codes:
            lines.append(f"{word}: {len(codes)} ({_some(codes)})")
    lines.append(f"Unchanged: {report.unchanged}")
    if report.relocated:
        lines.append(f"Records that now lie in another area: {report.relocated}")
    lines += [f"In use, cannot be removed: {code} ({', '.join(tables)})" for code, tables in report.in_use.items()]
    return lines


def _some(codes: tuple[str, ...]) -> str:
    return ", ".join(codes[:SHOWN]) + (f" and {len(codes) - SHOWN} more" if len(codes) > SHOWN else "")


def _flaw_counts(flaws: tuple[Any, ...]) -> str:
    kinds: dict[str, list[float]] = {}
    for flaw in flaws:
        kinds.setdefault(flaw.kind.value, []).append(flaw.square_metres)
    return "; ".join(f"{len(sizes)} {kind.replace('_', ' ')}, {sum(sizes):,.0f} m²" for kind, sizes in kinds.items())


@territory.command()
@with_database
def check() -> None:
    """Look for crossed outlines, overlaps and gaps in each level. Exit code 3 when there are any."""
    from linli.directory.territory.selectors import territory_flaws

    found = territory_flaws()
    for level, flaws in found.items():
        for flaw in flaws:
            reason = f" {flaw.reason}" if flaw.reason else ""
            line(f"{level}: {flaw.kind.value.replace('_', ' ')} of {', '.join(flaw.areas)}: {flaw.square_metres:,.1f} m² at {flaw.lon}, {flaw.lat}{reason}")
    if any(found.values()):
        raise SystemExit(3)
    line("Every level is without crossed outlines, overlaps and gaps.")


@territory.command()
@click.option("--depth", type=int, default=2, show_default=True, help="How many levels below the root are listed.")
@with_database
def show(depth: int) -> None:
    """Print the tree of areas with codes, names and households."""
    from linli.directory.territory.selectors import ground

    known = ground()
    line(f"Time zone {known.timezone}, holidays {known.holidays}, border {known.border_metres:g} m, outside limit {known.outside_metres:g} m")
    line(", ".join(f"{len(known.of_level(level))} {level}" for level in known.levels))

    def branch(area: Any, below: int) -> None:
        households = "" if area.households is None else f", {area.households} households"
        line(f"{'  ' * below}{area.code}  {area.name('zh')} · {area.name('en')} ({area.level}{households})")
        if below < depth:
            for child in known.children(area.id):
                branch(child, below + 1)

    branch(known.root, 0)


@territory.command("import-records")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--kind", type=click.Choice(KINDS), required=True, help="What the table holds.")
@click.option("--encoding", help="Of a CSV that is not UTF-8, such as gb18030.")
@click.option("--preview", is_flag=True, help="Say what would change, and change nothing.")
@with_database
def import_records_command(file: Path, kind: str, encoding: str | None, preview: bool) -> None:
    """Take in places, facilities, buildings or legal entities from a CSV or XLSX table.

    Columns: code, name_zh, name_en, lon, lat, area, address (or district, street, community, road, number, compound,
    building, unit, room), class; floors, units, households for buildings; registration for entities. Chinese heads
    such as 编码, 名称, 经度, 纬度 are understood. Rows are matched by code; none is removed.
    """
    from linli.directory.territory.rules.records import RecordKind
    from linli.directory.territory.services import import_records, preview_records, read_records
    from linli.kernel.access.rules import Actor
    from linli.kernel.clock.services import now
    from linli.kernel.writing import write

    actor = Actor.system("cli")
    records = read_records(file, RecordKind(kind), encoding=encoding)
    if preview:
        report = preview_records(actor=actor, kind=RecordKind(kind), records=records)
        line("Preview: nothing is changed.")
    else:
        with write():
            report = import_records(actor=actor, at=now(), kind=RecordKind(kind), records=records)
    line(f"Added: {len(report.added)}" + (f" ({_some(report.added)})" if report.added else ""))
    line(f"Changed: {len(report.changed)}" + (f" ({_some(report.changed)})" if report.changed else ""))
    line(f"Unchanged: {report.unchanged}")
    line("Placed: " + ", ".join(f"{count} {how}" for how, count in report.placed.items()))


@territory.command("import-streets")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--source", help="The name of the layer; the file's own unless given. What the layer held before is replaced.")
@click.option("--crs", default="EPSG:4326", show_default=True, help="What the lines are in: an EPSG code, GCJ-02 or BD-09.")
@with_database
def import_streets_command(file: Path, source: str | None, crs: str) -> None:
    """Take in streets from a GeoJSON of lines, so that patrol coverage is measured by their length.

    Every line has a name, or a name_zh and a name_en. Lines are cut by the lowest areas. All or nothing.
    """
    from linli.directory.territory.services import import_streets, read_streets
    from linli.kernel.access.rules import Actor
    from linli.kernel.clock.services import now
    from linli.kernel.writing import write

    streets = read_streets(file, crs=crs)
    with write():
        report = import_streets(actor=Actor.system("cli"), at=now(), source=source or file.stem, streets=streets)
    line(f"Streets: {len(streets)} lines, {report.pieces} pieces, {report.metres:,.0f} m in the lowest areas")
    if report.outside >= 1:
        line(f"In no area, left out: {report.outside:,.0f} m")
    line(f"Replaced: {report.replaced} pieces" if report.changed else "Unchanged.")
