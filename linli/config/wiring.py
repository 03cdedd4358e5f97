"""What is plugged into what: playbook sections, grant sources, event handlers. Read this to see the whole house."""

from __future__ import annotations

from collections.abc import Mapping

from linli.directory.devices import tasks as devices
from linli.directory.devices.playbook import DevicesSection
from linli.directory.organisation.playbook import DirectorySection
from linli.directory.organisation.selectors import grants_of_user
from linli.directory.organisation.services import register_post_use
from linli.directory.people import services as people_services
from linli.directory.people import tasks as people
from linli.directory.teams import services as teams_services
from linli.directory.teams.playbook import TeamsSection
from linli.directory.territory.playbook import ServicePointsSection
from linli.domains.care import tasks as care
from linli.domains.care.playbook import CareSection
from linli.domains.care.selectors import posts_with_open_cases
from linli.domains.care.services import cases as care_cases
from linli.domains.care.services import erasing as care_erasing
from linli.domains.care.services import visits as care_visits
from linli.engines.duties import tasks as duties
from linli.engines.duties.campaigns.playbook import CampaignsSection
from linli.engines.duties.campaigns.services import running as campaigns
from linli.engines.duties.inspections import tasks as inspections
from linli.engines.duties.inspections.playbook import InspectionsSection
from linli.engines.duties.inspections.selectors import ledgers
from linli.engines.duties.inspections.services import hazards, leaves
from linli.engines.duties.meetings import tasks as meetings
from linli.engines.duties.meetings.playbook import MeetingsSection
from linli.engines.duties.meetings.services import agenda as meeting_agendas
from linli.engines.duties.patrols import tasks as patrols
from linli.engines.duties.patrols.playbook import PatrolsSection
from linli.engines.duties.playbook import DutiesSection
from linli.engines.duties.selectors.posts import posts_with_open_duties
from linli.engines.duties.services import answers, checkin, confiding
from linli.engines.duties.services import sources as duty_sources
from linli.engines.duties.shifts import tasks as shifts
from linli.engines.duties.shifts.playbook import ShiftsSection
from linli.engines.matters import tasks as matters
from linli.engines.matters.playbook import MattersSection
from linli.engines.matters.selectors.closing import closed_within
from linli.engines.matters.selectors.posts import posts_with_open_matters
from linli.engines.matters.services import erasing as matters_erasing
from linli.engines.matters.services import own as matters_own
from linli.flows import (
    alarm_becomes_matter,
    area_alerts,
    areas_move,
    duties_are_told,
    hazard_becomes_matter,
    matter_asks_arrival,
    matter_news,
    meeting_actions_are_followed,
    meetings_are_told,
    missing_is_told,
    open_matters_on_agenda,
    patrols_are_told,
    people_are_told,
    reading_in_need_is_told,
    teams_are_messaged,
    volunteers_are_told,
    who_leaves_is_free,
)
from linli.flows import tasks as flows
from linli.flows.sign_in_code_is_sent import can_send_codes, send_sign_in_code
from linli.insight import playbook as insight_section
from linli.insight import tasks as insight
from linli.kernel.access import tasks as access
from linli.kernel.access.playbook import AccessSection
from linli.kernel.access.rules import Role, declare
from linli.kernel.access.selectors import register_grant_source, register_role_source
from linli.kernel.access.services import own as own_account
from linli.kernel.access.services.codes import register_code_sender
from linli.kernel.audit import selectors as audit
from linli.kernel.calendar.playbook import CalendarSection
from linli.kernel.erasures import tasks as erasures
from linli.kernel.erasures.services import register_eraser
from linli.kernel.events import services as events
from linli.kernel.events import tasks as outbox
from linli.kernel.files import services as files
from linli.kernel.notices import tasks as notices
from linli.kernel.notices.playbook import NoticesSection
from linli.kernel.notices.services import subscribing
from linli.kernel.playbooks.rules import Section, register_section
from linli.kernel.playbooks.selectors import NoPlaybook, active_playbook
from linli.kernel.playbooks.services import apply as applying
from linli.kernel.refusal import N_

