"""What Alembic runs for each command: all steps in the one transaction that storage.migrations.upgrade was given."""

from alembic import context

from storage.tables import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True
)
context.run_migrations()
