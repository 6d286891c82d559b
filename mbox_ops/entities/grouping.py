"""Scenarios, run collections and the other names that runs are grouped by."""

from datetime import datetime

import msgspec


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario that has live runs; `runs` counts them."""

    id: str
    name: str
    namespace: str
    runs: int
    collections: int
    last_run_at: datetime | None


class RunCollection(msgspec.Struct, frozen=True, kw_only=True):
    """A run collection that has live runs; `display_name` ends in ` (Default)` for a source's default one."""

    id: str
    name: str
    display_name: str
    is_default: bool
    scenario: str
    scenario_id: str
    runs: int
    last_run_at: datetime | None


class ScenarioPart(msgspec.Struct, frozen=True, kw_only=True):
    """The live runs of one source in one collection of a scenario.

    Attributes:
        source_kind: `pipeline` or `notebook`; None where no run says where it comes from.
        bytes: of the artifacts that were uploaded.
    """

    source_kind: str | None
    source: str | None
    collection: str
    collection_id: str
    is_default: bool
    runs: int
    last_run_at: datetime | None
    bytes: int
