"""What was learned about the Slack workspaces that runs live in.

Does not talk to Slack, and holds nothing of a run.
"""

from datetime import timedelta

from sqlalchemy import select, update

from bot.ports import Clock
from storage.engine import Database
from storage.rows import insert_once
from storage.tables import WorkspaceRow

#: A workspace that refused a chart is asked again after this: Slack rolls new blocks out over weeks.
FORGET = timedelta(days=7)


class Workspaces:
    """The part of the store that knows what a workspace can show."""

    _database: Database
    _clock: Clock

    def refuses_charts(self, team_id: str) -> bool:
        """Whether Slack refused a chart there lately."""
        query = select(WorkspaceRow.charts_refused_at).where(WorkspaceRow.team_id == team_id)
        with self._database.read() as session:
            at = session.scalar(query)
        return at is not None and self._clock() - at < FORGET

    def charts_refused(self, team_id: str) -> None:
        """Note that Slack refused a chart there."""
        now = self._clock()
        with self._database.write() as session:
            if not insert_once(session, WorkspaceRow, team_id=team_id, charts_refused_at=now):
                known = update(WorkspaceRow).where(WorkspaceRow.team_id == team_id)
                session.execute(known.values(charts_refused_at=now))
