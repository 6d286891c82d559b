"""Conditions on a run: what it has to meet, and which runs an index says may meet it.

Every condition is true or false and never NULL, so that NOT is exact negation.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, Select, and_, false, not_, or_, true
from sqlalchemy.sql.elements import False_, True_


class AnyOf(NamedTuple):
    """Whatever one of the parts finds; nothing where there is no part."""

    parts: "tuple[Candidates, ...]"


class AllOf(NamedTuple):
    """What all of the parts find."""

    parts: "tuple[Candidates, ...]"


Candidates: TypeAlias = Select[Any] | AnyOf | AllOf  # of ids of subjects, read from an index


class Condition(NamedTuple):
    """What a run has to meet: both parts.

    Attributes:
        of_subject: what a table answers that has the run's number as `subject_id`: attributes and metrics.
        of_run: what needs the run's own columns, of `runs` joined with `subjects`.
        candidates: all runs that meet it, and maybe others; None where no index finds them.
    """

    of_subject: ColumnElement[bool] = true()
    of_run: ColumnElement[bool] = true()
    candidates: Candidates | None = None

    @property
    def holds(self) -> ColumnElement[bool]:
        """Both parts, over `runs` joined with `subjects`."""
        return and_(self.of_subject, self.of_run)


NEVER = Condition(false(), candidates=AnyOf(()))


def is_never(condition: Condition) -> bool:
    """Whether no run can meet it."""
    return isinstance(condition.holds, False_)


def so(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """The condition as a test: NULL counts as false, and no planner looks for an index that answers it.

    Which index a statement walks is decided by its order, or by its candidates.
    """
    return condition.is_(true())


def every(parts: Sequence[Condition]) -> Condition:
    """All of the parts."""
    found = tuple(part.candidates for part in parts if part.candidates is not None)
    narrowed: Candidates | None = AllOf(found) if len(found) > 1 else found[0] if found else None
    of_subject, of_run = (part.of_subject for part in parts), (part.of_run for part in parts)
    return Condition(and_(true(), *of_subject), and_(true(), *of_run), narrowed)


def either(parts: Sequence[Condition]) -> Condition:
    """One of the parts at least."""
    found = tuple(part.candidates for part in parts if part.candidates is not None)
    holds = or_(false(), *(part.holds for part in parts))
    return _of(parts, holds, AnyOf(found) if len(found) == len(parts) else None)


def no(part: Condition) -> Condition:
    """Not the part."""
    return _of([part], not_(part.holds), None)


def _of(parts: Sequence[Condition], holds: ColumnElement[bool], candidates: Candidates | None) -> Condition:
    if all(isinstance(part.of_run, True_) for part in parts):
        return Condition(holds, candidates=candidates)
    return Condition(of_run=holds, candidates=candidates)
