"""Alembic's way into the database: `schema.upgrade` hands it a connection in a transaction."""

from alembic import context

from mbox_ops.store.tables import metadata

# Alembic reads this file as a script, not as a module, and there is only one way in: a connection that is open.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=False,
)
with context.begin_transaction():
    context.run_migrations()
