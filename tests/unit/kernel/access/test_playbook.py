"""The ``access`` section of a playbook."""

import pytest
from pydantic import ValidationError

from linli.kernel.access.playbook import AccessSection
from linli.kernel.access.rules import Confidentiality, Role
from linli.kernel.playbooks.rules import Sections

NAME = {"zh": "网格长", "en": "Grid head"}


def section(**roles: object) -> AccessSection:
    return AccessSection.model_validate({"roles": roles})


def issues(found: AccessSection) -> list[tuple[tuple[str | int, ...], str]]:
    return [(issue.path, issue.message % issue.params) for issue in found.check(Sections({"access": found}))]


def test_roles_are_read() -> None:
    found = section(head={"name": NAME, "permissions": ["access.manage"], "clearance": "private"})
    assert issues(found) == []
    assert found.as_roles() == {"head": Role("head", frozenset({"access.manage"}), Confidentiality.PRIVATE)}
    assert section(clerk={"name": NAME, "permissions": []}).as_roles()["clerk"].clearance is Confidentiality.INTERNAL


def test_unknown_and_doubled_permissions_and_built_in_roles_are_found() -> None:
    found = section(head={"name": NAME, "permissions": ["access.mange", "access.manage", "access.manage"]}, operator={"name": NAME, "permissions": []})
    assert issues(found) == [
        (("roles", "head", "permissions", 0), "There is no permission access.mange."),
        (("roles", "head", "permissions", 2), "The permission access.manage is named twice."),
        (("roles", "operator"), "The role operator is built in; choose another code."),
    ]
    [first, *_] = found.check(Sections({"access": found}))
    assert "access.manage" in first.known


@pytest.mark.parametrize(
    "broken",
    [
        {"head": {"name": NAME, "permissions": [], "clearance": "top"}},
        {"head": {"name": NAME, "permissions": [], "ethnicity": "x"}},
        {"head": {"name": {"zh": "网格长"}, "permissions": []}},
        {"Head": {"name": NAME, "permissions": []}},
    ],
)
def test_broken_sections_are_refused(broken: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        section(**broken)
