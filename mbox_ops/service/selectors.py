"""The rules of what may be asked to be deleted together."""

from mbox_ops.entities.deletions import Selector
from mbox_ops.entities.limits import Limits, check_text
from mbox_ops.errors import InvalidRequest
from mbox_ops.service.queries import check_texts

FIELDS = Selector.__struct_fields__
_SCENARIOS = 1_000  # in one request


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
