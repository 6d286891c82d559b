"""The search language in tables, for its page. The rows are those of docs/reference/search.md, as a test makes sure."""

from typing import NamedTuple, get_args

from mbox_ops.entities.metrics import Statistic
from mbox_ops.entities.runs import Status
from mbox_ops.search.tree import INSTANTS, NUMBERS, Column

FIELDS = (
    (
        "`params.<name>`", "a parameter",
        "text; also a number where the text is one, a boolean where a boolean was logged",
    ),
    ("`tags.<name>`", "a tag", "text"),
    ("`metadata.<path>`", "what metadata holds at a path", "text, numbers, booleans, objects, null"),
    ("`metrics.<name>`", "the last value of a metric", "a number"),
    (
        "`metrics.<name>.<statistic>`",
        "its `last`, `first`, `min`, `max` or `mean` value, or the `count` of its points", "a number",
    ),
    ("`run.<column>`, `<column>`", "what the run itself has", "text, an instant or a number: see below"),
)  # fmt: skip

OPERATORS = (
    ("`=`", "has the type of the literal and equals it"),
    ("`!=`", "is not there that equals it: `NOT` of `=`"),
    ("`<` `<=` `>` `>=`", "has the literal's type and stands so to it: numbers, text, instants"),
    ("`IN (a, b)`", "equals one of these, which may be of several types"),
    ("`BETWEEN a AND b`", "is at least `a` and at most `b`, both of one type; nothing is if `b` is less"),
    ("`CONTAINS 'x'`", "is text that holds this text"),
    ("`STARTSWITH 'x'`", "is text that begins with it"),
    (
        "`MATCHES 'x'`",
        (
            "is text that fits this pattern as a whole: `*` stands for any text, `?` for one character, `\\` makes the "
            "next character stand for itself, and at the end itself"
        ),
    ),
    ("`IS NULL`", "none is there, or nothing but JSON nulls"),
    ("`IS NAN`", "is NaN; metrics only"),
    ("`EXISTS field`", "is there, be it a JSON null, or an object or array, empty or not"),
)

LITERALS = (
    ("text", ("'it''s'",)),
    ("a number", ("5", "-0.5", "1e-3", "Infinity")),
    ("an instant, of UTC unless it says else", ("2026-11-21", "2026-11-21T10:00", "2026-11-21T10:00:00+01:00")),
    ("the time now, and before it (s, m, h, d, w)", ("now()", "now() - 7d")),
    ("a boolean", ("true", "false")),
    ("nothing, as in `= null`", ("null",)),
)

EXAMPLES = (
    "params.lr > 0.05",
    "params.optimizer.name = 'adam'",
    "params.\"odd name\" IS NOT NULL",
    "metrics.train/loss < 1",
    "metrics.accuracy.max = 0.875",
    "EXISTS metrics.train/loss AND metrics.train/loss IS NOT NAN",
    "tags.team IN ('vision', 'Vision')",
    "name MATCHES '*-a'",
    "started_at BETWEEN 2026-11-20 AND 2026-11-21",
    "duration_seconds > 3600",
    "NOT (status = 'RUNNING' OR scenario = 'vision')",
    "EXISTS params.batch AND params.batch != 32",
    "metadata.data.splits.name = 'test' AND metadata.data.splits.rows > 40000",
    "metadata.model.\"conv.1\".size = 3",
    "metadata.data.name[*] = 'imdb'",
)  # fmt: skip

ORDERS = ("-started_at", "metrics.accuracy.max, name", "-metadata.data.rows, name")


class Columns(NamedTuple):
    """Columns of runs with one kind of value."""

    kind: str
    names: list[str]


def columns() -> list[Columns]:
    """All columns of runs, as the language knows them."""
    texts = [name for name in get_args(Column) if name not in INSTANTS | NUMBERS]
    return [Columns("text", texts), Columns("an instant", sorted(INSTANTS)), Columns("a number", sorted(NUMBERS))]


def statistics() -> list[str]:
    """The statistics of a metric."""
    return list(get_args(Statistic))


def statuses() -> list[str]:
    """The values of `status`."""
    return list(get_args(Status))
