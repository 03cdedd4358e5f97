"""The composition root's app: wires ports, playbook sections and event handlers once everything is loaded."""

from django.apps import AppConfig


class CompositionConfig(AppConfig):
    name = "linli.config"
    label = "composition"

    def ready(self) -> None:
        from linli.config.wiring import wire

        wire()