# The sections of a playbook and who owns them, in the order in which they are shown.
SECTIONS: dict[str, type[Section]] = {
    "calendar": CalendarSection,
    "access": AccessSection,
    "directory": DirectorySection,
    "matters": MattersSection,
    "duties": DutiesSection,
    "meetings": MeetingsSection,
    "campaigns": CampaignsSection,
    "care": CareSection,
    "devices": DevicesSection,
    "teams": TeamsSection,
    "shifts": ShiftsSection,
    "patrols": PatrolsSection,
    "inspections": InspectionsSection,
    "notices": NoticesSection,
    "service_points": ServicePointsSection,
}


# Rooms that are loaded for what they declare: kinds of notice, permissions, handlers of events.
DECLARING = (
    alarm_becomes_matter,
    area_alerts,
    areas_move,
    reading_in_need_is_told,
    duties_are_told,
    hazard_becomes_matter,
    matter_asks_arrival,
    matter_news,
    meeting_actions_are_followed,
    meetings_are_told,
    missing_is_told,
    patrols_are_told,
    people_are_told,
    teams_are_messaged,
    volunteers_are_told,
    who_leaves_is_free,
    insight_section,
)


def wire() -> None:
    """Plug the rooms together; called once, when the apps are loaded."""
    for name, model in SECTIONS.items():
        register_section(name, model)
    _wire_access()
    register_post_use(N_("open matters rest on it"), posts_with_open_matters)
    register_post_use(N_("open duties rest on it"), posts_with_open_duties)
    register_post_use(N_("open care cases rest on it: %(count)s"), posts_with_open_cases)
    duty_sources.register_sources()
    meeting_agendas.register_agenda_source(open_matters_on_agenda.open_matters)
    checkin.register_ledger_source(ledgers.census_left)
    confiding.register_keeper(care_visits.SUBJECT, care_visits.keep_words)
    answers.register_answer_check(hazards.check_mend_date)
    campaigns.register_matter_counts(closed_within)
    people_services.register_part_taking(care_cases.caring_people)
    people_services.register_part_taking(teams_services.taking_part)
    _wire_sweeps()
    _wire_erasures()


def _wire_erasures() -> None:
    """Who erases what again after a restore (DECIDED 16)."""
    register_eraser(people_services.ERASED, people_services.erase_again)
    register_eraser(files.ERASED, files.delete_again)
    register_eraser(subscribing.ERASED, subscribing.end_again)
    register_eraser(matters_erasing.REPORTER_ERASED, matters_erasing.make_anonymous_again)
    register_eraser(matters_erasing.PUBLIC_WORDS_ERASED, matters_erasing.hide_again)
    register_eraser(matters_erasing.WORDS_ERASED, matters_erasing.wipe_again)
    register_eraser(matters_own.REPORT_WORDS_ERASED, matters_own.mask_again)
    register_eraser(own_account.ERASED, own_account.delete_again)
    register_eraser(leaves.ERASED, leaves.forget_again)
    register_eraser(care_erasing.ERASED, care_erasing.erase_again)


def _wire_sweeps() -> None:
    """What the worker does again and again, and how often (``linli.kernel.sweeps``)."""
    access.register_sweeps()
    erasures.register_sweeps()
    notices.register_sweeps()
    people.register_sweeps()
    outbox.register_sweeps()
    matters.register_sweeps()
    duties.register_sweeps()
    meetings.register_sweeps()
    care.register_sweeps()
    devices.register_sweeps()
    shifts.register_sweeps()
    patrols.register_sweeps()
    inspections.register_sweeps()
    flows.register_sweeps()
    insight.register_sweeps()


def _wire_access() -> None:
    # Asked for by rooms below access, which cannot declare them there.
    declare(audit.READ, text=N_("read the audit log"), administrative=True)
    declare(applying.APPLY, text=N_("apply playbooks"), administrative=True)
    declare(events.RETRY, text=N_("see and retry dead letters"), administrative=True)
    register_role_source(_roles_of_the_playbook)
    register_grant_source(grants_of_user)
    register_code_sender(send_sign_in_code, available=can_send_codes)


def _roles_of_the_playbook() -> Mapping[str, Role]:
    try:
        return active_playbook().section(AccessSection).as_roles()
    except NoPlaybook:
        return {}  # an empty installation knows the built-in roles only
