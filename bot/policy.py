"""Who may ask, approve and cancel, and up to which amount.

Pure: people and runs in, nothing or `NotAllowed` out. Fails closed: what is not allowed by a rule here is refused.
"""

from bot.amounts import ceiling, money
from bot.errors import NotAllowed
from bot.models import Ledger, Plan, Run, Value

#: Amounts that differ by less are the same.
_CENT = 0.01


class Person(Value):
    """What Slack says about who acted, read at the time of the act."""

    id: str
    team_id: str
    name: str = ""
    is_bot: bool = False
    #: A single- or multi-channel guest.
    is_guest: bool = False
    #: From another workspace, through a shared channel.
    is_stranger: bool = False
    deleted: bool = False


class Policy(Value):
    """The rules of this installation; from the settings."""

    #: The only workspace that is served.
    team_id: str
    #: Slack user ids.
    approvers: frozenset[str] = frozenset()
    #: Up to this ceiling the requester may approve their own plan. US dollars.
    self_approve_usd: float = 5.0
    #: Nobody may approve more. US dollars.
    max_ceiling_usd: float = 200.0
    #: What all runs that are approved in one calendar month (UTC) may cost. US dollars; None: any amount.
    monthly_budget_usd: float | None = None
    #: Larger models are not trained, billions of parameters; None: any size that some hardware holds.
    max_model_billions: float | None = None

    def check_member(self, person: Person) -> None:
        """Refuse everybody who is no full member of the team.

        Raises:
            NotAllowed: a guest, a stranger, a bot, a deactivated account or another team.
        """
        if person.deleted or person.is_bot:
            raise NotAllowed("This account cannot act on training runs.", "Ask a member of the team to do it.")
        if person.is_stranger or person.team_id != self.team_id:
            raise NotAllowed(
                "You belong to another workspace than the one that pays for this run.",
                "Ask a member of this workspace to do it.",
            )
        if person.is_guest:
            raise NotAllowed(
                "Guests can read along but cannot start, approve or stop runs.", "Ask a full member to do it."
            )

    def check_approval(self, person: Person, run: Run, plan: Plan) -> None:
        """Refuse who may not approve this plan.

        Raises:
            NotAllowed: the message names the rule and who may.
        """
        self.check_member(person)
        if plan.request.plan_only:
            raise NotAllowed(
                "Only a plan was asked for, so there is nothing to approve.",
                "Press “Make it a run” on the card; then somebody can approve it.",
            )
        cost = plan.ceiling_usd
        if cost > self.max_ceiling_usd:
            raise NotAllowed(
                f"This plan may cost up to {ceiling(cost)}; the limit of this installation is"
                f" {money(self.max_ceiling_usd)}.",
                "Make it cheaper (fewer epochs, fewer rows, LoRA), or ask whoever runs Tunesmith to raise the limit.",
            )
        if person.id in run.authors and (plan.overwrites or cost > self.self_approve_usd):
            did = "asked for this run" if person.id == run.requester else "changed this request"
            why = f"above {money(self.self_approve_usd)} somebody else must approve it (its ceiling is {ceiling(cost)})"
            if plan.overwrites:
                why = f"somebody else must approve it, because it writes into {plan.output_repo}, which exists"
            raise NotAllowed(f"You {did}, and {why}.", self._ask(), who=self.approvers - run.authors)
        if person.id not in self.approvers | {run.requester}:
            raise NotAllowed("You are not on the list of approvers.", self._ask(), who=self.approvers)

    def check_budget(self, plan: Plan, ledger: Ledger) -> None:
        """Refuse a plan whose ceiling the month's budget does not hold. `ledger` does not count the plan itself.

        Raises:
            NotAllowed: the message names the numbers.
        """
        if self.monthly_budget_usd is None:
            return
        left = self.monthly_budget_usd - ledger.taken_usd
        if plan.ceiling_usd <= left + _CENT / 2:
            return
        promised = (
            f" and {money(ledger.promised_usd)} are promised to runs under way" if ledger.promised_usd >= _CENT else ""
        )
        raise NotAllowed(
            f"This plan may cost up to {money(plan.ceiling_usd)}, and {money(max(0.0, left))} of the"
            f" {money(self.monthly_budget_usd)} for {ledger.month:%B} are left: {money(ledger.spent_usd)} are"
            f" spent{promised}.",
            "Make it cheaper (fewer epochs, fewer rows, LoRA), wait until a run ends for less than its ceiling or the"
            " next month begins (UTC), or ask whoever runs Tunesmith to raise MONTHLY_BUDGET_USD.",
        )

    def check_stop(self, person: Person, run: Run) -> None:
        """Refuse who may neither reject nor cancel this run.

        Raises:
            NotAllowed: neither requester, nor approver, nor whoever decided on it.
        """
        self._check_involved(person, run, "stop it")

    def check_share(self, person: Person, run: Run) -> None:
        """Refuse who may not show this run to another channel.

        Raises:
            NotAllowed: neither requester, nor approver, nor whoever decided on it.
        """
        self._check_involved(person, run, "share it")

    def check_messages(self, person: Person, run: Run) -> None:
        """Refuse who may not say how much this run's thread tells.

        Raises:
            NotAllowed: neither requester, nor approver, nor whoever decided on it.
        """
        self._check_involved(person, run, "change what its thread tells")

    def _check_involved(self, person: Person, run: Run, act: str) -> None:
        self.check_member(person)
        if person.id not in self.approvers | {run.requester, run.decided_by}:
            raise NotAllowed(
                f"Only the person who asked for this run and the approvers can {act}.",
                "Ask one of them.",
                who=self.approvers | {run.requester},
            )

    def rule(self, plan: Plan) -> str:
        """Say in one sentence who has to approve this plan; for the card."""
        if plan.request.plan_only:
            return "Only a plan: nobody can approve it, and it costs nothing."
        if plan.ceiling_usd > self.max_ceiling_usd:
            return f"Above the limit of {money(self.max_ceiling_usd)}: nobody can approve it."
        if plan.overwrites:
            return (
                f"It writes into {plan.output_repo}, which exists: whatever it costs, an approver must approve who"
                " neither asked for it nor changed it."
            )
        if plan.ceiling_usd <= self.self_approve_usd:
            return f"Up to {money(self.self_approve_usd)} the person who asked may approve, or an approver."
        return f"Above {money(self.self_approve_usd)} an approver must approve who neither asked for it nor changed it."

    def _ask(self) -> str:
        return "Ask an approver." if self.approvers else "No approver is configured: ask whoever runs Tunesmith."
