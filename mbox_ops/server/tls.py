"""The server's certificate: read at the start, checked, and read again when its files change."""

import ssl
from pathlib import Path

import structlog

from mbox_ops.settings import ServerSettings

log = structlog.get_logger("mbox_ops.server")


class Certificate:
    """A certificate with its chain, and its key, in PEM files.

    Args:
        cert: the certificate first, then those between it and the authority.
        key: its private key, without a passphrase.

    Attributes:
        context: what HTTP's connections are made with.

    Raises:
        ValueError: a file cannot be read, is no PEM, or the key is of another certificate.
    """

    def __init__(self, cert: Path, key: Path) -> None:
        self.cert, self.key = cert, key
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._seen = self._stamp()
        _load(self.context, cert, key)
        self.pair = (key.read_bytes(), cert.read_bytes())

    def refresh(self) -> int:
        """Take changed files for new connections, 1 if they had changed; files that are no pair yet are left alone."""
        seen = self._stamp()
        if seen == self._seen:
            return 0
        _load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), self.cert, self.key)  # first a trial: the other is in use
        _load(self.context, self.cert, self.key)
        self.pair, self._seen = (self.key.read_bytes(), self.cert.read_bytes()), seen
        return 1

    def _stamp(self) -> tuple[tuple[int, int], ...]:
        try:
            found = [path.stat() for path in (self.cert, self.key)]
        except OSError as error:
            raise _unusable(self.cert, self.key, error) from None
        return tuple((each.st_mtime_ns, each.st_size) for each in found)


def certificate_of(settings: ServerSettings) -> Certificate | None:
    """The certificate that the settings name; None where they name none.

    Raises:
        ValueError: only one of the two files is named, or they are unusable.
    """
    if settings.tls_cert is None and settings.tls_key is None:
        return None
    if settings.tls_cert is None or settings.tls_key is None:
        raise ValueError("TLS needs both a certificate and its key: --tls-cert and --tls-key (MBOX_TLS_CERT and _KEY).")
    return Certificate(settings.tls_cert, settings.tls_key)


def _load(context: ssl.SSLContext, cert: Path, key: Path) -> None:
    try:
        context.load_cert_chain(cert, key, password=_no_passphrase)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise _unusable(cert, key, error) from None


def _no_passphrase() -> str:
    raise ValueError("the key has a passphrase; give one without")  # else OpenSSL would ask for it on the terminal


def _unusable(cert: Path, key: Path, error: Exception) -> ValueError:
    return ValueError(f"The certificate {str(cert)!r} with the key {str(key)!r} cannot be used: {error}.")
