"""A mapping: what the columns of another system's records mean. One YAML file a city; no code.

The file is checked like a playbook: an unknown key or a wrong value is refused with file, line and path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import Field

from linli.kernel.playbooks.rules import Issue, Section, Sections, Text
from linli.kernel.playbooks.rules.problems import Place, Problem, nearest
from linli.kernel.playbooks.rules.source import read_source
from linli.kernel.playbooks.rules.validation import validate_as
from linli.kernel.refusal import N_, Refusal

Column = Annotated[str, Field(min_length=1)]
FORMATS = ("csv",)


class BadMapping(Refusal):
    """``problems`` says everything that is wrong with the file."""

    code = "replay.bad_mapping"
    message = N_("The mapping has %(count)s problems. The first: %(first)s")

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(count=len(self.problems), first=self.problems[0].sentence() if self.problems else "")


class Head(Section):
    """What the mapping is for."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    title: Text
    note: str = ""


class FilePart(Section):
    """How the file is written. ``times``: formats of ``strptime``, or ``iso``; times without a zone are local ones."""

    encoding: str = "utf-8"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    times: list[str] = Field(default_factory=lambda: ["iso"], min_length=1)
    timezone: str
    ends: str | None = Field(default=None, description="local time at which the replay, and then the program's clock, stands; later closings are not replayed")


class Columns(Section):
    """Which column holds what. Several columns of ``text`` and ``address`` are joined, each different one once."""

    number: Column
    opened: Column
    closed: Column | None = None
    promised: Column | None = None
    lon: Column | None = None
    lat: Column | None = None
    address: list[Column] = Field(default_factory=list)
    text: list[Column] = Field(default_factory=list)


class ClassOf(Section):
    """A class of the playbook, and which of its conditions (empty: its first)."""

    class_code: str = Field(alias="class")
    condition: str = ""


class ClassRule(Section):
    """For values of the first column: the class by patterns of the second one, else ``default``."""

    default: ClassOf
    cases: dict[str, ClassOf] = Field(default_factory=dict)


class Classes(Section):
    """From one or two columns to a class. Patterns: ``*`` stands for anything, capitals do not matter, the first that fits counts.

    Without ``otherwise`` a value that no rule knows is refused and counted.
    """

    by: list[Column] = Field(min_length=1, max_length=2)
    rules: dict[str, ClassRule]
    otherwise: ClassOf | None = None


class Values(Section):
    """A column whose values stand for others; a value that is not listed gives ``default``."""

    column: Column
    values: dict[str, str]
    default: str = ""


class Closing(Section):
    """The words that the reporter reads: a column, less what ``drop`` (regular expressions) takes away, else ``empty``."""

    column: Column | None = None
    drop: list[str] = Field(default_factory=list)
    empty: Text


class OnTheSpot(Section):
    """A record of one of these sources that was closed within so many minutes was found and solved on the spot."""

    column: Column
    values: list[str] = Field(min_length=1)
    minutes: int = Field(ge=1, le=1_440)
    source: str = "grid"


class DefaultPoint(Section):
    """A point that stands for “no point given”."""

    lon: float
    lat: float


class Duplicates(Section):
    """Closings that say “reported already”: merged where the pair is known and the other is open, else closed as duplicates.

    ``pairs`` is a CSV beside the records, with the two columns ``pair_columns`` (duplicate, original).
    """

    column: Column
    pattern: str
    pairs: str | None = None
    pair_columns: tuple[Column, Column] | None = None


class Rules(Section):
    """The named rules by which a record becomes steps (DECIDED 22)."""

    closing_level: Literal["level_by_clock"] = Field(default="level_by_clock", description="closed by the level whose clock was running then")
    contradiction: Literal["refuse"] = Field(default="refuse", description="a record that closes before it opens is refused and counted")
    solved_on_the_spot: OnTheSpot | None = None
    default_point: DefaultPoint | None = None
    duplicate: Duplicates | None = None


class OnTime(Section):
    """The file's own word on time kept: compared at the end, never used."""

    column: Column
    on_time: list[str]
    late: list[str]


