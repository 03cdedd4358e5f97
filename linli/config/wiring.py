"""What is plugged into what: playbook sections, grant sources, event handlers. Read this to see the whole house."""

from __future__ import annotations

from collections.abc import Mapping

from linli.kernel.access.playbook import AccessSection
from linli.kernel.access.rules import Role
from linli.kernel.access.selectors import register_role_source
from linli.kernel.playbooks.rules.schema import register_section
from linli.kernel.playbooks.selectors import NoPlaybook, active_playbook


def wire() -> None:
    """Plug the rooms together; called once, when the apps are loaded."""
    _wire_access()


def _wire_access() -> None:
    register_section("access", AccessSection)
    register_role_source(_roles_of_the_playbook)


def _roles_of_the_playbook() -> Mapping[str, Role]:
    try:
        return active_playbook().section(AccessSection).as_roles()
    except NoPlaybook:
        return {}  # an empty installation knows the built-in roles only
