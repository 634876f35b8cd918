"""Which form a database has, compared with what this version needs. Changes nothing, and makes no file.

Does not bring it up to date: storage.migrations does, at the start of the bot.
"""

import os
from enum import StrEnum
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import make_url
from sqlalchemy.exc import DatabaseError

from bot.errors import Transient, UserError
from storage.engine import Database
from storage.migrations import make_config


class Form(StrEnum):
    """How a database stands to this version; the value completes "the database ..."."""

    CURRENT = "is up to date"
    OLD = "will be updated at the next start"
    EMPTY = "has no tables of ours yet: they are made at the next start"
    MISSING = "does not exist yet: it is made at the next start"


def form_of(url: str) -> Form:
    """Look at a database without changing it.

    Raises:
        UserError: it cannot be opened or written, or a newer version wrote it.
    """
    database = Database(url)
    if not database.is_postgresql and not _is_file(Path(make_url(url).database or "")):
        return Form.MISSING
    try:
        with database.read() as session:
            heads = MigrationContext.configure(session.connection()).get_current_heads()
    except (Transient, DatabaseError) as error:
        origin = error.__cause__ if isinstance(error, Transient) else error
        said = str(getattr(origin, "orig", None) or error).strip().splitlines()[0].rstrip(".")
        raise UserError(f"The database cannot be opened: {said}.", _fix(database)) from error
    finally:
        database.close()
    if not heads:
        return Form.EMPTY
    script = ScriptDirectory.from_config(make_config())
    if set(heads) == set(script.get_heads()):
        return Form.CURRENT
    if not set(heads) <= {step.revision for step in script.walk_revisions()}:
        raise UserError(
            "The database was written by a newer version of Tunesmith than this one.",
            "Start that version again, or set DATABASE_URL to another database.",
        )
    return Form.OLD


def _is_file(path: Path) -> bool:
    """Whether the SQLite file is there; it, or the folder that it would be made in, must be writable.

    Raises:
        UserError: it is not.
    """
    folder = path.absolute().parent
    if path.exists():
        if not path.is_file() or not os.access(path, os.W_OK) or not os.access(folder, os.W_OK):
            raise UserError(f"The SQLite file {path} cannot be written.", "Give this user the right to write it.")
        return True
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise UserError(
            f"The SQLite file {path} cannot be made: {folder} is no folder that this user may write to.",
            "Make that folder, or set DATABASE_URL to another file.",
        )
    return False


def _fix(database: Database) -> str:
    if database.is_postgresql:
        return "Check that the server runs and that DATABASE_URL names its host, the database and a user of it."
    return "Set DATABASE_URL to a file that Tunesmith made, or to a new one."
