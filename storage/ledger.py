"""What the month's runs have cost and may still cost.

Adds up; what a month may cost is the policy's.
"""

from datetime import datetime, timedelta

from sqlalchemy import and_, case, func, select, text
from sqlalchemy.orm import Session

from bot.models import Ledger
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


def lock_ledger(session: Session) -> None:
    """Let nobody else add to the ledger before this transaction ends: on SQLite nobody can anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})


def read_ledger(session: Session, at: datetime, *, requester: str | None = None, without: str = "") -> Ledger:
    month = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    after = (month + timedelta(days=31)).replace(day=1)
    more = and_(RunRow.status.in_(_UNDER_WAY), RunRow.ceiling_usd > RunRow.spent_usd)
    promised = case((more, RunRow.ceiling_usd - RunRow.spent_usd), else_=0.0)
    query = select(func.sum(RunRow.spent_usd), func.sum(promised))
    query = query.where(RunRow.approved_at >= month, RunRow.approved_at < after, RunRow.id != without)
    if requester is not None:
        query = query.where(RunRow.requester == requester)
    spent, still = session.execute(query).one()
    return Ledger(month=month, spent_usd=spent or 0.0, promised_usd=still or 0.0)
