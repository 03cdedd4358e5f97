"""What is plugged into what: playbook sections, grant sources, event handlers. Read this to see the whole house."""


def wire() -> None:
    """Plug the rooms together; called once, when the apps are loaded."""
