"""States, verbs and channels of matters in words and icons, one wording for every face."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise

# state → (word, icon, badge)
STATES: dict[str, tuple[Words, str, str]] = {
    "reported": (_("To file"), "inbox", "warm"),
    "filed": (_("To dispatch"), "forward", "warm"),
    "dispatched": (_("In hand"), "wrench", "brand"),
    "handled": (_("To verify"), "search-check", "brand"),
    "verified": (_("To close"), "badge-check", "brand"),
    "suspended": (_("Suspended"), "circle-pause", "suspended"),
    "closed": (_("Closed"), "circle-check", "ok"),
    "refused": (_("Not taken up"), "x", ""),
    "merged": (_("Merged"), "git-merge", ""),
}

# verb → (what happened, what to press, icon, kind of the story's dot)
VERBS: dict[str, tuple[Words, Words, str, str]] = {
    "report": (_("Reported"), _("Report"), "megaphone", ""),
    "file": (_("Filed"), _("File"), "clipboard-list", ""),
    "refuse": (_("Not taken up"), _("Do not take up"), "x", "late"),
    "merge": (_("Merged into another matter"), _("Merge into another"), "git-merge", ""),
    "dispatch": (_("Dispatched"), _("Dispatch"), "forward", ""),
    "transfer": (_("Transferred to another post"), _("Transfer"), "route", ""),
    "return": (_("Returned"), _("Return"), "corner-up-left", "late"),
    "report_back": (_("Handled and reported back"), _("Report back"), "message-square-text", "good"),
    "solve": (_("Solved"), _("Solved"), "circle-check", "good"),
    "verify": (_("Verified"), _("Verify"), "search-check", "good"),
    "call_back": (_("Reporter called back"), _("Call back"), "phone-call", ""),
    "close": (_("Closed"), _("Close the matter"), "badge-check", "good"),
    "reopen": (_("Reopened"), _("Reopen"), "rotate-ccw", "late"),
    "escalate": (_("Sent up"), _("Send up"), "arrow-up-right", "up"),
    "time_out": (_("Time ran out; moved up by itself"), _("Move up"), "alarm-clock", "late"),
    "suspend": (_("Suspended"), _("Suspend"), "circle-pause", ""),
    "resume": (_("Taken up again"), _("Take up again"), "play", ""),
    "ask_extension": (_("More time asked for"), _("Ask for more time"), "timer", ""),
    "grant_extension": (_("More time granted"), _("Grant more time"), "calendar-clock", "good"),
    "decline_extension": (_("More time declined"), _("Decline more time"), "x", ""),
    "whistle": (_("Departments called"), _("Call departments"), "siren", "up"),
    "report_in": (_("A department reported in"), _("Report in"), "handshake", "good"),
    "correct": (_("Class or place corrected"), _("Correct class or place"), "pencil", ""),
    "redact": (_("Public words replaced"), _("Replace the public words"), "eye-off", ""),
    "note": (_("Note"), _("Note"), "file-text", ""),
    "ask_reporter": (_("Reporter asked"), _("Ask the reporter"), "circle-help", ""),
    "join": (_("Another reporter joined"), _("Join"), "user-plus", ""),
    "rate": (_("Reporter rated it"), _("Rate"), "star", ""),
}

SOURCES: dict[str, Words] = {
    "web": _("Portal"),
    "portal": _("Portal"),
    "api": _("Another program"),
    "open311": _("Another program (Open311)"),
    "desk": _("Duty desk, for a caller"),
    "field": _("Grid member"),
    "meeting": _("Decided by a meeting"),
    "replay": _("Records of another system"),
}

PLACINGS: dict[str, Words] = {
    "inside": _("inside the grid"),
    "border": _("on a border"),
    "outside": _("outside every grid"),
    "unplaced": _("No place yet"),
}

# state of a notice → (word, badge)
NOTICES: dict[str, tuple[Words, str]] = {
    "queued": (_("waits"), "brand"),
    "sending": (_("is being sent"), "brand"),
    "sent": (_("sent"), "ok"),
    "failed": (_("failed"), "overdue"),
    "unknown": (_("fate unknown"), "soon"),
    "held": (_("would have been sent"), "suspended"),
    "bundled": (_("in a digest"), ""),
}
CHANNELS: dict[str, Words] = {
    "in_app": _("In the program"),
    "email": _("E-mail"),
    "sms": _("Text message"),
    "group": _("Group chat"),
    "push": _("On the device"),
}
ABSENCES: dict[str, Words] = {
    "leave": _("Leave"),
    "training": _("Training"),
    "elsewhere": _("On duty elsewhere"),
    "off_shift": _("Off shift"),
    "other": _("Other reason"),
}

SOON = timedelta(hours=4)


def clock_state(*, state: str, due_at: datetime, closed_at: datetime | None, at: datetime, soon: timedelta = SOON) -> str:
    """The design system's word for a deadline: ok, soon, overdue, suspended, done or late."""
    if closed_at is not None:
        return "done" if closed_at <= due_at else "late"
    if state == "suspended":
        return "suspended"
    if at > due_at:
        return "overdue"
    return "soon" if due_at - at <= soon else "ok"


