"""Loading playbooks from files, and applying them."""

from linli.kernel.playbooks.services.apply import AlreadyApplied, apply_playbook
from linli.kernel.playbooks.services.load import LoadedPlaybook, UnknownPlaybook, find_playbook, load_playbook, shipped_playbooks

__all__ = [
    "AlreadyApplied",
    "LoadedPlaybook",
    "UnknownPlaybook",
    "apply_playbook",
    "find_playbook",
    "load_playbook",
    "shipped_playbooks",
]
