"""The territory's rules: the ground in memory, and what an import decides. Pure."""

from linli.directory.territory.rules.ground import AreaNode, Ground, Located, Location, UnknownArea
from linli.kernel.geo.rules import BadPoint, Placing

__all__ = ["AreaNode", "BadPoint", "Ground", "Located", "Location", "Placing", "UnknownArea"]
