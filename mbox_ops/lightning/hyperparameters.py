"""Hyperparameters of any shape as parameters of a run: `{"optimizer": {"lr": 0.1}}` is `optimizer.lr`."""

import json
from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from mbox_ops.client.plain import plain
from mbox_ops.entities.limits import DEFAULT
from mbox_ops.errors import InvalidRequest

_DEEPEST = 32


def flat(given: object) -> dict[str, Any]:
    """Hyperparameters by their paths, parted by dots as filters part them.

    Dicts, `argparse.Namespace`s and dataclasses are taken apart. What JSON can hold stays what it is, text is cut at
    5,000 characters, and anything else (a class, a function, None, infinities) becomes text.

    Example:
        >>> flat({"optimizer": {"lr": 0.1, "betas": (0.9, 0.99)}, "loss": None})
        {'optimizer.lr': 0.1, 'optimizer.betas': [0.9, 0.99], 'loss': 'None'}
    """
    return {name: _value(value) for name, value in _leaves("", given, 0)}


def _leaves(prefix: str, given: object, depth: int) -> Iterator[tuple[str, object]]:
    items = _items(given)
    if items is None or depth > _DEEPEST or (prefix and not items):
        yield prefix, given
        return
    for key, value in items.items():
        yield from _leaves(f"{prefix}.{key}" if prefix else str(key), value, depth + 1)


def _items(given: object) -> Mapping[Any, Any] | None:
    if isinstance(given, Mapping):
        return given
    if isinstance(given, Namespace):
        return vars(given)
    if is_dataclass(given) and not isinstance(given, type):
        return {field.name: getattr(given, field.name) for field in fields(given)}
    return None


def _value(given: object) -> Any:
    most = DEFAULT.parameter_value
    try:
        held = plain("hyperparameter", given)
        text = held if isinstance(held, str) else json.dumps(held, allow_nan=False)
    except (InvalidRequest, ValueError, RecursionError):  # ValueError: not a number, infinite
        held = text = given.__qualname__ if isinstance(given, type) else str(given)
    if held is None:
        return "None"
    return held if len(text) <= most else text[:most]
