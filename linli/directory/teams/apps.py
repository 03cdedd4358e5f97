from django.apps import AppConfig


class TeamsConfig(AppConfig):
    name = "linli.directory.teams"
    label = "teams"
