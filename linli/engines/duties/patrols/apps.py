from django.apps import AppConfig


class PatrolsConfig(AppConfig):
    name = "linli.engines.duties.patrols"
    label = "patrols"
