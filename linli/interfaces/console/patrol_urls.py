"""Routes of patrols, part of the console's."""

from django.urls import URLPattern, path

from linli.interfaces.console import cover, patrol_routes, patrols

PATROLS: list[URLPattern] = [
    path("teams/<slug:code>/patrol", patrols.patrol, name="patrol"),
    path("teams/<slug:code>/patrol/answer", patrols.answer, name="patrol_answer"),
    path("teams/<slug:code>/patrol/make", patrol_routes.make, name="patrol_make"),
    path("patrols/missed", patrols.missed, name="patrols_missed"),
    path("patrols/cover", cover.cover, name="cover"),
    path("patrols/coverage", patrols.coverage, name="patrols_coverage"),
    path("patrols/routes/<uuid:route_id>", patrol_routes.route, name="patrol_route"),
    path("patrols/routes/<uuid:route_id>/change", patrol_routes.change, name="patrol_change"),
    path("patrols/routes/<uuid:route_id>/codes", patrol_routes.codes, name="patrol_codes"),
    path("patrols/routes/<uuid:route_id>/points", patrol_routes.points, name="patrol_points"),
]
