"""Runs and what is known about them, kept in SQLite or PostgreSQL.

Guards the rows: a move is in TRANSITIONS, of two concurrent changes one wins, a Slack id has one effect. Rows leave
only as frozen values of bot.models. Does not decide anything and does not wake the watcher.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, delete, or_, select, true, update
from sqlalchemy.orm import Session

from bot.errors import InvalidTransition
from bot.models import Ledger, Parent, Place, Plan, Progress, Resume, Run, RunEvent, TrainingRequest
from bot.models.run import FOLLOWED, ITSELF, REVISED
from bot.ports import Clock
from bot.states import FINAL, TRANSITIONS, RunStatus
from storage.changes import change
from storage.claims import LEASE_S, Claims
from storage.clocks import SharedClock
from storage.deliveries import Deliveries
from storage.engine import Database
from storage.ids import LENGTH, SHORT_LENGTH, RunIds, read_id
from storage.ledger import Ledgers, lock_ledger, read_ledger
from storage.owed import Debts
from storage.past import Past
from storage.people import People, read_preferences
from storage.rows import add_event, describe, insert_once, read_run, read_runs, to_run
from storage.tables import PROMISES, InboxRow, PlanRow, RunRow
from storage.workspaces import Workspaces

#: Until somebody decides, a request may still change.
REVISABLE = frozenset({RunStatus.RECEIVED, RunStatus.DRAFTING, RunStatus.PROPOSED})


class Store(Deliveries, Claims, Past, Workspaces, People, Ledgers, Debts):
    """The database, in the words of the product. Safe to call from several threads and processes.

    Each method is one transaction, durable when it returns, and raises Transient when the database does not answer.
    A run whose row cannot be read, because a newer version wrote it, is logged and missing from every list.
    """

    def __init__(self, url: str, clock: Clock, *, lease_s: float = LEASE_S) -> None:
        """Choose the database; nothing is opened yet.

        Raises:
            UserError: the address is neither a SQLite file nor a PostgreSQL database.
        """
        database = Database(url)
        shared = SharedClock(database, clock)
        Deliveries.__init__(self, database, shared)
        Claims.__init__(self, database, shared, lease_s)
        self._ids = RunIds()

    def migrate(self) -> None:
        """Make the tables what this version needs, keeping the rows. Safe in several processes at once.

        Raises:
            UserError: the database cannot be opened or changed, or a newer version wrote it.
        """
        self._database.migrate()

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        self._database.close()

    def now(self) -> datetime:
        """Tell the time that everything stored goes by: `next_check_at`, leases, `updated_at`.

        On SQLite the given clock; on PostgreSQL the server's, so that all processes agree whatever their own clocks
        say. Ask it for every `next_check_at` and for `due`.

        Raises:
            Transient: only until the database has answered once.
        """
        return self._clock()

    # --- what comes in

    def remember(self, source_id: str) -> bool:
        """Say whether this Slack id is new; from then on it is not.

        One id has one effect: `record_request` and `revise` remember theirs themselves and take none that was
        remembered before.
        """
        now = self._clock()
        with self._database.write() as session:
            return _remember(session, source_id, now)

    def forget(self, source_id: str) -> None:
        """Make an id new again whose effect is known not to have come."""
        with self._database.write() as session:
            session.execute(delete(InboxRow).where(InboxRow.source_id == source_id))

    def record_request(
        self,
        source_id: str,
        *,
        place: Place,
        requester: str,
        request: TrainingRequest,
        parent: Parent | None = None,
        resume: Resume | None = None,
    ) -> Run | None:
        """Make a run of a request, due at once. Returns None for an id that had its effect already.

        A `parent` is told in its own audit trail, and its plan is what the new one is compared with. The new run's
        thread, which mostly is the parent's, says as much as that one did, else what the requester set.

        Raises:
            KeyError: there is no such parent.
        """
        now = self._clock()
        with self._database.write() as session:
            if not _remember(session, source_id, now):
                return None
            run_id = self._ids.next(now)
            before = read_run(session, parent.run_id) if parent else None
            wanted = read_preferences(session, place.team_id, requester)
            row = RunRow(
                id=run_id,
                short_id=run_id[-SHORT_LENGTH:],
                source_id=source_id,
                status=RunStatus.RECEIVED,
                revision=0,
                needs_plan=True,
                version=1,
                shown_version=0,
                team_id=place.team_id,
                channel=place.channel,
                thread_ts=place.thread_ts,
                requester=requester,
                request=request,
                progress=Progress(),
                log_tail=(),
                parent=parent,
                resume=resume,
                previous_plan=before.plan if before else None,
                alerts=(),
                spent_usd=0.0,
                verbosity=before.verbosity if before else wanted.verbosity,
                direct=wanted.direct,
                created_at=now,
                updated_at=now,
                next_check_at=now,
            )
            session.add(row)
            session.flush()
            event = RunEvent(at=now, status=RunStatus.RECEIVED, actor=requester)
            add_event(session, run_id, event)
            if parent is not None:
                note = f"{FOLLOWED} {row.short_id}: {parent.how}"
                add_event(session, parent.run_id, RunEvent(at=now, status=None, actor=requester, note=note))
                changed = update(RunRow).where(RunRow.id == parent.run_id)
                session.execute(changed.values(version=RunRow.version + 1, updated_at=now))
            return to_run(row, [event])

    def revise(self, source_id: str, run: Run, *, actor: str, request: TrainingRequest) -> Run | None:
        """Put a new request into an undecided run and make it due. Returns None for an id that had its effect already.

        Raises:
            InvalidTransition: the run is decided, or changed since `run` was read. The id stays free: read the run
                again and repeat.
        """
        now = self._clock()
        changes = {"request": request, "needs_plan": True, "next_check_at": now}
        event = RunEvent(at=now, status=None, actor=actor, note=f"{REVISED}: {source_id}")
        with self._database.write() as session:
            if not _remember(session, source_id, now):
                return None
            return change(session, run, run.status, changes, event, now, only_if=RunRow.status.in_(REVISABLE))

    # --- what is known

    def get(self, run_id: str) -> Run:
        """Read one run.

        Raises:
            KeyError: no run has this id.
        """
        with self._database.read() as session:
            return read_run(session, run_id)

    def find(self, id_or_short_id: str) -> Run | None:
        """Find a run by its whole id or its short one, as people type them."""
        words = read_id(id_or_short_id)
        if len(words) not in (LENGTH, SHORT_LENGTH):
            return None
        return self._newest(RunRow.id == words if len(words) == LENGTH else RunRow.short_id == words)

    def by_source(self, source_id: str) -> Run | None:
        """Find the newest run that this Slack id asked for, or an edit of that message, whose id has "#..." behind."""
        edits = RunRow.source_id.startswith(f"{source_id}#", autoescape=True)
        return self._newest(or_(RunRow.source_id == source_id, edits))

    def by_thread(self, channel: str, thread_ts: str) -> Run | None:
        """Find the newest run of a thread. When that one cannot be read, no older one stands in for it."""
        return self._newest(and_(RunRow.channel == channel, RunRow.thread_ts == thread_ts))

    def in_thread(self, channel: str, thread_ts: str) -> list[Run]:
        """Read all runs of a thread, newest first."""
        here = and_(RunRow.channel == channel, RunRow.thread_ts == thread_ts)
        query = select(RunRow.id).where(here).order_by(RunRow.id.desc())
        with self._database.read() as session:
            return read_runs(session, session.scalars(query).all())

    def recent(
        self, limit: int = 10, *, requester: str | None = None, statuses: Collection[RunStatus] | None = None
    ) -> list[Run]:
        """Read the newest runs, newest first; None: of everybody, in every status."""
        query = select(RunRow.id).order_by(RunRow.id.desc()).limit(limit)
        if requester is not None:
            query = query.where(RunRow.requester == requester)
        if statuses is not None:
            query = query.where(RunRow.status.in_(statuses))
        with self._database.read() as session:
            return read_runs(session, session.scalars(query).all())

    def promised(self, except_run_id: str) -> set[str]:
        """Name the outputs, as their plans write them, of all other runs that may still write theirs."""
        query = select(RunRow.output_name).where(PROMISES, RunRow.output_repo.is_not(None), RunRow.id != except_run_id)
        with self._database.read() as session:
            return {name for name in session.scalars(query) if name is not None}

    def plans(self, run_id: str) -> list[Plan]:
        """Read every plan that the run ever had, oldest first."""
        query = select(PlanRow.plan).where(PlanRow.run_id == run_id).order_by(PlanRow.revision, PlanRow.at)
        with self._database.read() as session:
            return list(session.scalars(query))

    # --- what changes

    def advance(
        self,
        run: Run,
        to: RunStatus,
        *,
        actor: str,
        note: str = "",
        permit: Callable[[Ledger], None] | None = None,
        **changes: Any,
    ) -> Run:
        """Move `run` to `to`, unless somebody changed it first, and write the move into the audit trail.

        `changes` are fields of Run. Without `next_check_at` the run is due at once; a final one never is. `permit`
        looks at this month's ledger without this run, to which nobody else adds before the move is made; what it raises
        undoes it.

        Raises:
            InvalidTransition: TRANSITIONS has no such move, or the race was lost (says how the run is now), or another
                run promises the plan's output (says which output).
            TypeError: a change of what Run does not have or the store keeps itself.
            ValueError: no next check for a run that is not final.
        """
        now = self._clock()
        with self._database.write() as session:
            if to not in TRANSITIONS[run.status]:
                now_is = describe(session, run.id)
                raise InvalidTransition(f"run {run.id} cannot go from {run.status} to {to}: {now_is}")
            if permit is not None:
                lock_ledger(session)
                permit(read_ledger(session, now, without=run.id))
            event = RunEvent(at=now, status=to, actor=actor, note=note)
            return change(session, run, to, {"next_check_at": now} | changes, event, now)

    def update(self, run: Run, *, actor: str | None = None, note: str = "", **changes: Any) -> Run:
        """Change fields of `run` and keep its status, unless somebody changed it first.

        `changes` are fields of Run. Only a note makes a line of the audit trail; `actor` None: Tunesmith itself.

        Raises:
            InvalidTransition: the race was lost (says how the run is now), or another run promises the plan's output.
            TypeError: a change of what Run does not have or the store keeps itself.
            ValueError: no next check for a run that is not final.
        """
        now = self._clock()
        event = RunEvent(at=now, status=None, actor=actor or ITSELF, note=note) if note else None
        with self._database.write() as session:
            return change(session, run, run.status, changes, event, now)

    def request_cancel(self, run_id: str, actor: str, *, only_if: RunStatus | None = None) -> Run:
        """Note that somebody wants the run stopped and make it due. The first wish counts; a final run stays as it is.

        `only_if`: a run that is no longer in this status stays as it is, too; None: whatever its status.

        One that is being submitted keeps its next check: looking for its job before the Hub's listing can show it
        would find none, and buy a second one.

        Raises:
            KeyError: no run has this id.
        """
        now = self._clock()
        next_check_at = case((RunRow.status == RunStatus.SUBMITTING, RunRow.next_check_at), else_=now)
        statement = (
            update(RunRow)
            .where(RunRow.id == run_id, RunRow.cancel_requested_by.is_(None), RunRow.status.not_in(FINAL))
            .where(true() if only_if is None else RunRow.status == only_if)
            .values(cancel_requested_by=actor, version=RunRow.version + 1, updated_at=now, next_check_at=next_check_at)
            .returning(RunRow.id)
        )
        with self._database.write() as session:
            if session.scalar(statement) is not None:
                add_event(session, run_id, RunEvent(at=now, status=None, actor=actor, note="asked to stop it"))
            return read_run(session, run_id)

    def _newest(self, condition: ColumnElement[bool]) -> Run | None:
        query = select(RunRow.id).where(condition).order_by(RunRow.id.desc()).limit(1)
        with self._database.read() as session:
            return next(iter(read_runs(session, session.scalars(query).all())), None)


def _remember(session: Session, source_id: str, now: datetime) -> bool:
    return insert_once(session, InboxRow, source_id=source_id, at=now)
