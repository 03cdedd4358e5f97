"""Verbs of the organisation."""

from linli.directory.organisation.services.absences import cancel_absence, record_absence
from linli.directory.organisation.services.appointments import NewAppointment, appoint, appoint_all, change_ends, end_appointment
from linli.directory.organisation.services.demo import staff_demo
from linli.directory.organisation.services.importing import import_table, preview_import
from linli.directory.organisation.services.posts import NewPost, change_posts, create_post, create_posts, register_post_use, retire_post
from linli.directory.organisation.services.staffing import Staffed, staff_areas
from linli.directory.organisation.services.units import create_unit, remove_unit, rename_unit

__all__ = [
    "NewAppointment",
    "NewPost",
    "Staffed",
    "appoint",
    "appoint_all",
    "cancel_absence",
    "change_ends",
    "change_posts",
    "create_post",
    "create_posts",
    "create_unit",
    "end_appointment",
    "import_table",
    "preview_import",
    "record_absence",
    "register_post_use",
    "remove_unit",
    "rename_unit",
    "retire_post",
    "staff_areas",
    "staff_demo",
]
