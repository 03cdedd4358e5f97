"""Verbs of the organisation."""

from linli.directory.organisation.services.absences import cancel_absence, record_absence
from linli.directory.organisation.services.appointments import NewAppointment, appoint, appoint_all, end_appointment
from linli.directory.organisation.services.demo import staff_demo
from linli.directory.organisation.services.posts import create_post, create_unit, register_post_use, retire_post
from linli.directory.organisation.services.staffing import Staffed, staff_areas

__all__ = [
    "NewAppointment",
    "Staffed",
    "appoint",
    "appoint_all",
    "cancel_absence",
    "create_post",
    "create_unit",
    "end_appointment",
    "record_absence",
    "register_post_use",
    "retire_post",
    "staff_areas",
    "staff_demo",
]
