"""Every limit, in one place, and the checks that both ends make.

The client checks at the call, so that the mistake is shown where it was made; the service checks again, since it
trusts nobody. Both raise `InvalidRequest` that names the field, the limit and the value.
"""

import msgspec

from mbox_ops.errors import InvalidRequest

RESERVED_PARAMETERS = ("start", "end")
RESERVED_TAGS = ("runName",)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of a service; the defaults are those of the documentation. Lengths are in characters."""

    name: int = 256
    owner: int = 256
    uri: int = 2_048
    key: int = 1_024
    parameter_value: int = 5_000
    tag_value: int = 256
    tags: int = 100
    labels: int = 100
    parameters: int = 10_000
    series: int = 100_000
    string_value: int = 5_000
    bytes_value: int = 65_536
    metadata_key: int = 256
    metadata_string: int = 5_000
    metadata_array: int = 100
    metadata_depth: int = 10
    metadata_leaves: int = 1_000
    metadata_bytes: int = 1_048_576
    body_bytes: int = 16 * 1024 * 1024
    body_depth: int = 64
    page: int = 1_000
    filter: int = 16_384
    filter_depth: int = 50
    filter_leaves: int = 200
    filter_values: int = 1_000
    sort_keys: int = 8
    search_seconds: int = 10
    curves: int = 200
    curve_points: int = 100_000
    chart_points: int = 2_000_000
    compared: int = 200
    scatters: int = 1_000
    artifact_bytes: int = 100 * 1024 * 1024 * 1024
    part_bytes: int = 8 * 1024 * 1024
    unfinished_uploads: int = 1_000
    description: int = 5_000
    unique_tags: int = 100
    changes_seconds: int = 7 * 24 * 60 * 60
    wait_seconds: int = 60
    watchers: int = 500


DEFAULT = Limits()


def check_text(field: str, value: object, *, most: int, least: int = 1) -> str:
    """`value`, if it is text of `least` to `most` characters without U+0000.

    Raises:
        InvalidRequest: it is something else.
    """
    if not isinstance(value, str):
        raise InvalidRequest(f"{field} must be text, not {type(value).__name__}: {value!r}", field=field, value=value)
    if not least <= len(value) <= most:
        raise InvalidRequest(
            f"{field} is {len(value)} characters long; the limit is {least} to {most}: {value[:40]!r}",
            field=field, limit=most, value=value,
        )  # fmt: skip
    if "\x00" in value:
        message = f"{field} holds U+0000, which no name or text may: {value[:40]!r}"
        raise InvalidRequest(message, field=field, value=value)
    try:
        value.encode()
    except UnicodeEncodeError:
        shown = ascii(value[:40])
        raise InvalidRequest(f"{field} holds a lone surrogate: {shown}", field=field, value=shown) from None
    return value


def check_metric_name(name: object, limits: Limits = DEFAULT) -> str:
    """A metric's name: 1 to 256 printable characters, case-sensitive."""
    text = check_text("metric name", name, most=limits.name)
    if not text.isprintable():
        raise InvalidRequest(f"metric name must be printable: {text[:40]!r}", field="metric name", value=text)
    return text


def check_parameter_name(name: object, limits: Limits = DEFAULT) -> str:
    """A parameter's name: 1 to 256 characters, not `start` or `end`."""
    text = check_text("parameter name", name, most=limits.name)
    if text in RESERVED_PARAMETERS:
        raise InvalidRequest(
            f"The parameter {text!r} is kept by the system; give yours another name.",
            field="parameter name", value=text,
        )  # fmt: skip
    return text


def check_tag(key: object, value: object, limits: Limits = DEFAULT) -> tuple[str, str]:
    """A tag: key and value of 1 to 256 characters each, the key not `runName`."""
    text = check_text("tag key", key, most=limits.name)
    if text in RESERVED_TAGS:
        raise InvalidRequest(
            f"The tag {text!r} is kept by the system; use update_run_info(run_name=...) to rename the run.",
            field="tag key", value=text,
        )  # fmt: skip
    return text, check_text(f"tag {text!r}", value, most=limits.tag_value)
