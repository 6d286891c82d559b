"""Parameters, tags and labels: stored with their writer, counted as they are shown, ready for search."""

from collections.abc import Callable, Sequence

import msgspec

from mbox_ops.entities.limits import Limits
from mbox_ops.service.checks import Checked, check_count
from mbox_ops.store import attributes, settings
from mbox_ops.store.attributes import Kind, Value
from mbox_ops.store.database import Connection
from mbox_ops.store.names import Numbers
from mbox_ops.store.settings import Given

_SEARCHED: dict[str, Callable[[str, str], list[Value]]] = {
    "parameter": attributes.of_parameter,
    "tag": lambda value, _: attributes.of_tag(msgspec.json.decode(value, type=str)),
}


def write(
    conn: Connection, number: Numbers, checked: Checked, limits: Limits, *,
    subject_id: int, writer_id: int, arrival: int, now: int, lasts: bool,
) -> None:  # fmt: skip
    """Store a batch's parameters, tags and labels; they are what is shown from now on.

    Args:
        lasts: nothing ever replaces the writer, so that what others gave under the same names goes.

    Raises:
        InvalidRequest: the run would have more of them than it may.
    """
    for kind, given in (("parameter", checked.parameters), ("tag", checked.tags), ("label", checked.labels)):
        if not given:
            continue
        settings.put(
            conn, subject_id=subject_id, writer_id=writer_id, arrival=arrival, at=now, kind=kind, given=given
        )  # fmt: skip
        fresh = arrival == 1  # the run's first batch: there is nothing yet
        if lasts and not fresh:
            settings.drop_others(
                conn, subject_id=subject_id, writer_id=writer_id, kind=kind, names=[one.name for one in given]
            )
        held = len(given) if fresh else settings.count(conn, subject_id=subject_id, kind=kind)
        check_count(f"{kind}s", held, limits)
        _index(conn, number, subject_id, kind, given, fresh=fresh)


def rebuild(conn: Connection, number: Numbers, *, subject_id: int, writer_ids: Sequence[int]) -> None:
    """Make what search finds equal to what is shown, after these writers were replaced."""
    for kind in settings.kinds_of(conn, writer_ids=writer_ids) & _SEARCHED.keys():
        attributes.clear(conn, subject_id=subject_id, kind=_kind(kind))
        shown = settings.current(conn, subject_ids=[subject_id], kinds=[kind])
        left = shown.get(subject_id, {}).get(kind, {})
        _index(conn, number, subject_id, kind, [Given(name, *setting) for name, setting in left.items()])


def names_in(checked: Checked) -> list[str]:
    """The names that search needs a number for."""
    return [given.name for given in (*checked.parameters, *checked.tags)]


def _index(
    conn: Connection, number: Numbers, subject_id: int, kind: str, given: Sequence[Given], *, fresh: bool = False
) -> None:
    typed = _SEARCHED.get(kind)
    if typed is None or not given:
        return
    ids = number(setting.name for setting in given)
    values = {ids[setting.name]: typed(setting.value, setting.type) for setting in given}
    attributes.replace(conn, subject_id=subject_id, kind=_kind(kind), values=values, fresh=fresh)


def _kind(kind: str) -> Kind:
    return "parameter" if kind == "parameter" else "tag"
