"""What is written of a person in care: the fewest fields, one sealed text. Nothing judges, nothing of boundary 3."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from linli.kernel.refusal import N_, Refusal

LONGEST = 4000
MOST_GOALS = 20


class NameMissing(Refusal):
    code: ClassVar[str] = "care.name_missing"
    message: ClassVar[str] = N_("A care case needs the person's name.")
    field: ClassVar[str] = "name"


class TooMuchSaid(Refusal):
    code: ClassVar[str] = "care.too_much_said"
    message: ClassVar[str] = N_("That is longer than %(most)s characters. Keep what the help needs, and no more.")


class TooManyGoals(Refusal):
    code: ClassVar[str] = "care.too_many_goals"
    message: ClassVar[str] = N_("A plan holds at most %(most)s goals.")
    field: ClassVar[str] = "goals"


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal of the plan, and whether it is reached."""

    text: str
    reached: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """Name and ways to reach the person, what is wished for, the plan, its goals."""

    name: str
    phone: str = ""
    address: str = ""
    wishes: str = ""
    plan: str = ""
    goals: tuple[Goal, ...] = field(default=())


def check_content(content: Content) -> Content:
    """The content without blanks at its edges and without empty goals.

    Raises:
        NameMissing, TooMuchSaid, TooManyGoals: what cannot be kept.
    """
    texts = {name: getattr(content, name).strip() for name in ("name", "phone", "address", "wishes", "plan")}
    goals = tuple(Goal(goal.text.strip(), goal.reached) for goal in content.goals if goal.text.strip())
    if not texts["name"]:
        raise NameMissing
    if any(len(text) > LONGEST for text in (*texts.values(), *(goal.text for goal in goals))):
        raise TooMuchSaid(most=LONGEST)
    if len(goals) > MOST_GOALS:
        raise TooManyGoals(most=MOST_GOALS)
    return Content(**texts, goals=goals)


def as_text(content: Content) -> str:
    """The content as the one text that is sealed."""
    return json.dumps(asdict(content), ensure_ascii=False, separators=(",", ":"))


def from_text(text: str) -> Content:
    """The content of :func:`as_text`."""
    given: dict[str, Any] = json.loads(text)
    return Content(**{**given, "goals": tuple(Goal(**goal) for goal in given.get("goals", ()))})
