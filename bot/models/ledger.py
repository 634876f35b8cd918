"""What runs cost in a month, and what may still be added to it."""

from datetime import datetime

from bot.models.value import Value


class Ledger(Value):
    """The runs that were approved in one calendar month, UTC. US dollars.

    A run counts in the month of its approval: with its ceiling until it is over, then with what it cost.
    """

    #: The month's first moment.
    month: datetime
    #: What the Hub bills for them so far.
    spent_usd: float
    #: What those that are under way may cost beyond that, by their ceilings.
    promised_usd: float

    @property
    def taken_usd(self) -> float:
        return self.spent_usd + self.promised_usd


class Share(Value):
    """What one run adds to a ledger."""

    run_id: str
    #: Slack user id.
    requester: str
    #: What the Hub bills for it so far; more than nothing.
    spent_usd: float
