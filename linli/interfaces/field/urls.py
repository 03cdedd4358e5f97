"""Routes of the field app, mounted at ``/field``; the worker's scope is what lies below."""

from django.urls import URLPattern, path

from linli.interfaces.field import app, sync

app_name = "field"
urlpatterns: list[URLPattern] = [
    path("", app.app, name="app"),
    path("app.webmanifest", app.manifest, name="manifest"),
    path("worker.js", app.worker, name="worker"),
    path("snapshot", sync.snapshot, name="snapshot"),
    path("sync", sync.sync, name="sync"),
]
