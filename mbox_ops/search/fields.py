"""Fields: from `params.lr`, `metrics.loss.min`, `metadata.a."b.c"[*]` or `status` to what they name."""

import re
from typing import NamedTuple, get_args

from mbox_ops.entities.metrics import Statistic
from mbox_ops.search.source import Source, code, listed, nearest
from mbox_ops.search.tokens import BARE, QUOTED, Piece, no_token
from mbox_ops.search.tree import Column, Field, Metadata, Metric, Parameter, RunColumn, Step, Tag

COLUMNS: dict[str, Column] = {name: name for name in get_args(Column)}
STATS: dict[str, Statistic] = {name: name for name in get_args(Statistic)}
_EXAMPLES = {"params": ".lr", "tags": ".team", "metadata": ".model.depth", "metrics": ".loss.min", "run": ".status"}
ROOTS = tuple(_EXAMPLES)

_PART = re.compile(rf"(?P<bare>{BARE}+)|(?P<quoted>{QUOTED})", re.DOTALL)
_ARRAYS = re.compile(r"(\[\*\])*")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
# What other trackers, and the rest of this one, call them.
_OTHERWISE = {
    "run_id": "id", "run_name": "name", "run_collection": "collection", "start_time": "started_at",
    "end_time": "ended_at", "duration": "duration_seconds", "parameters": "params", "parameter": "params",
    "param": "params", "attributes": "run", "attribute": "run", "attr": "run", "runs": "run",
}  # fmt: skip
_SYSTEM: dict[tuple[str, str], Column] = {
    ("params", "start"): "started_at", ("params", "end"): "ended_at", ("tags", "runName"): "name",
}  # fmt: skip


class Part(NamedTuple):
    """A piece of a field between dots, without its quotes, and how many `[*]` follow."""

    text: str
    quoted: bool
    arrays: int
    start: int


def read_field(source: Source, piece: Piece) -> Field:
    """The field that a word names.

    Raises:
        InvalidRequest: there is no such field.
    """
    root, *rest = _parts(source, piece)
    if not rest and root.text in COLUMNS and not root.arrays:
        return RunColumn(COLUMNS[root.text])
    if root.arrays:
        raise source.error(root.start, f"`{root.text}` is no array; only what lies in metadata can be one.")
    if root.text not in ROOTS:
        raise source.error(root.start, _no_field(root.text, rest))
    if not rest:
        what = f"a name is missing after `{root.text}`, as in {code(root.text + _EXAMPLES[root.text])}."
        raise source.error(piece.start + len(piece.text), what)
    if root.text == "metadata":
        return Metadata(tuple(Step(part.text, part.arrays) for part in rest))
    _check_plain(source, root.text, rest)
    if root.text == "run":
        return _column(source, rest)
    if root.text == "metrics":
        return _metric(rest)
    name = ".".join(part.text for part in rest)
    if (root.text, name) in _SYSTEM:
        return RunColumn(_SYSTEM[root.text, name])
    return Parameter(name) if root.text == "params" else Tag(name)


def _parts(source: Source, piece: Piece) -> list[Part]:
    text, base, at = piece.text, piece.start, 0
    found: list[Part] = []
    while True:
        part = _PART.match(text, at)
        if part is None:
            if at == len(text) and source.text[base + at : base + at + 1] in ('"', "`"):
                raise no_token(source, base + at)
            raise source.error(base + at, _no_part(text, at))
        arrays = _ARRAYS.match(text, part.end())
        assert arrays is not None  # it matches nothing, too
        quoted = part.lastgroup == "quoted"
        name = _ESCAPE.sub(r"\1", part[0][1:-1]) if quoted else part[0]
        if not quoted and not name.isprintable():
            what = f"{name!a} holds a character that cannot be seen; quote the name if it is meant."
            raise source.error(base + at, what)
        found.append(Part(name, quoted, len(arrays[0]) // 3, base + at))
        at = arrays.end()
        if at == len(text):
            return found
        if text[at] != ".":
            raise source.error(base + at, _no_dot(text[at:]))
        at += 1


def _no_part(text: str, at: int) -> str:
    if at == len(text):
        return f"a name is missing after {code(text)}."
    return f'a name is missing before {code(text[at:])}; an odd one is quoted, as in `params."odd name"`.'


def _no_dot(rest: str) -> str:
    if rest[0] == "[":
        return f"{code(rest)} is no part of a field; `[*]` stands for all elements, and names with brackets are quoted."
    return f'a dot is missing before {code(rest)}; a name is quoted as a whole, as in `params."odd name"`.'


def _no_field(name: str, rest: list[Part]) -> str:
    tail = "".join(f".{part.text}" for part in rest)
    if name in COLUMNS:
        return f"`{name}` is a column of the run and has no parts, so there is no {code(name + tail)}."
    if name.casefold() == "labels":
        return "labels are for display and cannot be searched; use tags or metadata."
    known = ROOTS if rest else (*COLUMNS, *ROOTS)
    meant = _OTHERWISE.get(name.casefold()) or nearest(name, known)
    if meant in known:
        return f"there is no field {code(name + tail)}. Did you mean {code(meant + (tail or _rest_of(meant)))}?"
    if rest:
        return f"there is no field {code(name + tail)}; a field with a dot begins with {listed(ROOTS)}."
    some = listed([code(f"{root}.{name}") for root in ("params", "tags", "metrics")])
    return f"there is no field {code(name)}. Did you mean {some}? The run's own are {listed(tuple(COLUMNS), 'and')}."


def _rest_of(root: str) -> str:
    return _EXAMPLES.get(root, "")


def _check_plain(source: Source, root: str, rest: list[Part]) -> None:
    for part in rest:
        if part.arrays:
            what = f"only metadata has arrays; a name of {root} with brackets is quoted."
            raise source.error(part.start, what)
    if len(rest) == 1 and not rest[0].text:
        raise source.error(rest[0].start, f"a name of {root} is never empty.")


def _column(source: Source, rest: list[Part]) -> RunColumn:
    name = ".".join(part.text for part in rest)
    if name in COLUMNS:
        return RunColumn(COLUMNS[name])
    meant = _OTHERWISE.get(name.casefold()) or nearest(name, COLUMNS)
    hint = f"Did you mean `run.{meant}`?" if meant in COLUMNS else f"There are {listed(tuple(COLUMNS), 'and')}."
    raise source.error(rest[0].start, f"a run has no column {code(name)}. {hint}")


def _metric(rest: list[Part]) -> Metric:
    last = rest[-1]
    if len(rest) > 1 and not last.quoted and last.text in STATS:
        return Metric(".".join(part.text for part in rest[:-1]), STATS[last.text])
    return Metric(".".join(part.text for part in rest))
