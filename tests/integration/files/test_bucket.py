"""Files in a bucket: the same services on a server that speaks S3, content and all."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer
from PIL import Image

from linli.kernel.files import services
from linli.kernel.files.models import BlobRemoval
from linli.kernel.files.rules import Rendition
from linli.kernel.files.services import blobs
from linli.kernel.files.tasks import remove_blobs
from linli.kernel.writing import write
from tests.integration.files.made import AT, DOCX, handler, on_disk, owner, packed, picture, read, store, tagged

pytestmark = pytest.mark.django_db


def client(address: str) -> Any:
    return boto3.client("s3", endpoint_url=address, region_name="us-east-1")


@pytest.fixture
def bucket(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a store with an empty bucket, which files lie in."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address = "http://{}:{}".format(*server.get_host_and_port())
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    options = {"bucket_name": "linli", "default_acl": None, "file_overwrite": True, "endpoint_url": address, "region_name": "us-east-1"}
    client(address).create_bucket(Bucket="linli")
    settings.STORAGES = {**settings.STORAGES, "files": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}}
    yield address
    server.stop()
    s3_backends.reset()  # the library keeps buckets longer than its server


def test_what_is_stored_lies_in_the_bucket_and_is_read_from_there(bucket: str) -> None:
    sent = packed(**DOCX)
    photo, paper = store(tagged(), "a.jpg", "image/jpeg", owner()), store(sent, "a.docx", "", owner())
    assert len(on_disk()) == 4  # a photo's three forms, and the document
    actor = handler("files.read")
    with Image.open(io.BytesIO(read(actor, photo.id, Rendition.LARGE))) as image:
        assert image.size == (400, 800) and not dict(image.getexif())
    assert read(actor, paper.id, Rendition.ORIGINAL) == sent
    assert b"SECRET" not in read(actor, photo.id, Rendition.ORIGINAL)
    grants = client(bucket).get_object_acl(Bucket="linli", Key=on_disk()[0])["Grants"]
    assert [grant["Grantee"].get("URI") for grant in grants] == [None], "its owner's alone: never for all"


def test_equal_content_lies_there_once_and_goes_with_the_last_file(bucket: str) -> None:
    sent = picture()
    first, second = store(sent, "a.jpg", owner=owner()), store(sent, "b.jpg", owner=owner())
    assert len(on_disk()) == 3
    for stored, left in ((first, 3), (second, 0)):
        with write():
            services.delete_files(actor=handler("files.read"), at=AT, file_ids=[stored.id])
        remove_blobs()
        assert len(on_disk()) == left


def test_content_that_no_row_knows_is_removed_when_it_is_old(bucket: str) -> None:
    client(bucket).put_object(Bucket="linli", Key="ab/lost", Body=b"x")
    now = datetime.now(UTC)
    assert blobs.remove_orphans(now) == 0 and on_disk() == ["ab/lost"]
    assert blobs.remove_orphans(now + timedelta(hours=2)) == 1 and on_disk() == []


def test_a_key_that_cannot_be_removed_holds_up_no_other(bucket: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck, other = store(picture(), "a.jpg", owner=owner()), store(packed(**DOCX), "b.docx", owner=owner())
    with write():
        services.delete_files(actor=handler("files.read"), at=AT, file_ids=[stuck.id, other.id])
    bad = BlobRemoval.objects.order_by("recorded_at").first()
    assert bad is not None
    delete = type(blobs.storage()).delete

    def fails(place: Any, key: str) -> None:
        if key == bad.key:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "DeleteObject")
        delete(place, key)

    monkeypatch.setattr(type(blobs.storage()), "delete", fails)
    assert remove_blobs() == 3 and list(BlobRemoval.objects.values_list("key", flat=True)) == [bad.key]
