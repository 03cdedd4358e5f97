"""Routes of the console, mounted at ``/console``. The rail looks for these names: queue, report, outbox, audit."""

from django.urls import URLPattern

app_name = "console"
urlpatterns: list[URLPattern] = []
