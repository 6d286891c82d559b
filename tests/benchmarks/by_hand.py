"""SQL as somebody would write it by hand who knows the tables, the data and the planner."""

import sqlite3
from pathlib import Path
from typing import Any, Protocol

import msgspec

from mbox_ops.entities.runs import RunQuery


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked, with places for dice."""

    name: str
    filter: str
    sort: str

    def query(self, dice: tuple[int, int], limit: int) -> RunQuery:
        """The question to the service."""
        return RunQuery(filter=self.filter.format(*dice), sort=self.sort, limit=limit)


class Connection(Protocol):
    """What both drivers' connections have."""

    def execute(self, statement: str, values: Any = ..., /) -> Any: ...

    def close(self) -> None: ...


HAS_TEXT = """EXISTS (
    SELECT 1 FROM attributes AS a
    WHERE a.subject_id = {subject} AND a.kind = '{kind}' AND a.name_id = {name} AND a.text_start = {value} {fence}
)"""  # the texts are short, and are not digits
HAS_MODEL = HAS_TEXT.format(
    subject="acc.subject_id", kind="parameter", name="{model}", value="'model-{0}'", fence="{fence}"
)
SORTED = f"""
    SELECT s.id, s.uid
    FROM series AS acc {{index}} {{then}} JOIN subjects AS s ON s.id = acc.subject_id
    WHERE acc.name_id = {{accuracy}} AND acc.last_num IS NOT NULL AND s.deletion_id IS NULL
      AND {HAS_MODEL}
      AND EXISTS (SELECT 1 FROM series AS l WHERE l.subject_id = acc.subject_id AND l.name_id = {{loss}}
        AND l.last_num < 0.{{1}} {{fence}})
    ORDER BY acc.last_num DESC, acc.subject_id DESC LIMIT {{limit}}
"""
NESTED = f"""
    SELECT s.id, s.uid
    FROM runs AS r {{then}} JOIN subjects AS s ON s.id = r.subject_id
    WHERE r.namespace_id = 1 AND s.deletion_id IS NULL
      AND ({HAS_TEXT.format(subject="s.id", kind="metadata", name="{source}", value="'source-{0}'", fence="{fence}")}
      OR EXISTS (
        SELECT 1 FROM attributes AS a {{of_subject}}
        WHERE a.subject_id = s.id AND a.kind = 'metadata' AND a.name_id = {{count}}
          AND a.num > {{1}} AND a.type = 'number' {{fence}}
      ))
      AND {HAS_TEXT.format(subject="s.id", kind="metadata", name="{precision}", value="'bf16'", fence="{fence}")}
    ORDER BY r.started_at DESC, r.subject_id DESC LIMIT {{limit}}
"""
NAMES = {
    "model": "model", "loss": "loss", "accuracy": "accuracy", "source": "data.source", "count": "train.device.count",
    "precision": "train.precision",
}  # fmt: skip
PARTS = (
    """
    SELECT r.*, s.*, n.name, sc.name, sc.uid, c.name, c.uid, c.is_default
    FROM runs AS r JOIN subjects AS s ON s.id = r.subject_id JOIN namespaces AS n ON n.id = r.namespace_id
    JOIN scenarios AS sc ON sc.id = r.scenario_id JOIN collections AS c ON c.id = r.collection_id
    WHERE r.subject_id IN ({ids})
    """,
    """
    SELECT t.subject_id, t.kind, t.name, t.value, t.type
    FROM settings AS t JOIN writers AS w ON w.id = t.writer_id
    WHERE t.subject_id IN ({ids}) AND t.kind IN ('parameter', 'tag', 'label') AND w.replaced = {false}
      AND w.subject_id IN ({ids})
    ORDER BY t.arrival
    """,
    """
    SELECT q.subject_id, n.name, q.kind, q.summary
    FROM series AS q JOIN names AS n ON n.id = q.name_id WHERE q.subject_id IN ({ids}) AND q.count > 0
    """,
    """
    SELECT w.subject_id, sum(w.lost), count(*) FROM writers AS w
    WHERE w.subject_id IN ({ids}) AND w.replaced = {false} GROUP BY w.subject_id
    """,
)


class ByHand:
    """A bare connection that asks."""

    def __init__(self, connection: Connection, *, false: str, **words: str) -> None:
        self._connection = connection
        self._words = words  # index, of_subject, then, fence
        self._false = false
        names = dict(connection.execute("SELECT name, id FROM names").fetchall())
        self._names = {place: names.get(name, 0) for place, name in NAMES.items()}

    def execute(self, statement: str) -> None:
        """Have a statement carried out."""
        self._connection.execute(statement).fetchall()

    def page(self, question: Question, dice: tuple[int, int], limit: int) -> list[str]:
        """The ids of the runs of the first page, after putting together all that a reader is shown of them."""
        statement = SORTED if "metrics" in question.sort else NESTED
        sql = statement.format(*dice, limit=limit, **self._names, **self._words)
        rows = self._connection.execute(sql).fetchall()
        ids = ", ".join(str(row[0]) for row in rows) or "0"
        parts = [self._connection.execute(part.format(ids=ids, false=self._false)).fetchall() for part in PARTS]
        return _uids(rows, *parts)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _uids(rows: list[Any], *parts: list[Any]) -> list[str]:
    """The ids of the runs, once each has been put together from its parts."""
    runs, settings, series, writers = parts
    shown: dict[int, dict[str, Any]] = {row[0]: {"columns": row, "series": {}} for row in runs}
    for subject_id, kind, name, value, type in settings:
        told = value if kind == "parameter" else msgspec.json.decode(value)
        shown[subject_id].setdefault(kind, {})[name] = (told, type)
    for subject_id, name, kind, summary in series:
        shown[subject_id]["series"][name] = (kind, msgspec.msgpack.decode(summary))
    for subject_id, lost, count in writers:
        shown[subject_id]["lost"] = (lost, count)
    return [uid for ident, uid in rows if shown[ident]]


def sqlite_by_hand(path: Path) -> ByHand:
    """SQLite, told where to begin."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA cache_size = -16000")  # as the service has it
    return ByHand(
        connection, index="INDEXED BY ix_series_last", of_subject="INDEXED BY ix_attributes_subject", then="CROSS",
        fence="", false="0",
    )  # fmt: skip


def postgresql_by_hand(url: str) -> ByHand:
    """PostgreSQL, kept from turning what asks about one run into a join over all of them."""
    import psycopg

    connection = psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
    return ByHand(connection, index="", of_subject="", then="", fence="OFFSET 0", false="false")
