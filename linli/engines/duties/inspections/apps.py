from django.apps import AppConfig


class InspectionsConfig(AppConfig):
    name = "linli.engines.duties.inspections"
    label = "inspections"
