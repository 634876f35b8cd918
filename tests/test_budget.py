"""A month's budget: what is promised cannot be approved twice, and everybody reads the same numbers."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from bot.errors import InvalidTransition, NotAllowed
from bot.models import JobStage, Ledger, Place, Run, Share
from bot.policy import Policy
from bot.propose import Proposer
from bot.runs import Runs
from bot.states import RunStatus
from handlers.views.buttons import carried
from handlers.views.spending import Spending, spending_text
from storage.store import Store
from tests.bot_slack import BotSlack
from tests.builders import ASKER, CHANNEL, LEAD, NOW, TEAM, make_plan, make_request, minutes
from tests.databases import at_once
from tests.fakes import FakeClock
from tests.scripted_slack import ScriptedSlack
from tests.signed_slack import SignedSlack
from tests.world import World, begin, lead, logged

_S = RunStatus
MONTH = datetime(2026, 11, 1, tzinfo=UTC)


def proposed(store: Store, number: int = 0, *, requester: str = ASKER, **plan: Any) -> Run:
    place = Place(team_id=TEAM, channel=CHANNEL)
    run = store.record_request(f"Ev{number}", place=place, requester=requester, request=make_request())
    assert run is not None
    made = make_plan(output_repo=f"tunesmith-lab/model-{number}", **plan)
    return store.advance(
        run, _S.PROPOSED, actor="tunesmith", plan=made, revision=1, needs_plan=False, next_check_at=NOW + minutes(60)
    )


def approve(runs: Runs, run: Run) -> Run:
    assert run.plan is not None
    return runs.approve(run_id=run.id, revision=run.revision, digest=run.plan.digest, person=lead)


def runs_with(store: Store, budget_usd: float | None) -> Runs:
    return Runs(store, Policy(team_id=TEAM, approvers=frozenset({LEAD}), monthly_budget_usd=budget_usd))


# --- what counts, on both databases


def test_a_run_counts_with_its_ceiling_from_the_approval_and_with_its_cost_when_it_is_over(
    store: Store, clock: FakeClock
) -> None:
    assert store.ledger() == Ledger(month=MONTH, spent_usd=0, promised_usd=0)
    run = proposed(store, ceiling_usd=2.0)
    assert store.ledger().taken_usd == 0, "a plan costs nothing"
    run = approve(runs_with(store, 10), run)
    assert store.ledger() == Ledger(month=MONTH, spent_usd=0, promised_usd=2)

    run = store.update(store.advance(run, _S.SUBMITTING, actor="tunesmith"), spent_usd=0.5)
    assert store.ledger() == Ledger(month=MONTH, spent_usd=0.5, promised_usd=1.5)
    run = store.advance(run, _S.APPROVED, actor="tunesmith")  # nobody approved it once more
    run = store.advance(store.advance(run, _S.SUBMITTING, actor="tunesmith"), _S.QUEUED, actor="tunesmith")
    assert (
        store.ledger(without=run.id) == store.ledger(requester=LEAD) == Ledger(month=MONTH, spent_usd=0, promised_usd=0)
    )

    store.advance(run, _S.FAILED, actor="tunesmith", spent_usd=0.7)
    assert store.ledger(requester=ASKER) == Ledger(month=MONTH, spent_usd=0.7, promised_usd=0)


def test_a_run_that_costs_more_than_its_ceiling_promises_nothing_more(store: Store) -> None:
    run = approve(runs_with(store, None), proposed(store, ceiling_usd=2.0))
    store.update(run, spent_usd=2.5)
    assert store.ledger() == Ledger(month=MONTH, spent_usd=2.5, promised_usd=0)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the other server's clock stands still
def test_a_new_month_begins_at_midnight_utc_with_what_is_approved_in_it(database_url: str, clock: FakeClock) -> None:
    store = Store(database_url, clock)
    store.migrate()
    runs = runs_with(store, 2)
    clock.now = datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC)
    old, new = (store.update(proposed(store, number, ceiling_usd=2.0), next_check_at=clock.now) for number in (1, 2))
    approve(runs, old)
    with pytest.raises(NotAllowed, match="for November are left"):
        approve(runs, new)
    clock.now = datetime(2026, 12, 1, tzinfo=UTC)
    assert approve(runs, new).status is _S.APPROVED
    assert store.ledger() == Ledger(month=clock.now, spent_usd=0, promised_usd=2)
    store.close()


# --- approvals


def test_of_sixteen_approvals_at_once_the_budget_takes_exactly_what_it_holds(store: Store) -> None:
    """5 x $2.00 fit into $11.00; the check outside of the transaction would let many more pass."""
    runs = runs_with(store, 11)
    waiting = [proposed(store, number, ceiling_usd=2.0) for number in range(16)]

    def press(number: int) -> str:
        try:
            return approve(runs, waiting[number]).status
        except NotAllowed as refusal:
            return refusal.problem

    said = at_once(press, 16)

    assert said.count(_S.APPROVED) == 5
    assert set(said) - {_S.APPROVED} == {
        "This plan may cost up to $2.00, and $1.00 of the $11.00 for November are left: $0.00 are spent and $10.00 are"
        " promised to runs under way."
    }
    assert store.ledger().promised_usd == 10
    assert [store.get(run.id).status for run in waiting].count(_S.PROPOSED) == 11


def test_whoever_approves_what_another_just_approved_is_not_told_of_the_budget(store: Store) -> None:
    runs = runs_with(store, 2)
    run = proposed(store, ceiling_usd=2.0)
    approve(runs, run)
    with pytest.raises(InvalidTransition):
        store.advance(run, _S.APPROVED, actor=ASKER, permit=partial(runs.policy.check_budget, run.plan))


def test_a_plan_of_exactly_the_rest_is_approved(store: Store) -> None:
    runs = runs_with(store, 0.3)
    for number in range(3):
        approve(runs, proposed(store, number, ceiling_usd=0.1))
    with pytest.raises(NotAllowed, match=r"\$0\.00 of the \$0\.30"):
        approve(runs, proposed(store, 9, ceiling_usd=0.1))


def test_without_a_budget_nothing_is_refused_for_it(store: Store) -> None:
    assert approve(runs_with(store, None), proposed(store, ceiling_usd=199.0)).status is _S.APPROVED


# --- planning and submission


def test_a_plan_beyond_the_rest_says_so_on_its_card_and_can_still_be_made_cheaper(world: World) -> None:
    policy = world.policy.model_copy(update={"monthly_budget_usd": 0.01})
    proposer = Proposer(world.hub, world.jobs.flavors, policy, ledger=world.store.ledger)
    plan = proposer.propose(make_request())
    [warning] = [check.text for check in plan.checks if "for November" in check.text]
    assert warning.startswith("This plan may cost up to $")
    assert "$0.01 of the $0.01 for November are left: $0.00 are spent." in warning
    assert "raise MONTHLY_BUDGET_USD" in warning
    assert [check.level for check in plan.checks if check.text == warning] == ["stop"]
    only = proposer.propose(make_request(plan_only=True))
    assert not [check for check in only.checks if "for November" in check.text], "a price costs nothing"


def test_before_the_job_is_bought_the_budget_is_looked_at_once_more(world: World) -> None:
    run = world.ask()
    assert run.plan is not None
    world.runs.approve(run_id=run.id, revision=run.revision, digest=run.plan.digest, person=lead)
    world.policy = world.policy.model_copy(update={"monthly_budget_usd": 0.01})
    world.watcher = world.new_watcher()

    run = world.tick(run)

    assert (run.status, world.jobs.jobs) == (_S.CANCELED, {})
    assert run.problem is not None
    assert "for November are left" in run.problem.problem
    assert run.problem.fix.endswith("Nothing was spent.")


def test_a_run_that_was_approved_last_month_is_bought_with_that_months_money(world: World) -> None:
    world.clock.now = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)
    old, new = world.ask(), world.ask()
    assert old.plan is not None
    assert new.plan is not None
    world.policy = world.policy.model_copy(update={"monthly_budget_usd": old.plan.ceiling_usd})
    world.runs = Runs(world.store, world.policy)
    world.watcher = world.new_watcher()
    approve(world.runs, old)
    world.clock.now = datetime(2026, 12, 1, 0, 1, tzinfo=UTC)
    approve(world.runs, new)

    world.tick(old)

    assert [world.store.get(run.id).status for run in (old, new)] == [_S.QUEUED, _S.QUEUED]


def test_what_a_job_has_cost_stays_spent_when_the_hub_no_longer_says_it(world: World) -> None:
    run = world.until_running()
    world.jobs.set_stage("job1", JobStage.RUNNING, running_s=3600.0)
    world.clock.pass_minutes(1)
    spent = world.tick(run).spent_usd
    assert spent > 0
    world.jobs.set_stage("job1", JobStage.DELETED, running_s=None, started_at=None, finished_at=None)
    world.clock.pass_minutes(1)
    run = world.tick(run)
    assert (run.status, run.spent_usd) == (_S.FAILED, spent)
    assert world.store.ledger().taken_usd == spent


def test_a_run_does_not_stand_in_its_own_way(world: World) -> None:
    run = world.ask()
    assert run.plan is not None
    world.policy = world.policy.model_copy(update={"monthly_budget_usd": run.plan.ceiling_usd})
    world.watcher = world.new_watcher()
    run = world.tick(world.approve(run))
    assert run.status is _S.QUEUED
    world.jobs.set_stage("job1", JobStage.RUNNING, begin(100), logged(10, 2.0), running_s=60.0)
    assert world.tick(run).status is _S.RUNNING


# --- what people read


def test_home_and_the_words_name_what_is_spent_promised_and_left():
    everybody = Ledger(month=MONTH, spent_usd=12.4, promised_usd=9.1)
    mine = Ledger(month=MONTH, spent_usd=3.2, promised_usd=0)
    assert spending_text(Spending(everybody=everybody, mine=mine, budget_usd=200)).splitlines() == [
        "*Spent in November 2026 (UTC)*",
        "*$12.40* of $200.00 this month",
        "Runs under way may cost up to $9.10 more.",
        "$178.50 is left for new runs.",
        "Your own runs: $3.20.",
    ]
    assert "of $" not in spending_text(Spending(everybody=everybody, mine=mine))
    full = spending_text(Spending(everybody=everybody, mine=everybody, budget_usd=21.5))
    assert "Nothing is left for new runs: until one ends for less than its ceiling" in full
    assert full.endswith("Your own runs: $12.40, and up to $9.10 more.")


def test_what_is_left_is_never_more_than_there_is():
    little = Ledger(month=MONTH, spent_usd=0.004, promised_usd=0)
    said = spending_text(Spending(everybody=little, mine=little, budget_usd=3))
    assert "*under $0.01* of $3.00 this month\n$2.99 is left for new runs." in said
    spent = Ledger(month=MONTH, spent_usd=2.71, promised_usd=0)
    assert "$0.29 is left" in spending_text(Spending(everybody=spent, mine=spent, budget_usd=3))


def test_approvers_read_whose_money_it_is_the_most_first():
    none = Ledger(month=MONTH, spent_usd=9.1, promised_usd=0)
    shares = tuple(
        Share(run_id=f"{number:026}", requester=who, spent_usd=usd)
        for number, (who, usd) in enumerate([(ASKER, 1), (LEAD, 3), (ASKER, 2.5), *[(ASKER, 0.5)] * 5, (LEAD, 0.1)])
    )
    said = spending_text(Spending(everybody=none, mine=none, shares=shares)).splitlines()
    people = said.index("*By person*")
    assert said[people + 1 : people + 3] == [f"•  <@{ASKER}> $6.00", f"•  <@{LEAD}> $3.10"]
    assert said[people + 3 : people + 6] == [
        "*By run*",
        f"•  `00000001` $3.00 · <@{LEAD}>",
        f"•  `00000002` $2.50 · <@{ASKER}>",
    ]
    assert said[-1] == "•  … and 4 more"


@pytest.fixture(scope="module")
def slack() -> Iterator[BotSlack]:
    with BotSlack() as local:
        yield local


def test_two_approvers_press_and_the_second_reads_why_not(slack, tmp_path, clock):
    store = Store(f"sqlite:///{tmp_path / 'budget.db'}", clock)
    store.migrate()
    with ScriptedSlack() as answers:
        desk = SignedSlack(slack, store, clock, answers, budget_usd=3.0)
        one, two = (desk.proposed(output_repo=f"tunesmith-lab/m{number}") for number in (1, 2))
        assert desk.click("finetune.approve", carried(one)) == ""
        said = desk.click("finetune.approve", carried(two))
        assert said.startswith("This plan may cost up to $1.88, and $1.12 of the $3.00 for November are left")
        assert "ask whoever runs Tunesmith to raise MONTHLY_BUDGET_USD" in said
        assert store.get(two.id) == two
        assert "*$0.00* of $3.00 this month\nRuns under way may cost up to $1.88 more." in desk.command("spend")
        desk.event({"type": "app_home_opened", "user": ASKER, "tab": "home", "channel": "D0ASKER"})
        assert "*$0.00* of $3.00 this month" in json.dumps(slack.visitor.home(ASKER))
    store.close()
