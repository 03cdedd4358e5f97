"""Reads of people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from linli.directory.people.models import Person
from linli.kernel.notices.rules import Channel, Recipient
from linli.kernel.refusal import N_, Kind, Refusal


class UnknownPerson(Refusal):
    code: ClassVar[str] = "people.unknown_person"
    message: ClassVar[str] = N_("There is no such person.")
    kind: ClassVar[Kind] = Kind.MISSING


def names_of(person_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The names of holders of posts, by id: who answers is public inside the house. Erased people have none."""
    return dict(Person.objects.filter(id__in=set(person_ids)).exclude(display_name="").values_list("id", "display_name"))


def person_of_code(code: str) -> UUID | None:
    """The person of a staff or volunteer number; None when there is none."""
    return Person.objects.filter(code=code, erased_at=None).values_list("id", flat=True).first()


@dataclass(frozen=True, slots=True)
class Reach:
    """How a holder of a post can be told: language, and the e-mail address of the own account ("" for none)."""

    language: str
    email: str

    @property
    def tongue(self) -> str:
        """The language of texts that are given in both."""
        return "en" if self.language.startswith("en") else "zh"

    def recipient(self, person: UUID) -> Recipient:
        """This person as a notice's recipient."""
        addresses = {Channel.EMAIL: self.email} if self.email else {}
        return Recipient(f"person:{person}", addresses, self.language or "zh-hans")


def reach_of(person_ids: Iterable[UUID]) -> defaultdict[UUID, Reach]:
    """How these people can be told, by id; one query. Of whom nothing is known, nothing is known.

    For notices only: what they are sent says no more than their queue does.
    """
    found = Person.objects.filter(id__in=set(person_ids), erased_at=None).values_list("id", "languages", "user__language", "user__email")
    known = {person: Reach(language or (spoken[0] if spoken else ""), email or "") for person, spoken, language, email in found}
    return defaultdict(lambda: Reach("", ""), known)


def people_called(asked: str, *, limit: int = 20) -> list[tuple[UUID, str, str]]:
    """The people of a number, or else of a name, as (id, number, name): for choosing whom to appoint. Erased people are not found."""
    asked = " ".join(asked.split())
    known = Person.objects.filter(erased_at=None)
    exact = list(known.filter(code=asked).values_list("id", "code", "display_name"))
    if exact or not asked:
        return exact
    same = list(known.filter(display_name=asked).order_by("code").values_list("id", "code", "display_name")[:limit])
    return same or list(known.filter(display_name__icontains=asked).order_by("display_name", "code").values_list("id", "code", "display_name")[:limit])
