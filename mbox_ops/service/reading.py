"""What every reading by a subject's id begins with."""

from typing import TYPE_CHECKING

from mbox_ops.errors import NotFound
from mbox_ops.service.access import Actor
from mbox_ops.service.queries import is_storable
from mbox_ops.store import subjects

if TYPE_CHECKING:
    from sqlalchemy import Connection


def live_run(conn: "Connection", actor: Actor, run_id: str) -> subjects.Subject:
    """The live run with that id.

    Raises:
        NotFound: there is none, or the token does not open its namespace.
    """
    found = live_subject(conn, actor, run_id)
    if found.type != "run":
        raise NotFound("run", run_id, actor.namespace)
    return found


def live_subject(conn: "Connection", actor: Actor, subject_id: str) -> subjects.Subject:
    """The live subject with that id.

    Raises:
        NotFound: there is none, or the token does not open its namespace.
    """
    found = subjects.find(conn, uid=subject_id) if is_storable(subject_id) else None
    if found is None or found.deletion_id is not None or not actor.opens(found.namespace):
        raise NotFound("run", subject_id, actor.namespace)
    return found
