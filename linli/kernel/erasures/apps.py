from django.apps import AppConfig


class ErasuresConfig(AppConfig):
    name = "linli.kernel.erasures"
    label = "erasures"
