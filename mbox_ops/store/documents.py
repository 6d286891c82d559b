"""Metadata documents as the fold of patches: RFC 7386 merges, keys that are set, whole replacements.

A patch is an operation and an object: `merge` (a merge patch), `set` (one key with its new value) or `replace` (the
whole). Everything here is pure.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

Document = dict[str, Any]
Operation = Literal["merge", "set", "replace"]


class Patch(NamedTuple):
    """One change of a document; `set` has exactly one key."""

    op: Operation
    document: Document


def fold(patches: Iterable[Patch]) -> Document:
    """The document that patches come to, in their order."""
    found: Document = {}
    for patch in patches:
        found = apply(found, patch)
    return found


def apply(document: Document, patch: Patch) -> Document:
    """The document after a patch. `document` is changed and may be the answer; the patch is not, nor shared."""
    if patch.op == "replace":
        return _copy(patch.document)
    if patch.op == "set":
        document |= _copy(patch.document)
        return document
    return _merge(document, patch.document)


def _merge(document: Document, patch: Document) -> Document:
    for key, value in patch.items():
        if value is None:
            document.pop(key, None)
        elif isinstance(value, dict):
            inner = document.get(key)
            document[key] = _merge(inner if isinstance(inner, dict) else {}, value)
        else:
            document[key] = value
    return document


def _copy(document: Document) -> Document:
    return {key: _copy(value) if isinstance(value, dict) else value for key, value in document.items()}


def condensed(patches: Iterable[Patch]) -> list[Patch]:
    """Fewer patches that do the same, if nothing comes between them: merges become one where a merge can say it."""
    found: list[Patch] = []
    own = -1  # the place of a patch that takes in others: the last one but for sets of other keys
    since: set[str] = set()  # which those are
    for patch in patches:
        if patch.op == "replace":
            found, own, since = [Patch(patch.op, _copy(patch.document))], 0, set()
        elif own >= 0 and since.isdisjoint(patch.document) and _joins(found[own], patch):
            _join(found[own], patch)
        elif patch.op == "set":
            since |= patch.document.keys()
            found.append(patch)
        else:
            found.append(Patch(patch.op, _copy(patch.document)))
            own, since = len(found) - 1, set()
    return found


def _joins(older: Patch, newer: Patch) -> bool:
    if older.op == "replace":
        return True
    return older.op == newer.op == "merge" and _adds_up(older.document, newer.document)


def _adds_up(older: Document, newer: Document) -> bool:
    """Whether one merge can say both: what the older one makes no object of must not become one of few keys."""
    for key, value in newer.items():
        if isinstance(value, dict) and key in older:
            inner = older[key]
            if not isinstance(inner, dict) or not _adds_up(inner, value):
                return False
    return True


def _join(older: Patch, newer: Patch) -> None:
    if older.op == "replace":
        apply(older.document, newer)
    else:
        _add(older.document, newer.document)


def _add(older: Document, newer: Document) -> None:
    for key, value in newer.items():
        inner = older.get(key)
        if isinstance(value, dict) and isinstance(inner, dict):
            _add(inner, value)
        else:
            older[key] = _copy(value) if isinstance(value, dict) else value


class Kept:
    """Patches by a number each, out of which newer ones take what they override.

    They are found by the keys that they have, so that it takes no look at all of them.

    Attributes:
        left: what there is of them, in their order.
        changed: those that something was taken out of; None: all of it.
    """

    def __init__(self, patches: Mapping[int, Patch]) -> None:
        self.left: dict[int, Patch] = {}
        self.changed: dict[int, Patch | None] = {}
        self._having: dict[str, set[int]] = {}
        for number, patch in patches.items():
            self.add(number, patch)

    def add(self, number: int, patch: Patch) -> None:
        """Put another one behind them."""
        self.left[number] = patch
        for key in patch.document:
            self._having.setdefault(key, set()).add(number)

    def take_out(self, newer: Patch) -> None:
        """Take out what a newer patch overrides, as `subtract` says."""
        having = (self._having.get(key, ()) for key in newer.document)
        for number in list(self.left) if newer.op == "replace" else set[int]().union(*having):
            older = self.left[number]
            kept = subtract(older, newer)
            if kept == older:
                continue
            self.changed[number] = kept
            for key in older.document.keys() - (() if kept is None else kept.document.keys()):
                self._having[key].discard(number)
            if kept is None:
                del self.left[number]
            else:
                self.left[number] = kept


def subtract(older: Patch, newer: Patch) -> Patch | None:
    """What is left of an older patch of the writer that now gives a newer one: the fold stays the same.

    It stays the same whatever others wrote before, between and after, since a writer's patches live and die together.
    Gone is what `newer` sets, deletes or replaces; an object that is left empty goes too where `newer` has an object.

    Returns:
        The patch to keep instead of `older`; None if nothing is left of it.
    """
    if newer.op == "replace":
        return None
    if newer.op == "set":
        left = {key: value for key, value in older.document.items() if key not in newer.document}
    elif older.op == "set":
        left = _left_of_set(older.document, newer.document)
    else:
        left = _left(older.document, newer.document)
    return Patch(older.op, left) if left or older.op == "replace" else None


def _left_of_set(older: Document, newer: Document) -> Document:
    """The key of a `set` stays unless its value is overridden whole: it wipes what was there."""
    ((key, value),) = older.items()
    inner = newer.get(key)
    if key in newer and not isinstance(inner, dict):
        return {}
    return {key: _left(value, inner) if isinstance(value, dict) and isinstance(inner, dict) else value}


def _left(older: Document, newer: Document) -> Document:
    left = {}
    for key, value in older.items():
        if key not in newer:
            left[key] = value
        elif isinstance(inner := newer[key], dict):
            # An object does not override a value that is none: it only makes an object of it, and wipes it if it is.
            rest = _left(value, inner) if isinstance(value, dict) else value
            if rest != {}:
                left[key] = rest
    return left
