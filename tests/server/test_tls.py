"""TLS at both doors, with a certificate of one's own authority."""

import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import grpc
import pytest
from cryptography import x509

from mbox_ops.client.client import Client
from mbox_ops.client.http import HttpApi
from mbox_ops.entities.runs import Run
from mbox_ops.errors import Unavailable
from mbox_ops.server.tls import Certificate
from mbox_ops.testing import LiveServer, free_port, live_server
from mbox_ops.wire import modelbox_pb2 as pb
from mbox_ops.wire.modelbox_pb2_grpc import ModelStoreStub
from tests.server.authority import Authority


class Served(NamedTuple):
    """A server that speaks TLS, and who signed its certificate."""

    server: LiveServer
    url: str
    grpc_port: int
    authority: Authority


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for the tests that only connect."""
    authority = Authority(tmp_path_factory.mktemp("tls"))
    cert, key = authority.sign("server")
    port = free_port()
    environment = {"MBOX_TLS_CERT": str(cert), "MBOX_TLS_KEY": str(key), "MBOX_GRPC_PORT": str(port)}
    with live_server(environment=environment) as server:
        yield Served(server, server.url.replace("http:", "https:"), port, authority)


def presented(port: int, ca: Path) -> int:
    """The serial number of the certificate that is presented on a port."""
    context = ssl.create_default_context(cafile=str(ca))
    context.set_alpn_protocols(["h2"])
    plain = socket.create_connection(("127.0.0.1", port))
    with plain, context.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
        found = secure.getpeercert(binary_form=True)
    assert found is not None
    return x509.load_der_x509_certificate(found).serial_number


def test_the_client_trusts_the_authority_that_it_is_told_of(served: Served, monkeypatch, tmp_path) -> None:
    """By REQUESTS_CA_BUNDLE, as other programs are; without it the certificate is refused, and the message says so."""
    monkeypatch.setenv("MBOX_SPOOL_DIR", str(tmp_path))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(served.authority.ca))
    run = Client(served.url).runs.create(run_name="secret")
    run.log_metrics({"loss": 0.5})
    assert Client(served.url).runs.get(run.id).metrics["loss"].last == 0.5
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(Unavailable, match="certificate"):
        HttpApi(served.url, deadline=0.0).call("GET", f"/runs/{run.id}", result=Run)


def test_grpc_speaks_tls_with_the_same_certificate(served: Served) -> None:
    """To those who trust the authority; without TLS there is no answer."""
    ca = served.authority.ca.read_bytes()
    address = f"127.0.0.1:{served.grpc_port}"
    with grpc.secure_channel(address, grpc.ssl_channel_credentials(ca)) as channel:
        assert list(ModelStoreStub(channel).ListExperiments(pb.ListExperimentsRequest()).experiments) == []
    for refused in (grpc.insecure_channel(address), grpc.secure_channel(address, grpc.ssl_channel_credentials())):
        with refused as channel, pytest.raises(grpc.RpcError) as caught:
            ModelStoreStub(channel).ListExperiments(pb.ListExperimentsRequest(), timeout=5)
        assert caught.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


def test_old_versions_of_tls_and_plain_http_are_refused(served: Served) -> None:
    """TLS 1.2 is the least."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", served.server.port)) as plain,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        context.wrap_socket(plain)
    with socket.create_connection(("127.0.0.1", served.server.port)) as plain:
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"HTTP/1.1 200" not in plain.recv(1_000)


def test_a_renewed_certificate_is_taken_without_a_restart(tmp_path: Path) -> None:
    """At both doors, for new connections, within seconds."""
    authority = Authority(tmp_path)
    cert, key = authority.sign("server")
    port = free_port()
    environment = {"MBOX_TLS_CERT": str(cert), "MBOX_TLS_KEY": str(key), "MBOX_GRPC_PORT": str(port)}
    with live_server(home=tmp_path / "home", environment=environment) as server:
        first = {presented(each, authority.ca) for each in (server.port, port)}
        authority.sign("server")
        wanted = x509.load_pem_x509_certificate(cert.read_bytes()).serial_number
        assert first != {wanted}
        for _ in range(300):
            now = {presented(each, authority.ca) for each in (server.port, port)}
            if now == {wanted}:
                break
            time.sleep(0.1)
        assert now == {wanted}


def test_files_that_are_no_pair_yet_change_nothing(tmp_path: Path) -> None:
    """Who renews writes two files; between them the old pair serves on."""
    authority = Authority(tmp_path)
    certificate = Certificate(*authority.sign("server"))
    before = certificate.pair
    assert certificate.refresh() == 0
    other, _ = authority.sign("other")
    certificate.cert.write_bytes(other.read_bytes())
    with pytest.raises(ValueError, match="cannot be used"):
        certificate.refresh()
    assert certificate.pair == before
    authority.sign("server")
    assert certificate.refresh() == 1
    assert certificate.pair != before


def test_unusable_files_end_the_start_with_a_reason(tmp_path: Path) -> None:
    """One file alone, a key of another certificate, one with a passphrase, and none at all."""
    authority = Authority(tmp_path)
    cert, key = authority.sign("server")
    _, other = authority.sign("other")
    _, locked = authority.sign("locked", passphrase=b"secret")
    for options, reason in (
        (["--tls-cert", cert], "TLS needs both"),
        (["--tls-cert", cert, "--tls-key", other], "cannot be used"),
        (["--tls-cert", cert, "--tls-key", locked], "has a passphrase"),
        (["--tls-cert", tmp_path / "none", "--tls-key", key], "No such file"),
    ):
        command = [sys.executable, "-m", "mbox_ops.server", "--port", "0", "--grpc-port", "0", *map(str, options)]
        env = {"MBOX_HOME": str(tmp_path / "home"), "PATH": ""}
        done = subprocess.run(command, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
        assert done.returncode == 1
        assert reason in done.stderr, done.stderr
        assert "Traceback" not in done.stderr
