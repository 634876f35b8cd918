"""The plan of Qwen3-0.6B on open-r1/codeforces-cots, offline: what a careful colleague says about long rows.

Facts from the dataset's card: eleven configurations, `solutions_py` with 9.56k rows, traces of a reasoning model that
its authors trained on at 32k tokens. The lengths, 10,000 to 14,000 tokens, are an estimate; a fake tokenizer counts
them here.
"""

import math
from collections.abc import Sequence
from typing import Any

import pytest

from bot.amounts import rough
from bot.models import Counted, DatasetInfo, Passage, Plan, TrainingRequest
from bot.planning import FALLBACK_FLAVORS, explain, plan_lines, switch_to
from bot.policy import Policy
from bot.propose import Proposer
from bot.states import RunStatus
from handlers.views.thread import thread
from tests.block_kit import as_page
from tests.builders import LEAD, TEAM, make_dataset_info, make_model_info, make_run
from tests.fakes import FakeHub

ROWS = 40
MODEL = "Qwen/Qwen3-0.6B"


def codeforces() -> DatasetInfo:
    text = {"dtype": "string", "_type": "Value"}
    trace = [
        {"role": "user", "content": "Solve this problem in Python."},
        {"role": "assistant", "content": "<think>\nOkay, let me see.\n</think>\n\nprint(1)"},
    ]
    others = ("solutions_decontaminated", "solutions_w_editorials", "solutions_short_and_long", "checker_interactor")
    return make_dataset_info(
        repo_id="open-r1/codeforces-cots",
        config="solutions_py",
        configs=("solutions", "solutions_py", *others),
        splits={"train": 9_556},
        features={"id": text, "messages": [{"role": text, "content": text}]},
        rows=tuple({"id": str(number), "messages": trace} for number in range(ROWS)),
        license="cc-by-4.0",
    )


def count(passages: Sequence[Passage]) -> Counted:
    """Traces of 10,000 to 14,000 tokens."""
    step = 4_000 // (len(passages) - 1)
    lengths = tuple(10_000 + step * number for number in range(len(passages)))
    return Counted(lengths=lengths, shown=("<|im_start|>user\nSolve this problem in Python.<|im_end|>\n",))


@pytest.fixture
def hub() -> FakeHub:
    hub = FakeHub()
    hub.models[MODEL] = make_model_info(chat_template="{{ messages }}", context_tokens=40_960)
    hub.datasets["open-r1/codeforces-cots"] = codeforces()
    hub.counted = count
    return hub


def propose(hub: FakeHub, **said: Any) -> Plan:
    request = TrainingRequest(model=MODEL, dataset="open-r1/codeforces-cots", dataset_config="solutions_py", **said)
    policy = Policy(team_id=TEAM, approvers=frozenset({LEAD}))
    return Proposer(hub, lambda: FALLBACK_FLAVORS, policy).propose(request)


def warning(plan: Plan) -> str:
    return next(check.text for check in plan.checks if check.level == "warning" and "cut off" in check.text)


def test_the_default_of_trl_trains_on_openings_and_the_plan_says_so(hub: FakeHub) -> None:
    plan = propose(hub, max_length=1024)

    assert warning(plan).startswith(
        "About 91 % of the tokens are cut off at 1,024 tokens, in 100 % of the 40 sample rows: what a cut row ends with"
        " is never learned. 16,384 tokens a row would keep 100 % and cost about $"
    )
    assert plan.tokens is not None
    assert (plan.tokens.counted, plan.tokens.median, plan.tokens.longest) == (True, 12_040, 13_978)


def test_keeping_the_whole_traces_is_offered_with_its_price(hub: FakeHub) -> None:
    plan = propose(hub, max_length=1024)
    longer = next(option for option in plan.options if option.max_length)

    assert longer.max_length == 16_384
    assert longer.reason == "keeps 100 % of the tokens"
    assert longer.estimate is not None
    assert longer.estimate.tokens == pytest.approx((9_556 - plan.eval_rows) * 11_989, rel=0.01)
    assert longer.estimate.cost_usd > 3 * plan.estimate.cost_usd


def test_what_a_budget_forbids_is_offered_with_the_rows_that_it_allows(hub: FakeHub) -> None:
    plan = propose(hub, budget_usd=5.0)
    longer = next(option for option in plan.options if option.max_length)

    assert (longer.max_length, longer.reason) == (16_384, "keeps 100 % of the tokens, with fewer rows")
    assert longer.max_samples is not None
    assert 1_000 < longer.max_samples < 9_556
    assert longer.ceiling_usd <= 5.0
    told = f"16,384 tokens a row would keep 100 %, which your limit allows for {longer.max_samples:,} rows"
    assert told in warning(plan)
    assert switch_to(plan, longer).items() >= {"max_samples": longer.max_samples, "packing": True}.items()
    assert propose(hub, budget_usd=5.0, **switch_to(plan, longer)).estimate == longer.estimate


