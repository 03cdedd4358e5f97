"""Routes of the command screen, mounted at ``/command``."""

from django.urls import URLPattern, path

from linli.interfaces.command import heat, maps, views

app_name = "command"
urlpatterns: list[URLPattern] = [
    path("", views.screen, name="screen"),
    path("parts/now", views.now_part, name="now"),
    path("parts/figures", views.figures_part, name="figures"),
    path("parts/arrivals", views.arrivals_part, name="arrivals"),
    path("parts/watch", views.watch_part, name="watch"),
    path("areas.geojson", maps.areas, name="areas"),
    path("heat", heat.heat, name="heat"),
    path("spot", heat.spot, name="spot"),
    path("points", maps.points, name="points"),
]
