"""The lines of docs/boundaries.md that can be read off the house itself: what no class, table, form or dependency of it names."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator

import pytest
from django import forms
from django.apps import apps
from django.db import models
from pydantic import BaseModel

import linli
from linli.directory.people.models import Person
from linli.kernel.access.models import User
from linli.kernel.boundaries import refused_attribute
from scripts import upkeep

PEOPLE = (User, Person)
NAMES_SOMEBODY = {"actor", "user", "person", "recipient", "uploaded_by", "cleared_by", "sender", "contact", "applied_by"}
POSITION = {"lon", "lat", "longitude", "latitude", "point", "geometry", "cell", "track", "trail"}
# Boundaries 1, 2 and 4: of no person is there an informant's mark, a score, a watch.
JUDGING = re.compile(
    r"(?:^|_)(?:informants?|informers?|bount(?:y|ies)|watch_?lists?|black_?lists?|suspects?|suspicion|risk(?:_(?:score|level|grade))?|conduct|credit_score|"
    r"social_credit|trust_score|behaviou?r_score|danger(?:ous)?_person|key_persons?|target_persons?|face_(?:id|print|vector|embedding)|gait|plate_(?:number|no)|"
    r"license_plate|movement|whereabouts)(?:$|_)"
)
# Boundary 2 and DECIDED 13: what would tell where somebody's device was.
TRACING = re.compile(r"(?:^|_)(?:ip|ip_address|ip_addr|remote_addr|remote_host|user_agent|mac_address|imei|imsi|device_id|advertising_id|forwarded_for)(?:$|_)")
SCORING = re.compile(r"(?:^|_)(?:score|scores|scoring|rating|ranking|grade)(?:$|_)")
SCORES_REVIEWED = {
    "matters.MergeSuggestion.score": "how alike two matters are",
    "matters.Report.rating": "what the reporter thinks of the answer",
}
RECOGNISERS = re.compile(
    r"^(?:face[-_]?recognition|dlib|insightface|deepface|facenet\S*|arcface\S*|openface|mtcnn|retina-?face|compreface\S*|openalpr|hyperlpr\S*|fast-alpr|"
    r"deep-?sort\S*|torchreid|opengait)==",
    re.M,
)


def _everything() -> None:
    for found in pkgutil.walk_packages(linli.__path__, "linli."):
        if ".migrations" not in found.name:
            importlib.import_module(found.name)


def _below(base: type) -> Iterator[type]:
    for one in base.__subclasses__():
        yield one
        yield from _below(one)


def _declared() -> dict[str, str]:
    """Every name that the house declares of anything: place → name. Tables, forms, sections and bodies, values and events."""
    _everything()
    found: dict[str, str] = {}
    for model in apps.get_models():
        found |= {f"{model._meta.label}.{field.name}": field.name for field in model._meta.concrete_fields}
    for form in _below(forms.BaseForm):
        if form.__module__.startswith("linli."):
            for name, field in getattr(form, "base_fields", {}).items():
                found[f"{form.__module__}.{form.__name__}.{name}"] = name
                if field.label:
                    found[f"{form.__module__}.{form.__name__}.{name} label"] = str(field.label)
    for body in _below(BaseModel):
        if body.__module__.startswith("linli."):
            for name, info in body.model_fields.items():
                found |= {f"{body.__module__}.{body.__name__}.{said}": said for said in (name, info.alias, info.title) if said}
    for module in [name for name in sys.modules if name.startswith("linli.")]:
        for value in vars(sys.modules[module]).values():
            if isinstance(value, type) and dataclasses.is_dataclass(value) and value.__module__ == module:
                found |= {f"{module}.{value.__name__}.{field.name}": field.name for field in dataclasses.fields(value)}
    return found


@pytest.fixture(scope="module")
def declared() -> dict[str, str]:
    found = _declared()
    assert len(found) > 500
    return found


def test_nothing_names_ethnicity_religion_or_political_standing(declared: dict[str, str]) -> None:
    assert {place: said for place, name in declared.items() if (said := refused_attribute(name))} == {}


def test_nothing_judges_or_watches_a_person(declared: dict[str, str]) -> None:
    assert [place for place, name in declared.items() if JUDGING.search(name.lower())] == []


def test_no_table_scores_a_person() -> None:
    scores = {f"{model._meta.label}.{field.name}" for model in apps.get_models() for field in model._meta.concrete_fields if SCORING.search(field.name)}
    assert scores == SCORES_REVIEWED.keys()
    assert not any(field.name in ("score", "rating", "level", "points") for model in PEOPLE for field in model._meta.get_fields())


def test_no_table_keeps_an_address_of_a_device(declared: dict[str, str]) -> None:
    assert [place for place, name in declared.items() if TRACING.search(name.lower())] == []
    kept = [field for model in apps.get_models() for field in model._meta.concrete_fields if isinstance(field, models.GenericIPAddressField)]
    assert kept == []


def test_no_table_says_where_a_person_is() -> None:
    """A position is a thing's, or a matter's: no row holds a position and somebody."""
    both = []
    for model in apps.get_models():
        names = {field.name for field in model._meta.concrete_fields}
        somebody = names & NAMES_SOMEBODY or {f.name for f in model._meta.concrete_fields if f.is_relation and f.related_model in PEOPLE}
        if somebody and names & POSITION:
            both.append((model._meta.label, somebody, names & POSITION))
    assert both == []


def test_nothing_that_recognises_persons_is_installed() -> None:
    for lock in ("requirements.txt", "requirements-dev.txt"):
        assert RECOGNISERS.findall((upkeep.ROOT / lock).read_text()) == []


# -- the words themselves ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["risk_score", "informant_id", "watchlist", "is_key_person", "face_embedding", "risk_level", "license_plate"])
def test_judging_names_are_seen(name: str) -> None:
    assert JUDGING.search(name)


@pytest.mark.parametrize("name", ["asterisk", "information_officer", "watch_until", "plate", "movements_of_matters"])
def test_other_names_are_not(name: str) -> None:
    assert not JUDGING.search(name)


@pytest.mark.parametrize("name", ["ip", "last_ip", "client_ip_address", "user_agent"])
def test_tracing_names_are_seen(name: str) -> None:
    assert TRACING.search(name)


@pytest.mark.parametrize("name", ["recipient", "zip", "tips", "description", "equipment"])
def test_names_that_only_hold_the_letters_pass(name: str) -> None:
    assert not TRACING.search(name)
