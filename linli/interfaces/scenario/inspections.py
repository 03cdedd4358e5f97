"""Place ledgers in a story: places, leaves, inspections with what they found, draws, and how far a round is."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from PIL import Image
from pydantic import Field

from linli.directory.organisation.playbook import DirectorySection
from linli.directory.organisation.selectors import organisation
from linli.directory.territory.rules.records import RecordKind, RecordSource
from linli.directory.territory.selectors import ground
from linli.directory.territory.selectors.things import entities, places
from linli.directory.territory.services.records import import_records
from linli.engines.duties.inspections import tasks
from linli.engines.duties.inspections.playbook import keeps_ledgers
from linli.engines.duties.inspections.selectors.boards import draws, rounds
from linli.engines.duties.inspections.selectors.ledgers import LedgerPage, ledger_page
from linli.engines.duties.inspections.services.leaves import NewLeaf, write_leaf
from linli.engines.duties.rules.task import Verb
from linli.engines.duties.selectors.running import Seen, occurrence_at
from linli.engines.duties.services.checkin import Command, check_in
from linli.engines.duties.services.subjects import refresh_sources
from linli.interfaces.scenario.duties import DutyTelling
from linli.kernel.access.rules import SYSTEM, Actor, ActorKind
from linli.kernel.access.selectors import role_grant
from linli.kernel.files.services import examine
from linli.kernel.playbooks.rules import Section
from linli.kernel.playbooks.selectors import active_playbook
from linli.kernel.refusal import Refusal
from linli.kernel.writing import write


class PlacePart(Section):
    """A place (or, with ``kind: entity``, a firm) in grid ``grid`` of the demo territory."""

    name: str
    class_code: str = Field(alias="class")
    kind: Literal["place", "entity"] = "place"
    grid: int = 0


class LeafPart(Section):
    """Somebody with ``role`` writes a leaf of a place's ledger, with a photo and a signature where the story says so; ``version``: the one that was seen."""

    place: str
    form: str
    answers: dict[str, Any]
    role: str
    version: int = 0
    photo: bool = False
    signature: bool = False
    refused: str = ""


class InspectPart(Section):
    """A duty about the place, about its hazard, or about the place that was drawn, is finished; ``raises`` names the matter that comes of it."""

    place: str = ""
    about: Literal["place", "hazard", "drawn"] = "place"
    duty: str
    role: str
    form: dict[str, Any]
    photo: bool = True
    signature: bool = True
    raises: str = ""
    refused: str = ""


class ExpectPlace(Section):
    """What a place's ledger has to be."""

    place: str
    lacking: list[str] | None = None
    inspections: int | None = None
    hazards_open: int | None = None
    hazards_mended: int | None = None
    outdated: bool | None = Field(default=None, description="the last visit said that the ledger is no longer right")
    versions: dict[str, int] = Field(default_factory=dict, description="form → the current version")


class ExpectRound(Section):
    """How far the present round of a duty is."""

    duty: str
    done: int | None = None
    left: int | None = None
    missed: int | None = None


class ExpectDraw(Section):
    """The last draw: how many places were drawn, from how many; and that drawing again gives the same."""

    drawn: int
    candidates: int


@dataclass(frozen=True, slots=True)
class Raised:
    """A matter that came of an inspection, as the story's other steps name it."""

    matter_id: UUID
    code: str


