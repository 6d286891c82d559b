"""A metric's value, step and time as users give them, checked at the call."""

from typing import Any

from mbox_ops.entities.limits import DEFAULT, Limits, check_metric_name
from mbox_ops.entities.metrics import Kind
from mbox_ops.errors import InvalidRequest

Scalar = float | str | bytes
INT64 = 2**63


def kind_of(value: Scalar) -> Kind:
    """The kind of series that a checked value belongs to."""
    return "float" if isinstance(value, float) else "string" if isinstance(value, str) else "bytes"


def check_value(name: str, value: object, limits: Limits = DEFAULT) -> Scalar:
    """A metric's value as it is sent: a float, text or bytes.

    Numbers of other kinds are taken as floats: ints, Decimals, and scalars of NumPy and of tensor libraries (through
    `item()`), without importing any of these.

    Raises:
        InvalidRequest: it is a bool, None, an array, or something else; or it is too long.
    """
    if type(value) is float:
        return value
    if isinstance(value, str):
        return _text(name, str(value), limits)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _bytes(name, bytes(value), limits)
    return _number(name, value)


def _number(name: str, value: Any) -> float:
    given = value
    if callable(getattr(value, "item", None)) and not isinstance(value, float):
        try:
            value = value.item()
        except (TypeError, ValueError, RuntimeError):
            raise _refused(name, given, "an array of several values") from None
    if value is None or isinstance(value, bool):
        raise _refused(name, given, "None" if value is None else "a bool")
    try:
        return float(value) if hasattr(value, "__float__") else float(value.__index__())
    except OverflowError:
        raise _refused(name, given, "an integer beyond float64's range") from None
    except (TypeError, ValueError, AttributeError):
        raise _refused(name, given, type(given).__name__) from None


def _refused(name: str, value: object, what: str) -> InvalidRequest:
    return InvalidRequest(
        f"Metric {name!r} takes a number, text or bytes, not {what}: {value!r:.80}", field=f"metric {name}", value=value
    )


def _text(name: str, value: str, limits: Limits) -> str:
    field = f"value of metric {name!r}"
    if len(value) > limits.string_value:
        raise InvalidRequest(
            f"{field} is {len(value)} characters long; the limit is {limits.string_value}: {value[:40]!r}",
            field=field, limit=limits.string_value, value=value,
        )  # fmt: skip
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidRequest(f"{field} holds a lone surrogate: {value[:40]!a}", field=field) from None
    if "\x00" in value:
        raise InvalidRequest(f"{field} holds U+0000, which no text may: {value[:40]!r}", field=field, value=value)
    return value


def _bytes(name: str, value: bytes, limits: Limits) -> bytes:
    if len(value) > limits.bytes_value:
        field = f"value of metric {name!r}"
        raise InvalidRequest(
            f"{field} is {len(value)} bytes long; the limit is {limits.bytes_value}.",
            field=field, limit=limits.bytes_value, value=value,
        )  # fmt: skip
    return value


def check_step(step: object) -> int | None:
    """A step: an int64 (NumPy's integers too) or None.

    Raises:
        InvalidRequest: it is something else.
    """
    if step is None or (type(step) is int and -INT64 <= step < INT64):
        return step
    if hasattr(step, "__index__") and type(step).__name__ not in ("bool", "bool_"):
        number = int(step.__index__())
        if -INT64 <= number < INT64:
            return number
    raise InvalidRequest(f"step takes an int64 or None, not {step!r:.80}", field="step", value=step)


class Series:
    """The series of one stream that were seen so far: a name is checked once, and has one kind."""

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self.limits = limits
        self.kinds: dict[str, Kind] = {}

    def check(self, name: object, value: object) -> Scalar:
        """The value as it is sent, if the name is one and the series is of its kind.

        Raises:
            InvalidRequest: the name or the value breaks a rule, or there are too many series.
        """
        known = self.kinds.get(name) if isinstance(name, str) else None
        text = check_metric_name(name, self.limits) if known is None else str(name)
        scalar = check_value(text, value, self.limits)
        kind = kind_of(scalar)
        if (known or self._admit(text, kind)) != kind:
            raise InvalidRequest(
                f"Metric {text!r} holds {self.kinds[text]} values; this one is {kind}: {value!r:.80}",
                field=f"metric {text}", value=value,
            )  # fmt: skip
        return scalar

    def _admit(self, name: str, kind: Kind) -> Kind:
        """The kind of the series: this one, unless another thread was faster."""
        if len(self.kinds) >= self.limits.series:
            raise InvalidRequest(
                f"Metric {name!r} would be one series more than a run may have; the limit is {self.limits.series}.",
                field="metric name", limit=self.limits.series, value=name,
            )  # fmt: skip
        return self.kinds.setdefault(name, kind)
