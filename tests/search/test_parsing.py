"""What a text of the language stands for."""

import math
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from mbox_ops.search.parser import parse_field, parse_filter, parse_sort
from mbox_ops.search.tree import (
    And,
    Between,
    Compare,
    Exists,
    Field,
    Filter,
    In,
    Instant,
    IsNan,
    IsNull,
    Like,
    Metadata,
    Metric,
    Not,
    Or,
    Parameter,
    RunColumn,
    SortKey,
    Step,
    Tag,
    Value,
)

NOW = 1_795_255_200_000_000  # 2026-11-21T10:00:00Z
DAY = 86_400_000_000
A, B, C = (Compare(Parameter(name), "=", 1.0) for name in "abc")
X = Parameter("x")


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("params.lr", Parameter("lr")),
        ("params.optimizer.lr", Parameter("optimizer.lr")),
        ('params."odd name"', Parameter("odd name")),
        ("params.`odd name`", Parameter("odd name")),
        ('params.a."b.c".d', Parameter("a.b.c.d")),
        (r'params."\"\\`\n"', Parameter('"\\`n')),
        ("params.and", Parameter("and")),
        ("params.2-x/y:z@w%+#$", Parameter("2-x/y:z@w%+#$")),
        ("params.größe", Parameter("größe")),
        ("params.start", RunColumn("started_at")),
        ("params.end", RunColumn("ended_at")),
        ("tags.start", Tag("start")),
        ("tags.team", Tag("team")),
        ("tags.runName", RunColumn("name")),
        ("metrics.loss", Metric("loss", "last")),
        ("metrics.loss.last", Metric("loss", "last")),
        ("metrics.train/loss.min", Metric("train/loss", "min")),
        ('metrics."a.min"', Metric("a.min", "last")),
        ('metrics."a.min".max', Metric("a.min", "max")),
        ("metrics.a.min.max", Metric("a.min", "max")),
        ('metrics.a."min"', Metric("a.min", "last")),
        ("metrics.min", Metric("min", "last")),
        ("metrics.loss.MIN", Metric("loss.MIN", "last")),
        ("metrics.loss.median", Metric("loss.median", "last")),
        ("metadata.a", Metadata((Step("a"),))),
        ('metadata.model."conv.1"[*][*].size', Metadata((Step("model"), Step("conv.1", 2), Step("size")))),
        ('metadata.""', Metadata((Step(""),))),
        ('metadata."a[*]"', Metadata((Step("a[*]"),))),
        ("run.status", RunColumn("status")),
        ("status", RunColumn("status")),
        (" status\n", RunColumn("status")),
    ],
)
def test_a_field_has_one_meaning(text: str, field: Field) -> None:
    """Names with dots, quotes, statistics, arrays, and the system's own."""
    assert parse_field(text) == field


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'a'", "a"),
        ("''", ""),
        ("'it''s'", "it's"),
        ("''''", "'"),
        (r"'a\b\'", "a\\b\\"),
        ("'\"'", '"'),
        ("'two\nlines'", "two\nlines"),
        ("5", 5.0),
        ("-0.5", -0.5),
        ("+.5e-3", 0.0005),
        ("5.", 5.0),
        ("9" * 300, float("9" * 300)),
        ("9007199254740993", 9007199254740992.0),
        ("1e-999", 0.0),
        ("Infinity", math.inf),
        ("-infinity", -math.inf),
        ("true", True),
        ("FALSE", False),
        ("2026-11-21", Instant(NOW - 10 * DAY // 24)),
        ("2026-11-21T10:00", Instant(NOW)),
        ("2026-11-21T10:00:00.0000019Z", Instant(NOW + 1)),
        ("2026-11-21T10:30:00+00:30", Instant(NOW)),
        ("0001-01-01", Instant(-62_135_596_800_000_000)),
        ("now()", Instant(NOW)),
        ("NOW ( )", Instant(NOW)),
        ("now()-7d", Instant(NOW - 7 * DAY)),
        ("now() - 2w", Instant(NOW - 14 * DAY)),
        ("now() + 90s", Instant(NOW + 90_000_000)),
        ("now() -5m", Instant(NOW - 300_000_000)),
        ("now()+ 1h", Instant(NOW + 3_600_000_000)),
    ],
)
def test_a_literal_has_one_value(text: str, value: Value) -> None:
    """Text, numbers, booleans, instants; `now()` is what the caller says."""
    parsed = parse_filter(f"params.x = {text}", now=NOW)
    assert parsed == Compare(X, "=", value)
    assert isinstance(parsed, Compare)
    assert type(parsed.value) is type(value)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("params.x = 1", Compare(X, "=", 1.0)),
        ("params.x != 1", Not(Compare(X, "=", 1.0))),
        ("params.x<1", Compare(X, "<", 1.0)),
        ("params.x<=-1", Compare(X, "<=", -1.0)),
        ("params.x > 'a'", Compare(X, ">", "a")),
        ("params.x >= 2026-11-21T10:00", Compare(X, ">=", Instant(NOW))),
        ("params.x in (1, 'a', true)", In(X, (1.0, "a", True))),
        ("params.x NOT IN ('a')", Not(In(X, ("a",)))),
        ("params.x between 1 and 2", Between(X, 1.0, 2.0)),
        ("params.x NOT BETWEEN 'a' AND 'b'", Not(Between(X, "a", "b"))),
        ("params.x CONTAINS 'a'", Like(X, "contains", "a")),
        ("params.x not StartsWith 'a'", Not(Like(X, "startswith", "a"))),
        (r"params.x MATCHES 'a*\?'", Like(X, "matches", r"a*\?")),
        ("EXISTS params.x", Exists(X)),
        ("NOT exists params.x", Not(Exists(X))),
        ("params.x IS NULL", IsNull(X)),
        ("params.x is not null", Not(IsNull(X))),
        ("params.x = null", IsNull(X)),
        ("params.x != NULL", Not(IsNull(X))),
        ("metrics.x IS NAN", IsNan(Metric("x"))),
        ("metrics.x.mean IS NOT NaN", Not(IsNan(Metric("x", "mean")))),
        ("started_at > '2026-11-21T10:00'", Compare(RunColumn("started_at"), ">", Instant(NOW))),
        ("status != 'FAILED'", Not(Compare(RunColumn("status"), "=", "FAILED"))),
        ("framework = 'PYTORCH'", Compare(RunColumn("framework"), "=", "PYTORCH")),
        ("status STARTSWITH 'F'", Like(RunColumn("status"), "startswith", "F")),
        (
            "params.and=1 and params.or=2",
            And((Compare(Parameter("and"), "=", 1.0), Compare(Parameter("or"), "=", 2.0))),
        ),
    ],
)
def test_a_condition_has_one_meaning(text: str, tree: Filter) -> None:
    """Each operator, in any case of its letters."""
    assert parse_filter(text, now=NOW) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("A OR B AND C", Or((A, And((B, C))))),
        ("(A OR B) AND C", And((Or((A, B)), C))),
        ("NOT A AND B", And((Not(A), B))),
        ("NOT (A AND B)", Not(And((A, B)))),
        ("NOT NOT A", Not(Not(A))),
        ("A AND (B AND C)", And((A, B, C))),
        ("(A OR B) OR C", Or((A, B, C))),
        ("((A))", A),
        ("not(A)or(B)", Or((Not(A), B))),
        ("\tA\r\nAND\u00a0B ", And((A, B))),
    ],
)
def test_not_binds_tighter_than_and_and_and_tighter_than_or(text: str, tree: Filter) -> None:
    """What is joined alike lies side by side, however it was bracketed."""
    written = re.sub(r"\b[ABC]\b", lambda found: f"params.{found[0].lower()} = 1", text)
    assert parse_filter(written, now=NOW) == tree


