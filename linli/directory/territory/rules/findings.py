"""What is wrong with files that were given, every finding with its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from linli.kernel.refusal import N_, Refusal

SHOWN = 20  # findings said in one refusal


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with what was given: where (line, feature or row, and path; "" for the whole file), and what it is."""

    file: str
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}, {self.where}: {self.text}" if self.where else f"{self.file}: {self.text}"


class BadTerritory(Refusal):
    """A territory, or a file of records, that cannot be taken in; ``problems`` holds every finding."""

    code = "territory.bad_source"
    message = N_("Nothing was imported. %(problems)s")
    field = "file"

    def __init__(self, problems: Sequence[Finding]) -> None:
        self.problems = tuple(problems)
        shown = "; ".join(str(problem) for problem in self.problems[:SHOWN])
        more = len(self.problems) - SHOWN
        super().__init__(problems=shown + (f"; +{more}" if more > 0 else ""))
