"""The models and their migrations agree; every migration can be named in one straight line."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    said = StringIO()
    call_command("makemigrations", dry_run=True, stdout=said)
    assert said.getvalue().strip() == "No changes detected"


@pytest.mark.django_db
def test_each_app_has_one_newest_migration_and_numbers_without_gaps() -> None:
    loader = MigrationLoader(connection)
    ours = sorted(config.label for config in apps.get_app_configs() if config.name.startswith("linli.") and config.label in loader.migrated_apps)
    assert ours
    for label in ours:
        names = sorted(name for app, name in loader.disk_migrations if app == label)
        assert len(loader.graph.leaf_nodes(label)) == 1, label
        assert [int(re.match(r"\d+", name)[0]) for name in names] == list(range(1, len(names) + 1)), label  # type: ignore[index]


def test_models_have_no_logic_of_saving_and_no_generic_keys() -> None:
    """STYLE, habit 8."""
    wrong = []
    for model in apps.get_models():
        if model.__module__.startswith("linli."):
            wrong += [f"{model._meta.label}.{name}" for name in ("save", "delete", "clean") if name in vars(model)]
            wrong += [f"{model._meta.label}.{field.name}" for field in model._meta.private_fields]
    assert wrong == []
