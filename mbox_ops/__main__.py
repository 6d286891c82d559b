"""`python -m mbox_ops`: what needs no more than the bare install."""

import argparse
import sys
from collections.abc import Sequence

from mbox_ops.client import sync

COMMANDS = {"sync": sync.main}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the first argument names; its exit status is returned."""
    parser = argparse.ArgumentParser(prog="python -m mbox_ops", description="mbox-ops on the bare install.")
    parser.add_argument("command", choices=sorted(COMMANDS), help="sync: send what waits in the spool")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="see: python -m mbox_ops sync --help")
    given = parser.parse_args(arguments)
    return COMMANDS[given.command](given.arguments)


if __name__ == "__main__":
    sys.exit(main())
