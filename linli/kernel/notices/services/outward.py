"""Sending one message by e-mail, by an SMS gateway, to a group's robot, and telling exactly what became of it."""

from __future__ import annotations

import json
import logging
import smtplib
import string
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import apprise
import httpx
from apprise.plugins.dingtalk import NotifyDingTalk
from apprise.plugins.feishu import NotifyFeishu
from apprise.plugins.wecombot import NotifyWeComBot
from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from linli.kernel.notices.models import GroupChannel
from linli.kernel.notices.rules import Fate, one_line
from linli.kernel.notices.services.channels import GROUP_PURPOSE, Message, Undelivered
from linli.kernel.sealing import Unreadable, unseal

TIMEOUT = httpx.Timeout(15, connect=5)
NOT_LOCAL = frozenset({"syslog", "dbus", "qt", "kde", "gnome", "glib", "macosx", "windows", "schema", "custom"})
_BUSY = frozenset({45009, 45033, 130101, 660026, 9499, 11232, 99991400})  # the robots' own codes for "too often", "try later"
logger = logging.getLogger(__name__)

# -- e-mail -----------------------------------------------------------------------------------------------------------


def send_email(message: Message) -> None:
    """Django's e-mail backend (``LINLI_EMAIL_URL``)."""
    connection = get_connection()
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ") or "localhost"
    headers = {"Message-ID": f"<{message.id}@{host}>", "Auto-Submitted": "auto-generated"}
    try:
        mail = EmailMessage(message.subject, message.body, settings.DEFAULT_FROM_EMAIL, [message.address], headers=headers, connection=connection)
        mail.message()  # a bad address or header shows here, before anything is said to the server
    except ValueError as error:
        raise Undelivered(Fate.REFUSED, type(error).__name__) from error
    try:
        connection.open()
    except (OSError, smtplib.SMTPException) as error:
        raise Undelivered(Fate.NOT_SENT, f"mail server: {type(error).__name__}") from error
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()), (550, b""))[0]
        raise Undelivered(Fate.NOT_SENT if 400 <= code < 500 else Fate.REFUSED, f"mail server refused the recipient: {code}") from error
    except smtplib.SMTPResponseException as error:  # an answer of the server: it did not take the message
        raise Undelivered(Fate.NOT_SENT if 400 <= error.smtp_code < 500 else Fate.REFUSED, f"mail server: {error.smtp_code}") from error
    except (OSError, smtplib.SMTPException) as error:
        raise Undelivered(Fate.UNKNOWN, f"mail server: {type(error).__name__}") from error
    finally:
        try:
            connection.close()
        except (OSError, smtplib.SMTPException) as error:
            logger.info("notices: closing the mail connection: %s", type(error).__name__)


# -- HTTP -------------------------------------------------------------------------------------------------------------


def http_client() -> httpx.Client:
    """A client with time limits; redirects are not followed, so that a message goes where it was meant to or nowhere."""
    return httpx.Client(timeout=TIMEOUT, follow_redirects=False)


def call(method: str, url: str, **options: Any) -> httpx.Response:
    """One HTTP request, answered with a status below 300.

    Raises:
        Undelivered: never connected or asked to wait: not sent; a clear refusal: refused; anything that may have
            reached the other side: unknown.
    """
    try:
        with http_client() as client:
            response = client.request(method, url, **options)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        raise Undelivered(Fate.NOT_SENT, type(error).__name__) from error
    except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.LocalProtocolError) as error:
        raise Undelivered(Fate.REFUSED, type(error).__name__) from error
    except httpx.HTTPError as error:
        raise Undelivered(Fate.UNKNOWN, type(error).__name__) from error
    status = response.status_code
    if status < 300:
        return response
    if status in (429, 503):
        raise Undelivered(Fate.NOT_SENT, f"HTTP {status}")
    raise Undelivered(Fate.REFUSED if status < 500 else Fate.UNKNOWN, f"HTTP {status}")


