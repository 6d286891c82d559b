"""What the operators share that delete runs: once whatever is retried, with a report of what went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from mbox_airflow.hooks import DELETE_CONN_ID
from mbox_airflow.operators.service import ServiceOperator
from mbox_ops.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from mbox_airflow.context import TaskIdentity
    from mbox_ops.client.client import Client
    from mbox_ops.entities.deletions import Deletion, Expected

LISTED = 100
"""Scenarios in a report that goes to XCom; those that lose most runs come first."""


class DeletingOperator(ServiceOperator):
    """Deletes runs, or only counts them, and reports that to XCom and to the log.

    All tries that Airflow makes of a task are one deletion: a retry after a lost answer is told what the first try
    did. A task that is cleared makes a new one.

    Args:
        dry_run: only count what would go.
        purge: give the undo window up.
        max_runs: refuse when more runs than that would go.
        expected: the report of a dry run, or some of its counts such as `{"runs": 3}`: refuse when something else would
            go now.
        mbox_conn_id: the connection that names the service, with a token that may delete. Where `mbox_delete` is not
            defined, `mbox_default` applies.
        **kwargs: `on_error`, and what Airflow's operators take.
    """

    template_fields: Sequence[str] = (*ServiceOperator.template_fields, "_dry_run", "purge", "max_runs", "expected")
    template_fields_renderers = {"expected": "json"}  # noqa: RUF012  # Airflow's own way
    narrowing: Sequence[str] = ("max_runs", "expected")
    """Arguments without which more would go: given ones must not turn out to be empty."""

    def __new__(cls, **given: Any) -> Self:
        """Note what a mapped task was given, None included: an upstream task may have had nothing to say there."""
        made = super().__new__(cls)
        object.__setattr__(made, "_mapped", frozenset(given) if given.get("_airflow_from_mapped") else frozenset())
        return made

    def __init__(
        self,
        *,
        dry_run: bool | str,
        purge: bool | str = False,
        max_runs: int | str | None = None,
        expected: dict[str, Any] | str | None = None,
        mbox_conn_id: str = DELETE_CONN_ID,
        **kwargs: Any,
    ) -> None:
        super().__init__(mbox_conn_id=mbox_conn_id, **kwargs)
        self._dry_run = dry_run  # `dry_run` is a method of Airflow's
        self.purge = purge
        self.max_runs = max_runs
        self.expected = expected

    def asked(self, client: Client, limits: dict[str, Any]) -> Deletion:
        """Ask the service.

        Args:
            client: of the service.
            limits: the arguments that all deletions take.
        """
        raise NotImplementedError

    def act(self, context: Context) -> dict[str, Any]:
        """Delete or count, and report it."""
        from mbox_ops.client.client import Client

        identity = self.identified(context)
        self._check_given()
        limits = self._limits(context, identity)
        found = self.asked(Client(settings=identity.settings), limits)
        self._log(found, limits["max_runs"])
        return receipt(found)

    def given(self) -> None:
        """Note which arguments narrow what goes; the last thing that a constructor does.

        In a DAG's own text None stands for an argument that is not given; what is mapped is known only when it runs.
        """
        mapped: frozenset[str] = self._mapped  # type: ignore[attr-defined]  # `__new__` has set it
        self._narrowed = tuple(name for name in self.narrowing if name in mapped or getattr(self, name) is not None)

    def _check_given(self) -> None:
        for name in self._narrowed:
            if getattr(self, name) in (None, ""):
                raise InvalidRequest(
                    f"{name} is empty now that the task runs. Without it more runs would go, so nothing is deleted.",
                    field=name,
                )  # fmt: skip

    def _limits(self, context: Context, identity: TaskIdentity) -> dict[str, Any]:
        from mbox_airflow import templated

        return {
            "dry_run": templated.truth("dry_run", self._dry_run),
            "purge": templated.truth("purge", self.purge),
            "max_runs": templated.integer("max_runs", self.max_runs),
            "expected": _expected(self.expected),
            "key": _key(context, identity),
        }

    def _log(self, found: Deletion, max_runs: int | None) -> None:
        from mbox_ops.client.reports import lines, report

        preview = found.state == "PREVIEW"
        if preview:
            self.log.info("This would go (nothing has changed):")
        else:
            self.log.info("Deleted (%s):", found.id)
        for line in lines(report(found)):
            self.log.info("%s", line)
        for name in found.scenarios_not_found:
            self.log.warning("There is no scenario %r with live runs.", name)
        if preview and found.running and not found.rules:
            self.log.warning(
                "%d of the runs are alive: the deletion would be refused without force.", len(found.running)
            )
        if preview and max_runs is not None and found.counts.runs > max_runs:
            self.log.warning("The deletion would be refused: max_runs is %d.", max_runs)
        if found.counts.runs and found.state == "TOMBSTONED":
            self.log.info("It can be undone until %s: mbox deletions undo %s", found.purge_after, found.id)


def receipt(found: Deletion) -> dict[str, Any]:
    """A deletion as plain JSON, and not long however many scenarios it took runs of."""
    import msgspec

    told: dict[str, Any] = msgspec.to_builtins(found)
    largest = sorted(told["by_scenario"], key=lambda name: (-told["by_scenario"][name]["runs"], name))[:LISTED]
    return {
        "deletion_id": found.id or None,
        "dry_run": found.state == "PREVIEW",
        "state": found.state,
        "counts": told["counts"],
        "scenarios": len(found.by_scenario),
        "by_scenario": {name: told["by_scenario"][name] for name in largest},
        "kept": dict(list(told["kept"].items())[:LISTED]),
        "scenarios_not_found": found.scenarios_not_found[:LISTED],
        "running": found.running,
        "protected": found.protected,
        "purge_after": told["purge_after"],
    }


def _expected(given: dict[str, Any] | str | None) -> Expected | None:
    """The counts that are expected.

    Raises:
        InvalidRequest: they are neither counts nor a report.
    """
    import msgspec

    from mbox_airflow import templated
    from mbox_ops.entities.deletions import Expected

    if given is None:
        return None
    document = templated.document("expected", given)
    try:
        found = msgspec.convert(document.get("counts", document), Expected)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"expected must be a report or its counts: {error}", field="expected") from None
    if found == Expected():
        raise InvalidRequest(f"expected names no count: {given!r:.120}", field="expected")
    return found


def _key(context: Context, identity: TaskIdentity) -> str | None:
    from mbox_ops.identity import airflow_deletion_key

    run: Any = context["dag_run"]
    ti: Any = context["ti"]
    began = getattr(run, "start_date", None) or run.run_after
    if identity.origin is None:
        return None
    return airflow_deletion_key(identity.origin, round(began.timestamp() * 1_000_000), ti.max_tries)
