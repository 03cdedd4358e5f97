"""Routes of the console, mounted at ``/console``."""

from django.urls import URLPattern, path, register_converter

from linli.engines.matters.rules.states import Verb
from linli.interfaces.console import (
    boards,
    care_case,
    care_desk,
    devices,
    directory,
    export,
    forms,
    ledgers,
    matter,
    onboarding,
    queue,
    records,
    report,
    rosters,
    saved,
    staffing,
    teams,
    together,
    units,
)
from linli.interfaces.console.campaigns_urls import CAMPAIGNS
from linli.interfaces.console.duties_urls import DUTIES
from linli.interfaces.console.meetings_urls import MEETINGS
from linli.interfaces.console.patrol_urls import PATROLS
from linli.kernel.files.rules import Rendition


class VerbConverter:
    """A verb that has a form."""

    regex = "|".join(sorted(verb.value for verb in forms.FORMS))

    def to_python(self, value: str) -> str:
        return Verb(value).value

    def to_url(self, value: str) -> str:
        return str(value)


class RenditionConverter(VerbConverter):
    """A form in which a file is kept."""

    regex = "|".join(sorted((rendition.value for rendition in Rendition), key=len, reverse=True))

    def to_python(self, value: str) -> str:
        return Rendition(value).value


register_converter(VerbConverter, "verb")
register_converter(RenditionConverter, "rendition")

app_name = "console"
urlpatterns: list[URLPattern] = [
    path("", queue.home, name="queue"),
    path("export", export.export, name="export"),
    path("whistles", boards.whistles, name="whistles"),
    path("calls", boards.calls, name="calls"),
    path("filters", saved.keep, name="keep"),
    path("together", together.together, name="together"),
    path("matters/<str:code>", matter.matter, name="matter"),
    path("matters/<str:code>/merge", matter.merge, name="merge"),
    path("matters/<str:code>/photos/<uuid:file_id>", matter.clear, name="clear"),
    path("matters/<str:code>/<verb:verb>", matter.step, name="step"),
    path("files/<uuid:file_id>/<rendition:rendition>", matter.file, name="file"),
    path("report", report.report, name="report"),
    path("report/near", report.near, name="near"),
    path("search", records.search, name="search"),
    path("outbox", records.sent_notices, name="outbox"),
    path("notices", records.notices, name="notices"),
    path("notices/read", records.read_notices, name="read_notices"),
    path("audit", records.audit, name="audit"),
    path("events", records.events, name="events"),
    path("events/retry", records.retry, name="retry"),
    path("playbook", records.playbook, name="playbook"),
    path("care", care_desk.desk, name="care"),
    path("care/open", care_desk.open_new, name="care_open"),
    path("care/find", care_desk.find, name="care_find"),
    path("care/glass/<uuid:glass_id>", care_desk.glass, name="care_glass_review"),
    path("care/<str:label>", care_case.case, name="care_case"),
    path("care/<str:label>/glass", care_case.glass, name="care_glass"),
    path("care/<str:label>/export", care_case.export, name="care_export"),
    path("care/<str:label>/<slug:act>", care_case.act, name="care_act"),
    path("devices", devices.devices, name="devices"),
    path("places", ledgers.places, name="places"),
    path("places/boards", ledgers.boards, name="place_boards"),
    path("places/<slug:kind>/<uuid:place_id>", ledgers.place, name="place"),
    path("places/<slug:kind>/<uuid:place_id>/sheet.pdf", ledgers.sheet, name="place_sheet"),
    path("places/<slug:kind>/<uuid:place_id>/<slug:code>", ledgers.leaf, name="place_leaf"),
    path("places/<slug:kind>/<uuid:place_id>/<slug:code>/confirm", ledgers.confirm, name="place_confirm"),
    path("teams", teams.teams, name="teams"),
    path("teams/found", teams.found, name="team_found"),
    path("teams/organisation", teams.organisation, name="team_organisation"),
    path("teams/<slug:code>", teams.team, name="team"),
    path("teams/<slug:code>/roster", rosters.roster, name="roster"),
    path("teams/<slug:code>/roster/change", rosters.change, name="roster_change"),
    *PATROLS,
    path("teams/<slug:code>/<slug:act>", teams.act, name="team_act"),
    path("directory", directory.directory, name="directory"),
    path("directory/import", onboarding.take_in, name="take_in"),
    path("directory/post", staffing.new_post, name="new_post"),
    path("directory/posts/<uuid:post_id>", staffing.post, name="post"),
    path("directory/areas/<uuid:area_id>", staffing.area, name="area"),
    path("directory/unit", units.new_unit, name="new_unit"),
    path("directory/units/<uuid:unit_id>", units.unit, name="unit"),
    path("directory/absence", directory.absence, name="absence"),
    path("directory/absence/<uuid:absence_id>/back", directory.back, name="back"),
    *DUTIES,
    *MEETINGS,
    *CAMPAIGNS,
]
