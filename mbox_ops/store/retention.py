"""What rules let go, as statements: every run in their reach is ranked within its collection, and kept for a reason."""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Select, Subquery, and_, case, func, null, select

from mbox_ops.entities.cleanup import KeepBest, Reason, Rules
from mbox_ops.store import deletions, names, tallies
from mbox_ops.store.filters.metrics import number
from mbox_ops.store.tables import runs, scenarios, series, subjects

Reach = Sequence[ColumnElement[bool]]  # conditions over `runs` joined with `subjects`


def reach(
    rules: Rules, *, namespace_id: int, scenario_ids: Sequence[int] | None, collection_ids: Sequence[int] | None
) -> list[ColumnElement[bool]]:
    """Which runs the rules speak of, but for their filter."""
    found = [subjects.c.deletion_id.is_(None), runs.c.namespace_id == namespace_id]
    if scenario_ids is not None:
        found.append(runs.c.scenario_id.in_(scenario_ids))
    if collection_ids is not None:
        found.append(runs.c.collection_id.in_(collection_ids))
    if rules.status is not None:
        found.append(runs.c.status.in_(rules.status))
    return found


def judged(
    conn: Connection, rules: Rules, within: Reach, *, namespace_id: int, alive: ColumnElement[bool], now: int
) -> Subquery:
    """The runs in reach with `subject_id`, `scenario_id` and the `reason` for which each is kept, NULL if it goes."""
    reasons: list[tuple[ColumnElement[bool], str]] = []
    ranked, best = _ranked(conn, rules, within, alive, namespace_id)
    c = ranked.c
    reasons += [(c.alive, "alive"), (c.protected, "protected")]
    if rules.older_than_seconds is not None:
        reasons.append((c.updated_at > now - rules.older_than_seconds * 1_000_000, "young"))
    if rules.keep_last is not None:
        reasons.append((c.age <= rules.keep_last, "last"))
    if best is not None:
        reasons.append((and_(c.value.is_not(None), c.place <= best.runs), "best"))
        reasons.append((c.valued == 0, "unranked"))
    reason = case(*reasons, else_=null()).label("reason")
    return select(c.subject_id, c.scenario_id, reason).subquery()


def targets(judgement: Subquery) -> tallies.Targets:
    """The runs that go."""
    going = select(judgement.c.subject_id).where(judgement.c.reason.is_(None))
    return tallies.live_runs([runs.c.subject_id.in_(going)])


def kept(conn: Connection, judgement: Subquery) -> dict[str, dict[Reason, int]]:
    """How many runs stay, by scenario and reason."""
    c = judgement.c
    query = (
        select(scenarios.c.name, c.reason, func.count())
        .join(scenarios, scenarios.c.id == c.scenario_id)
        .where(c.reason.is_not(None))
        .group_by(scenarios.c.name, c.reason)
        .order_by(scenarios.c.name, c.reason)
    )
    found: dict[str, dict[Reason, int]] = {}
    for scenario, reason, count in conn.execute(query):
        found.setdefault(scenario, {})[cast("Reason", reason)] = count
    return found


def _ranked(
    conn: Connection, rules: Rules, within: Reach, alive: ColumnElement[bool], namespace_id: int
) -> tuple[Subquery, KeepBest | None]:
    newest = (subjects.c.created_at.desc(), subjects.c.id.desc())
    source: Any = runs.join(subjects, subjects.c.id == runs.c.subject_id)
    columns: list[Any] = [
        runs.c.subject_id, runs.c.scenario_id, subjects.c.updated_at, alive.label("alive"),
        deletions.is_protected().label("protected"), _rank(*newest).label("age"),
    ]  # fmt: skip
    if (best := rules.keep_best) is not None:
        name_id = names.find(conn, namespace_id, [best.metric]).get(best.metric, 0)
        of_run = and_(series.c.subject_id == runs.c.subject_id, series.c.name_id == name_id, series.c.count > 0)
        source = source.outerjoin(series, of_run)
        value: Any = number(series, best.statistic)
        order = value.desc() if best.direction == "max" else value.asc()
        columns += [
            value.label("value"), _rank(order.nulls_last(), *newest).label("place"),
            func.count(value).over(partition_by=runs.c.collection_id).label("valued"),
        ]  # fmt: skip
    query: Select[Any] = select(*columns).select_from(source).where(*within)
    return query.subquery(), best


def _rank(*order: ColumnElement[Any]) -> ColumnElement[int]:
    return func.row_number().over(partition_by=runs.c.collection_id, order_by=order)
