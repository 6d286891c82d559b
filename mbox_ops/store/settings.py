"""Settings as rows: parameters, tags, labels, names, claims and states, one row per (kind, name, writer).

What is shown is a view of the rows whose writers are not replaced: the last to arrive, or for claims the one of the
highest rank that arrived first. A row of kind `run` is a claim about the run itself.
"""

from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Executable, Select, bindparam, case, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from mbox_ops.store.among import among, listed
from mbox_ops.store.tables import settings as table
from mbox_ops.store.tables import writers


class Setting(NamedTuple):
    """A value as it is kept: a parameter's text, or JSON; and the type a parameter had."""

    value: str
    type: str


class Given(NamedTuple):
    """A setting that a writer gives."""

    name: str
    value: str
    type: str = ""
    rank: int = 0


class Claim(NamedTuple):
    """A value that present writers claim of the run itself, and when the first and the last of them did."""

    name: str
    value: str
    rank: int
    first: int
    last: int


class State(NamedTuple):
    """A state that a present writer gave the run, or a lease it holds; `at` in microseconds."""

    name: str
    value: str
    arrival: int
    at: int


Rule = Literal["setting", "claim", "state"]

_made = tuple.__new__  # of a NamedTuple, at a third of the price: a page of runs has thousands

_KEY = ["subject_id", "kind", "name", "writer_id"]
_PRESENT = table.join(writers, writers.c.id == table.c.writer_id)

_CLAIMS: Select[Any] = (
    select(table.c.name, table.c.value, table.c.rank, func.min(table.c.arrival), func.max(table.c.arrival))
    .select_from(_PRESENT)
    .where(table.c.subject_id == bindparam("subject_id"), table.c.kind == "run", writers.c.replaced.is_(False))
    .where(table.c.name.not_in(["state", "lease"]))
    .group_by(table.c.name, table.c.value, table.c.rank)
)
_STATES: Select[Any] = (
    select(table.c.name, table.c.value, table.c.arrival, table.c.at)
    .select_from(_PRESENT)
    .where(table.c.subject_id == bindparam("subject_id"), table.c.kind == "run", writers.c.replaced.is_(False))
    .where(table.c.name.in_(["state", "lease"]))
    .order_by(table.c.arrival)
)


def current(
    conn: Connection, *, subject_ids: Collection[int], kinds: Collection[str]
) -> dict[int, dict[str, dict[str, Setting]]]:
    """What is shown of settings, by subject, kind and name, names in order: of each the last to arrive."""
    dialect = conn.dialect.name
    rows = conn.execute(
        _current(dialect), {"subject_ids": listed(dialect, subject_ids), "kinds": listed(dialect, kinds)}
    )
    found: dict[int, dict[str, dict[str, Setting]]] = {}
    group, here, last, newest = dict[str, Setting](), (0, ""), "", 0
    for subject_id, kind, name, value, type, arrival in rows.all():
        if kind != here[1] or subject_id != here[0]:
            group, here, last = found.setdefault(subject_id, {}).setdefault(kind, {}), (subject_id, kind), ""
        if name != last or arrival >= newest:
            group[name], last, newest = _made(Setting, (value, type)), name, arrival
    return found


@cache
def _current(dialect: str) -> Select[Any]:
    query = (
        select(table.c.subject_id, table.c.kind, table.c.name, table.c.value, table.c.type, table.c.arrival)
        .select_from(_PRESENT)
        .where(among(dialect, table.c.subject_id, "subject_ids"), among(dialect, table.c.kind, "kinds"))
        .where(writers.c.replaced.is_(False))
        .order_by(table.c.subject_id, table.c.kind, table.c.name)  # as the unique index has them
    )
    if dialect == "postgresql":  # which would read all writers, though this says nothing new
        query = query.where(among(dialect, writers.c.subject_id, "subject_ids"))
    return query


