"""``linli user`` and ``linli apikey``: accounts of staff, and keys of programs."""

from __future__ import annotations

import secrets
import string
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from linli.interfaces.cli.runtime import line, with_database

if TYPE_CHECKING:
    from linli.kernel.access.models import User

GENERATED_LENGTH = 16
READABLE = "".join(sorted(set(string.ascii_letters + string.digits) - set("0O1lI")))


@click.group()
def user() -> None:
    """Accounts of staff: make, list, close; passwords; roles without a post."""


@click.group()
def apikey() -> None:
    """Keys by which programs report and read."""


def _area_path(code: str | None) -> str:
    from linli.directory.territory.selectors.ground import ground

    return ground().by_code(code).path if code else ""


def _user(name: str) -> User:
    from linli.kernel.access.selectors import user_named
    from linli.kernel.access.services.users import UnknownUser

    found = user_named(name)
    if found is None:
        raise UnknownUser
    return found


def _password(wish: str) -> tuple[str, bool]:
    """The password for an answer to --password, and whether it has to be shown."""
    if wish == "prompt":
        return click.prompt("Password", hide_input=True, confirmation_prompt=True), False
    if wish == "generate":
        return "".join(secrets.choice(READABLE) for _ in range(GENERATED_LENGTH)), True
    return wish, False


password_option = click.option(
    "--password",
    default="generate",
    show_default=True,
    metavar="TEXT|prompt|generate",
    help="The password itself (it then stands in the shell's history), or: prompt asks for it, generate makes and prints one.",
)
area_option = click.option("--area", metavar="CODE", help="Code of the area where it holds, with all below it. Without it: everywhere.")


@user.command("create")
@click.argument("name")
@click.option("--role", help="A role of the playbook, or the built-in `operator` (everything administrative).")
@area_option
@password_option
@click.option("--email", default="", help="Another name to sign in by; an organisation's sign-in finds the account by it.")
@click.option("--phone", default="", help="Where notices go; kept sealed.")
@click.option("--display-name", default="", help="How others see the account.")
@click.option("--language", default="", metavar="CODE", help="zh-hans or en. Without it: the installation's own.")
@with_database
def create_user(name: str, role: str | None, area: str | None, password: str, email: str, phone: str, display_name: str, language: str) -> None:
    """Make an account that signs in as NAME, and print what was made."""
    from linli.kernel.access.rules import Actor
    from linli.kernel.access.services import roles, users
    from linli.kernel.clock.services import now
    from linli.kernel.writing import write

    if area and not role:
        raise click.UsageError("--area says where a role holds: give --role as well.")
    actor, at, path = Actor.system("cli"), now(), _area_path(area)
    secret, shown = _password(password)
    with write():
        made = users.create_user(actor=actor, at=at, username=name, password=secret, email=email, phone=phone, display_name=display_name, language=language)
        if role:
            roles.give_role(actor=actor, at=at, user_id=made.pk, role=role, area_path=path)
    line(f"user: {made.username}")
    if shown:
        line(f"password: {secret}")
    if made.email:
        line(f"email: {made.email}")
    if role:
        line(f"role: {role} ({path or 'everywhere'})")


@user.command("list")
@with_database
def list_users() -> None:
    """List staff accounts with their direct roles (roles that come from posts are not shown)."""
    from linli.kernel.access.rules import SYSTEM
    from linli.kernel.access.selectors import users

    for account in users(SYSTEM):
        held = ", ".join(f"{held.role} ({held.area_path or 'everywhere'})" for held in account.roles.all() if held.ended_at is None)
        line("\t".join([account.username, "active" if account.is_active else "disabled", account.email or "-", held or "-"]))


@user.command("disable")
@click.argument("name")
@with_database
def disable_user(name: str) -> None:
    """Close the account NAME: its sessions and keys stop at once; its records stay."""
    from linli.kernel.access.rules import Actor
    from linli.kernel.access.services import users
    from linli.kernel.clock.services import now
    from linli.kernel.writing import write

    with write():
        users.disable_user(actor=Actor.system("cli"), at=now(), user_id=_user(name).pk)
    line(f"disabled: {name}")


