"""Fixtures that many tests share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storage.store import Store
from tests.databases import BACKENDS, PostgreSQL, start_postgresql
from tests.fakes import FakeClock
from tests.world import World

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", type=Path, help="folder for the pictures that the documentation shows")
    parser.addoption("--update-golden", action="store_true", help="write tests/golden anew; read the difference")


@pytest.fixture
def assert_golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with tests/golden/<name>; with --update-golden, write it there first."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{name} is missing: run pytest with --update-golden and read what it writes"
        assert text == path.read_text(encoding="utf-8")

    return check


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """One server for the whole session; skips where none starts."""
    yield from start_postgresql()


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database, once of each kind. For one kind: parametrize("database_url", ["sqlite"], indirect=True)."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'tunesmith.db'}"
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    url = server.make_database()
    yield url
    server.drop_database(url)


@pytest.fixture
def store(database_url: str, clock: FakeClock) -> Iterator[Store]:
    """A store with its tables, once on each kind of database."""
    store = Store(database_url, clock)
    store.migrate()
    yield store
    store.close()


@pytest.fixture
def world(tmp_path: Path, clock: FakeClock) -> Iterator[World]:
    """A whole bot on a SQLite file."""
    store = Store(f"sqlite:///{tmp_path / 'world.db'}", clock)
    store.migrate()
    yield World(store, clock)
    store.close()
