"""Routes of the command screen, mounted at ``/command``."""

from django.urls import URLPattern, path

from linli.interfaces.command import maps, views

app_name = "command"
urlpatterns: list[URLPattern] = [
    path("", views.screen, name="screen"),
    path("parts/now", views.now_part, name="now"),
    path("parts/figures", views.figures_part, name="figures"),
    path("parts/watch", views.watch_part, name="watch"),
    path("areas.geojson", maps.areas, name="areas"),
    path("points", maps.points, name="points"),
]
