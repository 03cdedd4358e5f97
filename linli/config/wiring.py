"""What is plugged into what: playbook sections, grant sources, event handlers. Read this to see the whole house."""

from __future__ import annotations

from collections.abc import Mapping

from linli.directory.organisation.playbook import DirectorySection
from linli.kernel.access.playbook import AccessSection
from linli.kernel.access.rules import Role
from linli.kernel.access.selectors import register_role_source
from linli.kernel.calendar.playbook import CalendarSection
from linli.kernel.playbooks.rules import Section, register_section
from linli.kernel.playbooks.selectors import NoPlaybook, active_playbook

# The sections of a playbook and who owns them, in the order in which they are shown.
SECTIONS: dict[str, type[Section]] = {
    "calendar": CalendarSection,
    "access": AccessSection,
    "directory": DirectorySection,
}


def wire() -> None:
    """Plug the rooms together; called once, when the apps are loaded."""
    for name, model in SECTIONS.items():
        register_section(name, model)
    _wire_access()


def _wire_access() -> None:
    register_role_source(_roles_of_the_playbook)


def _roles_of_the_playbook() -> Mapping[str, Role]:
    try:
        return active_playbook().section(AccessSection).as_roles()
    except NoPlaybook:
        return {}  # an empty installation knows the built-in roles only
