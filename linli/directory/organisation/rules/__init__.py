"""Who answers for what, now: pure structure of posts, appointments and absences, and the succession between posts.

One ordered chain (DECIDED 7): an absence changes who *holds* a post at an instant and is never stored elsewhere. The
order in which a post is handed on (SYSTEMS.md §3, §8 依次递补):

1. the post's own present appointee;
2. the next posts of the same area and level by rank, then those ranked before it;
3. the posts of the next level above, area by area, up to the root's.

A unit of kind :data:`DEPARTMENT` stands beside the chain: its posts are handed on within the unit, then to the chain of
their area; they never stand in for a desk of the chain.

Instants are aware datetimes; every interval is half-open, ``[starts_at, ends_at)``, and ``ends_at=None`` has no end.
"""

from linli.directory.organisation.rules.nodes import (
    DEPARTMENT,
    FOREVER,
    Absence,
    Appointment,
    AreaLink,
    Holding,
    NobodyPresent,
    NoRootPost,
    Passing,
    PostNode,
    Skip,
    UnitNode,
    UnknownPost,
    UnknownPostArea,
    UnknownUnit,
)
from linli.directory.organisation.rules.passing import passings
from linli.directory.organisation.rules.snapshot import Organisation

__all__ = [
    "DEPARTMENT",
    "FOREVER",
    "Absence",
    "Appointment",
    "AreaLink",
    "Holding",
    "NoRootPost",
    "NobodyPresent",
    "Organisation",
    "Passing",
    "PostNode",
    "Skip",
    "UnitNode",
    "UnknownPost",
    "UnknownPostArea",
    "UnknownUnit",
    "passings",
]
