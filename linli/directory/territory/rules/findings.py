"""What is wrong with files that were given, every finding with its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from linli.kernel.refusal import N_, Refusal, Said, saying

SHOWN = 20  # findings said in one refusal


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with what was given: where (line, feature or row, and path; "" for the whole file), and what it is."""

    file: str
    where: Said | str
    text: Said

    def sentence(self, translate: Callable[[str], str] = str) -> str:
        where = self.where.sentence(translate) if isinstance(self.where, Said) else self.where
        return f"{self.file}{f', {where}' if where else ''}: {self.text.sentence(translate)}"

    def __str__(self) -> str:
        return self.sentence()


@dataclass(frozen=True, slots=True)
class Findings:
    """Several of them in a row, and how many more there are."""

    shown: tuple[Finding, ...]
    more: int

    def sentence(self, translate: Callable[[str], str] = str) -> str:
        said = "; ".join(finding.sentence(translate) for finding in self.shown)
        return said + (f"; +{self.more}" if self.more else "")

    def __str__(self) -> str:
        return self.sentence()


def in_row(number: int) -> Said:
    return saying("row %(number)s", number=number)


class BadTerritory(Refusal):
    """A territory, or a file of records, that cannot be taken in; ``problems`` holds every finding."""

    code = "territory.bad_source"
    message = N_("Nothing was imported. %(problems)s")
    field = "file"

    def __init__(self, problems: Sequence[Finding]) -> None:
        self.problems = tuple(problems)
        super().__init__(problems=Findings(self.problems[:SHOWN], max(0, len(self.problems) - SHOWN)))
