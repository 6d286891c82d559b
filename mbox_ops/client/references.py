"""References: what a scenario, a pipeline, a notebook and so on are named by when runs are chosen."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from mbox_ops.entities import grouping
from mbox_ops.errors import InvalidRequest


@dataclass(frozen=True)
class Scenario:
    """A scenario: the business problem a set of pipelines and notebooks works on.

    Args:
        id: its id or its name; an id beats a name.
        name: its name, where it is known.
        runs: how many live runs it has, where it is known.
        last_run_at: when its newest run started, where it is known.
    """

    id: str
    name: str = field(default="", compare=False)
    runs: int | None = field(default=None, compare=False)
    last_run_at: datetime | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return self.name or self.id


@dataclass(frozen=True)
class ScenarioVersion:
    """A version of a scenario, by the caller's own name for it."""

    id: str


@dataclass(frozen=True)
class Pipeline:
    """A pipeline, such as an Airflow DAG or a KFP pipeline, by the caller's own name for it."""

    id: str


@dataclass(frozen=True)
class Execution:
    """One execution of a pipeline, such as an Airflow DAG run, by the caller's own name for it."""

    id: str


@dataclass(frozen=True)
class Notebook:
    """A notebook, by the caller's own name for it."""

    id: str


class Reference(Protocol):
    """Anything that has an id."""

    @property
    def id(self) -> str: ...


Ref: TypeAlias = str | Reference
"""A reference or a plain id."""

OneScenario: TypeAlias = str | Scenario | grouping.Scenario
WhichScenarios: TypeAlias = OneScenario | Iterable[OneScenario]
"""A scenario, text with several names parted by commas, or a list of either."""


def scenario_of(entity: grouping.Scenario) -> Scenario:
    """The reference to a scenario that was read from the server."""
    return Scenario(id=entity.id, name=entity.name, runs=entity.runs, last_run_at=entity.last_run_at)


def ident(field_name: str, reference: Ref | None) -> str | None:
    """The id that a reference, or a plain id, stands for.

    Raises:
        InvalidRequest: it is neither.
    """
    if reference is None or isinstance(reference, str):
        return reference
    value = getattr(reference, "id", None)
    if isinstance(value, str):
        return value
    raise InvalidRequest(
        f"{field_name} must be an id or an object with one, not {type(reference).__name__}: {reference!r:.80}",
        field=field_name, value=reference,
    )  # fmt: skip


def idents(field_name: str, references: Ref | Iterable[Ref]) -> list[str]:
    """The ids that one or more references stand for.

    Raises:
        InvalidRequest: one of them is no reference.
    """
    if isinstance(references, str) or not isinstance(references, Iterable):
        references = [references]
    return [ident(field_name, reference) or "" for reference in references]


def name_of(field_name: str, reference: Ref | None) -> str | None:
    """The name that a reference stands for when something is made under it: its name, else its id."""
    name = getattr(reference, "name", "")
    return name if name and isinstance(name, str) else ident(field_name, reference)


def idents_of_scenarios(given: WhichScenarios) -> list[str]:
    """The ids or names of one or more scenarios.

    Args:
        given: a name, an id, names or ids parted by commas, an object, or a list of any of them. A list may be empty.

    Raises:
        InvalidRequest: one of them is empty or of another type.

    Example:
        >>> idents_of_scenarios(["churn, fraud", Scenario(id="s-1")])
        ['churn', 'fraud', 's-1']
    """
    if isinstance(given, str):
        names = [name.strip() for name in given.split(",")]
        if not all(names):
            raise InvalidRequest(
                f"scenario must be one or more names parted by commas, none of them empty: {given[:80]!r}",
                field="scenario", value=given,
            )  # fmt: skip
        return names
    if isinstance(given, (Scenario, grouping.Scenario)):
        return [given.id]
    if not isinstance(given, Iterable):
        raise InvalidRequest(
            f"scenario must be a name, a scenario or a list of them, not {type(given).__name__}: {given!r:.80}",
            field="scenario", value=given,
        )  # fmt: skip
    return [name for one in given for name in idents_of_scenarios(one)]
