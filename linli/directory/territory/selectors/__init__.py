"""Reads of the territory."""

from linli.directory.territory.selectors.ground import NoTerritory, ground, ground_or_none

__all__ = ["NoTerritory", "ground", "ground_or_none"]
