"""`python -m mbox_ops.server`: serve with the settings of the environment (`MBOX_*`)."""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

import msgspec

from mbox_ops.errors import MboxError
from mbox_ops.server.serve import serve
from mbox_ops.service.runs import LEASE_SECONDS
from mbox_ops.settings import LOG_LEVELS, server_settings


def main() -> int:
    """Serve until a signal ends it; 1 when the server cannot start, with the reason on stderr."""
    parser = argparse.ArgumentParser(prog="python -m mbox_ops.server", description=__doc__)
    parser.add_argument("--host", help="the address to listen on; MBOX_HOST otherwise")
    parser.add_argument("--port", type=int, help="the port to listen on, 0 for a free one; MBOX_PORT otherwise")
    parser.add_argument("--grpc-port", type=int, help="the port for gRPC, 0 for none; MBOX_GRPC_PORT otherwise")
    parser.add_argument("--loop", choices=["auto", "uvloop", "asyncio"], default="auto", help="the event loop")
    parser.add_argument("--tls-cert", type=Path, help="a certificate with its chain, in PEM; MBOX_TLS_CERT otherwise")
    parser.add_argument("--tls-key", type=Path, help="its private key, in PEM; MBOX_TLS_KEY otherwise")
    parser.add_argument("--log-level", choices=LOG_LEVELS, help="MBOX_LOG_LEVEL otherwise")
    parser.add_argument("--lease-seconds", type=float, default=LEASE_SECONDS, help="between two renewals of a lease")
    parser.add_argument("--stop-at-eof", action="store_true", help="stop when standard input ends: with its parent")
    options = parser.parse_args()
    settings = server_settings()
    names = ("host", "port", "grpc_port", "tls_cert", "tls_key", "log_level")
    given = {name: value for name in names if (value := getattr(options, name)) is not None}
    if options.stop_at_eof:
        threading.Thread(target=_stop_at_eof, name="mbox-parent", daemon=True).start()
    try:
        serve(msgspec.structs.replace(settings, **given), lease_seconds=options.lease_seconds, loop=options.loop)
    except (MboxError, OSError, ValueError, ImportError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _stop_at_eof() -> None:
    while os.read(0, 65_536):  # not through sys.stdin: its lock would be held when the interpreter ends
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
