from django.apps import AppConfig


class TerritoryConfig(AppConfig):
    name = "linli.directory.territory"
    label = "territory"
