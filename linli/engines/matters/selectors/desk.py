"""The matter as a desk works on it: the page, who everybody on it is, whom it can go to, and its files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from linli.directory.organisation.rules import Holding, Organisation, UnitNode
from linli.directory.people.selectors import names_of
from linli.engines.matters.models import Matter
from linli.engines.matters.rules.states import Verb
from linli.engines.matters.selectors.handlers import Placed, PostChoice, Why, choice_of, handlers_of
from linli.engines.matters.selectors.page import MatterPage, matter_page
from linli.engines.matters.selectors.queue import visible
from linli.engines.matters.services.frame import Frame, frame
from linli.engines.matters.services.report import FILE_OWNER
from linli.kernel.access.rules import Actor
from linli.kernel.access.selectors import account_names
from linli.kernel.files.selectors import FileView, files_of

__all__ = ["MatterDesk", "PostChoice", "Why", "matter_desk"]


@dataclass(frozen=True, slots=True)
class MatterDesk:
    """Everything that the desk's page of a matter shows.

    Attributes:
        people: person → name. accounts: actor id → name of whoever did a step.
        handlers: whom it can be dispatched to, the suggested ones first. owners: whom it can be transferred to.
        units: departments that can be called, that of the class first.
        codes: public numbers of the matters that steps and files refer to.
    """

    page: MatterPage
    people: Mapping[UUID, str]
    accounts: Mapping[str, str]
    handlers: Sequence[PostChoice]
    owners: Sequence[PostChoice]
    units: Sequence[UnitNode]
    files: Sequence[FileView]
    codes: Mapping[UUID, str]
    likes: Mapping[UUID, Matter]

    def name(self, holding: Holding) -> str:
        return self.people.get(holding.person_id, "")

    def who(self, actor_id: str) -> str:
        return self.accounts.get(actor_id, "")


def matter_desk(*, actor: Actor, at: datetime, code: str) -> MatterDesk:
    """Return a matter for its desk, in a constant number of queries.

    Raises:
        NoSuchMatter: none of that number that the actor may see.
    """
    page = matter_page(actor=actor, at=at, code=code)
    land = frame()
    matter = page.matter
    handlers = handlers_of([_placed(matter)], land=land, at=at)[matter.id] if Verb.DISPATCH in page.verbs else []
    owners = _owners(page, land=land, at=at) if Verb.TRANSFER in page.verbs else []
    merged = dict(Matter.objects.filter(merged_into=matter).values_list("id", "code"))
    others = {UUID(step.data["into"]) for step in page.steps if "into" in step.data}
    codes = merged | (dict(visible(actor).filter(id__in=others).values_list("id", "code")) if others else {})
    files = files_of(actor, FILE_OWNER, [matter.id, *merged])
    accounts = accounts_of((step.actor for step in page.steps), land.organisation)
    holdings = [page.holding, *(link.holding for link in page.chain), *(choice.holding for choice in (*handlers, *owners))]
    return MatterDesk(
        page=page,
        people=names_of({holding.person_id for holding in holdings}),
        accounts=accounts,
        handlers=handlers,
        owners=owners,
        units=_units(page, land=land) if Verb.WHISTLE in page.verbs else (),
        files=[file for owner in (matter.id, *merged) for file in files.get(owner, ())],
        codes=codes,
        likes={like.id: like for like in visible(actor).filter(id__in=[like.id for like in page.likes])} if page.likes else {},
    )


def _placed(matter: Matter) -> Placed:
    return Placed(matter.id, matter.policy, matter.class_code, matter.level, matter.area_id, matter.area_path, matter.accountable_post_id)


def _owners(page: MatterPage, *, land: Frame, at: datetime) -> list[PostChoice]:
    """Whom it can be transferred to: the other posts of its level for its area."""
    level = page.policy.levels[page.matter.level].level
    found = [post for area in reversed(land.ground.chain(page.matter.area_id)) for post in land.organisation.posts_of(area.id) if post.level == level]
    return [choice_of(post.id, organisation=land.organisation, at=at, why=None) for post in found if post.id != page.accountable.id]


def _units(page: MatterPage, *, land: Frame) -> list[UnitNode]:
    waiting = {whistle.unit_id for whistle in page.whistles if whistle.waiting}
    usual = page.known.department if page.known else ""
    units = [unit for unit in land.organisation.units if unit.kind == "department" and unit.id not in waiting]
    return sorted(units, key=lambda unit: (unit.code != usual, unit.code))


def accounts_of(actors: Iterable[str], organisation: Organisation) -> dict[str, str]:
    """Names of the accounts among ``actors``: the person's, else the account's own. Two queries at most."""
    ids = {UUID(actor.removeprefix("user:")) for actor in actors if actor.startswith("user:") and len(actor) == len("user:") + 36}
    people = {user: person for user in ids if (person := organisation.person_of_user(user)) is not None}
    names = names_of(people.values()) if people else {}
    others = account_names(ids - people.keys())
    return {f"user:{user}": names.get(people[user], "") if user in people else others.get(user, "") for user in ids}
