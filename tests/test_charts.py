"""Curves as Slack's chart block: within its limits for any run, and with letters where a workspace refuses it."""

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.models import Place, Point, Run
from bot.playground.slack_blocks import check_blocks
from bot.states import RunStatus
from bot.training.progress import thin
from handlers.chat import SlackChat
from handlers.pace import Pace
from handlers.views import chart
from handlers.views.compare import comparison, shared
from handlers.views.thread import thread
from handlers.wire import make_client
from storage.store import Store
from storage.workspaces import FORGET
from tests.block_kit import check
from tests.bot_slack import BotSlack
from tests.builders import ASKER, LEAD, TEAM, make_job, make_plan, make_progress, make_report, make_request, make_run
from tests.fakes import FakeClock
from tests.scripted_slack import ScriptedSlack

_S = RunStatus


def curve(*values: float) -> tuple[Point, ...]:
    return tuple(Point(step=number + 1, value=value) for number, value in enumerate(values))


def running(*values: float, **progress: Any) -> Run:
    return make_run(_S.RUNNING, progress=make_progress(points=curve(*values), **progress))


def labels_and_values(drawn: chart.Chart) -> dict[str, float]:
    assert check_blocks([drawn.block], "message") == []
    [series] = drawn.block["chart"]["series"]
    assert [point["label"] for point in series["data"]] == drawn.block["chart"]["axis_config"]["categories"]
    return {point["label"]: point["value"] for point in series["data"]}


def test_a_curve_has_at_most_twenty_points_at_even_distances_and_ends_with_the_value_of_now():
    drawn = chart.curve(running(*[3.0 - number / 30 for number in range(60)]))
    assert drawn is not None
    shown = labels_and_values(drawn)
    assert list(shown) == [str(step) for step in range(4, 61, 4)]
    assert shown["4"] == pytest.approx(3.0 - 3 / 30)
    assert shown["60"] == pytest.approx(3.0 - 59 / 30, abs=1e-5)
    assert drawn.block["title"] == "Loss over 60 steps"


@pytest.mark.parametrize(
    ("logged", "shown"),
    [
        (range(10, 201, 10), range(10, 201, 10)),
        (range(10, 221, 10), range(10, 221, 30)),
        ([1, *range(10, 221, 10)], [1, *range(20, 221, 20)]),
        ([point.step for point in thin([Point(step=at, value=1) for at in range(10, 751, 10)])], range(30, 751, 40)),
    ],
    ids=["as logged", "every third", "the first step too", "thinned while it ran"],
)
def test_the_steps_below_a_curve_are_even_and_each_stands_below_its_own_value(logged, shown):
    kept = chart.even([Point(step=step, value=1000.0 - step) for step in logged])
    assert [point.step for point in kept] == list(shown)
    assert all(point.value == 1000.0 - point.step for point in kept), "nothing is made up"


@given(st.lists(st.integers(1, 10_000), unique=True, min_size=1, max_size=60).map(sorted))
def test_any_steps_give_some_of_them_in_order(steps):
    kept = chart.even([Point(step=step, value=1.0) for step in steps])
    assert [point.step for point in kept] == sorted({point.step for point in kept})
    assert {point.step for point in kept} <= set(steps)
    assert kept[-1].step == steps[-1]
    assert len(kept) <= chart.POINTS
    assert len(kept) >= min(len(steps), 2)


def test_two_points_and_values_that_are_no_numbers_make_no_curve():
    assert chart.curve(running(2.0, 1.0)) is None
    assert chart.curve(running(math.nan, math.nan, 1.0, 0.5)) is None
    drawn = chart.curve(running(3.0, math.nan, 1.0, math.inf, 0.5))
    assert drawn is not None
    assert [point["value"] for point in drawn.block["chart"]["series"][0]["data"]] == [3.0, 1.0, 0.5]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=60),
    st.text(max_size=80),
)
def test_slack_takes_the_chart_of_any_numbers_under_any_name(values, metric):
    run = make_run(_S.RUNNING, progress=make_progress(points=curve(*values), metric=metric))
    for message in thread(run):
        check(message)


