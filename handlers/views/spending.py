"""What this month's runs cost, against the budget where there is one: for Home and for `/finetune spend`. Pure."""

import math

from bot.models import Ledger, Share, Value
from handlers.views import text

#: Less than this is nothing to tell.
_CENT = 0.01
#: Of cents, so that 29 of them are not counted as 28.999.
_ROUNDING = 1e-6
#: People, and runs, that are told one by one: those that cost most.
_SHARES = 5


class Spending(Value):
    """The month's ledger, with whose part of it the viewer's is."""

    everybody: Ledger
    mine: Ledger
    #: US dollars; None: there is no budget.
    budget_usd: float | None = None
    #: What each run has cost, for those who approve; empty: for nobody else, or nothing was spent.
    shares: tuple[Share, ...] = ()


def spending_text(spending: Spending) -> str:
    """The amounts first, then what is promised, left and the viewer's own; approvers read whose it is. UTC months."""
    everybody, budget = spending.everybody, spending.budget_usd
    of = "" if budget is None else f" of {text.money(budget)}"
    lines = [f"*Spent in {everybody.month:%B %Y} (UTC)*", f"*{text.money(everybody.spent_usd)}*{of} this month"]
    if everybody.promised_usd >= _CENT:
        lines.append(f"Runs under way may cost up to {text.ceiling(everybody.promised_usd)} more.")
    if budget is not None:
        left = max(0.0, budget - everybody.taken_usd)
        lines.append(
            f"{text.money(math.floor(left * 100 + _ROUNDING) / 100)} is left for new runs."
            if left >= _CENT
            else "Nothing is left for new runs: until"
            " one ends for less than its ceiling, or the next month begins, nobody can approve any."
        )
    yours = f"Your own runs: {text.money(spending.mine.spent_usd)}"
    if spending.mine.promised_usd >= _CENT:
        yours += f", and up to {text.ceiling(spending.mine.promised_usd)} more"
    lines.append(f"{yours}.")
    if spending.shares:
        people: dict[str, float] = {}
        for share in spending.shares:
            people[share.requester] = people.get(share.requester, 0.0) + share.spent_usd
        by_person = sorted(people.items(), key=lambda one: -one[1])
        by_run = sorted(spending.shares, key=lambda share: -share.spent_usd)
        lines.append(f"*By person*\n{_most([f'{text.mention(who)} {text.money(usd)}' for who, usd in by_person])}")
        runs = [
            f"{text.code(share.run_id[-8:])} {text.money(share.spent_usd)} · {text.mention(share.requester)}"
            for share in by_run
        ]
        lines.append(f"*By run*\n{_most(runs)}")
    return "\n".join(lines)


def _most(lines: list[str]) -> str:
    rest = len(lines) - _SHARES
    return text.listing([*lines[:_SHARES], f"… and {rest} more"] if rest > 0 else lines)
