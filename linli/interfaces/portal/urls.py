"""Routes of the public portal, mounted at ``/``. The shell's links look for these names: home, report, track, matters."""

from django.urls import URLPattern, path

from linli.interfaces.portal import alerts, browsing, home, map, own, photos, reporting, tracking, volunteer, volunteer_shifts  # noqa: A004 - a map is a map

app_name = "portal"
urlpatterns: list[URLPattern] = [
    path("", home.home, name="home"),
    path("help", home.about, name="about"),
    path("figures", home.figures, name="figures"),
    path("report", reporting.report, name="report"),
    path("report/suggestions", reporting.suggestions, name="suggestions"),
    path("report/class", reporting.class_more, name="class_more"),
    path("report/places", reporting.places, name="places"),
    path("report/where", reporting.where, name="where"),
    path("report/done/<str:code>", reporting.done, name="done"),
    path("track", tracking.track, name="track"),
    path("track/<str:code>", tracking.follow, name="story"),
    path("track/<str:code>/rate", tracking.rate, name="rate"),
    path("track/<str:code>/answer", tracking.answer, name="answer"),
    path("track/<str:code>/forget", tracking.forget, name="forget"),
    path("track/<str:code>/data.json", tracking.export, name="export"),
    path("track/<str:code>/contact", own.correct, name="correct"),
    path("track/<str:code>/withdraw", own.withdraw, name="withdraw"),
    path("own", own.own, name="own"),
    path("own/data.json", own.export, name="own_export"),
    path("own/anonymous", own.anonymous, name="own_anonymous"),
    path("own/leave", own.leave, name="own_leave"),
    path("matters", browsing.matters, name="matters"),
    path("matters/points", map.points, name="points"),
    path("matters/<str:code>", browsing.matter, name="matter"),
    path("matters/<str:code>/join", browsing.join, name="join"),
    path("matters.atom", alerts.feed, name="feed"),
    path("alerts", alerts.alerts, name="alerts"),
    path("alerts/mine", alerts.mine, name="alerts_mine"),
    path("alerts/worker.js", alerts.worker, name="alerts_worker"),
    path("alerts/<uuid:subscription_id>/<str:token>", alerts.alert, name="alert"),
    path("services", home.services, name="services"),
    path("volunteer", volunteer.volunteer, name="volunteer"),
    path("volunteer/shifts", volunteer_shifts.shifts, name="volunteer_shifts"),
    path("volunteer/shifts/<uuid:shift_id>/<slug:act>", volunteer_shifts.act, name="volunteer_shift"),
    path("volunteer/feed", volunteer_shifts.feed, name="volunteer_feed"),
    path("volunteer/calendar/<str:secret>.ics", volunteer_shifts.calendar, name="volunteer_calendar"),
    path("volunteer/<uuid:team_id>", volunteer.join, name="volunteer_join"),
    path("volunteer/leave/<uuid:membership_id>", volunteer.leave, name="volunteer_leave"),
    path("areas.json", map.areas, name="areas"),
    path("photos/<uuid:file_id>/<str:rendition>", photos.photo, name="photo"),
]
