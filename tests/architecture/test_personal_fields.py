"""Every personal field says why it is kept and how long (DESIGN §1, boundary 5), and none is of the refused kinds (boundary 3)."""

from __future__ import annotations

from django.apps import apps

from linli.directory.people.models import PURPOSES, Person
from linli.kernel.boundaries import refused_attribute


def test_every_field_of_a_person_names_purpose_and_retention() -> None:
    fields = {field.name for field in Person._meta.concrete_fields}
    assert fields == PURPOSES.keys()
    assert all(entry.purpose.strip() for entry in PURPOSES.values())


def test_values_of_a_person_end_with_the_post_and_only_pseudonyms_and_dates_stay() -> None:
    assert {name for name, entry in PURPOSES.items() if entry.retention_days is None} == {"id", "at", "recorded_at", "erased_at"}


def test_no_model_has_a_field_of_a_refused_attribute() -> None:
    named = [f"{model._meta.label}.{field.name}" for model in apps.get_models() for field in model._meta.get_fields() if refused_attribute(field.name)]
    assert named == []
