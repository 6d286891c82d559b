"""Versions of models: each made once, with what it came from, and with tags that no two of a model share."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

from mbox_ops.entities.instants import to_datetime
from mbox_ops.entities.limits import Limits, check_text
from mbox_ops.entities.model_versions import (
    CreatedModelVersion,
    CreateModelVersion,
    ModelVersion,
    ModelVersionQuery,
    SetUniqueTags,
    TagChange,
    UniqueTags,
)
from mbox_ops.entities.pages import Page
from mbox_ops.entities.writers import Batch
from mbox_ops.errors import Conflict, InvalidRequest, NotFound
from mbox_ops.service.access import Actor
from mbox_ops.service.batches import Batches
from mbox_ops.service.clock import Clock
from mbox_ops.service.cursors import check_limit, page_of, read_cursor
from mbox_ops.service.freshness import read_fresh
from mbox_ops.service.models import merging, named_model
from mbox_ops.service.queries import check_texts, is_storable
from mbox_ops.store import grouping, model_versions, outbox, run_checkpoints, runs, subjects
from mbox_ops.store.database import Database
from mbox_ops.store.model_versions import Own
from mbox_ops.store.subjects import Subject

if TYPE_CHECKING:
    from sqlalchemy import Connection

_LIST = "model versions"
_Found = list[tuple[model_versions.Key, model_versions.Row]]


class _Held(NamedTuple):
    """A version that a transaction holds, with its model."""

    subject: Subject
    model: Subject


class ModelVersions:
    """The versions of a service's models."""

    def __init__(
        self, database: Database, *, batches: Batches, clock: Clock, limits: Limits, new_id: Callable[[], str]
    ) -> None:
        self._database, self._batches, self._clock, self._limits = database, batches, clock, limits
        self._new_id = new_id

    def create(self, actor: Actor, request: CreateModelVersion) -> CreatedModelVersion:
        """The version of that name of a model, made if it is not there.

        What is given of one that is there is added to it: metadata is merged, tags are given; name, description,
        framework and what it came from stay.

        Raises:
            InvalidRequest: a field breaks a rule.
            NotFound: there is no such model, run or checkpoint in the namespace.
            Conflict: another version of the model has one of the tags, or the version came from something else.
        """
        said = self._checked(request)
        held: list[_Held] = []

        def find(conn: "Connection", now: int) -> tuple[Subject, bool]:
            model = _held_model(conn, actor, request.model)
            found = model_versions.hold(conn, model_id=model.id, version=request.version)
            made = found is None
            if found is None:
                whole = _with_source(conn, actor, model, request, said)
                found = model_versions.make(conn, model=model, said=whole, uid=self._new_id(), now=now)
            held.append(_Held(found, model))
            return found, made

        def then(conn: "Connection", subject: Subject) -> None:
            self._complete(conn, actor, held[-1], request, said)

        batch = Batch(writer=request.writer, metadata=merging(request.metadata))
        added = self._batches.add(actor, batch, find, then)
        return CreatedModelVersion(
            model_version_id=added.result.run_id, model_version_exists=added.result.existed,
            created_at=added.created_at, updated_at=added.result.updated_at,
        )  # fmt: skip

    def get(self, actor: Actor, model_version_id: str) -> ModelVersion:
        """A version by its id, in any namespace that the token opens.

        Raises:
            NotFound: there is none, or the token does not open its namespace.
        """
        actor.require("read")

        def select(conn: "Connection") -> _Found:
            row = model_versions.find(conn, uid=model_version_id) if is_storable(model_version_id) else None
            return [] if row is None or not actor.opens(row.namespace) else [((row.subject_id,), row)]

        found = read_fresh(self._database, select, model_versions.describe)
        if not found:
            raise NotFound("model version", model_version_id, actor.namespace)
        return found[0][1]

    def list(self, actor: Actor, query: ModelVersionQuery) -> Page[ModelVersion]:
        """A page of the versions of a model, or of all models of the namespace, newest first.

        Raises:
            NotFound: there is no such model.
            InvalidRequest: a condition, the limit or the cursor breaks a rule.
        """
        actor.require("read")
        check_limit(query.limit, self._limits)
        check_texts(model=query.model, version=query.version, unique_tag=query.unique_tag, run_id=query.run_id)
        after = cast("model_versions.Key | None", read_cursor(_LIST, query.cursor, (int,)))

        def select(conn: "Connection") -> _Found:
            within = _within(conn, actor, query.model)
            return [] if within is None else model_versions.page(
                conn, namespace_id=within[0], model_id=within[1], version=query.version, unique_tag=query.unique_tag,
                run_uid=query.run_id, after=after, limit=query.limit + 1,
            )  # fmt: skip

        return page_of(_LIST, read_fresh(self._database, select, model_versions.describe), query.limit)

    def set_unique_tags(self, actor: Actor, model_version_id: str, request: SetUniqueTags) -> UniqueTags:
        """Change a version's tags, all at once; with `move`, also give it those that other versions of the model have.

        Raises:
            InvalidRequest: a tag breaks a rule.
            NotFound: there is no such version, or the token does not open its namespace.
            Conflict: another version has one of the tags, and `move` was not given; nothing was changed.
        """
        actor.require("write")
        given = self._checked_tags(request.unique_tags)
        with self._database.write() as conn:
            held = _held_version(conn, actor, model_version_id)
            present = model_versions.tags_of(conn, [held.subject.id]).get(held.subject.id, [])
            tags = self._checked_tags(_after(request.change, present, given))
            taken = _take(conn, held, tags) if request.move else {}
            model_versions.drop_tags(conn, model_id=held.model.id, tags=set(present) - set(tags))
            _give(conn, held, tags)
            changed = {row for row, _ in taken.values()} | ({held.subject.id} if set(tags) != set(present) else set())
            now = self._clock.now()
            for subject_id in sorted(changed):
                subjects.touch(conn, subject_id=subject_id, now=now)
                outbox.add(conn, subject_id=subject_id, action="updated", at=now, parts=["unique_tags"])
        moved_from = {tag: version for tag, (_, version) in taken.items()}
        return UniqueTags(unique_tags=sorted(tags), moved_from=moved_from, updated_at=to_datetime(now))

    def _checked(self, request: CreateModelVersion) -> Own:
        limits = self._limits
        check_text("model", request.model, most=limits.name)
        check_texts(run_id=request.run_id, checkpoint_id=request.checkpoint_id)
        self._checked_tags(request.unique_tags)
        return Own(
            version=check_text("version", request.version, most=limits.name),
            name=check_text("name", request.name, most=limits.name, least=0),
            description=check_text("description", request.description, most=limits.description, least=0),
            framework=None if request.framework is None else request.framework.value,
        )

    def _checked_tags(self, tags: Sequence[str]) -> Sequence[str]:
        for tag in tags:
            check_text("unique_tags", tag, most=self._limits.name)
        if len(tags) > self._limits.unique_tags:
            raise InvalidRequest(
                f"unique_tags would be {len(tags)}; a version has at most {self._limits.unique_tags}.",
                field="unique_tags", limit=self._limits.unique_tags, value=len(tags),
            )  # fmt: skip
        return list(dict.fromkeys(tags))

    def _complete(
        self, conn: "Connection", actor: Actor, held: _Held, request: CreateModelVersion, said: Own
    ) -> None:  # fmt: skip
        """Add what a version lacks, and the tags."""
        stands, whole = model_versions.said(conn, subject_id=held.subject.id), said
        _check_source(stands, request.run_id, request.checkpoint_id)
        if request.run_id not in (None, stands.run_uid) or request.checkpoint_id not in (None, stands.checkpoint_uid):
            whole = _with_source(conn, actor, held.model, request, said)
            _check_source(stands, whole.run_uid, whole.checkpoint_uid)  # the run of a checkpoint is known by now
        model_versions.complete(conn, subject_id=held.subject.id, new=whole)
        _give(conn, held, list(dict.fromkeys(request.unique_tags)))
        present_tags = model_versions.tags_of(conn, [held.subject.id]).get(held.subject.id, [])
        self._checked_tags(present_tags)