def send_sms(message: Message) -> None:
    """Any SMS gateway with an HTTP interface (``LINLI_SMS_URL`` and its neighbours); places ``{to} {text} {id}``."""
    values = {"to": message.address, "text": message.body, "id": message.id}
    gateway = settings.SMS_GATEWAY
    try:
        url = _placed(gateway["url"], {name: quote(value, safe="") for name, value in values.items()})
        headers = {str(name): str(value) for name, value in json.loads(gateway["headers"] or "{}").items()}
        body = _placed(json.loads(gateway["body"]), values) if gateway["body"] else None
    except (ValueError, AttributeError) as error:
        raise Undelivered(Fate.REFUSED, "the SMS settings cannot be read") from error
    call(gateway["method"], url, headers=headers, **({"json": body} if body is not None else {}))


def _placed(template: Any, values: Mapping[str, str]) -> Any:
    """A template (text, or JSON of texts) with its places filled; other braces stay as they are."""
    if isinstance(template, str):
        return string.Template(template.replace("$", "$$").replace("{to}", "${to}").replace("{text}", "${text}").replace("{id}", "${id}")).substitute(values)
    if isinstance(template, list):
        return [_placed(part, values) for part in template]
    if isinstance(template, dict):
        return {name: _placed(part, values) for name, part in template.items()}
    return template


# -- groups -----------------------------------------------------------------------------------------------------------


def send_to_group(message: Message) -> None:
    """A group's robot, by its Apprise address.

    The three Chinese robots answer "200 OK" also when they refuse, and say so inside; Apprise (2.2) does not look
    there, so for them the request is made here, with the address as Apprise reads it.
    """
    group = GroupChannel.objects.filter(name=message.address, active=True).first()
    if group is None:
        raise Undelivered(Fate.REFUSED, "no such group channel")
    try:
        plugin = parsed(unseal(group.address, purpose=GROUP_PURPOSE))
    except Unreadable as error:
        raise Undelivered(Fate.REFUSED, error.code) from error
    if plugin is None:
        raise Undelivered(Fate.REFUSED, "the group channel's address cannot be read")
    for kind, send in ROBOTS.items():
        if isinstance(plugin, kind):
            send(plugin, f"{message.subject}\n{message.body}" if message.subject else message.body)
            return
    if not plugin.notify(body=message.body, title=message.subject, body_format=apprise.NotifyFormat.TEXT):
        raise Undelivered(Fate.UNKNOWN, f"{one_line(str(plugin.service_name), 60)} said no, without saying whether it arrived")


def parsed(address: str) -> apprise.NotifyBase | None:
    """What an Apprise address stands for; None when it cannot be read or would act on this machine instead of sending."""
    plugin = apprise.Apprise.instantiate(address, suppress_exceptions=True)
    if not isinstance(plugin, apprise.NotifyBase):
        return None
    schema = address.partition(":")[0].lower()
    return None if schema in NOT_LOCAL else plugin


def _robot(url: str, payload: dict[str, Any], params: dict[str, Any] | None = None) -> None:
    response = call("POST", url, json=payload, params=params)
    try:
        answer = response.json()
        codes = [answer[name] for name in ("errcode", "code", "StatusCode") if name in answer]
    except (ValueError, TypeError) as error:
        raise Undelivered(Fate.UNKNOWN, "the robot's answer cannot be read") from error
    if not codes:
        raise Undelivered(Fate.UNKNOWN, "the robot's answer says neither yes nor no")
    if any(code != 0 for code in codes):
        raise Undelivered(Fate.NOT_SENT if set(codes) & _BUSY else Fate.REFUSED, f"robot: code {one_line(str(codes[0]), 20)}")


def _wecom(robot: Any, text: str) -> None:
    _robot(robot.api_url, {"msgtype": "text", "text": {"content": text[:600]}})  # the robot takes 2,048 bytes


def _dingtalk(robot: Any, text: str) -> None:
    params: dict[str, Any] | None = None
    if robot.secret:
        timestamp, signature = robot.get_signature()
        params = {"timestamp": timestamp, "sign": signature}
    at = {"atMobiles": list(robot.targets), "isAtAll": False}
    _robot(robot.notify_url.format(token=robot.token), {"msgtype": "text", "text": {"content": text}, "at": at}, params)


def _feishu(robot: Any, text: str) -> None:
    _robot(robot.notify_url.format(token=robot.token), {"msg_type": "text", "content": {"text": text}})


ROBOTS: dict[type, Callable[[Any, str], None]] = {NotifyWeComBot: _wecom, NotifyDingTalk: _dingtalk, NotifyFeishu: _feishu}
