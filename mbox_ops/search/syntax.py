"""From tokens to a syntax tree, by the grammar in `grammar.lark`; and what is wrong where they do not fit."""

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from mbox_ops.entities.limits import Limits
from mbox_ops.errors import InvalidRequest
from mbox_ops.search.expectations import told, unexpected
from mbox_ops.search.fields import read_field
from mbox_ops.search.source import Source
from mbox_ops.search.tokens import Piece, pieces

if TYPE_CHECKING:
    from lark import Lark

_OPERATORS = frozenset({"COMPARISON", "LIKE", "_IN", "_BETWEEN", "_IS", "_EXISTS"})  # each condition has one


def syntax_tree(source: Source, limits: Limits) -> Any:
    """The syntax tree of a filter, of lark's Tree and Token; the tokens carry their offsets.

    Raises:
        InvalidRequest: the text does not follow the grammar, or is beyond a limit.
    """
    from lark import Token, UnexpectedToken  # at the first filter, so that a server starts without it

    parser, bounds, seen = _grammar().parse_interactive(), _Bounds(source, limits), list[Piece]()
    try:
        for piece in pieces(source):
            bounds.count(piece)
            seen.append(piece)
            parser.feed_token(Token(piece.type, piece.text, start_pos=piece.start))
        seen.append(Piece("$END", "", len(source.text)))
        return parser.feed_token(Token("$END", ""))
    except UnexpectedToken:
        raise _misfit(source, seen) from None


@cache
def _grammar() -> "Lark":
    from lark import Lark

    grammar = files("mbox_ops.search").joinpath("grammar.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", lexer="basic")


def _misfit(source: Source, seen: list[Piece]) -> InvalidRequest:
    """What to raise when the last piece does not fit: a parser that has not yet stumbled over it knows what would."""
    from lark import Token

    parser: Any = _grammar().parse_interactive()  # `accepts` is untyped
    *fitting, last = seen
    for piece in fitting:
        parser.feed_token(Token(piece.type, piece.text))
    accepted, previous = parser.accepts(), fitting[-1] if fitting else None
    if previous and previous.type == "FIELD":
        read_field(source, previous)  # there may be no such field
    sentence = unexpected(last, accepted, previous)
    return source.error(last.start, sentence, expected=told(accepted))


class _Bounds:
    """Counts what a filter is made of while it is read, so that what is beyond a limit is not read at all."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self.source, self.limits = source, limits
        self.leaves = self.values = 0
        self.depth = self.base = 0  # of this place, and of the parentheses it stands in
        self.bases: list[int] = []  # of those around them
        self.previous = ""

    def count(self, piece: Piece) -> None:
        """Take note of the next piece.

        Raises:
            InvalidRequest: it is one too many.
        """
        if piece.type in _OPERATORS:
            self.leaves += 1
        self._nest(piece.type)
        self.previous = piece.type
        leaves, values, depth = self.limits.filter_leaves, self.limits.filter_values, self.limits.filter_depth
        if self.leaves > leaves:
            raise self._beyond(piece, f"there are more than {leaves} conditions", leaves)
        if self.values > values:
            raise self._beyond(piece, f"there are more than {values} values in one list", values)
        if self.depth > depth:
            raise self._beyond(piece, f"parentheses and NOTs lie more than {depth} deep in one another", depth)

    def _nest(self, type: str) -> None:
        if type == "NOT" and self.previous not in ("FIELD", "_IS"):
            self.depth += 1
        elif type == "_LEFT" and self.previous == "_IN":
            self.values = 1
        elif type == "_LEFT":
            self.bases.append(self.base)
            self.depth += 1
            self.base = self.depth
        elif type == "_COMMA":
            self.values += 1
        else:
            if type == "_RIGHT":
                self._close()
            self.depth = self.base

    def _close(self) -> None:
        if self.values:
            self.values = 0
        elif self.bases:
            self.base = self.bases.pop()

    def _beyond(self, piece: Piece, what: str, limit: int) -> InvalidRequest:
        return self.source.error(piece.start, f"{what}; that is the limit.", limit=limit)
