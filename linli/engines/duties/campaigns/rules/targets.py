"""Targets of a campaign: households as standard addresses, their import, how they are shared out, how far the campaign is. Pure.

A household is a door: compound, building, unit, room. Nobody who lives behind it is named or kept.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from linli.kernel.refusal import N_, Refusal

COLUMNS = {"compound": "compound", "小区": "compound", "building": "building", "楼栋": "building", "楼": "building", "unit": "unit", "单元": "unit",
           "floor": "floor", "楼层": "floor", "层": "floor", "room": "room", "房间": "room", "室": "room", "房号": "room"}  # fmt: skip
NEEDED = ("building", "room")
PART_MOST = 60
DOORS_MOST = 20_000


class BadHouse(Refusal):
    code: ClassVar[str] = "campaigns.bad_house"
    message: ClassVar[str] = N_("A building has a name, 1 to %(units)s units, 1 to %(floors)s floors and 1 to %(rooms)s rooms on each floor.")
    field: ClassVar[str] = "building"


class BadTable(Refusal):
    """``params``: ``why``."""

    code: ClassVar[str] = "campaigns.bad_table"
    message: ClassVar[str] = N_("The table cannot be taken: %(why)s")
    field: ClassVar[str] = "file"


@dataclass(frozen=True, slots=True)
class Door:
    """A household by its standard address. ``key`` is the same for the same door, however it is typed."""

    compound: str
    building: str
    unit: str
    floor: int | None
    room: str

    @property
    def key(self) -> str:
        return "|".join(part.casefold() for part in (self.compound, self.building, self.unit, self.room))

    @property
    def label(self) -> str:
        return " ".join(part for part in (self.compound, self.building, self.unit, self.room) if part)


@dataclass(frozen=True, slots=True)
class Read:
    """What a table holds: doors, and lines that cannot be taken, each with its number and why."""

    doors: tuple[Door, ...]
    refused: tuple[tuple[int, str], ...]


def doors_of(*, compound: str, building: str, units: int, floors: int, rooms: int) -> list[Door]:
    """The doors of a building: unit 1 … n, rooms 101 … of each floor.

    Raises:
        BadHouse: no name, or counts that no building has.
    """
    name, place = tidy(building), tidy(compound)
    if not name or not (1 <= units <= 30 and 1 <= floors <= 100 and 1 <= rooms <= 40) or max(len(name), len(place)) > PART_MOST:
        raise BadHouse(units=30, floors=100, rooms=40)
    return [
        Door(place, name, str(unit) if units > 1 else "", floor, f"{floor}{room:02}")
        for unit in range(1, units + 1) for floor in range(1, floors + 1) for room in range(1, rooms + 1)
    ]  # fmt: skip


def doors_on_record(*, compound: str, building: str, units: int | None, floors: int | None, households: int | None) -> list[Door]:
    """The doors of a building by its record: as many as it has households, spread evenly over its units and floors, numbered as :func:`doors_of` does.

    Empty where its floors or households are not known, or are such as no building has: nothing is guessed.
    """
    stairs = units or 1
    if not building or not floors or not households or not (1 <= stairs <= 30 and 1 <= floors <= 100 and 1 <= households <= 40 * floors * stairs):
        return []
    found = []
    for unit in range(1, stairs + 1):
        count = households // stairs + (unit <= households % stairs)
        rooms = -(-count // floors)
        for number in range(count):
            floor, room = 1 + number // rooms, 1 + number % rooms
            found.append(Door(tidy(compound), tidy(building), str(unit) if stairs > 1 else "", floor, f"{floor}{room:02}"))
    return found


def read_table(text: str) -> Read:
    """Read a table of doors: a heading with building and room, and compound, unit, floor where there are any. Nothing else is taken.

    Raises:
        BadTable: no heading, an unknown column (a name or a telephone number has no place here), too many lines.
    """
    lines = [line for line in csv.reader(io.StringIO(text.removeprefix("\ufeff"))) if any(cell.strip() for cell in line)]
    if not lines:
        raise BadTable(why=N_("it is empty"))
    heads = [COLUMNS.get(cell.strip().casefold(), "") for cell in lines[0]]
    unknown = [cell.strip() for cell, head in zip(lines[0], heads, strict=True) if not head]
    if unknown:
        raise BadTable(why=", ".join(unknown)[:200])
    if any(name not in heads for name in NEEDED) or len(set(heads)) != len(heads):
        raise BadTable(why=", ".join(NEEDED))
    if len(lines) - 1 > DOORS_MOST:
        raise BadTable(why=str(len(lines) - 1))
    doors: dict[str, Door] = {}
    refused: list[tuple[int, str]] = []
    for number, line in enumerate(lines[1:], start=2):
        found = _door(dict(zip(heads, (tidy(cell) for cell in line), strict=False)), len(line) == len(heads))
        if isinstance(found, str):
            refused.append((number, found))
        elif found.key in doors:
            refused.append((number, N_("this door is given twice")))
        else:
            doors[found.key] = found
    return Read(tuple(doors.values()), tuple(refused))


def _door(cells: dict[str, str], whole: bool) -> Door | str:
    if not whole:
        return N_("it has more or fewer cells than the heading")
    if not cells["building"] or not cells["room"]:
        return N_("building or room is missing")
    if any(len(cell) > PART_MOST for cell in cells.values()):
        return N_("a cell is too long")
    floor = cells.get("floor", "")
    if floor and not (floor.removeprefix("-").isascii() and floor.removeprefix("-").isdigit() and -9 <= int(floor) <= 200):
        return N_("the floor is not a number")
    return Door(cells.get("compound", ""), cells["building"], cells.get("unit", ""), int(floor) if floor else None, cells["room"])


def tidy(text: str) -> str:
    """Full-width figures and letters as narrow ones, blanks once."""
    return " ".join(unicodedata.normalize("NFKC", text.replace("\x00", "")).split())


def share_out(loads: Sequence[int], *, helpers: int) -> list[int]:
    """Give staircases, in their order, to helpers so that each has neighbours; return the helper's number of each.

    Each helper goes on until their even share is reached: no one has more than that and one staircase.
    """
    total, given, shares = sum(loads), 0, []
    for load in loads:
        middle = given + load / 2
        shares.append(min(helpers - 1, int(middle * helpers / total)) if total else 0)
        given += load
    return shares


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a campaign is. ``done`` alone is covered: who refused or got a leaflet is counted as that."""

    total: int
    done: int
    refused: int = 0
    leaflet: int = 0
    tried: int = 0
    goal_share: int | None = None
    goal_count: int | None = None

    @property
    def open(self) -> int:
        return self.total - self.done - self.refused - self.leaflet

    @property
    def share(self) -> float:
        """Per cent of the targets, to one digit."""
        return round(1000 * self.done / self.total) / 10 if self.total else 0.0

    @property
    def reached(self) -> bool:
        """Whether the goal is met, exactly."""
        if self.goal_count is not None:
            return self.done >= self.goal_count
        return self.total > 0 and 100 * self.done >= (self.goal_share or 0) * self.total


def staircases(doors: Iterable[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Each staircase (compound, building, unit) once, in the order in which numbers are read."""
    return sorted(set(doors), key=lambda one: tuple(_natural(part) for part in one))


def _natural(text: str) -> tuple[tuple[int, int, str], ...]:
    parts: list[tuple[int, int, str]] = []
    digits = ""
    for sign in text + "\0":
        if sign.isascii() and sign.isdigit():
            digits += sign
            continue
        if digits:
            parts.append((0, int(digits), ""))
            digits = ""
        parts.append((1, 0, sign))
    return tuple(parts)