def test_the_evaluation_is_drawn_only_where_it_was_taken_both_times():
    assert chart.evaluation({"eval_loss": 2.0}, {}, 10) is None
    assert chart.evaluation({"eval_loss": math.nan}, {"eval_loss": 1.0}, 10) is None
    drawn = chart.evaluation({"eval_loss": 2.0, "eval_x": 1}, {"eval_loss": 1.0, "eval_x": 2}, 1_050)
    assert drawn is not None
    assert labels_and_values(drawn) == {"before training": 2.0, "step 1,050": 1.0}
    assert drawn.instead == "*Held-back rows: loss before and after*\n2 → *1*"


def test_what_says_nothing_before_training_is_compared_with_a_coin():
    before = {"eval_loss": 0.69, "eval_rewards/accuracies": 0.0, "eval_rewards/margins": 0.0}
    after = {"eval_loss": 0.6, "eval_rewards/accuracies": 0.63, "eval_rewards/margins": 0.2}
    assert chart.evaluated(before, after) == [
        "loss 0.69 → *0.6*",
        "preference accuracy *0.63* (a coin: 0.5)",
        "reward margin *0.2*",
    ]


def test_the_loss_of_grpo_is_about_zero_and_not_shown():
    assert chart.evaluated({"eval_loss": 0.0, "eval_reward": 0.1}, {"eval_loss": 0.1, "eval_reward": 0.4}) == [
        "reward 0.1 → *0.4*"
    ]


def named(run: Run, name: str) -> Run:
    return run.model_copy(update={"id": f"01kaxyz0000000000{name}"})


def test_curves_of_several_runs_share_an_axis_though_their_steps_differ():
    long = named(running(*[4.0 - number / 20 for number in range(60)]), "aaaaaaaaa")
    short = named(running(4.0, 3.0, 2.0, 1.0), "bbbbbbbbb")
    drawn = chart.curves([long, short])
    assert drawn is not None
    assert check_blocks([drawn.block], "message") == []
    ends = {one["name"]: one["data"][-1]["value"] for one in drawn.block["chart"]["series"]}
    assert ends == {long.short_id: pytest.approx(1.05), short.short_id: 1.0}
    alone = chart.curves([long, named(running(4.0), "ccccccccc")])
    assert alone is not None
    assert alone.block["title"] == f"Loss of run {long.short_id}"
    assert chart.curves([named(running(4.0), "ccccccccc")]) is None


def test_a_comparison_lists_what_differs_and_slack_takes_it():
    one = named(
        make_run(_S.SUCCEEDED, report=make_report(before={"eval_loss": 2.0}, after={"eval_loss": 1.5})), "aaaaaaaaa"
    )
    two = named(make_run(_S.FAILED, plan=make_plan(arguments={"learning_rate": 1e-4})), "bbbbbbbbb")
    message = comparison([one, two])
    check(message)
    assert "learning rate `2e-5` → `1e-4`" in str(message.blocks)
    assert "$0.65 spent" in str(message.blocks)
    assert "learning rate 2e-5 → 1e-4" in message.text
    check(comparison([one, two, named(make_run(_S.RECEIVED), "ccccccccc"), named(make_run(_S.RUNNING), "ddddddddd")]))


def test_a_shared_run_is_whole_without_its_thread_and_slack_takes_it():
    message = shared(make_run(_S.SUCCEEDED), LEAD)
    check(message)
    assert "tunesmith-lab/qwen3-0.6b-tiny-chat-sft" in message.text
    assert f"<@{LEAD}> shares a model" in message.text


