"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create every table and index."""
    op.create_table(
        "clock",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("now", sa.BigInteger(), nullable=False),
        sa.Column("up_since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_clock"),
        sa.CheckConstraint("id = 1", name=op.f("ck_clock_one")),
    )
    op.create_table(
        "namespaces",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", TXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_namespaces"),
        sa.UniqueConstraint("name", name="uq_namespaces_name"),
    )
    op.create_table(
        "names",
        sa.Column("id", ID, nullable=False),
        sa.Column("namespace_id", ID, nullable=False),
        sa.Column("name", TXT, nullable=False),
        sa.Column("name_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("name_start", TXT, nullable=False),
        sa.Column("plain_hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_names"),
        sa.ForeignKeyConstraint(["namespace_id"], ["namespaces.id"], name="fk_names_namespace_id"),
        sa.UniqueConstraint("namespace_id", "name_hash", name="uq_names_namespace_id_name_hash"),
    )
    op.create_index("ix_names_plain", "names", ["namespace_id", "plain_hash"])
    op.create_index("ix_names_start", "names", ["namespace_id", "name_start"])
    op.create_table(
        "catalogue",
        sa.Column("name_id", ID, nullable=False),
        sa.Column("kind", TXT, nullable=False),
        sa.Column("type", TXT, nullable=False),
        sa.PrimaryKeyConstraint("name_id", "kind", "type", name="pk_catalogue"),
        sa.ForeignKeyConstraint(["name_id"], ["names.id"], name="fk_catalogue_name_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tokens",
        sa.Column("id", ID, nullable=False),
        sa.Column("uid", TXT, nullable=False),
        sa.Column("name", TXT, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("scopes", TXT, nullable=False),
        sa.Column("namespaces", TXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("hash", name="uq_tokens_hash"),
        sa.UniqueConstraint("uid", name="uq_tokens_uid"),
    )
    op.create_table(
        "views",
        sa.Column("id", ID, nullable=False),
        sa.Column("namespace_id", ID, nullable=False),
        sa.Column("name", TXT, nullable=False),
        sa.Column("query", TXT, nullable=False),
        sa.Column("saved_by", TXT, nullable=False),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_views"),
        sa.ForeignKeyConstraint(["namespace_id"], ["namespaces.id"], name="fk_views_namespace_id"),
        sa.UniqueConstraint("namespace_id", "name", name="uq_views_namespace_id_name"),
    )
    op.create_table(
        "deletions",
        sa.Column("id", ID, nullable=False),
        sa.Column("uid", TXT, nullable=False),
        sa.Column("namespace_id", ID, nullable=False),
        sa.Column("key", TXT, nullable=True),
        sa.Column("state", TXT, nullable=False),
        sa.Column("selector", TXT, nullable=False),
        sa.Column("report", TXT, nullable=False),
        sa.Column("created_by", TXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("purge_after", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_deletions"),
        sa.ForeignKeyConstraint(["namespace_id"], ["namespaces.id"], name="fk_deletions_namespace_id"),
        sa.UniqueConstraint("namespace_id", "key", name="uq_deletions_namespace_id_key"),
        sa.UniqueConstraint("uid", name="uq_deletions_uid"),
    )
    op.create_index("ix_deletions_state_purge_after", "deletions", ["state", "purge_after"])
    op.create_table(
        "audit",
        sa.Column("id", ID, nullable=False),
        sa.Column("namespace_id", ID, nullable=False),
        sa.Column("deletion_id", ID, nullable=False),
        sa.Column("action", TXT, nullable=False),
        sa.Column("by", TXT, nullable=False),
        sa.Column("counts", TXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sa.ForeignKeyConstraint(["deletion_id"], ["deletions.id"], name="fk_audit_deletion_id"),
        sa.ForeignKeyConstraint(["namespace_id"], ["namespaces.id"], name="fk_audit_namespace_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_deletion", "audit", ["deletion_id", "id"])
    op.create_index("ix_audit_namespace", "audit", ["namespace_id", "id"])
    op.create_table(
        "outbox",
        sa.Column("id", ID, nullable=False),
        sa.Column("namespace_id", ID, nullable=False),
        sa.Column("subject_uid", TXT, nullable=False),
        sa.Column("kind", TXT, nullable=False),
        sa.Column("action", TXT, nullable=False),
        sa.Column("parts", TXT, nullable=False),
        sa.Column("scenario_id", ID, nullable=True),
        sa.Column("xid", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.ForeignKeyConstraint(["namespace_id"], ["namespaces.id"], name="fk_outbox_namespace_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_namespace", "outbox", ["namespace_id", "xid", "id"])
    op.create_table(
        "swept",
        sa.Column("namespace_id", ID, nullable=False),
        sa.Column("xid", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("namespace_id", name="pk_swept"),
        sa.ForeignKeyConstraint(["namespace_id"], ["namespaces.id"], name="fk_swept_namespace_id"),
    )
    op.create_table(
        "feed",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("name", TXT, nullable=False),
        sa.Column("place", TXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_feed"),
        sa.CheckConstraint("id = 1", name=op.f("ck_feed_one")),
    )
    op.create_table(
        "scenarios",
        sa.Column("id", ID, nullable=False),
        sa.Column("uid", TXT, nullable=False),
        sa.Column("namespace_id", ID, nullable=False),
        sa.Column("name", TXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_scenarios"),
        sa.ForeignKeyConstraint(["namespace_id"], ["namespaces.id"], name="fk_scenarios_namespace_id"),
        sa.UniqueConstraint("namespace_id", "name", name="uq_scenarios_namespace_id_name"),
        sa.UniqueConstraint("uid", name="uq_scenarios_uid"),
    )
    op.create_table(
        "collections",
        sa.Column("id", ID, nullable=False),
        sa.Column("uid", TXT, nullable=False),
        sa.Column("scenario_id", ID, nullable=False),
        sa.Column("name", TXT, nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_collections"),
        sa.ForeignKeyConstraint(["scenario_id"], ["scenarios.id"], name="fk_collections_scenario_id"),
        sa.UniqueConstraint("scenario_id", "name", "is_default", name="uq_collections_scenario_id_name_is_default"),
        sa.UniqueConstraint("uid", name="uq_collections_uid"),
    )
    op.create_table(
        "gravestones",
        sa.Column("id", ID, nullable=False),
        sa.Column("namespace_id", ID, nullable=False),
        sa.Column("deletion_id", ID, nullable=False),
        sa.Column("run_uid", TXT, nullable=True),
        sa.Column("key_hash", sa.LargeBinary(32), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gravestones"),
        sa.ForeignKeyConstraint(["deletion_id"], ["deletions.id"], name="fk_gravestones_deletion_id"),
        sa.ForeignKeyConstraint(["namespace_id"], ["namespaces.id"], name="fk_gravestones_namespace_id"),
    )
    op.create_index("ix_gravestones_deletion_id", "gravestones", ["deletion_id"])
    op.create_index("ix_gravestones_key", "gravestones", ["namespace_id", "key_hash", "deleted_at"])
    op.create_index("ix_gravestones_run_uid", "gravestones", ["run_uid"])
    op.create_table(
        "subjects",
        sa.Column("id", ID, nullable=False),
        sa.Column("uid", TXT, nullable=False),
        sa.Column("namespace_id", ID, nullable=False),
        sa.Column("type", TXT, nullable=False),
        sa.Column("parent_id", ID, nullable=True),
        sa.Column("key", TXT, nullable=True),
        sa.Column("key_hash", sa.LargeBinary(32), nullable=True),
        sa.Column("arrival", sa.BigInteger(), nullable=False),
        sa.Column("folded", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("deletion_id", ID, nullable=True),
        sa.Column("changed_xid", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_subjects"),
        sa.ForeignKeyConstraint(["deletion_id"], ["deletions.id"], name="fk_subjects_deletion_id"),
        sa.ForeignKeyConstraint(["namespace_id"], ["namespaces.id"], name="fk_subjects_namespace_id"),
        sa.ForeignKeyConstraint(["parent_id"], ["subjects.id"], name="fk_subjects_parent_id", ondelete="CASCADE"),
        sa.UniqueConstraint("uid", name="uq_subjects_uid"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_subjects_deletion_id",
        "subjects",
        ["deletion_id"],
        sqlite_where=sa.text("deletion_id IS NOT NULL"),
        postgresql_where=sa.text("deletion_id IS NOT NULL"),
    )
    op.create_index("ix_subjects_parent_id", "subjects", ["parent_id"])
    op.create_index(
        "ix_subjects_unfolded",
        "subjects",
        ["id"],
        sqlite_where=sa.text("folded < arrival"),
        postgresql_where=sa.text("folded < arrival"),
    )
    op.create_index(
        "uq_subjects_live_key",
        "subjects",
        ["namespace_id", "type", "key_hash"],
        unique=True,
        sqlite_where=sa.text("deletion_id IS NULL AND key_hash IS NOT NULL"),
        postgresql_where=sa.text("deletion_id IS NULL AND key_hash IS NOT NULL"),
    )
    op.create_table(
        "attributes",
        sa.Column("id", ID, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("kind", TXT, nullable=False),
        sa.Column("name_id", ID, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("type", TXT, nullable=False),
        sa.Column("num", sa.Float(53), nullable=True),
        sa.Column("text", TXT, nullable=True),
        sa.Column("text_start", TXT, nullable=True),
        sa.Column("instant", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_attributes"),
        sa.ForeignKeyConstraint(["name_id"], ["names.id"], name="fk_attributes_name_id"),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name="fk_attributes_subject_id", ondelete="CASCADE"),
    )
    op.create_index(
        "ix_attributes_instant",
        "attributes",
        ["name_id", "kind", "instant", "subject_id"],
        sqlite_where=sa.text("instant IS NOT NULL"),
        postgresql_where=sa.text("instant IS NOT NULL"),
    )
    op.create_index(
        "ix_attributes_num",
        "attributes",
        ["name_id", "kind", "num", "subject_id"],
        sqlite_where=sa.text("num IS NOT NULL"),
        postgresql_where=sa.text("num IS NOT NULL"),
    )
    op.create_index(
        "ix_attributes_empty",
        "attributes",
        ["name_id", "kind", "subject_id"],
        sqlite_where=sa.text("num IS NULL AND text_start IS NULL"),
        postgresql_where=sa.text("num IS NULL AND text_start IS NULL"),
    )
    op.create_index("ix_attributes_subject", "attributes", ["subject_id", "kind", "name_id"])
    op.create_index(
        "ix_attributes_text",
        "attributes",
        ["name_id", "kind", "text_start", "subject_id"],
        sqlite_where=sa.text("text_start IS NOT NULL"),
        postgresql_where=sa.text("text_start IS NOT NULL"),
    )
    op.create_table(
        "runs",
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("namespace_id", ID, nullable=False),
        sa.Column("name", TXT, nullable=False),
        sa.Column("scenario_id", ID, nullable=False),
        sa.Column("collection_id", ID, nullable=False),
        sa.Column("scenario_version", TXT, nullable=True),
        sa.Column("source_kind", TXT, nullable=True),
        sa.Column("source", TXT, nullable=True),
        sa.Column("execution", TXT, nullable=True),
        sa.Column("external_id", TXT, nullable=True),
        sa.Column("owner", TXT, nullable=False),
        sa.Column("framework", TXT, nullable=True),
        sa.Column("task", TXT, nullable=False),
        sa.Column("status", TXT, nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("lease_at", sa.BigInteger(), nullable=True),
        sa.Column("lost_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("subject_id", name="pk_runs"),
        sa.ForeignKeyConstraint(["collection_id"], ["collections.id"], name="fk_runs_collection_id"),
        sa.ForeignKeyConstraint(["namespace_id"], ["namespaces.id"], name="fk_runs_namespace_id"),
        sa.ForeignKeyConstraint(["scenario_id"], ["scenarios.id"], name="fk_runs_scenario_id"),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name="fk_runs_subject_id", ondelete="CASCADE"),
    )
    op.create_index("ix_runs_collection_id_started_at", "runs", ["collection_id", "started_at", "subject_id"])
    for name in ("framework", "scenario_version"):
        there = sa.text(f"{name} IS NOT NULL")
        op.create_index(f"ix_runs_{name}", "runs", ["namespace_id", name], sqlite_where=there, postgresql_where=there)
    for name in ("owner", "task"):
        there = sa.text(f"{name} <> ''")
        op.create_index(f"ix_runs_{name}", "runs", ["namespace_id", name], sqlite_where=there, postgresql_where=there)
    op.create_index("ix_runs_name", "runs", ["namespace_id", "name"])
    op.create_index("ix_runs_status", "runs", ["namespace_id", "status"])
    op.create_index("ix_runs_execution", "runs", ["namespace_id", "execution"])
    op.create_index("ix_runs_external_id", "runs", ["namespace_id", "external_id"])
    op.create_index(
        "ix_runs_lease",
        "runs",
        ["lease_at"],
        sqlite_where=sa.text("status = 'RUNNING' AND lease_at IS NOT NULL"),
        postgresql_where=sa.text("status = 'RUNNING' AND lease_at IS NOT NULL"),
    )
    op.create_index("ix_runs_namespace_id_started_at", "runs", ["namespace_id", "started_at", "subject_id"])
    op.create_index("ix_runs_scenario_id_started_at", "runs", ["scenario_id", "started_at", "subject_id"])
    op.create_index("ix_runs_source", "runs", ["namespace_id", "source"])
    op.create_table(
        "models",
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("namespace_id", ID, nullable=False),
        sa.Column("name", TXT, nullable=False),
        sa.Column("owner", TXT, nullable=False),
        sa.Column("task", TXT, nullable=False),
        sa.Column("description", TXT, nullable=False),
        sa.PrimaryKeyConstraint("subject_id", name="pk_models"),
        sa.ForeignKeyConstraint(["namespace_id"], ["namespaces.id"], name="fk_models_namespace_id"),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name="fk_models_subject_id", ondelete="CASCADE"),
    )
    op.create_index("ix_models_name", "models", ["namespace_id", "name"])
    op.create_table(
        "model_versions",
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("namespace_id", ID, nullable=False),
        sa.Column("model_id", ID, nullable=False),
        sa.Column("version", TXT, nullable=False),
        sa.Column("name", TXT, nullable=False),
        sa.Column("description", TXT, nullable=False),
        sa.Column("framework", TXT, nullable=True),
        sa.Column("run_uid", TXT, nullable=True),
        sa.Column("run_name", TXT, nullable=True),
        sa.Column("scenario", TXT, nullable=True),
        sa.Column("checkpoint_uid", TXT, nullable=True),
        sa.Column("epoch", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("subject_id", name="pk_model_versions"),
        sa.ForeignKeyConstraint(["model_id"], ["subjects.id"], name="fk_model_versions_model_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["namespace_id"], ["namespaces.id"], name="fk_model_versions_namespace_id"),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["subjects.id"], name="fk_model_versions_subject_id", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("model_id", "version", name="uq_model_versions_model_id_version"),
    )
    op.create_index("ix_model_versions_namespace_id", "model_versions", ["namespace_id", "subject_id"])
    there = sa.text("run_uid IS NOT NULL")
    op.create_index(
        "ix_model_versions_run_uid", "model_versions", ["run_uid"], sqlite_where=there, postgresql_where=there
    )
    op.create_table(
        "unique_tags",
        sa.Column("model_id", ID, nullable=False),
        sa.Column("tag", TXT, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("model_id", "tag", name="pk_unique_tags"),
        sa.ForeignKeyConstraint(["model_id"], ["subjects.id"], name="fk_unique_tags_model_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name="fk_unique_tags_subject_id", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_unique_tags_subject_id", "unique_tags", ["subject_id"])
    op.create_table(
        "checkpoints",
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", name="pk_checkpoints"),
        sa.ForeignKeyConstraint(["run_id"], ["subjects.id"], name="fk_checkpoints_run_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name="fk_checkpoints_subject_id", ondelete="CASCADE"),
        sa.UniqueConstraint("run_id", "epoch", name="uq_checkpoints_run_id_epoch"),
    )
    op.create_table(
        "segments",
        sa.Column("id", ID, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("writer_id", ID, nullable=False),
        sa.Column("arrival", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_segments"),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name="fk_segments_subject_id", ondelete="CASCADE"),
        sa.UniqueConstraint("subject_id", "arrival", name="uq_segments_subject_id_arrival"),
    )
    op.create_table(
        "series",
        sa.Column("id", ID, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("name_id", ID, nullable=False),
        sa.Column("kind", TXT, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("nan_count", sa.BigInteger(), nullable=False),
        sa.Column("last_num", sa.Float(53), nullable=True),
        sa.Column("first_num", sa.Float(53), nullable=True),
        sa.Column("min_num", sa.Float(53), nullable=True),
        sa.Column("max_num", sa.Float(53), nullable=True),
        sa.Column("mean_num", sa.Float(53), nullable=True),
        sa.Column("summary", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_series"),
        sa.ForeignKeyConstraint(["name_id"], ["names.id"], name="fk_series_name_id"),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name="fk_series_subject_id", ondelete="CASCADE"),
        sa.UniqueConstraint("subject_id", "name_id", name="uq_series_subject_id_name_id"),
    )
    op.create_index("ix_series_last", "series", ["name_id", "last_num", "subject_id"])
    op.create_index("ix_series_max", "series", ["name_id", "max_num", "subject_id"])
    op.create_index("ix_series_min", "series", ["name_id", "min_num", "subject_id"])
    op.create_table(
        "writers",
        sa.Column("id", ID, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("origin", TXT, nullable=False),
        sa.Column("origin_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("producer", TXT, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("lost", sa.BigInteger(), nullable=False),
        sa.Column("replaced", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_writers"),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name="fk_writers_subject_id", ondelete="CASCADE"),
        sa.UniqueConstraint("producer", name="uq_writers_producer"),
    )
    op.create_index("ix_writers_subject_origin", "writers", ["subject_id", "origin_hash", "epoch"])
    op.create_table(
        "blobs",
        sa.Column("id", ID, nullable=False),
        sa.Column("sha256", TXT, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("key", TXT, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_blobs"),
        sa.UniqueConstraint("sha256", name="uq_blobs_sha256"),
        sa.UniqueConstraint("key", name="uq_blobs_key"),
    )
    op.create_table(
        "uploads",
        sa.Column("id", ID, nullable=False),
        sa.Column("uid", TXT, nullable=False),
        sa.Column("namespace_id", ID, nullable=False),
        sa.Column("sha256", TXT, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("part_bytes", sa.BigInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("blob_id", ID, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
        sa.ForeignKeyConstraint(["namespace_id"], ["namespaces.id"], name="fk_uploads_namespace_id"),
        sa.ForeignKeyConstraint(["blob_id"], ["blobs.id"], name="fk_uploads_blob_id"),
        sa.UniqueConstraint("uid", name="uq_uploads_uid"),
        sa.UniqueConstraint("namespace_id", "sha256", "size", name="uq_uploads_namespace_id_sha256_size"),
    )
    op.create_index("ix_uploads_blob_id", "uploads", ["blob_id"])
    op.create_index("ix_uploads_updated_at", "uploads", ["updated_at"])
    op.create_table(
        "artifacts",
        sa.Column("id", ID, nullable=False),
        sa.Column("uid", TXT, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("writer_id", ID, nullable=False),
        sa.Column("blob_id", ID, nullable=True),
        sa.Column("arrival", sa.BigInteger(), nullable=False),
        sa.Column("kind", TXT, nullable=False),
        sa.Column("path", TXT, nullable=False),
        sa.Column("path_start", TXT, nullable=False),
        sa.Column("uri", TXT, nullable=False),
        sa.Column("uri_hash", sa.LargeBinary(32)),
        sa.Column("mime_type", TXT, nullable=False),
        sa.Column("media_type", TXT, nullable=False),
        sa.Column("checksum", TXT, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_artifacts"),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name="fk_artifacts_subject_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["writer_id"], ["writers.id"], name="fk_artifacts_writer_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["blob_id"], ["blobs.id"], name="fk_artifacts_blob_id"),
        sa.UniqueConstraint("uid", name="uq_artifacts_uid"),
    )
    op.create_index(
        "ix_artifacts_blob_id", "artifacts", ["blob_id"],
        sqlite_where=sa.text("blob_id IS NOT NULL"), postgresql_where=sa.text("blob_id IS NOT NULL"),
    )
    op.create_index(
        "ix_artifacts_checksum", "artifacts", ["checksum"],
        sqlite_where=sa.text("checksum <> ''"), postgresql_where=sa.text("checksum <> ''"),
    )
    op.create_index("ix_artifacts_subject_path", "artifacts", ["subject_id", "path_start"])
    op.create_index(
        "ix_artifacts_uri_hash", "artifacts", ["uri_hash"],
        sqlite_where=sa.text("uri_hash IS NOT NULL"), postgresql_where=sa.text("uri_hash IS NOT NULL"),
    )
    op.create_index("ix_artifacts_writer_id", "artifacts", ["writer_id"])
    op.create_table(
        "uses",
        sa.Column("id", ID, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("writer_id", ID, nullable=False),
        sa.Column("arrival", sa.BigInteger(), nullable=False),
        sa.Column("by", TXT, nullable=False),
        sa.Column("target", TXT, nullable=False),
        sa.Column("target_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_uses"),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name="fk_uses_subject_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["writer_id"], ["writers.id"], name="fk_uses_writer_id", ondelete="CASCADE"),
        sa.UniqueConstraint("writer_id", "target_hash", name="uq_uses_writer_id_target_hash"),
    )
    op.create_index("ix_uses_subject_id", "uses", ["subject_id", "id"])
    op.create_index("ix_uses_target_hash", "uses", ["target_hash", "id"])
    op.create_table(
        "axes",
        sa.Column("id", ID, nullable=False),
        sa.Column("writer_id", ID, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("min_step", sa.BigInteger(), nullable=False),
        sa.Column("max_step", sa.BigInteger(), nullable=False),
        sa.Column("min_wallclock", sa.BigInteger(), nullable=False),
        sa.Column("max_wallclock", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_axes"),
        sa.ForeignKeyConstraint(["writer_id"], ["writers.id"], name="fk_axes_writer_id", ondelete="CASCADE"),
    )
    op.create_index("ix_axes_writer_id", "axes", ["writer_id"])
    op.create_table(
        "events",
        sa.Column("id", ID, nullable=False),
        sa.Column("uid", TXT, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("writer_id", ID, nullable=False),
        sa.Column("arrival", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("name", TXT, nullable=False),
        sa.Column("source", TXT, nullable=False),
        sa.Column("wallclock", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("metadata", TXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name="fk_events_subject_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["writer_id"], ["writers.id"], name="fk_events_writer_id", ondelete="CASCADE"),
        sa.UniqueConstraint("uid", name="uq_events_uid"),
    )
    op.create_index("ix_events_subject_wallclock", "events", ["subject_id", "wallclock", "arrival", "ordinal"])
    op.create_index("ix_events_writer_id", "events", ["writer_id"])
    op.create_table(
        "metadata_patches",
        sa.Column("id", ID, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("writer_id", ID, nullable=False),
        sa.Column("arrival", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("op", TXT, nullable=False),
        sa.Column("document", TXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_metadata_patches"),
        sa.ForeignKeyConstraint(
            ["subject_id"], ["subjects.id"], name="fk_metadata_patches_subject_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["writer_id"], ["writers.id"], name="fk_metadata_patches_writer_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_metadata_patches_subject_arrival", "metadata_patches", ["subject_id", "arrival", "ordinal"])
    op.create_index("ix_metadata_patches_writer_id", "metadata_patches", ["writer_id"])
    op.create_table(
        "series_writers",
        sa.Column("series_id", ID, nullable=False),
        sa.Column("writer_id", ID, nullable=False),
        sa.Column("summary", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("series_id", "writer_id", name="pk_series_writers"),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name="fk_series_writers_series_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["writer_id"], ["writers.id"], name="fk_series_writers_writer_id", ondelete="CASCADE"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_series_writers_writer_id", "series_writers", ["writer_id"])
    op.create_table(
        "settings",
        sa.Column("id", ID, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("writer_id", ID, nullable=False),
        sa.Column("kind", TXT, nullable=False),
        sa.Column("name", TXT, nullable=False),
        sa.Column("value", TXT, nullable=False),
        sa.Column("type", TXT, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("arrival", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_settings"),
        sa.ForeignKeyConstraint(["subject_id"], ["subjects.id"], name="fk_settings_subject_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["writer_id"], ["writers.id"], name="fk_settings_writer_id", ondelete="CASCADE"),
        sa.UniqueConstraint(
            "subject_id", "kind", "name", "writer_id", name="uq_settings_subject_id_kind_name_writer_id"
        ),
    )
    op.create_index("ix_settings_writer_id", "settings", ["writer_id"])
    op.create_table(
        "chunks",
        sa.Column("id", ID, nullable=False),
        sa.Column("series_id", ID, nullable=False),
        sa.Column("axis_id", ID, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_chunks"),
        sa.ForeignKeyConstraint(["axis_id"], ["axes.id"], name="fk_chunks_axis_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name="fk_chunks_series_id", ondelete="CASCADE"),
        sa.UniqueConstraint("series_id", "axis_id", name="uq_chunks_series_id_axis_id"),
    )
    op.create_index("ix_chunks_axis_id", "chunks", ["axis_id"])
