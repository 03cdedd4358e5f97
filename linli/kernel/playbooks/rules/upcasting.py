"""Old content read by a newer program: pure steps from one schema number to the next (DECIDED 12)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from linli.kernel.refusal import N_, Refusal

SCHEMA = 1  # the schema number that this program writes
Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

UPCASTERS: dict[int, Upcaster] = {}  # from schema n to n + 1; never changed once released


class UnknownSchema(Refusal):
    code = "playbooks.unknown_schema"
    message = N_("This playbook has schema %(schema)s; this program reads 1 to %(newest)s.")


def upcast(content: dict[str, Any], schema: int, *, upcasters: Mapping[int, Upcaster] = UPCASTERS, newest: int = SCHEMA) -> dict[str, Any]:
    """Return ``content`` raised from ``schema`` to ``newest``; the content given is not changed by well-made steps.

    Raises:
        UnknownSchema: the content is newer than the program, or a step is missing.
    """
    if not 1 <= schema <= newest:
        raise UnknownSchema(schema=schema, newest=newest)
    for number in range(schema, newest):
        if number not in upcasters:
            raise UnknownSchema(schema=schema, newest=newest)
        content = upcasters[number](content)
    return content
