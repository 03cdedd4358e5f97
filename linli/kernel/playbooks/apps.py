from django.apps import AppConfig


class PlaybooksConfig(AppConfig):
    name = "linli.kernel.playbooks"
    label = "playbooks"
