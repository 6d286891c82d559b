"""Metadata documents: read, changed in place without growing, ready for search."""

from collections.abc import Sequence
from typing import Any

from mbox_ops.entities.documents import check_document
from mbox_ops.entities.limits import Limits
from mbox_ops.service.access import Actor
from mbox_ops.service.reading import live_subject
from mbox_ops.store import attributes, metadata_patches
from mbox_ops.store.database import Connection, Database
from mbox_ops.store.documents import Document, Kept, Patch, condensed, fold
from mbox_ops.store.names import Numbers


class Metadata:
    """The metadata of a service's subjects."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, actor: Actor, subject_id: str) -> dict[str, Any]:
        """A subject's document; `{}` where nobody gave any.

        Raises:
            NotFound: there is no such live subject, or the token does not open its namespace.
        """
        actor.require("read")
        with self._database.read() as conn:
            subject = live_subject(conn, actor, subject_id)
            return metadata_patches.document(conn, subject_id=subject.id)

    def several(self, actor: Actor, subject_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """The documents of subjects by their ids; those to whom nobody gave any are left out.

        Raises:
            NotFound: one of them is no live subject, or the token does not open its namespace.
        """
        actor.require("read")
        with self._database.read() as conn:
            for subject_id in subject_ids:
                live_subject(conn, actor, subject_id)
            return metadata_patches.documents(conn, subject_uids=subject_ids)


def write(
    conn: Connection, number: Numbers, patches: Sequence[Patch], limits: Limits, *,
    subject_id: int, writer_id: int, arrival: int, now: int, lasts: bool, searched: bool = True,
) -> int:  # fmt: skip
    """Change a subject's document.

    What the writer's own older patches still hold of what it now overrides is taken out of them, so that a value that
    is set again and again does not pile up.

    Args:
        lasts: nothing ever replaces the writer, so that what it overrides of all others' is taken out, too.
        searched: search finds the subject by it: a run.

    Returns:
        How many top-level keys were written.

    Raises:
        InvalidRequest: the document would break a limit.
    """
    if not patches:
        return 0
    fresh = arrival == 1  # the subject's first batch: there is nothing yet
    rows = [] if fresh else metadata_patches.present(conn, subject_id=subject_id)
    before = fold(row.patch for row in rows)
    after = fold([*(row.patch for row in rows), *patches])
    check_document("metadata", after, limits)
    older = Kept({row.id: row.patch for row in rows if row.id is not None and (lasts or row.writer_id == writer_id)})
    new = Kept({})
    for place, patch in enumerate(condensed(patches)):
        older.take_out(patch)
        new.take_out(patch)
        if patch.document or patch.op == "replace":
            new.add(place, patch)
    metadata_patches.rewrite(conn, left=older.changed)
    metadata_patches.insert(conn, subject_id=subject_id, writer_id=writer_id, arrival=arrival, at=now, patches=new.left)
    if searched:
        _index(conn, number, subject_id, before, after, fresh=fresh)
    return len(_keys_written(patches))


def rebuild(conn: Connection, number: Numbers, *, subject_id: int, writer_ids: Sequence[int]) -> None:
    """Make what search finds equal to the document, after these writers were replaced."""
    if not metadata_patches.any_of(conn, writer_ids=writer_ids):
        return
    attributes.clear(conn, subject_id=subject_id, kind="metadata")
    _index(conn, number, subject_id, {}, metadata_patches.document(conn, subject_id=subject_id))


def names_in(patches: Sequence[Patch]) -> set[str]:
    """The paths that search needs a number for."""
    return {path for patch in patches for path in attributes.paths_of(patch.document)}


def _keys_written(patches: Sequence[Patch]) -> set[str]:
    """A merge writes the keys it gives a value; one that is null is deleted."""
    return {
        key
        for patch in patches
        for key, value in patch.document.items()
        if patch.op != "merge" or value is not None
    }  # fmt: skip


def _index(
    conn: Connection, number: Numbers, subject_id: int, before: Document, after: Document, *, fresh: bool = False
) -> None:
    old, new = attributes.of_document(before), attributes.of_document(after)
    changed = {path: new.get(path, []) for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
    if changed:
        ids = number(changed)
        values = {ids[path]: some for path, some in changed.items()}
        attributes.replace(conn, subject_id=subject_id, kind="metadata", values=values, fresh=fresh)
