"""Reads of the territory."""

from linli.directory.territory.selectors.addresses import AddressCandidate, address_candidates
from linli.directory.territory.selectors.areas import area_features, territory_flaws
from linli.directory.territory.selectors.ground import NoTerritory, ground, ground_or_none, is_set_up

__all__ = ["AddressCandidate", "NoTerritory", "address_candidates", "area_features", "ground", "ground_or_none", "is_set_up", "territory_flaws"]
