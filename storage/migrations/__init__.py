"""How the tables came to be what they are: one file in versions/ for each released form, upwards only.

A step is written by hand and never changed once it was released; storage/tables.py holds the newest form, and a test
compares it with what the steps make. Going back means restoring a backup.
"""

import threading

from alembic import command
from alembic.config import Config
from alembic.script.revision import ResolutionError
from alembic.util import CommandError
from sqlalchemy import Connection, text

from bot.errors import UserError

#: "tunesmit" as a number; any constant would do that no other program locks in the same database.
_LOCK_KEY = int.from_bytes(b"tunesmit")
#: Alembic keeps the migration that runs in a module.
_ONE_AT_A_TIME = threading.Lock()


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the database up to `revision`, inside the transaction that `connection` has open.

    Processes that do this at once wait for each other: on PostgreSQL here, on SQLite because the transaction began
    with BEGIN IMMEDIATE.

    Raises:
        UserError: a newer version than this one wrote the database.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
    try:
        with _ONE_AT_A_TIME:
            command.upgrade(make_config(connection), revision)
    except CommandError as error:
        if not isinstance(error.__cause__, ResolutionError):
            raise
        raise UserError(
            "The database was written by a newer version of Tunesmith than this one.",
            "Start that version again, or set DATABASE_URL to another database.",
        ) from error


def make_config(connection: Connection | None = None) -> Config:
    """Configure Alembic without a file; `connection` None: for looking at the steps only."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "storage:migrations")
    config.set_main_option("path_separator", "os")
    return config
