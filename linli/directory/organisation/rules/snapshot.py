"""The snapshot of who answers for what."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from uuid import UUID

from linli.directory.organisation.rules.nodes import (
    DEPARTMENT,
    FOREVER,
    Absence,
    Appointment,
    AreaLink,
    Holding,
    NobodyPresent,
    NoRootPost,
    PostNode,
    Skip,
    UnitNode,
    UnknownPost,
    UnknownPostArea,
    UnknownUnit,
)

_SEGMENTS_KEPT = 8  # instants whose full table of holders is kept: a server asks about now, time and again


class _Intervals:
    """Disjoint half-open intervals with a value each; the one that covers an instant is found by bisection."""

    __slots__ = ("ends", "starts", "values")

    def __init__(self, rows: list[tuple[datetime, datetime, UUID]]) -> None:
        rows.sort()
        self.starts = [row[0] for row in rows]
        self.ends = [row[1] for row in rows]
        self.values = [row[2] for row in rows]

    def at(self, instant: datetime) -> UUID | None:
        place = bisect_right(self.starts, instant) - 1
        return self.values[place] if place >= 0 and instant < self.ends[place] else None


class Organisation:
    """A snapshot of units, posts, appointments and absences. Look-ups are dictionary reads and bisections.

    ``users`` maps a user's id to the person's. Parents that form a circle are cut where the circle closes.
    """

    def __init__(
        self,
        *,
        areas: Iterable[AreaLink] = (),
        units: Iterable[UnitNode] = (),
        posts: Iterable[PostNode] = (),
        appointments: Iterable[Appointment] = (),
        absences: Iterable[Absence] = (),
        users: Mapping[UUID, UUID] | None = None,
    ) -> None:
        self._areas = {area.id: area for area in areas}
        self._units = {unit.id: unit for unit in units}
        self._posts = {post.id: post for post in sorted(posts, key=lambda post: (post.rank, post.code, post.id))}
        self._users = dict(users or {})
        self._root = next((post for post in self._posts.values() if post.is_root), None)
        self._lay_intervals(appointments, absences)
        self._lay_groups()
        self._lay_chains()
        self._segments: dict[int, dict[UUID, tuple[Holding, ...]]] = {}

    # -- building ------------------------------------------------------------------------------------------------

    def _lay_intervals(self, appointments: Iterable[Appointment], absences: Iterable[Absence]) -> None:
        by_post: dict[UUID, list[tuple[datetime, datetime, UUID]]] = defaultdict(list)
        by_person: dict[UUID, list[tuple[datetime, datetime, UUID]]] = defaultdict(list)
        own: dict[UUID, dict[UUID, datetime]] = defaultdict(dict)
        for appointment in appointments:
            end = appointment.ends_at or FOREVER
            by_post[appointment.post_id].append((appointment.starts_at, end, appointment.person_id))
            posts = own[appointment.person_id]
            posts[appointment.post_id] = max(end, posts.get(appointment.post_id, end))
        for absence in absences:
            by_person[absence.person_id].append((absence.starts_at, absence.ends_at or FOREVER, absence.person_id))
        self._appointed = {post_id: _Intervals(rows) for post_id, rows in by_post.items()}
        self._absent = {person_id: _Intervals(rows) for person_id, rows in by_person.items()}
        self._own_posts = dict(own)
        edges = {edge for laid in (self._appointed, self._absent) for intervals in laid.values() for edge in (*intervals.starts, *intervals.ends)}
        self._edges = sorted(edges - {FOREVER})

    def _lay_groups(self) -> None:
        """Posts by (area, level) of the chain and by unit, in rank order; retired ones stay, for instants before they were."""
        desks: dict[tuple[UUID, str], list[UUID]] = defaultdict(list)
        units: dict[UUID, list[UUID]] = defaultdict(list)
        areas: dict[UUID, list[PostNode]] = defaultdict(list)
        for post in self._posts.values():
            units[post.unit_id].append(post.id)
            if not post.retired:
                areas[post.area_id].append(post)
            if not self._beside(post):
                desks[post.area_id, post.level].append(post.id)
        self._desks = {key: tuple(ids) for key, ids in desks.items()}
        self._unit_posts = {key: tuple(ids) for key, ids in units.items()}
        self._area_posts = {key: tuple(nodes) for key, nodes in areas.items()}
        depth: dict[str, int] = {}
        for area_id, level in self._desks:
            depth[level] = min(depth.get(level, 1 << 30), len(self._lineage(area_id)))
        self._levels = tuple(sorted(depth, key=lambda level: (depth[level], level)))

    def _lay_chains(self) -> None:
        """For every area: its desks' keys from the lowest level up, its heads by level, and the same as a chain."""
        by_area: dict[UUID, list[str]] = defaultdict(list)
        order = {level: place for place, level in enumerate(self._levels)}
        for area_id, level in self._desks:
            by_area[area_id].append(level)
        for levels in by_area.values():
            levels.sort(key=lambda level: -order[level])
        self._upward: dict[UUID, tuple[tuple[UUID, str], ...]] = {}
        self._heads: dict[UUID, dict[str, PostNode]] = {}
        self._chains: dict[UUID, tuple[PostNode, ...]] = {}
        for area_id in self._areas:
            keys = tuple((place, level) for place in self._lineage(area_id) for level in by_area.get(place, ()))
            heads: dict[str, PostNode] = {}
            for key in keys:
                head = next((self._posts[post_id] for post_id in self._desks[key] if not self._posts[post_id].retired), None)
                if head is not None:
                    heads.setdefault(head.level, head)
            self._upward[area_id] = keys
            self._heads[area_id] = heads
            chain = tuple(sorted(heads.values(), key=lambda post: -order[post.level]))
            self._chains[area_id] = (*(post for post in chain if post is not self._root), *((self._root,) if self._root else ()))

    def _lineage(self, area_id: UUID) -> tuple[UUID, ...]:
        """The area and its ancestors, nearest first; a circle ends where it closes."""
        seen: dict[UUID, None] = {}
        here: UUID | None = area_id
        while here is not None and here not in seen:
            seen[here] = None
            area = self._areas.get(here)
            here = area.parent_id if area else None
        return tuple(seen)

    def _beside(self, post: PostNode) -> bool:
        unit = self._units.get(post.unit_id)
        return unit is not None and unit.kind == DEPARTMENT

    # -- structure -----------------------------------------------------------------------------------------------

    @property
    def root(self) -> PostNode:
        """The post that answers when nobody below does. Refuses with :class:`NoRootPost` before it is set up."""
        if self._root is None:
            raise NoRootPost
        return self._root

    @property
    def has_root(self) -> bool:
        return self._root is not None

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels of the chain that have posts, top down."""
        return self._levels

    @property
    def posts(self) -> tuple[PostNode, ...]:
        """Every post that is not retired."""
        return tuple(post for post in self._posts.values() if not post.retired)

    @property
    def units(self) -> tuple[UnitNode, ...]:
        return tuple(self._units.values())

    def post(self, post_id: UUID) -> PostNode:
        """The post, retired ones included."""
        try:
            return self._posts[post_id]
        except KeyError:
            raise UnknownPost(post=post_id) from None

    def unit(self, unit_id: UUID) -> UnitNode:
        try:
            return self._units[unit_id]
        except KeyError:
            raise UnknownUnit(unit=unit_id) from None

    def posts_of(self, area_id: UUID) -> tuple[PostNode, ...]:
        """The area's own posts by rank, those of departments included."""
        return self._area_posts.get(area_id, ())

    def posts_of_unit(self, unit_id: UUID) -> tuple[PostNode, ...]:
        return tuple(post for post in (self._posts[post_id] for post_id in self._unit_posts.get(unit_id, ())) if not post.retired)

    def posts_with_role(self, role: str) -> tuple[PostNode, ...]:
        return tuple(post for post in self.posts if post.role == role)

    def unit_desk(self, unit_id: UUID) -> PostNode:
        """The unit's first post; of a unit without posts, its parent unit's; else the head of its area; else the root."""
        seen: set[UUID] = set()
        unit = self.unit(unit_id)
        area_id = unit.area_id
        while True:
            seen.add(unit.id)
            own = self.posts_of_unit(unit.id)
            if own:
                return own[0]
            if unit.parent_id is None or unit.parent_id in seen or unit.parent_id not in self._units:
                break
            unit = self._units[unit.parent_id]
        chain = self._chains.get(area_id, ())
        return chain[0] if chain else self.root

    def head(self, level: str, area_id: UUID) -> PostNode | None:
        """The first-ranked post of ``level`` for the area: its own, else that of its nearest ancestor which has one."""
        try:
            return self._heads[area_id].get(level)
        except KeyError:
            raise UnknownPostArea(area=area_id) from None

    def first_of(self, role: str, area_id: UUID) -> PostNode | None:
        """The first-ranked post of ``role`` for the area: its own, else that of its nearest ancestor which has one."""
        if area_id not in self._areas:
            raise UnknownPostArea(area=area_id)
        return next((post for place in self._lineage(area_id) for post in self.posts_of(place) if post.role == role and not self._beside(post)), None)

    def chain(self, area_id: UUID) -> tuple[PostNode, ...]:
        """The heads that answer for the area, from the lowest level up to the root post."""
        try:
            return self._chains[area_id]
        except KeyError:
            raise UnknownPostArea(area=area_id) from None

    # -- who holds what ------------------------------------------------------------------------------------------

    def appointee(self, post_id: UUID, at: datetime) -> UUID | None:
        """The person appointed to the post at ``at``, present or not."""
        intervals = self._appointed.get(post_id)
        return intervals.at(at) if intervals else None

    def edges(self, post_ids: Iterable[UUID]) -> set[datetime]:
        """The instants at which an appointment to one of the posts, or an absence of such an appointee, begins or ends."""
        found: set[datetime] = set()
        for post_id in post_ids:
            appointed = self._appointed.get(post_id)
            if appointed is not None:
                people = (self._absent[value] for value in appointed.values if value in self._absent)
                found.update(edge for intervals in (appointed, *people) for edge in (*intervals.starts, *intervals.ends))
        return found

    def is_absent(self, person_id: UUID, at: datetime) -> bool:
        intervals = self._absent.get(person_id)
        return intervals is not None and intervals.at(at) is not None

    def holder(self, post_id: UUID, at: datetime, *, without: UUID | None = None) -> Holding:
        """Who answers for the post at ``at``, by succession; ``without`` asks it as if that person were absent.

        Refuses with :class:`UnknownPost`, and with :class:`NobodyPresent` when not even the top desk has anyone.
        """
        post = self.post(post_id)
        person_id = self.appointee(post_id, at)
        if person_id is not None and person_id != without and not self.is_absent(person_id, at):
            return Holding(post_id, person_id, post_id)  # nearly always: the order of succession need not be walked
        skipped: list[tuple[UUID, Skip]] = []
        for candidate in self.successors(post):
            person_id = self.appointee(candidate, at)
            if person_id is None:
                if candidate == post_id or not self._posts[candidate].retired:
                    skipped.append((candidate, Skip.VACANT))
            elif person_id == without or self.is_absent(person_id, at):
                skipped.append((candidate, Skip.ABSENT))
            else:
                return Holding(post_id, person_id, candidate, tuple(skipped))
        raise NobodyPresent(at=at.isoformat(timespec="minutes"))

    def successors(self, post: PostNode) -> Iterator[UUID]:
        """The post itself and those that it is handed on to, in order, each once."""
        yield post.id
        desk = (post.area_id, post.level)
        group = self._unit_posts.get(post.unit_id, ()) if self._beside(post) else self._desks.get(desk, ())
        place = group.index(post.id) if post.id in group else -1
        yield from group[place + 1 :]
        yield from group[: max(place, 0)]
        above = self._upward.get(post.area_id, ())
        if desk in above and not self._beside(post):
            above = above[above.index(desk) + 1 :]
        for key in above:
            yield from self._desks[key]
        root = self._root
        if root is not None and root.id not in group and not any(root.id in self._desks[key] for key in above):
            yield from self._desks.get((root.area_id, root.level), (root.id,))

    def held_by(self, person_id: UUID, at: datetime) -> tuple[Holding, ...]:
        """Every post that the person answers for at ``at``, own and by succession; empty while they are absent."""
        segment = bisect_right(self._edges, at)
        held = self._segments.get(segment)
        if held is None:
            held = self._hold_all(at)
            if len(self._segments) >= _SEGMENTS_KEPT:
                self._segments.clear()
            self._segments[segment] = held
        return held.get(person_id, ())

    def _hold_all(self, at: datetime) -> dict[UUID, tuple[Holding, ...]]:
        held: dict[UUID, list[Holding]] = defaultdict(list)
        for post in self._posts.values():
            if post.retired:
                continue
            try:
                holding = self.holder(post.id, at)
            except NobodyPresent:
                continue
            held[holding.person_id].append(holding)
        return {person_id: tuple(holdings) for person_id, holdings in held.items()}

    def own_posts(self, person_id: UUID, since: datetime) -> tuple[UUID, ...]:
        """The posts to which the person is appointed at ``since`` or later."""
        return tuple(post_id for post_id, end in self._own_posts.get(person_id, {}).items() if end > since)

    def person_of_user(self, user_id: UUID) -> UUID | None:
        return self._users.get(user_id)

    def posts_of_user(self, user_id: UUID, at: datetime) -> tuple[PostNode, ...]:
        """The posts that the user's person answers for at ``at``, own and by succession."""
        person_id = self._users.get(user_id)
        return tuple(self._posts[holding.post_id] for holding in self.held_by(person_id, at)) if person_id else ()
