"""Arguments after templating: a template gives text where a dict, a list, a number or a truth was meant."""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from mbox_ops.errors import InvalidRequest

Word = TypeVar("Word", bound=str)

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", re.ASCII | re.IGNORECASE)
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)


def parsed(field: str, text: str) -> Any:
    """The dict or list that `text` holds, as JSON or as Python prints it.

    Raises:
        InvalidRequest: it holds none.

    >>> parsed("metrics", "{'loss': nan, 'n': 3}")
    {'loss': nan, 'n': 3}
    """
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return ast.literal_eval(_NamedNumbers().visit(ast.parse(text.strip(), mode="eval")))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise InvalidRequest(
            f"{field} is text that is neither JSON nor a Python dict or list: {text[:120]!r}. Write a template with "
            "'| tojson', or give the task's output itself.",
            field=field, value=text,
        ) from None  # fmt: skip


class _NamedNumbers(ast.NodeTransformer):
    """Python prints floats that it cannot read: nan and inf."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(float(node.id)) if node.id in ("nan", "inf") else node


def document(field: str, given: object) -> dict[str, Any]:
    """A dict, or text that holds one; None and empty text are an empty one.

    Raises:
        InvalidRequest: it is something else.
    """
    value = parsed(field, given) if isinstance(given, str) and given.strip() else given
    if value is None or value == "":
        return {}
    if not isinstance(value, Mapping):
        raise InvalidRequest(f"{field} must be a dict, not {type(value).__name__}: {value!r:.80}", field=field)
    return dict(value)


def texts(field: str, given: object) -> list[str]:
    """A list of texts, or one text, which may hold such a list.

    Raises:
        InvalidRequest: it is something else, or empty.
    """
    value = parsed(field, given) if isinstance(given, str) and given.strip().startswith("[") else given
    several: list[Any] = [value] if isinstance(value, str) or not isinstance(value, Iterable) else list(value)
    if not several or not all(isinstance(item, str) for item in several):
        raise InvalidRequest(f"{field} must be a path, a URI or a list of them: {given!r:.120}", field=field)
    return several


def integer(field: str, given: object) -> int | None:
    """An integer, or text that is one; None and empty text are none.

    Raises:
        InvalidRequest: it is something else.
    """
    if given is None or given == "":
        return None
    if isinstance(given, str) and _INTEGER.fullmatch(given.strip()):
        return int(given)
    if isinstance(given, int) and not isinstance(given, bool):
        return given
    raise InvalidRequest(f"{field} must be an integer, not {given!r:.80}.", field=field, value=given)


def number(field: str, given: object) -> float:
    """A number, or text that is exactly one: no sign or digit is guessed.

    Raises:
        InvalidRequest: it is something else.

    >>> number("metric 'auc'", " 0.93 ")
    0.93
    """
    if isinstance(given, str):
        if NUMBER.fullmatch(given.strip()):
            return float(given)
        raise InvalidRequest(
            f"{field} must be a number or text that is one, not {given[:80]!r}. Text belongs into tags or metadata.",
            field=field, value=given,
        )  # fmt: skip
    if not isinstance(given, (bool, type(None), bytes)) and hasattr(given, "__float__"):
        try:
            return float(given)
        except OverflowError:
            raise InvalidRequest(f"{field} is an integer beyond float64's range.", field=field) from None
    raise InvalidRequest(f"{field} must be a number, not {type(given).__name__}: {given!r:.80}", field=field)


def truth(field: str, given: object) -> bool:
    """A truth, or the text that a template makes of one.

    Raises:
        InvalidRequest: it is something else.
    """
    found = {"true": True, "false": False}.get(str(given).strip().lower()) if isinstance(given, (bool, str)) else None
    if found is None:
        raise InvalidRequest(f"{field} must be True or False, not {given!r:.80}.", field=field, value=given)
    return found


def instant(given: object) -> float | datetime | str | None:
    """An instant as the client takes it: text that is a number means seconds; None and empty text are none."""
    if given is None or given == "":
        return None
    if isinstance(given, str):
        seconds = number("wallclock", given) if NUMBER.fullmatch(given.strip()) else None
        return given.strip() if seconds is None or not math.isfinite(seconds) else seconds
    return given  # type: ignore[return-value]  # the client checks it


def text(field: str, given: object) -> str | None:
    """A text; None is none.

    Raises:
        InvalidRequest: it is something else.
    """
    if given is None or isinstance(given, str):
        return given
    raise InvalidRequest(f"{field} must be text, not {type(given).__name__}: {given!r:.80}", field=field, value=given)


def names(field: str, given: object) -> str | list[str] | None:
    """One name or several, as text or as a list, which may be empty; text may hold such a list; None is none.

    Raises:
        InvalidRequest: it is something else.
    """
    value = parsed(field, given) if isinstance(given, str) and given.strip().startswith("[") else given
    if value is None or isinstance(value, str):
        return value
    several: list[Any] = [value]
    if isinstance(value, Iterable) and not isinstance(value, (bytes, Mapping)):
        several = list(value)
    if not all(isinstance(item, str) for item in several):
        raise InvalidRequest(f"{field} must be a name or a list of names: {given!r:.120}", field=field)
    return several


def word(field: str, given: object, words: Collection[Word]) -> Word | None:
    """One of a few words; None is none.

    Raises:
        InvalidRequest: it is none of them.
    """
    if given is None:
        return None
    if isinstance(given, str) and (found := next((one for one in words if one == given), None)) is not None:
        return found
    raise InvalidRequest(f"{field} must be one of {', '.join(words)}, not {given!r:.80}.", field=field, value=given)


def words(field: str, given: object, allowed: Collection[Word]) -> list[Word] | None:
    """One or several of a few words, as `names` takes them.

    Raises:
        InvalidRequest: one is none of them.
    """
    several = names(field, given)
    if several is None:
        return None
    found = (word(field, one, allowed) for one in ([several] if isinstance(several, str) else several))
    return [one for one in found if one is not None]
