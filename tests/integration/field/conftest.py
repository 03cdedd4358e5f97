"""The field's phones stand in the same community as the console's desks."""

from tests.integration.console.conftest import _own_folder, desk, town

__all__ = ["_own_folder", "desk", "town"]