def test_the_card_tells_configuration_tokens_loss_and_the_price_of_each_way(hub: FakeHub) -> None:
    plan = propose(hub, budget_usd=5.0)
    card = as_page(thread(make_run(RunStatus.PROPOSED, plan=plan, request=plan.request))[0])

    assert "configuration `solutions_py` · split `train` · 9,556 rows, 200 of them held back" in card
    assert f"{rough(plan.estimate.tokens)} tokens in all" in card
    assert f"up to {plan.arguments.max_length:,} tokens a row" in card
    assert "of the tokens are cut off at 4,096 tokens" in card
    assert f"•  this plan: `{plan.flavor.name}`, all weights · ~${plan.estimate.cost_usd:.2f}, at most $5.00 ·" in card
    longer = next(option for option in plan.options if option.max_length)
    assert longer.estimate is not None
    cost = f"~${longer.estimate.cost_usd:.2f}, at most ${longer.ceiling_usd:.2f}"
    assert f"[Switch to 16,384 tokens a row, {longer.max_samples:,} rows · {cost}]" in card
    assert f"16,384 tokens a row, {longer.max_samples:,} rows · {cost} · about " in card


def test_where_nothing_else_is_worth_a_line_the_card_says_so(hub: FakeHub) -> None:
    plan = propose(hub).model_copy(update={"options": ()})
    card = as_page(thread(make_run(RunStatus.PROPOSED, plan=plan, request=plan.request))[0])

    assert plan.dropped
    assert " of the memory. Nothing else is clearly cheaper, faster or lower in its maximum" in card
    assert "[Switch to" not in card


def test_whole_traces_are_nothing_to_warn_about(hub: FakeHub) -> None:
    plan = propose(hub, max_length=16_384, packing=True)

    assert not any("cut off" in check.text for check in plan.checks)
    assert not any(option.max_length for option in plan.options)
    assert "The 40 sample rows fit into 16,384 tokens; the longest has 13,978 tokens." in [c.text for c in plan.checks]


def test_a_length_beyond_the_models_own_limit_is_never_offered_and_warned_about(hub: FakeHub) -> None:
    hub.models[MODEL] = hub.models[MODEL].model_copy(update={"context_tokens": 8192})
    plan = propose(hub, max_length=1024)
    longer = next(option for option in plan.options if option.max_length)

    assert longer.max_length == 8192
    assert longer.reason == "keeps 68 % of the tokens"
    beyond = propose(hub, max_length=16_384)
    assert any(check.text.startswith(f"{MODEL} was made for up to 8,192 tokens") for check in beyond.checks)


def test_a_guess_is_called_a_guess(hub: FakeHub) -> None:
    hub.counted = None
    trace = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y" * 42_000}]
    rows = ({"id": "1", "messages": trace},) * 3
    hub.datasets["open-r1/codeforces-cots"] = codeforces().model_copy(update={"rows": rows})
    plan = propose(hub, max_length=1024)

    assert "(guessed from their characters, for lack of a tokenizer)" in warning(plan)
    assert plan.tokens is not None
    assert not plan.tokens.counted


def test_the_explanation_shows_every_sum(hub: FakeHub) -> None:
    plan = propose(hub, max_length=1024)
    said = {reason.title: "\n".join(reason.lines) for reason in explain(plan)}

    assert "596,049,920 parameters in bfloat16, by its safetensors metadata" in said["The model"]
    assert "Configuration solutions_py, split train" in said["The data"]
    assert "counted with the model's own tokenizer: 11,989 tokens on average" in said["Tokens"]
    assert "Cut at 1,024 tokens: 91 % of the tokens, in 100 % of the rows." in said["Tokens"]
    assert f"In all {plan.estimate.tokens:,} tokens are trained on." in said["Tokens"]
    assert f"of {plan.estimate.usable_gib:.1f} GiB that one" in said["Memory"]
    assert "a prediction: no run like this one is known yet" in said["Time"]
    minutes = math.ceil(round(plan.estimate.hours * 60, 2))
    assert f"{minutes} begun minutes x ${plan.flavor.price_usd_hour:.2f} an hour" in said["Cost"]
    assert "16,384 tokens a row" in said["Other ways"]
    assert "https://arxiv.org/abs/2001.08361" in said["Sources"]
    assert "\n".join(plan_lines(plan)).count("Why this plan") == 1


def test_a_prediction_that_was_learned_from_says_from_how_many_runs(hub: FakeHub) -> None:
    plan = propose(hub)
    learned = plan.estimate.model_copy(update={"learned_from": 4, "hours": 2.0, "hours_low": 1.75, "hours_high": 2.3})
    plan = plan.model_copy(update={"estimate": learned})

    assert "predicted from 4 past runs, ±15 %" in "\n".join(plan_lines(plan, why=False))
