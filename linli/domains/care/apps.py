from django.apps import AppConfig


class CareConfig(AppConfig):
    name = "linli.domains.care"
    label = "care"