@user.command("enable")
@click.argument("name")
@with_database
def enable_user(name: str) -> None:
    """Open the disabled account NAME again."""
    from linli.kernel.access.rules import Actor
    from linli.kernel.access.services import users
    from linli.kernel.clock.services import now
    from linli.kernel.writing import write

    with write():
        users.enable_user(actor=Actor.system("cli"), at=now(), user_id=_user(name).pk)
    line(f"enabled: {name}")


@user.command("password")
@click.argument("name")
@password_option
@with_database
def set_password(name: str, password: str) -> None:
    """Give the account NAME a new password; it is signed out everywhere."""
    from linli.kernel.access.rules import Actor
    from linli.kernel.access.services import users
    from linli.kernel.clock.services import now
    from linli.kernel.writing import write

    secret, shown = _password(password)
    with write():
        users.change_password(actor=Actor.system("cli"), at=now(), user_id=_user(name).pk, password=secret)
    line(f"password: {secret}" if shown else f"changed: {name}")


@user.command("role")
@click.argument("name")
@click.argument("role")
@area_option
@click.option("--take", is_flag=True, help="Take the role back instead of giving it.")
@with_database
def change_role(name: str, role: str, area: str | None, take: bool) -> None:
    """Give the account NAME a ROLE without a post, or take it back."""
    from linli.kernel.access.rules import Actor
    from linli.kernel.access.services import roles
    from linli.kernel.clock.services import now
    from linli.kernel.writing import write

    change = roles.take_role if take else roles.give_role
    path = _area_path(area)
    with write():
        change(actor=Actor.system("cli"), at=now(), user_id=_user(name).pk, role=role, area_path=path)
    line(f"{'taken' if take else 'given'}: {role} ({path or 'everywhere'})")


@apikey.command("create")
@click.option("--name", required=True, help="What the key is for; by this name it is revoked.")
@click.option("--user", "user_name", help="Act with this account's rights.")
@click.option("--role", help="Or act in this role. Without both: the built-in `reporter`, which may do what anybody may.")
@area_option
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="Last day, UTC. Without it the key holds until it is revoked.")
@with_database
def create_key(name: str, user_name: str | None, role: str | None, area: str | None, expires: datetime | None) -> None:
    """Make a key and print it, alone. It cannot be shown again."""
    from datetime import timedelta

    from linli.kernel.access.rules import REPORTER, Actor
    from linli.kernel.access.services.api_keys import create_api_key
    from linli.kernel.clock.services import now
    from linli.kernel.writing import write

    if user_name and role:
        raise click.UsageError("A key acts either for an account (--user) or in a role (--role).")
    path = _area_path(area)
    with write():
        _, text = create_api_key(
            actor=Actor.system("cli"),
            at=now(),
            name=name,
            user_id=_user(user_name).pk if user_name else None,
            role="" if user_name else role or REPORTER,
            area_path=path,
            expires_at=expires.replace(tzinfo=UTC) + timedelta(days=1) if expires else None,
        )
    line(text)


@apikey.command("list")
@with_database
def list_keys() -> None:
    """List keys: open part, name, state, what they act as, where, end, day of last use."""
    from linli.kernel.access.rules import SYSTEM
    from linli.kernel.access.selectors import api_keys
    from linli.kernel.clock.services import now

    at = now()
    for key in api_keys(SYSTEM):
        state = "revoked" if key.revoked_at else "expired" if key.expires_at and key.expires_at <= at else "valid"
        acts = f"user {key.user.username}" if key.user else f"role {key.role}"
        end = key.expires_at.date().isoformat() if key.expires_at else "-"
        last = key.last_used_on.isoformat() if key.last_used_on else "never"
        line("\t".join([f"{key.prefix}…", key.name, state, acts, key.area_path or "everywhere", end, last]))


@apikey.command("revoke")
@click.argument("name")
@with_database
def revoke_key(name: str) -> None:
    """Make the key NAME (or with this open part) worthless at once."""
    from linli.kernel.access.rules import Actor
    from linli.kernel.access.services.api_keys import revoke_api_key
    from linli.kernel.clock.services import now
    from linli.kernel.writing import write

    with write():
        revoke_api_key(actor=Actor.system("cli"), at=now(), name=name)
    line(f"revoked: {name}")
