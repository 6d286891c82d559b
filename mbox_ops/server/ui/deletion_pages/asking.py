"""What a page is asked to delete: read from an address or a form, made a selector, and written back."""

import msgspec

from mbox_ops.entities.deletions import Selector
from mbox_ops.entities.limits import Limits
from mbox_ops.errors import InvalidRequest
from mbox_ops.search.parser import parse_filter
from mbox_ops.search.showing import text_literal
from mbox_ops.server.ui.conditions import ids_in, joined

MOST_RUNS = 400  # as many ids as a filter has room for
_ENDED = "status NOT IN ('RUNNING', 'LOST')"
_TEXTS = ("scenario_version", "pipeline", "notebook", "execution", "filter")


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to go; all that is given must hold.

    Attributes:
        scenario: names or ids.
        run: ids.
    """

    scenario: list[str] = []
    run: list[str] = []
    scenario_version: str = ""
    pipeline: str = ""
    notebook: str = ""
    execution: str = ""
    filter: str = ""

    @property
    def scenarios(self) -> list[str]:
        """Those that are named, once each."""
        return [name for name in dict.fromkeys(self.scenario) if name.strip()]

    @property
    def runs(self) -> list[str]:
        """The ids, once each."""
        return [run for run in dict.fromkeys(self.run) if run.strip()]

    @property
    def is_empty(self) -> bool:
        """Nothing was said."""
        return not self.pairs()

    def pairs(self) -> list[tuple[str, str]]:
        """What was said, for the fields of a form."""
        named = [("scenario", name) for name in self.scenarios] + [("run", run) for run in self.runs]
        return named + [(field, text) for field in _TEXTS if (text := getattr(self, field).strip())]

    def query(self) -> dict[str, str | list[str] | None]:
        """The same, for an address."""
        texts = {field: getattr(self, field).strip() or None for field in _TEXTS}
        return {"scenario": self.scenarios or None, "run": self.runs or None, **texts}


def selector_of(asked: Asked, limits: Limits) -> Selector:
    """The selector that says so.

    Raises:
        InvalidRequest: there are too many runs, or the filter is none.
    """
    runs, texts = asked.runs, {field: getattr(asked, field).strip() or None for field in _TEXTS}
    if len(runs) > MOST_RUNS:
        raise InvalidRequest(
            f"run is given {len(runs)} times; the limit is {MOST_RUNS}. Delete them in parts, or by a filter.",
            field="run", limit=MOST_RUNS, value=len(runs),
        )  # fmt: skip
    if texts["filter"] is not None:
        parse_filter(texts["filter"], now=0, limits=limits)  # so that a mistake is told by the name of its field here
    if len(runs) > 1:
        texts["filter"] = joined(texts["filter"], ids_in(runs), limits)
    return Selector(scenarios=asked.scenarios or None, run_id=runs[0] if len(runs) == 1 else None, **texts)


def ended_only(asked: Asked, limits: Limits) -> Asked | None:
    """The same without runs that may count as alive; None where nothing may stand beside what was said."""
    if len(asked.scenarios) > 1 or len(asked.runs) == 1:
        return None
    return msgspec.structs.replace(asked, filter=joined(asked.filter, _ENDED, limits))


def filter_of(asked: Asked, scenarios: list[str]) -> str:
    """The filter that shows in the table what would go.

    Args:
        scenarios: the names of those that were asked for.
    """
    parts = [f"scenario IN ({', '.join(map(text_literal, scenarios))})"] if asked.scenarios and scenarios else []
    parts += [ids_in(asked.runs)] if asked.runs else []
    columns = [field for field in _TEXTS if field != "filter" and getattr(asked, field)]
    parts += [f"{field} = {text_literal(getattr(asked, field).strip())}" for field in columns]
    parts += [f"({asked.filter.strip()})" if parts else asked.filter.strip()] if asked.filter.strip() else []
    return " AND ".join(parts)
