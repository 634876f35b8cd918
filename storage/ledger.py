"""What the month's runs have cost and may still cost.

Adds up; what a month may cost is the policy's.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, select, text
from sqlalchemy.orm import Session

from bot.models import Ledger, Share
from bot.ports import Clock
from bot.states import ON_THE_HUB, RunStatus
from storage.engine import Database
from storage.tables import RunRow

#: "budget" as a number; any constant would do that nobody else locks in the same database.
_LOCK_KEY = int.from_bytes(b"budget")
#: Approved and not over: their ceilings are promised.
_UNDER_WAY = ON_THE_HUB | {RunStatus.APPROVED}


class Ledgers:
    """The part of the store that counts money."""

    _database: Database
    _clock: Clock

    def ledger(self, *, requester: str | None = None, without: str = "", at: datetime | None = None) -> Ledger:
        """Add up the month of `at`; None: this one.

        `requester` None: of everybody's runs; `without`: the id of a run that does not count.
        """
        with self._database.read() as session:
            return read_ledger(session, at or self._clock(), requester=requester, without=without)

    def shares(self) -> tuple[Share, ...]:
        """The runs of this month's ledger that have cost something."""
        query = select(RunRow.id, RunRow.requester, RunRow.spent_usd).where(_of_month(self._clock()))
        with self._database.read() as session:
            rows = session.execute(query.where(RunRow.spent_usd > 0)).all()
        return tuple(Share(run_id=row.id, requester=row.requester, spent_usd=row.spent_usd) for row in rows)


def lock_ledger(session: Session) -> None:
    """Let nobody else add to the ledger before this transaction ends: on SQLite nobody can anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})


def read_ledger(session: Session, at: datetime, *, requester: str | None = None, without: str = "") -> Ledger:
    more = and_(RunRow.status.in_(_UNDER_WAY), RunRow.ceiling_usd > RunRow.spent_usd)
    promised = case((more, RunRow.ceiling_usd - RunRow.spent_usd), else_=0.0)
    query = select(func.sum(RunRow.spent_usd), func.sum(promised))
    query = query.where(_of_month(at), RunRow.id != without)
    if requester is not None:
        query = query.where(RunRow.requester == requester)
    spent, still = session.execute(query).one()
    return Ledger(month=_begin(at), spent_usd=spent or 0.0, promised_usd=still or 0.0)


def _begin(at: datetime) -> datetime:
    return at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _of_month(at: datetime) -> ColumnElement[bool]:
    after = (_begin(at) + timedelta(days=31)).replace(day=1)
    return and_(RunRow.approved_at >= _begin(at), RunRow.approved_at < after)
