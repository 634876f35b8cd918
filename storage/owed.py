"""Messages that were acknowledged and are not answered yet: whoever starts next answers what a process left.

Does not read them and answers nothing.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update

from bot.ports import Clock
from storage.engine import Database
from storage.rows import insert_once
from storage.tables import InboxRow, OwedRow


class Debts:
    """The part of the store that remembers what is owed."""

    _database: Database
    _clock: Clock

    def owe(self, source_id: str, event: dict[str, Any], *, lease: timedelta) -> bool:
        """Note that this message is answered later, by this process if it lives so long; False: it was noted before.

        The id is remembered apart from that of the answer, which has its effect under `source_id` itself.
        """
        now = self._clock()
        with self._database.write() as session:
            if not insert_once(session, InboxRow, source_id=f"owed:{source_id}", at=now):
                return False
            return insert_once(session, OwedRow, source_id=source_id, event=event, due_at=now + lease)

    def settle(self, source_id: str) -> None:
        """Note that it is answered."""
        with self._database.write() as session:
            session.execute(delete(OwedRow).where(OwedRow.source_id == source_id))

    def take_owed(self, *, lease: timedelta) -> dict[str, dict[str, Any]]:
        """Take over what nobody works on any more, by its ids; the others leave it alone for the lease."""
        now = self._clock()
        taken = update(OwedRow).where(OwedRow.due_at <= now).values(due_at=now + lease)
        with self._database.write() as session:
            taken_over = session.execute(taken.returning(OwedRow.source_id, OwedRow.event)).all()
        return {row.source_id: row.event for row in taken_over}

    def next_owed(self) -> datetime | None:
        """When something will be free to take; None: nothing is owed."""
        with self._database.read() as session:
            return session.scalar(select(func.min(OwedRow.due_at)))
