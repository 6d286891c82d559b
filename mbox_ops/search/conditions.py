"""From a syntax tree to the tree of a filter: fields and values get their types, and must fit one another."""

from collections.abc import Callable
from typing import Any, cast

from mbox_ops.search import tree
from mbox_ops.search.fields import read_field
from mbox_ops.search.fitting import fit, fit_known, fit_order, fit_text
from mbox_ops.search.showing import show
from mbox_ops.search.source import Source, code
from mbox_ops.search.tokens import Piece


class Conditions:
    """Reads one filter; each method is the rule of the grammar that has its name."""

    def __init__(self, source: Source, now: int) -> None:
        self.source, self.now = source, now

    def read(self, node: Any) -> tree.Filter:
        """The filter that a node of the syntax tree stands for."""
        rule: Callable[..., tree.Filter] = getattr(self, node.data)
        return rule(*(_piece(child) if hasattr(child, "start_pos") else child for child in node.children))

    def any(self, *parts: Any) -> tree.Filter:
        return tree.Or(self._flat(tree.Or, parts))

    def all(self, *parts: Any) -> tree.Filter:
        return tree.And(self._flat(tree.And, parts))

    def negation(self, _: Piece, part: Any) -> tree.Filter:
        return tree.Not(self.read(part))

    def comparison(self, name: Piece, operator: Piece, literal: Piece) -> tree.Filter:
        field = read_field(self.source, name)
        equality = operator.text in ("=", "!=")
        if literal.type == "NULL" and equality:
            return _unless(operator.text == "!=", tree.IsNull(field))
        value = fit(self.source, field, literal, self.now)
        if equality:
            fit_known(self.source, field, literal, value)
            return _unless(operator.text == "!=", tree.Compare(field, "=", value))
        fit_order(self.source, literal, value)
        return tree.Compare(field, cast(tree.Order, operator.text), value)

    def membership(self, name: Piece, negated: Piece | None, *literals: Piece) -> tree.Filter:
        field = read_field(self.source, name)
        values = []
        for literal in literals:
            values.append(fit(self.source, field, literal, self.now))
            fit_known(self.source, field, literal, values[-1])
        return _unless(negated, tree.In(field, tuple(values)))

    def likeness(self, name: Piece, negated: Piece | None, operator: Piece, literal: Piece) -> tree.Filter:
        field = read_field(self.source, name)
        text = fit_text(self.source, field, literal, operator)
        return _unless(negated, tree.Like(field, cast(tree.Part, operator.text.lower()), text))

    def range(self, name: Piece, negated: Piece | None, first: Piece, last: Piece) -> tree.Filter:
        field = read_field(self.source, name)
        low, high = (fit(self.source, field, literal, self.now) for literal in (first, last))
        fit_order(self.source, first, low)
        fit_order(self.source, last, high)
        if type(low) is not type(high):
            what = f"BETWEEN takes two values of one type, not {code(first.text)} and {code(last.text)}."
            raise self.source.error(last.start, what)
        return _unless(negated, tree.Between(field, low, high))

    def nullness(self, name: Piece, negated: Piece | None, _: Piece) -> tree.Filter:
        return _unless(negated, tree.IsNull(read_field(self.source, name)))

    def nanness(self, name: Piece, negated: Piece | None, literal: Piece) -> tree.Filter:
        field = read_field(self.source, name)
        if not isinstance(field, tree.Metric):
            raise self.source.error(literal.start, f"only metrics can be NaN, and {code(show(field))} is none.")
        return _unless(negated, tree.IsNan(field))

    def existence(self, name: Piece) -> tree.Filter:
        return tree.Exists(read_field(self.source, name))

    def _flat(self, joint: type[tree.And] | type[tree.Or], parts: tuple[Any, ...]) -> tuple[tree.Filter, ...]:
        read = [self.read(part) for part in parts]
        return tuple(inner for part in read for inner in (part.parts if isinstance(part, joint) else [part]))


def _unless(negated: object, leaf: tree.Filter) -> tree.Filter:
    return tree.Not(leaf) if negated else leaf


def _piece(token: Any) -> Piece:
    return Piece(token.type, str(token), token.start_pos)
