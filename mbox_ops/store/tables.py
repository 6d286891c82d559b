"""The tables.

Instants are BIGINT microseconds since 1970 UTC. A float that must come back bit by bit is kept twice: as a sortable
number (SQLite's REAL turns NaN into NULL) and as its 8 little-endian bytes. Text compares by code point on both
databases (`BINARY` in SQLite, `COLLATE "C"` in PostgreSQL). Everything that belongs to a subject hangs on it by
`ON DELETE CASCADE`, so purging a subject is a matter of the schema.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

INDEXED_TEXT = 200  # characters of a text that its index holds; longer ones are rechecked

ID = BigInteger().with_variant(Integer(), "sqlite")  # SQLite gives rowids to INTEGER PRIMARY KEY only
TXT: TypeEngine[str] = Text().with_variant(Text(collation="C"), "postgresql")
REAL = Float(53)  # float64 on both databases


def _id() -> Column[int]:
    return Column("id", ID, primary_key=True)


def _ref(name: str, table: str, *, cascade: bool = True, nullable: bool = False, index: bool = False) -> Column[int]:
    return Column(
        name, ID, ForeignKey(f"{table}.id", ondelete="CASCADE" if cascade else None), nullable=nullable, index=index
    )


def _instant(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


namespaces = Table(
    "namespaces", metadata, _id(), Column("name", TXT, nullable=False, unique=True), _instant("created_at")
)

# Names of series and paths of attributes, said once in a namespace: an index by a name's id holds nothing of other
# namespaces. A name that nothing uses does no harm.
names = Table(
    "names", metadata, _id(),
    _ref("namespace_id", "namespaces", cascade=False),
    Column("name", TXT, nullable=False),
    Column("name_hash", LargeBinary(32), nullable=False),  # sha256: an index row of PostgreSQL has a limit
    Column("name_start", TXT, nullable=False),  # the first INDEXED_TEXT characters
    Column("plain_hash", LargeBinary(32), nullable=False),  # sha256 of a path without its `[*]`
    UniqueConstraint("namespace_id", "name_hash"),
    Index("ix_names_start", "namespace_id", "name_start"),
    Index("ix_names_plain", "namespace_id", "plain_hash"),
)  # fmt: skip

# What names are used for: `kind` is parameter, tag, metadata or metric, `type` that of an attribute or a series' kind.
# A row stays when nothing uses it any more; who reads makes sure.
catalogue = Table(
    "catalogue", metadata,
    Column("name_id", ID, ForeignKey("names.id"), primary_key=True),
    Column("kind", TXT, primary_key=True),
    Column("type", TXT, primary_key=True),
    sqlite_with_rowid=False,
)  # fmt: skip

scenarios = Table(
    "scenarios", metadata, _id(),
    Column("uid", TXT, nullable=False, unique=True),
    _ref("namespace_id", "namespaces", cascade=False),
    Column("name", TXT, nullable=False),
    _instant("created_at"),
    UniqueConstraint("namespace_id", "name"),
)  # fmt: skip

collections = Table(
    "collections", metadata, _id(),
    Column("uid", TXT, nullable=False, unique=True),
    _ref("scenario_id", "scenarios", cascade=False),
    Column("name", TXT, nullable=False),
    Column("is_default", Boolean, nullable=False),
    _instant("created_at"),
    UniqueConstraint("scenario_id", "name", "is_default"),
)  # fmt: skip

deletions = Table(
    "deletions", metadata, _id(),
    Column("uid", TXT, nullable=False, unique=True),
    _ref("namespace_id", "namespaces", cascade=False),
    Column("key", TXT),  # the caller's, so that a retried request deletes once
    Column("state", TXT, nullable=False),
    Column("selector", TXT, nullable=False),  # JSON
    Column("report", TXT, nullable=False),  # JSON: counts, by_scenario, scenarios_not_found, running, protected
    Column("created_by", TXT, nullable=False),
    _instant("created_at"),
    _instant("purge_after"),
    _instant("finished_at", nullable=True),
    UniqueConstraint("namespace_id", "key"),
    Index("ix_deletions_state_purge_after", "state", "purge_after"),
)  # fmt: skip

# Anything that can be logged against. `arrival` counts its accepted batches: their order, in commit order, since each
# batch holds the subject's row while it is stored. `deletion_id` is the tombstone: NULL means alive.
subjects = Table(
    "subjects", metadata, _id(),
    Column("uid", TXT, nullable=False, unique=True),
    _ref("namespace_id", "namespaces", cascade=False),
    Column("type", TXT, nullable=False),  # run; model, model_version, checkpoint
    _ref("parent_id", "subjects", nullable=True, index=True),
    Column("key", TXT),
    Column("key_hash", LargeBinary(32)),  # sha256 of the key: an index row of PostgreSQL has a limit
    Column("arrival", BigInteger, nullable=False),
    Column("folded", BigInteger, nullable=False),  # segments up to this arrival are in the summaries
    _instant("created_at"),
    _instant("updated_at"),  # received time of the last write
    _ref("deletion_id", "deletions", cascade=False, nullable=True),
    Column("changed_xid", BigInteger, nullable=False, server_default="0"),  # of its last change: see `outbox`
    # Without the condition SQLite would look for all live subjects in it, whatever else a query says.
    Index("ix_subjects_deletion_id", "deletion_id", sqlite_where=text("deletion_id IS NOT NULL"),
          postgresql_where=text("deletion_id IS NOT NULL")),
    Index(
        "uq_subjects_live_key", "namespace_id", "type", "key_hash", unique=True,
        sqlite_where=text("deletion_id IS NULL AND key_hash IS NOT NULL"),
        postgresql_where=text("deletion_id IS NULL AND key_hash IS NOT NULL"),
    ),
    Index(
        "ix_subjects_unfolded", "id",
        sqlite_where=text("folded < arrival"), postgresql_where=text("folded < arrival"),
    ),
    sqlite_autoincrement=True,  # no id comes twice: what a process remembers of a purged subject fits no other
)  # fmt: skip

# What a run is shown as: a view, kept up to date, of the rows in `settings`; never the only copy.
runs = Table(
    "runs", metadata,
    Column("subject_id", ID, ForeignKey("subjects.id", ondelete="CASCADE"), primary_key=True),
    _ref("namespace_id", "namespaces", cascade=False),
    Column("name", TXT, nullable=False),
    _ref("scenario_id", "scenarios", cascade=False),
    _ref("collection_id", "collections", cascade=False),
    Column("scenario_version", TXT),
    Column("source_kind", TXT),  # pipeline, notebook
    Column("source", TXT),
    Column("execution", TXT),
    Column("external_id", TXT),
    Column("owner", TXT, nullable=False),
    Column("framework", TXT),
    Column("task", TXT, nullable=False),
    Column("status", TXT, nullable=False),
    _instant("started_at"),
    _instant("ended_at", nullable=True),
    _instant("lease_at", nullable=True),  # the server's time of the last renewal; NULL: holds no lease
    _instant("lost_at", nullable=True),  # when it was given up; a renewal clears it
    Index("ix_runs_namespace_id_started_at", "namespace_id", "started_at", "subject_id"),
    Index("ix_runs_scenario_id_started_at", "scenario_id", "started_at", "subject_id"),
    Index("ix_runs_collection_id_started_at", "collection_id", "started_at", "subject_id"),
    Index("ix_runs_source", "namespace_id", "source"),
    Index("ix_runs_execution", "namespace_id", "execution"),
    Index("ix_runs_external_id", "namespace_id", "external_id"),
    Index("ix_runs_name", "namespace_id", "name"),
    Index("ix_runs_status", "namespace_id", "status"),
    Index("ix_runs_owner", "namespace_id", "owner",
          sqlite_where=text("owner <> ''"), postgresql_where=text("owner <> ''")),
    Index("ix_runs_task", "namespace_id", "task",
          sqlite_where=text("task <> ''"), postgresql_where=text("task <> ''")),
    Index("ix_runs_framework", "namespace_id", "framework",
          sqlite_where=text("framework IS NOT NULL"), postgresql_where=text("framework IS NOT NULL")),
    Index("ix_runs_scenario_version", "namespace_id", "scenario_version",
          sqlite_where=text("scenario_version IS NOT NULL"), postgresql_where=text("scenario_version IS NOT NULL")),
    Index("ix_runs_lease", "lease_at", sqlite_where=text("status = 'RUNNING' AND lease_at IS NOT NULL"),
          postgresql_where=text("status = 'RUNNING' AND lease_at IS NOT NULL")),
)  # fmt: skip

# A model; its subject's key is the name.
models = Table(
    "models", metadata,
    Column("subject_id", ID, ForeignKey("subjects.id", ondelete="CASCADE"), primary_key=True),
    _ref("namespace_id", "namespaces", cascade=False),
    Column("name", TXT, nullable=False),
    Column("owner", TXT, nullable=False),
    Column("task", TXT, nullable=False),
    Column("description", TXT, nullable=False),
    Index("ix_models_name", "namespace_id", "name"),
)  # fmt: skip

# A version of a model. What it came from is kept as text: it outlives its run.
model_versions = Table(
    "model_versions", metadata,
    Column("subject_id", ID, ForeignKey("subjects.id", ondelete="CASCADE"), primary_key=True),
    _ref("namespace_id", "namespaces", cascade=False),
    _ref("model_id", "subjects"),
    Column("version", TXT, nullable=False),
    Column("name", TXT, nullable=False),
    Column("description", TXT, nullable=False),
    Column("framework", TXT),
    Column("run_uid", TXT),
    Column("run_name", TXT),
    Column("scenario", TXT),
    Column("checkpoint_uid", TXT),
    Column("epoch", BigInteger),
    UniqueConstraint("model_id", "version"),
    Index("ix_model_versions_namespace_id", "namespace_id", "subject_id"),
    Index("ix_model_versions_run_uid", "run_uid",
          sqlite_where=text("run_uid IS NOT NULL"), postgresql_where=text("run_uid IS NOT NULL")),
)  # fmt: skip

# Of the versions of a model at most one has a tag: that is what the primary key says.
unique_tags = Table(
    "unique_tags", metadata,
    Column("model_id", ID, ForeignKey("subjects.id", ondelete="CASCADE"), primary_key=True),
    Column("tag", TXT, primary_key=True),
    _ref("subject_id", "subjects", index=True),
    sqlite_with_rowid=False,
)  # fmt: skip

# What a run held fast of an epoch: one of each. Its subject's parent is the run, and goes with it.
checkpoints = Table(
    "checkpoints", metadata,
    Column("subject_id", ID, ForeignKey("subjects.id", ondelete="CASCADE"), primary_key=True),
    _ref("run_id", "subjects"),
    Column("epoch", BigInteger, nullable=False),
    UniqueConstraint("run_id", "epoch"),
)  # fmt: skip

# One row per producer: a stream of batches to one subject. `replaced` when a newer epoch of the origin has written.
writers = Table(
    "writers", metadata, _id(),
    _ref("subject_id", "subjects"),
    Column("origin", TXT, nullable=False),
    Column("origin_hash", LargeBinary(32), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("producer", TXT, nullable=False, unique=True),
    Column("seq", BigInteger, nullable=False),
    Column("lost", BigInteger, nullable=False),
    Column("replaced", Boolean, nullable=False),
    _instant("created_at"),
    _instant("updated_at"),
    Index("ix_writers_subject_origin", "subject_id", "origin_hash", "epoch"),
)  # fmt: skip

# Parameters, tags, labels, name, state and claims: one row per (kind, name, writer). What is shown is the last to
# arrive of those whose writer is not replaced; for claims see `rank`.
#   kind 'parameter' | 'tag' | 'label': name is the user's, value is JSON text (parameter: the text itself)
#   kind 'run': name is name, state, scenario, scenario_version, source, execution, collection, moved_to, external_id
settings = Table(
    "settings", metadata, _id(),
    _ref("subject_id", "subjects"),
    _ref("writer_id", "writers", index=True),
    Column("kind", TXT, nullable=False),
    Column("name", TXT, nullable=False),
    Column("value", TXT, nullable=False),
    Column("type", TXT, nullable=False),
    Column("rank", Integer, nullable=False),  # of claims: 2 explicit, 1 orchestrator or implied, 0 guess
    Column("arrival", BigInteger, nullable=False),
    _instant("at"),
    UniqueConstraint("subject_id", "kind", "name", "writer_id"),
)  # fmt: skip

# Changes of the metadata document in order of arrival; the document is their fold over writers not replaced.
metadata_patches = Table(
    "metadata_patches", metadata, _id(),
    _ref("subject_id", "subjects"),
    _ref("writer_id", "writers", index=True),
    Column("arrival", BigInteger, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("op", TXT, nullable=False),
    Column("document", TXT, nullable=False),  # JSON
    _instant("at"),
    Index("ix_metadata_patches_subject_arrival", "subject_id", "arrival", "ordinal"),
)  # fmt: skip

# What search stands on: the present value of every parameter, tag and metadata leaf, typed. An array gives one row per
# element under the array's path with `[*]`. A parameter whose text is a number has text and num, a boolean is 0 or 1
# there, too; a text that is a date or time of RFC 3339 has `instant` beside it.
attributes = Table(
    "attributes", metadata, _id(),
    _ref("subject_id", "subjects"),
    Column("kind", TXT, nullable=False),  # parameter, tag, metadata
    _ref("name_id", "names", cascade=False),
    Column("ordinal", Integer, nullable=False),  # of an array's element; 0
    Column("type", TXT, nullable=False),  # string, number, boolean, null, object, array
    Column("num", REAL),
    Column("text", TXT),
    Column("text_start", TXT),  # the first INDEXED_TEXT characters
    _instant("instant", nullable=True),
    Index("ix_attributes_subject", "subject_id", "kind", "name_id"),
    Index("ix_attributes_num", "name_id", "kind", "num", "subject_id",
          sqlite_where=text("num IS NOT NULL"), postgresql_where=text("num IS NOT NULL")),
    Index("ix_attributes_text", "name_id", "kind", "text_start", "subject_id",
          sqlite_where=text("text_start IS NOT NULL"), postgresql_where=text("text_start IS NOT NULL")),
    Index("ix_attributes_instant", "name_id", "kind", "instant", "subject_id",
          sqlite_where=text("instant IS NOT NULL"), postgresql_where=text("instant IS NOT NULL")),
    Index("ix_attributes_empty", "name_id", "kind", "subject_id",
          sqlite_where=text("num IS NULL AND text_start IS NULL"),
          postgresql_where=text("num IS NULL AND text_start IS NULL")),
)  # fmt: skip

# A series of a subject, with its summary over writers that are not replaced. `count` 0: nothing of it is shown.
series = Table(
    "series", metadata, _id(),
    _ref("subject_id", "subjects"),
    _ref("name_id", "names", cascade=False),
    Column("kind", TXT, nullable=False),  # float, string, bytes
    Column("count", BigInteger, nullable=False),
    Column("nan_count", BigInteger, nullable=False),
    Column("last_num", REAL),
    Column("first_num", REAL),
    Column("min_num", REAL),
    Column("max_num", REAL),
    Column("mean_num", REAL),
    Column("summary", LargeBinary),  # MessagePack, exact: what the columns above cannot hold (NaN, text, steps)
    UniqueConstraint("subject_id", "name_id"),
    Index("ix_series_last", "name_id", "last_num", "subject_id"),
    Index("ix_series_min", "name_id", "min_num", "subject_id"),
    Index("ix_series_max", "name_id", "max_num", "subject_id"),
)  # fmt: skip

# The summary of what one writer gave one series, so that replacing an attempt never looks at its points.
series_writers = Table(
    "series_writers", metadata,
    Column("series_id", ID, ForeignKey("series.id", ondelete="CASCADE"), primary_key=True),
    Column("writer_id", ID, ForeignKey("writers.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("summary", LargeBinary, nullable=False),  # MessagePack, exact and mergeable
    sqlite_with_rowid=False,
)  # fmt: skip

# A batch's points as they came, insert-only; sealed into chunks later and then dropped. The writer is no foreign key:
# a segment goes with its subject, and an index on it would cost every small batch a page.
segments = Table(
    "segments", metadata, _id(),
    _ref("subject_id", "subjects"),
    Column("writer_id", ID, nullable=False),
    Column("arrival", BigInteger, nullable=False),
    _instant("received_at"),
    Column("points", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("subject_id", "arrival"),
)  # fmt: skip

# The steps, wallclocks and arrivals of sealed points of one writer, in order of arrival. Series that were logged
# together share them: they are coded and kept once.
axes = Table(
    "axes", metadata, _id(),
    _ref("writer_id", "writers", index=True),
    Column("count", Integer, nullable=False),
    Column("min_step", BigInteger, nullable=False),
    Column("max_step", BigInteger, nullable=False),
    Column("min_wallclock", BigInteger, nullable=False),
    Column("max_wallclock", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)  # fmt: skip

# The values that one series has along an axis: a few thousand points, coded.
chunks = Table(
    "chunks", metadata, _id(),
    _ref("series_id", "series"),
    _ref("axis_id", "axes", index=True),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("series_id", "axis_id"),
)  # fmt: skip

events = Table(
    "events", metadata, _id(),
    Column("uid", TXT, nullable=False, unique=True),
    _ref("subject_id", "subjects"),
    _ref("writer_id", "writers", index=True),
    Column("arrival", BigInteger, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("name", TXT, nullable=False),
    Column("source", TXT, nullable=False),
    _instant("wallclock"),
    _instant("received_at"),
    Column("metadata", TXT, nullable=False),  # JSON
    Index("ix_events_subject_wallclock", "subject_id", "wallclock", "arrival", "ordinal"),
)  # fmt: skip

# Bytes that we hold, once for all namespaces. `key` is their name in the blob store, never given to another content or
# to the same content again. A blob stays while an artifact or an upload refers to it.
blobs = Table(
    "blobs", metadata, _id(),
    Column("sha256", TXT, nullable=False, unique=True),  # hex
    Column("size", BigInteger, nullable=False),
    Column("key", TXT, nullable=False, unique=True),
    _instant("created_at"),
)  # fmt: skip

# Bytes on their way: a namespace's wish to hold a content. `offset` bytes have come, in parts of `part_bytes`. With a
# blob it is complete, and keeps the blob until its artifact is written.
uploads = Table(
    "uploads", metadata, _id(),
    Column("uid", TXT, nullable=False, unique=True),
    _ref("namespace_id", "namespaces", cascade=False),
    Column("sha256", TXT, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("part_bytes", BigInteger, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("blob_id", ID, ForeignKey("blobs.id")),
    _instant("created_at"),
    _instant("updated_at"),
    UniqueConstraint("namespace_id", "sha256", "size"),
    Index("ix_uploads_blob_id", "blob_id"),
    Index("ix_uploads_updated_at", "updated_at"),
)  # fmt: skip

artifacts = Table(
    "artifacts", metadata, _id(),
    Column("uid", TXT, nullable=False, unique=True),
    _ref("subject_id", "subjects"),
    _ref("writer_id", "writers", index=True),
    Column("blob_id", ID, ForeignKey("blobs.id")),  # of an uploaded one; NULL again when its writer is replaced
    Column("arrival", BigInteger, nullable=False),
    Column("kind", TXT, nullable=False),  # tracked, uploaded
    Column("path", TXT, nullable=False),
    Column("path_start", TXT, nullable=False),  # the first INDEXED_TEXT characters
    Column("uri", TXT, nullable=False),
    Column("uri_hash", LargeBinary(32)),  # as in `uses`; of a tracked one
    Column("mime_type", TXT, nullable=False),
    Column("media_type", TXT, nullable=False),
    Column("checksum", TXT, nullable=False),
    Column("size", BigInteger),
    _instant("created_at"),
    Index("ix_artifacts_subject_path", "subject_id", "path_start"),
    Index("ix_artifacts_blob_id", "blob_id",
          sqlite_where=text("blob_id IS NOT NULL"), postgresql_where=text("blob_id IS NOT NULL")),
    Index("ix_artifacts_checksum", "checksum",
          sqlite_where=text("checksum <> ''"), postgresql_where=text("checksum <> ''")),
    Index("ix_artifacts_uri_hash", "uri_hash",
          sqlite_where=text("uri_hash IS NOT NULL"), postgresql_where=text("uri_hash IS NOT NULL")),
)  # fmt: skip

# What runs said that they used: `target` is an artifact's id, a checksum or a URI, as `by` says. It refers to no row:
# what was used may be gone, or come later.
uses = Table(
    "uses", metadata, _id(),
    _ref("subject_id", "subjects"),
    _ref("writer_id", "writers"),
    Column("arrival", BigInteger, nullable=False),
    Column("by", TXT, nullable=False),  # id, checksum, uri
    Column("target", TXT, nullable=False),
    Column("target_hash", LargeBinary(32), nullable=False),  # sha256 of `by:target`
    _instant("created_at"),
    UniqueConstraint("writer_id", "target_hash"),
    Index("ix_uses_subject_id", "subject_id", "id"),
    Index("ix_uses_target_hash", "target_hash", "id"),
)  # fmt: skip

# What a deletion leaves behind: no zombie, no late copy and no spooled create brings the run back. Undo drops it. Of a
# run that comes back under another key the old key's stays, without `run_uid`: a newer run has that key.
gravestones = Table(
    "gravestones", metadata, _id(),
    _ref("namespace_id", "namespaces", cascade=False),
    _ref("deletion_id", "deletions", cascade=False, index=True),
    Column("run_uid", TXT),
    Column("key_hash", LargeBinary(32)),
    _instant("deleted_at"),
    Index("ix_gravestones_run_uid", "run_uid"),
    Index("ix_gravestones_key", "namespace_id", "key_hash", "deleted_at"),
)  # fmt: skip

# What was done with deletions, by whom and when: rows are added and never changed.
audit = Table(
    "audit", metadata, _id(),
    _ref("namespace_id", "namespaces", cascade=False),
    _ref("deletion_id", "deletions", cascade=False),
    Column("action", TXT, nullable=False),
    Column("by", TXT, nullable=False),
    Column("counts", TXT, nullable=False),  # JSON: of what to how much
    _instant("at"),
    Index("ix_audit_deletion", "deletion_id", "id"),
    Index("ix_audit_namespace", "namespace_id", "id"),
    sqlite_autoincrement=True,
)  # fmt: skip

tokens = Table(
    "tokens", metadata, _id(),
    Column("uid", TXT, nullable=False, unique=True),
    Column("name", TXT, nullable=False),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    Column("scopes", TXT, nullable=False),  # JSON
    Column("namespaces", TXT, nullable=False),  # JSON
    _instant("created_at"),
    _instant("expires_at", nullable=True),
    _instant("revoked_at", nullable=True),
)  # fmt: skip

# Names for addresses of the table of runs, which somebody saved.
views = Table(
    "views", metadata, _id(),
    _ref("namespace_id", "namespaces", cascade=False),
    Column("name", TXT, nullable=False),
    Column("query", TXT, nullable=False),
    Column("saved_by", TXT, nullable=False),
    _instant("saved_at"),
    UniqueConstraint("namespace_id", "name"),
)  # fmt: skip

# Every write's row, in its own transaction. Readers go in the order of (xid, id): see `outbox.py`.
outbox = Table(
    "outbox", metadata, _id(),
    _ref("namespace_id", "namespaces", cascade=False),
    Column("subject_uid", TXT, nullable=False),
    Column("kind", TXT, nullable=False),  # the subject's type
    Column("action", TXT, nullable=False),  # created, updated, deleted
    Column("parts", TXT, nullable=False),  # what was written, parted by commas
    Column("scenario_id", ID),  # the run's, or that of the checkpoint's run
    Column("xid", BigInteger, nullable=False),
    _instant("at"),
    Index("ix_outbox_namespace", "namespace_id", "xid", "id"),
    sqlite_autoincrement=True,
)  # fmt: skip

# Up to where the rows of a namespace were swept out of the outbox.
swept = Table(
    "swept", metadata,
    Column("namespace_id", ID, ForeignKey("namespaces.id"), primary_key=True),
    Column("xid", BigInteger, nullable=False),
    Column("id", BigInteger, nullable=False),
)  # fmt: skip

# Which outbox this is: cursors of another one, such as of the database that this one was restored from, mean nothing.
feed = Table(
    "feed", metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", TXT, nullable=False),
    Column("place", TXT, nullable=False),  # the server and the database, on PostgreSQL
    CheckConstraint("id = 1", name="one"),
)  # fmt: skip

# The server's clock, so that it never goes back, and how long it has been up (a lease is not missed while it is down).
clock = Table(
    "clock", metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    _instant("now"),
    _instant("up_since"),
    CheckConstraint("id = 1", name="one"),
)  # fmt: skip