class LedgerTelling:
    """The place ledgers' part of a story; ``duties`` runs the clocks, ``matters`` names what was reported."""

    def __init__(self, *, duties: DutyTelling, matters: dict[str, Any]) -> None:
        self._duties, self._matters = duties, matters
        self._roles = {role.code: role.level for role in active_playbook().section(DirectorySection).roles}
        self._places: dict[str, tuple[str, UUID]] = {}

    def run(self, at: datetime) -> None:
        """What the worker does meanwhile: places are drawn, what was found becomes a matter."""
        if keeps_ledgers():
            tasks.draw(at)
            self._duties.run(at)

    def place(self, wanted: PlacePart, at: datetime) -> list[str]:
        lowest = ground().of_level(ground().levels[-1])
        record = RecordSource(code=wanted.name, names={"zh": wanted.name}, class_code=wanted.class_code, point=lowest[wanted.grid % len(lowest)].centre)
        with write():
            import_records(actor=SYSTEM, at=at, kind=RecordKind(wanted.kind), records=[record])
            refresh_sources(kinds=[wanted.kind], at=at)
        known = entities() if wanted.kind == "entity" else places()
        self._places[wanted.name] = (wanted.kind, next(one.id for one in known if one.name == wanted.name))
        self._duties.refs[wanted.name] = self._places[wanted.name]
        self._duties.run(at)
        return []

    def leaf(self, wanted: LeafPart, at: datetime) -> list[str]:
        kind, place = self._places[wanted.place]
        actor = self._person(wanted.role, self._area(wanted.place, at))
        shown: dict[str, Any] = {"photos": [_picture("gray")] if wanted.photo else [], "signature": _picture("white") if wanted.signature else None}
        code = ""
        try:
            with write():
                write_leaf(NewLeaf(kind, place, wanted.form, wanted.answers, wanted.version, **shown), actor=actor, at=at)
        except Refusal as refusal:
            code = refusal.code
        return _as_refused(code, wanted.refused)

    def inspect(self, wanted: InspectPart, at: datetime) -> list[str]:
        found = self._duty(wanted, at)
        if found is None:
            return [f"there is no {wanted.duty} of it"]
        command = Command(
            (found.id,), Verb.FINISH, at, form=wanted.form, photos=[_picture("gray")] if wanted.photo else [],
            signature=_picture("white") if wanted.signature else None,
        )  # fmt: skip
        with write():
            (result,) = check_in([command], actor=self._person(wanted.role, found.area_id), at=at)
        self.run(at)
        if wanted.raises:
            page = self._ledger(wanted.place, at)
            hazard = next((one for one in page.hazards if one.duty == found.id), None)
            if hazard is None or hazard.matter is None:
                return ["no matter came of it"]
            self._matters[wanted.raises] = Raised(hazard.matter, hazard.matter_code)
        return _as_refused(result.code if isinstance(result, Refusal) else "", wanted.refused)

    def expect_place(self, wanted: ExpectPlace, at: datetime) -> list[str]:
        page = self._ledger(wanted.place, at)
        values: dict[str, Any] = {
            "lacking": sorted(leaf.form.code for leaf in page.leaves if leaf.lacking),
            "inspections": len(page.inspections),
            "hazards_open": sum(1 for one in page.hazards if one.mended_at is None),
            "hazards_mended": sum(1 for one in page.hazards if one.mended_at is not None),
            "outdated": page.outdated is not None,
        }
        asked = {name: getattr(wanted, name) for name in values}
        asked["lacking"] = sorted(wanted.lacking) if wanted.lacking is not None else None
        wrong = [f"{name} is {value}, expected {asked[name]}" for name, value in values.items() if asked[name] not in (None, value)]
        versions = {leaf.form.code: leaf.current.version for leaf in page.leaves if leaf.current}
        return wrong + [
            f"{form} has version {versions.get(form)}, expected {version}" for form, version in wanted.versions.items() if versions.get(form) != version
        ]

    def expect_round(self, wanted: ExpectRound, at: datetime) -> list[str]:
        found = next((one for one in rounds(actor=SYSTEM, at=at) if one.rule == wanted.duty), None)
        if found is None:
            return [f"there is no round of {wanted.duty}"]
        pairs = ((name, getattr(found, name), getattr(wanted, name)) for name in ("done", "left", "missed"))
        return [f"{name} is {value}, expected {asked}" for name, value, asked in pairs if asked not in (None, value)]

    def expect_draw(self, wanted: ExpectDraw, at: datetime) -> list[str]:
        last = next(iter(draws(actor=SYSTEM)), None)
        if last is None or (len(last.places), last.candidates, last.holds) != (wanted.drawn, wanted.candidates, True):
            return [f"the last draw is {last}"]
        return []

    def _ledger(self, name: str, at: datetime) -> LedgerPage:
        kind, place = self._places[name]
        return ledger_page(actor=SYSTEM, at=at, kind=kind, place=place)

    def _duty(self, wanted: InspectPart, at: datetime) -> Seen | None:
        if wanted.about == "drawn":
            row = next(iter(draws(actor=SYSTEM)), None)
            subject = row.places[0].subject if row and row.places else None
            return occurrence_at(rule=wanted.duty, kind="sample", ref=subject, at=at) if subject else None
        if wanted.about == "hazard":
            hazard = next((one for one in self._ledger(wanted.place, at).hazards if one.mended_at is None), None)
            return occurrence_at(rule=wanted.duty, kind="hazard", ref=hazard.id, at=at) if hazard else None
        kind, place = self._places[wanted.place]
        return occurrence_at(rule=wanted.duty, kind=kind, ref=place, at=at)

    def _area(self, name: str, at: datetime) -> UUID:
        lon_lat = self._ledger(name, at).where
        assert lon_lat is not None and lon_lat.lon is not None and lon_lat.lat is not None
        return ground().locate(lon_lat.lon, lon_lat.lat).area.id

    def _person(self, role: str, area_id: UUID) -> Actor:
        area = ground().at_level(area_id, self._roles.get(role, ""))
        posts = [post for post in organisation().posts_of(area.id) if post.role == role] if area else []
        access = active_playbook().section(DirectorySection).access_roles().get(role, role)
        path = area.path if area else ground().root.path
        return Actor(id=f"user:scenario-{role}", kind=ActorKind.USER, grants=(role_grant(access, path),), post_ids=frozenset(post.id for post in posts[:1]))


def _picture(colour: str) -> Any:
    content = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(content, "PNG")
    return examine(content=content.getvalue(), claimed_name="picture.png")


def _as_refused(code: str, wanted: str) -> list[str]:
    return [] if code == wanted else [f"{code or 'not refused'}, expected {wanted or 'that it is done'}"]