def _after(change: TagChange, present: Sequence[str], given: Sequence[str]) -> Sequence[str]:
    """The tags that a version has after a change."""
    if change == "remove":
        return [tag for tag in present if tag not in given]
    return [*present, *given] if change == "add" else given


def _held_model(conn: "Connection", actor: Actor, model: str) -> Subject:
    """A model, held, so that its versions and their tags are changed one after the other."""
    found = subjects.find(conn, uid=named_model(conn, actor, model).id, hold=True)
    if found is None or found.deletion_id is not None:
        raise NotFound("model", model, actor.namespace)
    return found


def _held_version(conn: "Connection", actor: Actor, model_version_id: str) -> _Held:
    row = model_versions.find(conn, uid=model_version_id) if is_storable(model_version_id) else None
    if row is None or not actor.opens(row.namespace):
        raise NotFound("model version", model_version_id, actor.namespace)
    model = _held_model(conn, actor, row.model_uid)
    subject = subjects.hold(conn, subject_id=row.subject_id)
    if subject is None:
        raise NotFound("model version", model_version_id, actor.namespace)
    return _Held(subject, model)


def _with_source(
    conn: "Connection", actor: Actor, model: Subject, request: CreateModelVersion, said: Own
) -> Own:  # fmt: skip
    """What a version says of itself, with the run and the checkpoint that it came from.

    Raises:
        NotFound: there is no such live one in the model's namespace.
        InvalidRequest: the checkpoint is not one of the run's.
    """
    checkpoint = None
    if request.checkpoint_id is not None:
        checkpoint = run_checkpoints.find(conn, uid=request.checkpoint_id)
        if checkpoint is None or checkpoint.namespace != model.namespace:
            raise NotFound("checkpoint", request.checkpoint_id, model.namespace)
        if request.run_id not in (None, checkpoint.run_uid):
            raise InvalidRequest(
                f"checkpoint_id is {checkpoint.uid!r}, which is a checkpoint of the run {checkpoint.run_uid!r} and not"
                f" of {request.run_id!r}; leave run_id out.",
                field="checkpoint_id", value=request.checkpoint_id,
            )  # fmt: skip
    run_id = request.run_id if checkpoint is None else checkpoint.run_uid
    if run_id is None:
        return said
    run = runs.find(conn, uid=run_id)
    if run is None or run.namespace != model.namespace:
        raise NotFound("run", run_id, model.namespace)
    said = said._replace(run_uid=run.uid, run_name=run.name, scenario=run.scenario)
    return said if checkpoint is None else said._replace(checkpoint_uid=checkpoint.uid, epoch=checkpoint.epoch)


