from django.apps import AppConfig


class OrganisationConfig(AppConfig):
    name = "linli.directory.organisation"
    label = "organisation"
