"""Routes of the command screen, mounted at ``/command``. The console's rail looks for the name screen."""

from django.urls import URLPattern

app_name = "command"
urlpatterns: list[URLPattern] = []
