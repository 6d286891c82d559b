"""What runs in front of a user's own command: it puts the step's identity into the environment, once for all of its
processes, and becomes that command."""

from typing import Any

from mbox_kfp.inlined.identity import mbox_who
from mbox_kfp.inlined.sending import mbox_epoch, mbox_token, mbox_url


def mbox_hand_over(arguments: list[str]) -> None:
    """Set `MBOX_*` and run the command behind `--`.

    The epoch is asked for here, so that all processes of the step share it. A service that is away keeps nobody from
    training: after some seconds the command starts with `MBOX_ORIGIN` alone, and the SDK asks later.
    """
    import os

    here = arguments.index("--")
    given: dict[str, Any] = {name: value for name, _, value in (text.partition("=") for text in arguments[:here])}
    try:
        os.environ.update(mbox_handed(given))
    except ValueError as error:
        raise SystemExit(f"mbox-ops cannot tell who this step is. {error}") from None
    os.execvp(arguments[here + 1], arguments[here + 1 :])


def mbox_handed(given: dict[str, Any]) -> dict[str, str]:
    """The environment that tells the SDK which run this step writes to, and as whom."""
    import os
    import sys
    import time

    began = time.monotonic()
    who = mbox_who(given)
    env = {"MBOX_RUN_KEY": who["key"], "MBOX_ORIGIN": who["origin"], "MBOX_PIPELINE": given["pipeline"]}
    if given["scenario"]:
        env["MBOX_SCENARIO"] = given["scenario"]
    try:
        env["MBOX_URL"] = mbox_url(given["url"])
        step = {
            "url": env["MBOX_URL"],
            "token": mbox_token(),
            "namespace": os.environ.get("MBOX_NAMESPACE", "").strip() or "default",
            "began": began,
            "seconds": float(given["timeout_seconds"]),
        }
        if step["token"]:
            env["MBOX_TOKEN"] = str(step["token"])
        env["MBOX_WRITER"] = f"{mbox_epoch(step)}:{who['origin']}"
    except (RuntimeError, ValueError) as error:
        sys.stderr.write(f"WARNING: mbox-ops: this step starts without its epoch. {error}\n")
    return env
