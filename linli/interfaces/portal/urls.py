"""Routes of the public portal, mounted at ``/``. The shell's links look for these names: home, report, track, matters."""

from django.urls import URLPattern

app_name = "portal"
urlpatterns: list[URLPattern] = []
