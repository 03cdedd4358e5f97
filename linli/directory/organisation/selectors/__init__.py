"""Reads of the organisation."""

from linli.directory.organisation.selectors.duty import duty_desks, holders_who_may
from linli.directory.organisation.selectors.lists import AbsenceLine, PostLine, absences, posts_held
from linli.directory.organisation.selectors.snapshot import access_roles, consequences_of_absence, grants_of_user, load_organisation, organisation

__all__ = [
    "AbsenceLine",
    "PostLine",
    "absences",
    "access_roles",
    "consequences_of_absence",
    "duty_desks",
    "grants_of_user",
    "holders_who_may",
    "load_organisation",
    "organisation",
    "posts_held",
]
