"""Subjects that the directory knows: areas of every level, places, legal entities and facilities."""

from __future__ import annotations

from collections.abc import Iterator

from linli.directory.territory.selectors import ground
from linli.directory.territory.selectors.things import entities, facilities, places
from linli.engines.duties.rules.subjects import Subject
from linli.engines.duties.services.subjects import register_subject_source


def areas() -> Iterator[Subject]:
    """Every area; facts: ``level``."""
    for area in ground():
        yield Subject("area", area.id, area.id, area.name(), {"level": area.level})


def known_places() -> Iterator[Subject]:
    """Every place; facts: ``class``."""
    for place in places():
        yield Subject("place", place.id, place.area_id, place.name, {"class": place.class_code})


def known_entities() -> Iterator[Subject]:
    """Every firm, shop or institution; facts: ``class``."""
    for entity in entities():
        yield Subject("entity", entity.id, entity.area_id, entity.name, {"class": entity.class_code})


def known_facilities() -> Iterator[Subject]:
    """Every component of the city; facts: ``class``."""
    for facility in facilities():
        yield Subject("facility", facility.id, facility.area_id, facility.name, {"class": facility.class_code})


def register_sources() -> None:
    register_subject_source("area", areas)
    register_subject_source("place", known_places)
    register_subject_source("entity", known_entities)
    register_subject_source("facility", known_facilities)
