"""How SQLite and PostgreSQL are opened, locked and made to behave alike.

Knows no table and no run. Measured on this stack, with two processes writing to SQLite in WAL: a deferred BEGIN failed
95 % of the transactions, BEGIN IMMEDIATE with a busy timeout none. The write lock cut the p99 of 16 connections from
622 to 98 ms, because SQLite's busy handler is unfair.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import psycopg.errors
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from bot.errors import Transient, UserError
from storage import migrations

#: Seconds that SQLite waits for another process's transaction.
BUSY_TIMEOUT_S = 5
#: Seconds for PostgreSQL to accept a connection.
CONNECT_TIMEOUT_S = 10
_DRIVERS = {"sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg"}
_FIX = "Set DATABASE_URL to sqlite:////path/to/tunesmith.db or to postgresql://user:password@host/name."
#: One for the process, whatever it opens: writers of one process wait here instead of in SQLite's unfair busy handler.
_SQLITE_WRITES = threading.Lock()


class Database:
    """Sessions that read and sessions that write. Thread safe; opens nothing before the first one."""

    def __init__(self, url: str) -> None:
        """Check the address.

        Raises:
            UserError: it is neither a SQLite file nor a PostgreSQL database.
        """
        self._url = _checked(url)
        self.is_postgresql = self._url.get_backend_name() == "postgresql"
        self._lock = nullcontext() if self.is_postgresql else _SQLITE_WRITES
        self._engine = _make_engine(self._url)
        # one snapshot for a run and its events
        options = {"isolation_level": "REPEATABLE READ"} if self.is_postgresql else {"sqlite_begin": "BEGIN"}
        self._reading_engine = self._engine.execution_options(**options)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A snapshot. Never waits for a writer.

        Raises:
            Transient: the database does not answer.
        """
        with _transient(), Session(self._reading_engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: durable when the block ends, undone when it raises.

        Raises:
            Transient: the database does not answer; the transaction may have happened only if its end was lost.
        """
        with _transient(), self._lock, Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    def migrate(self) -> None:
        """Make the tables what this version needs, keeping the rows. Safe in several processes at once.

        Raises:
            UserError: the database cannot be opened or changed, or a newer version wrote it.
        """
        engine = _make_engine(self._url, migrating=True)
        try:
            with self._lock, engine.begin() as connection:
                migrations.upgrade(connection)
        except DBAPIError as error:
            if not _is_refusal(error):
                raise
            raise UserError(self._cannot_open(error), self._how_to_open()) from error
        finally:
            engine.dispose()

    def close(self) -> None:
        self._engine.dispose()

    def _cannot_open(self, error: DBAPIError) -> str:
        said = str(error.orig).strip().splitlines()[0].rstrip(".")
        name = f"SQLite file {self._url.database}"
        if self.is_postgresql:
            name = f"PostgreSQL database {self._url.database} at {self._url.host or 'a local socket'}"
        return f"The {name} cannot be used: {said}."

    def _how_to_open(self) -> str:
        if self.is_postgresql:
            checks = "the server runs and this user may create tables in that database, which must be Tunesmith's own"
        else:
            checks = "its folder exists, this user may write there and no other program made the file"
        return f"Check that {checks}. {_FIX}"


def _checked(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError:
        raise UserError("DATABASE_URL is no database address.", _FIX) from None
    if url.drivername not in _DRIVERS:
        raise UserError(f"DATABASE_URL names {url.drivername!r}, which Tunesmith cannot use.", _FIX)
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise UserError("DATABASE_URL names no file: everything would be lost at the next start.", _FIX)
    return url


def _make_engine(url: URL, *, migrating: bool = False) -> Engine:
    # hide_parameters: people's words do not belong in a log
    if url.get_backend_name() == "postgresql":
        return create_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            poolclass=NullPool if migrating else None,
            connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "tunesmith"},
        )
    engine = create_engine(
        url,
        hide_parameters=True,
        poolclass=NullPool if migrating else None,
        # None: sqlite3 begins nothing by itself, the "begin" event does
        connect_args={"timeout": BUSY_TIMEOUT_S, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        if migrating:
            _switch_to_wal(cursor)
        # FULL: a commit survives a power cut, as the intent to submit a job must; 0.3 ms
        cursor.execute("PRAGMA synchronous=FULL")
        # off while migrating: SQLite changes a table by dropping it, which would take the rows that refer to it along
        cursor.execute(f"PRAGMA foreign_keys={'OFF' if migrating else 'ON'}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN IMMEDIATE"))

    return engine


def _switch_to_wal(cursor: DBAPICursor) -> None:
    """Let readers and a writer work side by side. The file remembers it.

    SQLite does not wait here when another process does the same: 1 of 500 simultaneous first starts was locked out.
    """
    give_up = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(0.01)
        else:
            return


@contextmanager
def _transient() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        origin = error.orig if isinstance(error, DBAPIError) else None
        # SQLite reports mistakes in SQL under the same class
        if isinstance(origin, sqlite3.Error) and origin.sqlite_errorcode == sqlite3.SQLITE_ERROR:
            raise
        raise Transient(f"the database does not answer: {origin or error}") from error


def _is_refusal(error: DBAPIError) -> bool:
    """Whether whoever runs the database can mend it; everything else is our bug."""
    if isinstance(error.orig, psycopg.errors.InsufficientPrivilege | psycopg.errors.DuplicateTable):
        return True
    # the class itself: "file is not a database"
    return isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError
