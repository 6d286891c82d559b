"""What a check of `mbox doctor` has found."""

from typing import Literal

import msgspec

FindingState = Literal["ok", "warning", "failed", "skipped"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one check.

    Attributes:
        check: what was looked at.
        state: `skipped`, if it could not be looked at or need not be.
        says: what was found.
        do: what helps; empty where nothing has to be done.
    """

    check: str
    state: FindingState
    says: str
    do: str = ""


def ok(check: str, says: str) -> Finding:
    """All is well."""
    return Finding(check=check, state="ok", says=says)


def warning(check: str, says: str, do: str) -> Finding:
    """It works, and somebody should look."""
    return Finding(check=check, state="warning", says=says, do=do)


def failed(check: str, says: str, do: str) -> Finding:
    """It does not work."""
    return Finding(check=check, state="failed", says=says, do=do)


def skipped(check: str, says: str) -> Finding:
    """It was not looked at."""
    return Finding(check=check, state="skipped", says=says)