def count(conn: Connection, *, subject_id: int, kind: str) -> int:
    """How many settings of a kind are shown."""
    query = select(func.count(table.c.name.distinct())).select_from(_PRESENT)
    query = query.where(table.c.subject_id == subject_id, table.c.kind == kind, writers.c.replaced.is_(False))
    return int(conn.execute(query).scalar_one())


def kinds_of(conn: Connection, *, writer_ids: Sequence[int]) -> set[str]:
    """Which kinds of settings these writers gave."""
    return set(conn.execute(select(table.c.kind).where(table.c.writer_id.in_(writer_ids)).distinct()).scalars())


def put(
    conn: Connection, *, subject_id: int, writer_id: int, arrival: int, at: int, kind: str, given: Iterable[Given]
) -> None:
    """Store settings; a writer's newer value takes the place of its older one."""
    _upsert(conn, "setting", _rows(subject_id, writer_id, arrival, at, kind, given))


def drop_others(conn: Connection, *, subject_id: int, writer_id: int, kind: str, names: Collection[str]) -> None:
    """Drop what other writers than that one gave under these names."""
    others = (table.c.subject_id == subject_id, table.c.kind == kind, table.c.writer_id != writer_id)
    conn.execute(delete(table).where(*others, among(conn.dialect.name, table.c.name, "names", names)))


def claim(conn: Connection, *, subject_id: int, writer_id: int, arrival: int, at: int, given: Iterable[Given]) -> None:
    """Store claims; of a writer's own the first of the highest rank stays."""
    _upsert(conn, "claim", _rows(subject_id, writer_id, arrival, at, "run", given))


def put_state(conn: Connection, *, subject_id: int, writer_id: int, arrival: int, at: int, state: str) -> None:
    """Store a state that a writer gives; LOST does not undo its explicit end, and the same end again keeps its time."""
    _upsert(conn, "state", _rows(subject_id, writer_id, arrival, at, "run", [Given("state", state)]))


def claims(conn: Connection, *, subject_id: int) -> list[Claim]:
    """What present writers claim of the run, each value once."""
    return [Claim(*row) for row in conn.execute(_CLAIMS, {"subject_id": subject_id})]


def states(conn: Connection, *, subject_id: int) -> list[State]:
    """The states that present writers gave and the leases they hold, in order of arrival."""
    return [State(*row) for row in conn.execute(_STATES, {"subject_id": subject_id})]


def took_back(conn: Connection, *, subject_id: int, at: int) -> bool:
    """Whether a writer that is replaced by now had said at that moment that the run is lost."""
    query = select(table.c.id).select_from(_PRESENT).where(table.c.subject_id == subject_id, table.c.kind == "run")
    query = query.where(table.c.name == "state", table.c.value == "LOST", table.c.at == at, writers.c.replaced)
    return conn.execute(query.limit(1)).first() is not None


def _rows(
    subject_id: int, writer_id: int, arrival: int, at: int, kind: str, given: Iterable[Given]
) -> list[dict[str, object]]:
    base = {"subject_id": subject_id, "writer_id": writer_id, "arrival": arrival, "at": at, "kind": kind}
    return [{**base, "name": g.name, "value": g.value, "type": g.type, "rank": g.rank} for g in given]


def _upsert(conn: Connection, rule: Rule, rows: list[dict[str, object]]) -> None:
    if rows:
        conn.execute(_upsert_statement(conn.dialect.name, rule), rows)


@cache
def _upsert_statement(dialect: str, rule: Rule) -> Executable:
    statement = sqlite.insert(table).inline() if dialect == "sqlite" else postgresql.insert(table).inline()
    c, new = table.c, statement.excluded
    changed: dict[str, Any] = {name: new[name] for name in ("value", "type", "rank", "arrival", "at")}
    condition = None
    if rule == "claim":
        condition = c.rank < new.rank
    elif rule == "state":
        condition = (new.value != "LOST") | (c.value == "LOST")
        changed["at"] = case(((c.value == new.value) & (new.value != "LOST"), c.at), else_=new.at)
    return statement.on_conflict_do_update(index_elements=_KEY, set_=changed, where=condition)
