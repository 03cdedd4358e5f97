"""Playbooks, pure: sections, YAML with places, validation, composing, comparing, raising of old schemas."""

from linli.kernel.playbooks.rules.schema import (
    EffectivePlaybook,
    Issue,
    Path,
    Section,
    Sections,
    Text,
    UnknownSection,
    register_section,
    registered_sections,
)

__all__ = [
    "EffectivePlaybook",
    "Issue",
    "Path",
    "Section",
    "Sections",
    "Text",
    "UnknownSection",
    "register_section",
    "registered_sections",
]
