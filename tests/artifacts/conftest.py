"""Blob stores of every kind that users have: a folder, an S3 bucket behind real HTTP, memory."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from mbox_ops.artifacts.blobs import Blobs

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="session")
def s3_environment() -> Iterator[dict[str, str]]:
    """What a process has to know to find an S3 server of this machine, with an empty bucket `bucket`."""
    import boto3

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environment = {**CREDENTIALS, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}
    boto3.client(
        "s3", endpoint_url=environment["AWS_ENDPOINT_URL"], region_name="us-east-1",
        aws_access_key_id="test", aws_secret_access_key="test",
    ).create_bucket(Bucket="bucket")  # fmt: skip
    yield environment
    server.stop()


@pytest.fixture(params=["folder", "s3", "memory"])
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty store."""
    if request.param == "folder":
        return str(tmp_path / "a folder")
    if request.param == "memory":
        return f"memory://{secrets.token_hex(4)}"
    for name, value in request.getfixturevalue("s3_environment").items():
        monkeypatch.setenv(name, value)
    return f"s3://bucket/{secrets.token_hex(4)}"


@pytest.fixture
def blobs(url: str) -> Blobs:
    """An empty store."""
    return Blobs(url)


@pytest.fixture
def upload(blobs: Blobs) -> Callable[..., str]:
    """A function that puts parts and returns the id of their upload."""

    def put(*parts: bytes) -> str:
        uid = secrets.token_hex(8)
        for number, part in enumerate(parts):
            blobs.put_part(uid, number, part)
        return uid

    return put