class Mapping(Section):
    """The whole file."""

    mapping: Head
    file: FilePart
    columns: Columns
    classes: Classes
    sources: Values | None = None
    departments: Values | None = Field(default=None, description="column → department of the playbook, kept with the report")
    areas: list[Values] = Field(default_factory=list, description="where there is no point: the first column whose value names an area")
    closing: Closing
    rules: Rules = Rules()
    on_time: OnTime | None = None

    def check(self, playbook: Sections) -> Iterable[Issue]:
        """What cannot be right in itself."""
        if self.file.timezone not in available_timezones():
            yield Issue(("file", "timezone"), N_("there is no such time zone"), expected="a name such as Asia/Shanghai", known=available_timezones())
        try:
            "".encode(self.file.encoding)
        except LookupError:
            yield Issue(("file", "encoding"), N_("there is no such encoding"), expected="utf-8, gb18030, …", given=self.file.encoding)
        if (self.columns.lon is None) != (self.columns.lat is None):
            yield Issue(("columns",), N_("a point needs both lon and lat"))
        for place, text in enumerate(self.closing.drop):
            try:
                re.compile(text)
            except re.error as error:
                yield Issue(("closing", "drop", place), N_("this is not a regular expression: %(why)s"), params={"why": str(error)})
        if len(self.classes.by) == 1:
            for name, rule in self.classes.rules.items():
                if rule.cases:
                    yield Issue(("classes", "rules", name, "cases"), N_("cases need a second column in classes.by"))

    def named_columns(self) -> list[str]:
        """Every column that the file must have."""
        columns = self.columns
        named = [columns.number, columns.opened, columns.closed, columns.promised, columns.lon, columns.lat, *columns.address, *columns.text]
        named += [*self.classes.by, self.closing.column, *(values.column for values in (self.sources, self.departments, *self.areas) if values)]
        rules = self.rules
        named += [part.column for part in (rules.solved_on_the_spot, rules.duplicate, self.on_time) if part]
        return list(dict.fromkeys(name for name in named if name))

    def class_codes(self) -> list[tuple[tuple[str | int, ...], ClassOf]]:
        """Every class that it names, with where."""
        found: list[tuple[tuple[str | int, ...], ClassOf]] = []
        for name, rule in self.classes.rules.items():
            found.append((("classes", "rules", name, "default"), rule.default))
            found += [(("classes", "rules", name, "cases", case), to) for case, to in rule.cases.items()]
        if self.classes.otherwise is not None:
            found.append((("classes", "otherwise"), self.classes.otherwise))
        return found


def load_mapping(path: Path) -> Mapping:
    """Read and check a mapping.

    Raises:
        BadMapping: with every problem found.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadMapping([Problem(Place(str(path), 1, 1), (), N_("the file cannot be read: %(why)s"), params={"why": error.strerror or "?"})]) from None
    root, problems = read_source(raw, str(path))
    if root is not None:
        found, more = validate_as(Mapping, root)
        problems = [*problems, *more]
        if found is not None and not problems:
            return found
    raise BadMapping(problems)


def check_against(mapping: Mapping, path: Path, conditions: dict[str, frozenset[str]], departments: frozenset[str]) -> None:
    """Check that the playbook that holds knows the classes and departments that the mapping names.

    Args:
        conditions: class code → its conditions. departments: codes.

    Raises:
        BadMapping: with every name that it does not know.
    """
    root, _ = read_source(path.read_bytes(), str(path))
    problems = []

    def say(where: tuple[str | int, ...], message: str, given: str, known: Iterable[str]) -> None:
        value = root.find(where) if root else None
        place = value.place if value else Place(str(path), 1, 1)
        problems.append(Problem(place, where, message, nearest=nearest(given, list(known)), params={"given": given}))

    for where, to in mapping.class_codes():
        if to.class_code not in conditions:
            say(where, N_("the playbook has no class %(given)s"), to.class_code, conditions)
        elif to.condition and to.condition not in conditions[to.class_code]:
            say(where, N_("the class has no condition %(given)s"), to.condition, conditions[to.class_code])
    if mapping.departments:
        for name, code in mapping.departments.values.items():
            if code and code not in departments:
                say(("departments", "values", name), N_("the playbook has no department %(given)s"), code, departments)
    if problems:
        raise BadMapping(problems)