@pytest.mark.parametrize("words", ["<!channel>", "&" * 5000, "`*_~" * 900])
def test_foreign_words_in_a_comparison_stay_harmless_and_short(words):
    plan = make_plan(namespace=words, split=words, output_repo=words)
    hostile = named(make_run(_S.SUCCEEDED, plan=plan, progress=make_progress(metric=words)), "aaaaaaaaa")
    for message in (comparison([hostile, named(make_run(_S.SUCCEEDED), "bbbbbbbbb")]), shared(hostile, words)):
        check(message)
        assert "<!channel>" not in message.text
        assert "<!channel>" not in str(message.blocks)


# --- workspaces that take no charts ----------------------------------------------------------------------------------


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime.now(UTC))


@pytest.fixture
def shown(tmp_path, clock):
    store = Store(f"sqlite:///{tmp_path / 'chart.db'}", clock)
    store.migrate()
    with BotSlack() as slack:
        yield slack, store, SlackChat(slack.client(), store, clock, pace=Pace(post_every_s=0))
    store.close()


@pytest.fixture
def store_alone(tmp_path, clock):
    store = Store(f"sqlite:///{tmp_path / 'alone.db'}", clock)
    store.migrate()
    yield store
    store.close()


def live(store: Store, number: int = 1) -> Run:
    run = store.record_request(
        f"c{number}", place=Place(team_id=TEAM, channel="C0FINETUNE"), requester=ASKER, request=make_request()
    )
    assert run is not None
    plan = make_plan(output_repo=f"tunesmith-lab/model-{number}")
    run = store.advance(run, _S.PROPOSED, actor="tunesmith", plan=plan, revision=1, needs_plan=False)
    run = store.advance(run, _S.APPROVED, actor=LEAD, decided_by=LEAD)
    run = store.advance(run, _S.SUBMITTING, actor="tunesmith")
    run = store.advance(run, _S.QUEUED, actor="tunesmith", job=make_job())
    return store.advance(run, _S.RUNNING, actor="tunesmith", progress=make_progress())


def kinds(slack: BotSlack, run: Run) -> list[str]:
    return [block["type"] for block in slack.visitor.messages("C0FINETUNE", run.place.thread_ts)[0]["blocks"]]


def test_a_chart_is_shown_where_slack_takes_it(shown):
    slack, store, chat = shown
    run = live(store)
    assert chat.show(run) is True
    assert kinds(slack, store.get(run.id)).count("data_visualization") == 1
    assert not store.refuses_charts(TEAM)


def test_where_slack_refuses_it_letters_draw_it_and_no_later_message_tries_again(shown, clock):
    slack, store, chat = shown
    slack.visitor.settings(charts=False)
    run = live(store)
    assert chat.show(run) is True
    posted = slack.visitor.messages()[-1]
    assert "data_visualization" not in kinds(slack, store.get(run.id))
    assert "▇" in str(posted["blocks"])
    assert "header" in kinds(slack, store.get(run.id)), "only the chart is gone"
    assert store.refuses_charts(TEAM)
    errors = len(slack.visitor.deliveries()["errors"])
    assert chat.show(live(store, 2)) is True
    assert len(slack.visitor.deliveries()["errors"]) == errors
    clock.now += FORGET
    slack.visitor.settings(charts=True)
    later = live(store, 3)
    assert chat.show(later) is True
    assert "data_visualization" in kinds(slack, store.get(later.id)), "after a week it is tried again"


def test_a_message_that_is_refused_for_another_reason_says_nothing_about_charts(store_alone):
    with ScriptedSlack() as scripted:
        client = make_client("xoxb-test", scripted.url, 2)
        chat = SlackChat(client, store_alone, FakeClock(datetime.now(UTC)), pace=Pace(post_every_s=0))
        scripted.errors["chat.postMessage"] = ["invalid_blocks", "invalid_blocks"]
        assert chat.show(live(store_alone)) is True
        sent = [arguments for method, arguments in scripted.calls if method == "chat.postMessage"][:3]
    assert ["data_visualization" in str(arguments.get("blocks")) for arguments in sent] == [True, False, False]
    assert "blocks" not in sent[2]
    assert not store_alone.refuses_charts(TEAM)
