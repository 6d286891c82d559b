"""The rules of what may be asked to be deleted together."""

import msgspec

from mbox_ops.entities.deletions import Counts, CreateDeletion, Selector
from mbox_ops.entities.instants import INT64
from mbox_ops.entities.limits import Limits, check_text
from mbox_ops.errors import Conflict, InvalidRequest, StaleRequest
from mbox_ops.service.queries import check_texts

FIELDS = Selector.__struct_fields__
_SCENARIOS = 1_000  # in one request


def check_request(request: CreateDeletion, limits: Limits) -> None:
    """Check a whole request, its selector included.

    Raises:
        InvalidRequest: a part of it breaks a rule.
    """
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
    check_texts(**{f"selector.{field}": getattr(selector, field) for field in given if field != "scenarios"})
    scenarios = selector.scenarios
    if scenarios is not None:
        _check_scenarios(scenarios, limits)
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


def _check_scenarios(scenarios: list[str], limits: Limits) -> None:
    if len(scenarios) > _SCENARIOS:
        raise InvalidRequest(
            f"selector.scenarios holds {len(scenarios)} names; the limit is {_SCENARIOS}.",
            field="selector.scenarios", limit=_SCENARIOS, value=len(scenarios),
        )  # fmt: skip
    for scenario in scenarios:
        check_text("selector.scenarios", scenario, most=limits.name)
        if "," in scenario or scenario != scenario.strip():
            raise InvalidRequest(
                f"selector.scenarios holds {scenario!r}, but no scenario has a comma or outer blanks in its name: "
                "give a list with one name or id in each place.",
                field="selector.scenarios", value=scenario,
            )  # fmt: skip