def _check_source(stands: Own, run_id: str | None, checkpoint_id: str | None) -> None:
    """Make sure that a version can come from these.

    Raises:
        Conflict: it came from others.
    """
    for field, present, given in (
        ("run_id", stands.run_uid, run_id), ("checkpoint_id", stands.checkpoint_uid, checkpoint_id)
    ):  # fmt: skip
        if None not in (given, present) and given != present:
            raise Conflict(
                f"The version {stands.version!r} came from the {field.removesuffix('_id')} {present!r}, so it"
                f" cannot come from {given!r} too.",
                field=field, present=present, given=given,
            )  # fmt: skip


def _take(conn: "Connection", held: _Held, tags: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Take tags away from the other versions of the model; returns the rows, which are held, and names of those."""
    holders = model_versions.holders(conn, model_id=held.model.id, tags=tags)
    others = {tag: holder for tag, holder in holders.items() if holder[0] != held.subject.id}
    for row in sorted({row for row, _ in others.values()}):
        subjects.hold(conn, subject_id=row)
    model_versions.drop_tags(conn, model_id=held.model.id, tags=others)
    return others


def _give(conn: "Connection", held: _Held, tags: Sequence[str]) -> None:
    """Give a version tags that no other version of the model has.

    Raises:
        Conflict: another one has one of them.
    """
    holders = model_versions.holders(conn, model_id=held.model.id, tags=tags)
    for tag, (row, version) in holders.items():
        if row != held.subject.id:
            raise Conflict(
                f"The version {version!r} of the model has the unique tag {tag!r} already; move it with `move`, or give"
                " another tag.",
                field="unique_tags", tag=tag, version=version,
            )  # fmt: skip
    new = [tag for tag in tags if tag not in holders]
    model_versions.add_tags(conn, model_id=held.model.id, subject_id=held.subject.id, tags=new)


def _within(conn: "Connection", actor: Actor, model: str | None) -> tuple[int, int | None] | None:
    """The namespace's row, and the model's if one is named; None: nothing was ever written to the namespace."""
    if model is None:
        namespace_id = grouping.namespace_id(conn, name=actor.namespace)
        return None if namespace_id is None else (namespace_id, None)
    found = subjects.find(conn, uid=named_model(conn, actor, model).id)
    return None if found is None else (found.namespace_id, found.id)
