"""What this month's runs cost, against the budget where there is one: for Home and for `/finetune spend`. Pure."""

from bot.models import Ledger, Value
from handlers.views import text

#: Less than this is nothing to tell.
_CENT = 0.01


class Spending(Value):
    """The month's ledger, with whose part of it the viewer's is."""

    everybody: Ledger
    mine: Ledger
    #: US dollars; None: there is no budget.
    budget_usd: float | None = None


def spending_text(spending: Spending) -> str:
    """The amounts first, then what is still promised, left and the viewer's own. A month is one of UTC."""
    everybody, budget = spending.everybody, spending.budget_usd
    of = "" if budget is None else f" of {text.money(budget)}"
    lines = [f"*Spent in {everybody.month:%B %Y} (UTC)*", f"*{text.money(everybody.spent_usd)}*{of} this month"]
    if everybody.promised_usd >= _CENT:
        lines.append(f"Runs under way may cost up to {text.ceiling(everybody.promised_usd)} more.")
    if budget is not None:
        left = max(0.0, budget - everybody.taken_usd)
        lines.append(
            f"{text.money(left)} are left for new runs."
            if left >= _CENT
            else "Nothing is left for new runs: until"
            " one ends for less than its ceiling, or the next month begins, nobody can approve any."
        )
    yours = f"Your own runs: {text.money(spending.mine.spent_usd)}"
    if spending.mine.promised_usd >= _CENT:
        yours += f", and up to {text.ceiling(spending.mine.promised_usd)} more"
    return "\n".join([*lines, f"{yours}."])
