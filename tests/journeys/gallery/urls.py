"""Routes of the gallery, with the names that the skins' navigation looks for."""

from django.urls import include, path
from django.views.i18n import set_language

from tests.journeys.gallery import views

portal = (
    [
        path("home", views.nothing, name="home"),
        path("portal", views.page, {"name": "portal"}, name="report"),
        path("track", views.nothing, name="track"),
        path("matters", views.nothing, name="matters"),
    ],
    "portal",
)
console = (
    [
        path("queue", views.nothing, name="queue"),
        path("call", views.nothing, name="report"),
        path("outbox", views.nothing, name="outbox"),
        path("audit", views.nothing, name="audit"),
    ],
    "console",
)
command = ([path("screen", views.nothing, name="screen")], "command")
urlpatterns = [
    path("p/", include(portal)),
    path("c/", include(console)),
    path("w/", include(command)),
    path("login", views.nothing, name="account_login"),
    path("language", set_language, name="set_language"),
    path("gallery/<name>", views.page, name="gallery"),
    path("areas.geojson", views.areas, name="areas"),
    path("points", views.points, name="points"),
]
