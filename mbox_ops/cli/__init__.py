"""The command line, `mbox`."""

import sys


def main() -> None:
    """Run `mbox`; on a bare install say what it needs."""
    try:
        from mbox_ops.cli.app import run
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.startswith(("mbox_ops", "mbox_airflow", "mbox_kfp")):
            raise
        sys.exit(
            f"The command line needs the package {error.name!r}: pip install 'mbox-ops[cli]' (to read and write) or"
            " 'mbox-ops[server]' (to serve). `python -m mbox_ops sync` works without either."
        )
    run()