def test_an_order_is_a_list_of_fields() -> None:
    """With a minus in front of those that descend."""
    assert parse_sort('-metrics.accuracy.max, name,- params."a,b"') == (
        SortKey(Metric("accuracy", "max"), descending=True),
        SortKey(RunColumn("name")),
        SortKey(Parameter("a,b"), descending=True),
    )


def test_the_parser_is_made_once_and_serves_all_threads() -> None:
    """Whoever comes first; nobody sees another's text."""
    texts = [f"params.x{n} = {n} AND status = 'FAILED'" for n in range(200)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda text: parse_filter(text, now=0), texts))
    failed = Compare(RunColumn("status"), "=", "FAILED")
    assert found == [And((Compare(Parameter(f"x{n}"), "=", float(n)), failed)) for n in range(200)]


def test_lark_is_loaded_at_the_first_filter() -> None:
    """A server starts, and orders and fields are read, without it."""
    program = """if True:
        import sys
        from mbox_ops.search.parser import parse_field, parse_filter, parse_sort
        parse_field("metrics.loss"), parse_sort("-started_at")
        assert "lark" not in sys.modules
        parse_filter("status = 'FAILED'", now=0)
        assert "lark" in sys.modules
    """
    subprocess.run([sys.executable, "-c", program], check=True)
