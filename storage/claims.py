"""Whose turn it is: which runs are due, and which store works on them until when.

Does not look into a run and changes none: a claim is not a version.
"""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, case, or_, select, union, update

from bot.models import Run
from bot.ports import Clock
from storage.engine import Database
from storage.rows import read_runs
from storage.tables import RunRow

#: Seconds that a claimed run belongs to one store: many HTTP timeouts, so that it does not run out during a call.
LEASE_S = 300.0
#: Signs the claims of rows that nobody could read. No store's name, so that they stay away for a whole lease.
UNREADABLE = "unreadable"


class Claims:
    """The part of the store that hands out runs to work on. Its leases go by `clock`, which all stores must share."""

    def __init__(self, database: Database, clock: Clock, lease_s: float) -> None:
        self._database = database
        self._clock = clock
        self._lease = timedelta(seconds=lease_s)
        #: Signs our claims, so that we never release another store's.
        self._name = secrets.token_hex(8)

    def due(self, now: datetime, limit: int = 200) -> list[Run]:
        """Claim the runs that somebody has to look at: their time has come, or the thread does not show them yet.

        `now` is `Store.now()`. Claimed runs belong to this store until `release` or until the lease runs out; no
        other store gets them meanwhile. This one gets them again at its next call, because a release may have failed:
        call `due` only when the work of the call before is over. Calls that overlap share nothing.

        The longest waiting comes first, where waiting counts from the last claim: no run, however often it fails,
        keeps another from its turn. A row that cannot be read is logged, left out and not tried again for a lease.
        """
        called = self._clock()
        with self._database.write() as session:
            own = and_(RunRow.claimed_by == self._name, RunRow.claimed_at < called)
            ids = session.scalars(due_runs(now, limit, free=or_(is_free(called), own))).all()
            if not ids:
                return []
            # not `called`: what this call claims must be younger than a call of another thread that waits for us here
            at = self._clock()
            claim = update(RunRow).values(claimed_by=self._name, claimed_until=at + self._lease, claimed_at=at)
            session.execute(claim.where(RunRow.id.in_(ids)))
            runs = read_runs(session, ids)
            if unreadable := set(ids) - {run.id for run in runs}:
                session.execute(update(RunRow).where(RunRow.id.in_(unreadable)).values(claimed_by=UNREADABLE))
            return runs

    def release(self, *run_ids: str) -> None:
        """Give back what `due` claimed, so that it can be claimed again. Leaves other stores' claims alone."""
        self._release(and_(RunRow.id.in_(run_ids), RunRow.claimed_by == self._name))

    def release_mine(self) -> None:
        """Give back every claim of this store: at the end of a process, when its work is over."""
        self._release(RunRow.claimed_by == self._name)

    def release_all(self) -> None:
        """Give back every claim, also those of a process that died, before their lease runs out.

        Only for whoever knows that no other process works on this database: at the start of the one process that a
        SQLite file is meant for.
        """
        self._release(RunRow.claimed_by.is_not(None))

    def _release(self, which: ColumnElement[bool]) -> None:
        with self._database.write() as session:
            session.execute(update(RunRow).where(which).values(claimed_by=None, claimed_until=None))


def is_free(now: datetime) -> ColumnElement[bool]:
    """Whether no store holds the row, or no longer."""
    return or_(RunRow.claimed_until.is_(None), RunRow.claimed_until <= now)


def due_runs(now: datetime, limit: int, *, free: ColumnElement[bool]) -> Select[str]:
    """Select the ids that `due` may claim: of these whose time has come, those that are `free`."""
    # a union and not an OR: each part reads only its own index, however many runs are over
    ids = union(
        select(RunRow.id).where(RunRow.next_check_at <= now),
        select(RunRow.id).where(RunRow.version != RunRow.shown_version),
    )
    since = case((RunRow.next_check_at <= now, RunRow.next_check_at), else_=RunRow.updated_at)
    waiting = case((RunRow.claimed_at > since, RunRow.claimed_at), else_=since)
    return (
        select(RunRow.id)
        .where(RunRow.id.in_(ids), free)
        .order_by(waiting, RunRow.claimed_at.is_not(None), RunRow.id)
        .limit(limit)
        # PostgreSQL; SQLite has one writer anyway and ignores it
        .with_for_update(skip_locked=True, of=RunRow)
    )
