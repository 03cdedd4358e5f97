"""``linli user`` and ``linli apikey``: what they print, and how they refuse."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner, Result

from linli.interfaces.cli.main import main
from linli.kernel.access.models import ApiKey, User
from linli.kernel.access.selectors import actor_of_api_key, actor_of_user
from linli.kernel.audit.models import AuditEntry
from linli.kernel.clock.services import now

pytestmark = pytest.mark.django_db
Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    def call(*arguments: str, answers: str | None = None) -> Result:
        return CliRunner().invoke(main, list(arguments), input=answers)

    return call


def test_an_empty_installation_is_entered_by_an_operator(run: Run) -> None:
    done = run("user", "create", "Admin", "--role", "operator", "--email", "admin@example.org")
    assert done.exit_code == 0, done.output
    lines = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    user = User.objects.get(username="admin")
    assert user.check_password(lines["password"]) and lines["role"] == "operator (everywhere)" and lines["email"] == "admin@example.org"
    assert actor_of_user(user.pk, now()).may("access.manage")
    assert set(AuditEntry.objects.values_list("actor", flat=True)) == {"system:cli"}


def test_a_password_can_be_given_or_asked_for_and_is_not_shown_again(run: Run) -> None:
    given = run("user", "create", "a", "--password", "a long enough one")
    asked = run("user", "create", "b", "--password", "prompt", answers="a long enough one\na long enough one\n")
    for done, name in ((given, "a"), (asked, "b")):
        assert done.exit_code == 0 and "a long enough one" not in done.output
        assert User.objects.get(username=name).check_password("a long enough one")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("user", "create", "taken"), 1),
        (("user", "create", "new", "--password", "short"), 1),
        (("user", "create", "new", "--role", "emperor"), 1),
        (("user", "create", "new", "--area", "1"), 2),
        (("user", "disable", "nobody"), 1),
        (("user", "password", "nobody"), 1),
        (("user", "role", "taken", "operator", "--take"), 1),
        (("apikey", "create", "--name", "k", "--role", "emperor"), 1),
        (("apikey", "create", "--name", "k", "--role", "operator", "--user", "taken"), 2),
        (("apikey", "create"), 2),
        (("apikey", "revoke", "nothing"), 1),
    ],
)
def test_refusals_are_one_line_and_leave_nothing(run: Run, arguments: tuple[str, ...], status: int) -> None:
    run("user", "create", "taken")
    done = run(*arguments)
    assert done.exit_code == status and done.stdout == ""
    assert [line for line in done.stderr.splitlines() if line.startswith("Error: ")] and "Traceback" not in done.output
    assert User.objects.count() == 1 and not ApiKey.objects.exists()


def test_the_life_of_an_account(run: Run) -> None:
    run("user", "create", "lin")
    assert run("user", "role", "lin", "operator").stdout == "given: operator (everywhere)\n"
    assert run("user", "list").stdout == "lin\tactive\t-\toperator (everywhere)\n"
    assert run("user", "role", "lin", "operator", "--take").exit_code == 0
    assert run("user", "disable", "lin").exit_code == 0
    assert run("user", "list").stdout == "lin\tdisabled\t-\t-\n"
    assert run("user", "enable", "lin").exit_code == 0
    fresh = run("user", "password", "lin").stdout.removeprefix("password: ").strip()
    assert User.objects.get().check_password(fresh)


def test_a_new_key_is_printed_alone_and_works_until_it_is_revoked(run: Run) -> None:
    done = run("apikey", "create", "--name", "gateway")
    key = done.stdout.removesuffix("\n")
    assert done.exit_code == 0 and done.stderr == "" and key and not set(key) & set(" \n\t")
    assert actor_of_api_key(key, now()) is not None
    listed = run("apikey", "list").stdout
    assert key not in listed and listed.split("\t")[1:4] == ["gateway", "valid", "role reporter"]
    assert run("apikey", "revoke", "gateway").exit_code == 0
    assert actor_of_api_key(key, now()) is None
    assert run("apikey", "list").stdout.split("\t")[2] == "revoked"


def test_a_key_holds_through_its_last_day(run: Run) -> None:
    day = now().date() + timedelta(days=3)
    assert run("apikey", "create", "--name", "short", "--expires", day.isoformat()).exit_code == 0
    assert ApiKey.objects.get().expires_at == datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