def state_words(state: str) -> tuple[Words, str, str]:
    """Word, icon and badge of a state; a state this version does not know is shown as it is."""
    return STATES.get(state, (state, "circle", ""))


def verb_words(verb: str) -> tuple[Any, Any, str, str]:
    """What happened, what to press, icon and dot of a verb."""
    return VERBS.get(verb, (verb, verb, "circle-dot", ""))


# What the audit log calls an act; matters are said by their verbs.
ACTIONS: dict[str, Words] = {
    "apikey.create": _("API key made"),
    "apikey.revoke": _("API key revoked"),
    "console.export": _("List taken out"),
    "devices.alarm": _("Device raised an alarm"),
    "devices.register": _("Device registered"),
    "devices.retire": _("Device retired"),
    "duties.passed": _("Duty passed on"),
    "events.dead": _("Event set aside"),
    "files.clear": _("Photo cleared to be shown"),
    "files.withdraw": _("Photo withdrawn"),
    "matters.export": _("Matters taken out"),
    "matters.make_anonymous": _("Report made anonymous"),
    "notices.group": _("Group of notices changed"),
    "notices.prefer": _("Way of being told changed"),
    "notices.resend": _("Notice sent again"),
    "organisation.appoint": _("Somebody appointed"),
    "organisation.cancel_absence": _("Absence ended"),
    "organisation.change_post": _("Post changed"),
    "organisation.create_post": _("Post made"),
    "organisation.create_unit": _("Unit made"),
    "organisation.end_appointment": _("Appointment ended"),
    "organisation.record_absence": _("Absence recorded"),
    "organisation.remove_unit": _("Unit removed"),
    "organisation.rename_unit": _("Unit renamed"),
    "organisation.retire_post": _("Post retired"),
    "people.change": _("Person's record changed"),
    "people.enter": _("Person entered"),
    "people.erase": _("Person erased"),
    "people.link_user": _("Account linked to a person"),
    "people.reveal_contact": _("Contact read"),
    "playbooks.apply": _("Playbook applied"),
    "territory.change_area": _("Area changed"),
    "territory.imported": _("Territory taken in"),
    "territory.records_imported": _("Records of places taken in"),
    "territory.streets_imported": _("Streets taken in"),
    "user.create": _("Account made"),
    "user.delete": _("Account deleted"),
    "user.enable": _("Account opened or closed"),
    "user.password": _("Password changed"),
}


def action_words(action: str) -> Any:
    """An act of the audit log in words; empty for one that has none."""
    room, _dot, verb = action.partition(".")
    return ACTIONS.get(action) or (VERBS[verb][0] if room == "matters" and verb in VERBS else "")
