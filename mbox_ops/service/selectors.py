"""The rules of what may be asked to be deleted together."""

from collections.abc import Sequence

import msgspec

from mbox_ops.entities.deletions import Counts, CreateDeletion, Selector
from mbox_ops.entities.instants import INT64
from mbox_ops.entities.limits import Limits, check_text
from mbox_ops.errors import Conflict, InvalidRequest, StaleRequest
from mbox_ops.service.queries import check_texts

FIELDS = Selector.__struct_fields__
_NAMES = 1_000  # in one request


def check_request(request: CreateDeletion, limits: Limits, *, selector: bool = True) -> None:
    """Check a request, its selector included unless rules stand for it.

    Raises:
        InvalidRequest: a part of it breaks a rule.
    """
    if selector:
        check_selector(request.selector, limits)
    check_texts(key=request.key)
    expected = () if request.expected is None else msgspec.structs.asdict(request.expected).items()
    for field, value in [("max_runs", request.max_runs), *((f"expected.{name}", count) for name, count in expected)]:
        if value is not None and not 0 <= value < INT64:
            raise InvalidRequest(f"{field} is {value}; it takes 0 or more.", field=field, limit=0, value=str(value))


def check_expectations(request: CreateDeletion, counts: Counts) -> None:
    """Check what a deletion takes against what was asked for.

    Raises:
        Conflict: there are more than `max_runs`.
        StaleRequest: the counts are not the expected ones.
    """
    if request.max_runs is not None and counts.runs > request.max_runs:
        raise Conflict(
            f"{counts.runs} runs would be deleted, and max_runs is {request.max_runs}: nothing was. Choose fewer, or "
            "give a higher max_runs.",
            count=counts.runs, limit=request.max_runs,
        )  # fmt: skip
    expected = {} if request.expected is None else msgspec.structs.asdict(request.expected)
    found = {name: getattr(counts, name) for name, value in expected.items() if value is not None}
    wanted = {name: expected[name] for name in found}
    if found != wanted:
        told = ", ".join(
            f"{found[name]} {name} instead of {wanted[name]}" for name in found if found[name] != wanted[name]
        )
        raise StaleRequest(
            f"What would be deleted has changed since it was counted: {told}. Nothing was; look at a new preview.",
            expected=wanted, found=found,
        )  # fmt: skip


def check_selector(selector: Selector, limits: Limits) -> None:
    """Check that a selector says what to delete, and that its parts may stand together.

    Raises:
        InvalidRequest: it is empty, holds a text that no name can be, names a notebook without saying whose, or more
            than one scenario beside something else.
    """
    given = [field for field in FIELDS if getattr(selector, field) is not None]
    if not given:
        raise InvalidRequest(
            f"selector is empty, and an empty selector deletes nothing: give at least one of {', '.join(FIELDS)}.",
            field="selector",
        )
    texts = [field for field in given if field not in ("scenarios", "filter")]  # those have checks of their own
    check_texts(**{f"selector.{field}": getattr(selector, field) for field in texts})
    scenarios = selector.scenarios
    if scenarios is not None:
        check_names("selector.scenarios", scenarios, limits)
        others = [field for field in given if field != "scenarios"]
        if len(set(scenarios)) > 1 and others:
            raise InvalidRequest(
                f"selector.scenarios names {len(set(scenarios))} scenarios, and more than one stand alone: leave out "
                f"{', '.join(others)}, or give one scenario.",
                field="selector.scenarios", limit=1, value=len(set(scenarios)),
            )  # fmt: skip
    if selector.notebook is not None and scenarios is None and selector.run_id is None:
        raise InvalidRequest(
            f"selector.notebook needs one scenario or run_id beside it, since notebooks of many share a name: "
            f"{selector.notebook!r}",
            field="selector.notebook", value=selector.notebook,
        )  # fmt: skip


def check_names(field: str, names: Sequence[str], limits: Limits) -> None:
    """Check a list of names or ids of scenarios or collections.

    Raises:
        InvalidRequest: there are too many, or one can be no name.
    """
    if len(names) > _NAMES:
        raise InvalidRequest(
            f"{field} holds {len(names)} names; the limit is {_NAMES}.", field=field, limit=_NAMES, value=len(names)
        )
    for name in names:
        check_text(field, name, most=limits.name)
        if "," in name or name != name.strip():
            raise InvalidRequest(
                f"{field} holds {name!r}, but no scenario or collection has a comma or outer blanks in its name: give "
                "a list with one name or id in each place.",
                field=field, value=name,
            )  # fmt: skip
