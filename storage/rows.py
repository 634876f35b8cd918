"""Rows and the values that they hold, inside a transaction that somebody else opened.

Does not open, end or guard transactions, and refuses nothing.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg.errors
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.models import Place, Run, RunEvent
from storage.tables import PROMISE_INDEX, Base, EventRow, RunRow

log = logging.getLogger(__name__)


def read_run(session: Session, run_id: str) -> Run:
    """Read one run.

    Raises:
        KeyError: no run has this id.
    """
    row = session.get(RunRow, run_id)
    if row is None:
        raise KeyError(run_id)
    return _to_runs(session, [row])[0]


def read_runs(session: Session, ids: Sequence[str]) -> list[Run]:
    """Read runs in this order, without those that are not there. One that cannot be read is logged and left out."""
    try:
        rows = {row.id: row for row in session.scalars(select(RunRow).where(RunRow.id.in_(ids)))}
        return _to_runs(session, [rows[run_id] for run_id in ids if run_id in rows])
    except (ValueError, LookupError, TypeError) as error:
        # a status or JSON that this version does not know, in the row or its events: halving finds which one has it
        if len(ids) > 1:
            middle = len(ids) // 2
            return read_runs(session, ids[:middle]) + read_runs(session, ids[middle:])
        # the kind only: the error itself quotes what people wrote
        log.error("reading run %s: what is stored is not understood (%s)", ids[0], type(error).__name__)
        return []


def _to_runs(session: Session, rows: Sequence[RunRow]) -> list[Run]:
    """Make values of rows, all their events in one query."""
    if not rows:
        return []
    events: dict[str, list[RunEvent]] = {row.id: [] for row in rows}
    query = select(EventRow).where(EventRow.run_id.in_(events)).order_by(EventRow.id)
    for row in session.scalars(query):
        events[row.run_id].append(RunEvent(at=row.at, status=row.status, actor=row.actor, note=row.note))
    return [to_run(row, events[row.id]) for row in rows]


def to_run(row: RunRow, events: Iterable[RunEvent]) -> Run:
    return Run(
        id=row.id,
        status=row.status,
        revision=row.revision,
        needs_plan=row.needs_plan,
        version=row.version,
        place=Place(team_id=row.team_id, channel=row.channel, thread_ts=row.thread_ts),
        requester=row.requester,
        request=row.request,
        plan=row.plan,
        previous_plan=row.previous_plan,
        question=row.question,
        problem=row.problem,
        decided_by=row.decided_by,
        reason=row.reason,
        cancel_requested_by=row.cancel_requested_by,
        job=row.job,
        progress=row.progress,
        log_tail=row.log_tail,
        diagnosis=row.diagnosis,
        report=row.report,
        parent=row.parent,
        resume=row.resume,
        alerts=row.alerts,
        machine=row.machine,
        stepped_at=row.stepped_at,
        spent_usd=row.spent_usd,
        verbosity=row.verbosity,
        direct=row.direct,
        created_at=row.created_at,
        updated_at=row.updated_at,
        next_check_at=row.next_check_at,
        events=tuple(events),
    )


def add_event(session: Session, run_id: str, event: RunEvent) -> None:
    """Write one line of the audit trail."""
    session.add(EventRow(run_id=run_id, at=event.at, status=event.status, actor=event.actor, note=event.note))
    session.flush()


def insert_once(session: Session, table: type[Base], **values: Any) -> bool:
    """Insert a row unless one with its key is there; say whether it was new. Of concurrent callers one gets True."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    key = table.__mapper__.primary_key[0]
    statement = insert(table).values(**values).on_conflict_do_nothing().returning(key)
    return session.scalar(statement) is not None


def breaks_promise(error: IntegrityError) -> bool:
    """Whether what the database refused is a second run with the output of another."""
    if isinstance(error.orig, psycopg.errors.UniqueViolation):
        return error.orig.diag.constraint_name == PROMISE_INDEX
    # SQLite names the column and not the index
    return str(error.orig) == "UNIQUE constraint failed: runs.output_repo"


def describe(session: Session, run_id: str) -> str:
    """Say how a run is now, for whoever lost a race."""
    row = session.get(RunRow, run_id)
    if row is None:
        return "no such run is stored"
    changed = f"{row.updated_at:%Y-%m-%d %H:%M:%S} UTC"
    return f"it is {row.status} now (revision {row.revision}, version {row.version}, changed {changed})"
