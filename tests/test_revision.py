"""How a database stands to this version, on both kinds, without changing it."""

from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from bot.errors import UserError
from storage.engine import Database
from storage.revision import Form, form_of
from storage.store import Store
from tests.fakes import FakeClock


def say(url: str, statement: str) -> None:
    database = Database(url)
    with database.write() as session:
        session.execute(text(statement))
    database.close()


def test_a_database_of_this_version_is_current(store: Store, database_url: str) -> None:
    assert form_of(database_url) is Form.CURRENT


def test_a_database_without_tables_stays_without(database_url: str, tmp_path: Path) -> None:
    if database_url.startswith("sqlite"):
        (tmp_path / "tunesmith.db").touch()

    assert form_of(database_url) is Form.EMPTY

    engine = create_engine(database_url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


def test_a_newer_version_is_named_as_such(store: Store, database_url: str) -> None:
    say(database_url, "UPDATE alembic_version SET version_num = 'ffff'")

    with pytest.raises(UserError, match="written by a newer version of Tunesmith"):
        form_of(database_url)


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    assert form_of(f"sqlite:///{tmp_path / 'new.db'}") is Form.MISSING
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:////nowhere/new.db", "/nowhere is no folder that this user may write to"),
        ("postgresql://nobody@127.0.0.1:1/none", "The database cannot be opened: "),
        ("mysql://x", "which Tunesmith cannot use"),
    ],
)
def test_what_cannot_be_opened_says_why(url: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        form_of(url)


def test_looking_changes_no_byte_of_a_file(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'x.db'}", FakeClock())
    store.migrate()
    store.close()

    before = (tmp_path / "x.db").read_bytes()
    assert form_of(f"sqlite:///{tmp_path / 'x.db'}") is Form.CURRENT
    assert (tmp_path / "x.db").read_bytes() == before
