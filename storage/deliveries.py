"""What Slack shows of a run: which messages were posted, where, and with what in them.

Does not talk to Slack; nothing here counts as a change of the run, so its version stays.
"""

from sqlalchemy import select, update

from bot.models import Delivered, Run
from bot.ports import Clock
from storage.engine import Database
from storage.rows import insert_once
from storage.tables import DeliveryRow, RunRow


class Deliveries:
    """The part of the store that remembers messages."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def delivered(self, run_id: str) -> dict[str, Delivered]:
        """Every message of the run's thread that was posted or begun, by its key."""
        query = select(DeliveryRow).where(DeliveryRow.run_id == run_id).order_by(DeliveryRow.key)
        with self._database.read() as session:
            return {
                row.key: Delivered(key=row.key, ts=row.ts, digest=row.digest, posting_since=row.posting_since)
                for row in session.scalars(query)
            }

    def begin_post(self, run_id: str, key: str) -> None:
        """Note, before it is sent, that a post begins.

        When the outcome of an earlier post is still open, that one's time stays: a look-up since then finds both.
        """
        now = self._clock()
        with self._database.write() as session:
            if not insert_once(session, DeliveryRow, run_id=run_id, key=key, digest="", posting_since=now):
                session.execute(
                    update(DeliveryRow)
                    .where(DeliveryRow.run_id == run_id, DeliveryRow.key == key, DeliveryRow.posting_since.is_(None))
                    .values(posting_since=now)
                )

    def set_delivered(self, run_id: str, key: str, *, ts: str, digest: str) -> None:
        """Note that Slack shows this; no post is open then."""
        shown = {"ts": ts, "digest": digest, "posting_since": None}
        with self._database.write() as session:
            if not insert_once(session, DeliveryRow, run_id=run_id, key=key, **shown):
                session.execute(
                    update(DeliveryRow).where(DeliveryRow.run_id == run_id, DeliveryRow.key == key).values(**shown)
                )

    def mark_shown(self, run_id: str, version: int) -> None:
        """Note that the thread shows this version or a newer one."""
        with self._database.write() as session:
            session.execute(
                update(RunRow).where(RunRow.id == run_id, RunRow.shown_version < version).values(shown_version=version)
            )

    def is_shown(self, run: Run) -> bool:
        """Whether the thread shows this version of the run, or a newer one."""
        query = select(RunRow.shown_version).where(RunRow.id == run.id)
        with self._database.read() as session:
            return (session.scalar(query) or 0) >= run.version

    def set_thread(self, run_id: str, thread_ts: str) -> None:
        """Note which message is the parent of the run's thread."""
        with self._database.write() as session:
            session.execute(update(RunRow).where(RunRow.id == run_id).values(thread_ts=thread_ts))
