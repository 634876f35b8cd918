"""What people set for themselves and for a thread: how much they want to hear. And what they typed last in vain.

Does not know who may set what.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.models import Preferences, Run, RunEvent, Verbosity
from bot.ports import Clock
from bot.states import FINAL
from storage.engine import Database
from storage.rows import add_event, insert_once, read_run
from storage.tables import PersonRow, RunRow


class People:
    """The part of the store that knows what people set."""

    _database: Database
    _clock: Clock

    def preferences(self, team_id: str, user_id: str) -> Preferences:
        """What this person set; the defaults where they set nothing."""
        with self._database.read() as session:
            return read_preferences(session, team_id, user_id)

    def set_preferences(self, team_id: str, user_id: str, wanted: Preferences) -> None:
        """Keep what this person wants: for runs to come, and the direct message also for those that are not over."""
        with self._database.write() as session:
            _set(session, team_id, user_id, verbosity=wanted.verbosity, direct=wanted.direct)
            mine = update(RunRow).where(RunRow.team_id == team_id, RunRow.requester == user_id)
            # nothing that the thread shows changes with it: the version stays
            session.execute(mine.where(RunRow.status.not_in(FINAL)).values(direct=wanted.direct))

    def set_verbosity(self, run_id: str, verbosity: Verbosity, *, actor: str) -> Run:
        """Let a run's thread say more or less from now on.

        Raises:
            KeyError: no run has this id.
        """
        now = self._clock()
        changed = update(RunRow).where(RunRow.id == run_id, RunRow.verbosity != verbosity)
        changed = changed.values(verbosity=verbosity, version=RunRow.version + 1, updated_at=now)
        with self._database.write() as session:
            if session.scalar(changed.returning(RunRow.id)) is not None:
                add_event(session, run_id, RunEvent(at=now, status=None, actor=actor, note=f"messages: {verbosity}"))
            return read_run(session, run_id)

    def note_refused(self, team_id: str, user_id: str, words: str) -> None:
        """Keep the words of a command that could not be done as typed; the newest count."""
        with self._database.write() as session:
            _set(session, team_id, user_id, refused_words=words, refused_at=self._clock())

    def refused(self, team_id: str, user_id: str) -> tuple[datetime, str] | None:
        """When a command of theirs was refused last, and what they had typed; None: none ever was."""
        query = select(PersonRow.refused_at, PersonRow.refused_words).where(
            PersonRow.team_id == team_id, PersonRow.user_id == user_id
        )
        with self._database.read() as session:
            row = session.execute(query).first()
        return (row[0], row[1]) if row is not None and row[0] is not None and row[1] is not None else None


def read_preferences(session: Session, team_id: str, user_id: str) -> Preferences:
    row = session.get(PersonRow, (team_id, user_id))
    return Preferences() if row is None else Preferences(verbosity=row.verbosity, direct=row.direct)


def _set(session: Session, team_id: str, user_id: str, **values: Any) -> None:
    if not insert_once(session, PersonRow, team_id=team_id, user_id=user_id, **(Preferences().model_dump() | values)):
        known = update(PersonRow).where(PersonRow.team_id == team_id, PersonRow.user_id == user_id)
        session.execute(known.values(**values))
