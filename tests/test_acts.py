"""What people do with runs beside deciding: compare, list, share, ask again, read the log; each by who may."""

import json
from collections.abc import Iterator

import pytest

from bot.errors import Transient
from bot.intake.looking import WORTH_LISTING, Compare, Listing, read_looking
from bot.states import RunStatus
from handlers.views import act_buttons
from handlers.views.home import BEGIN
from tests.builders import (
    ASKER,
    CHANNEL,
    GUEST,
    LEAD,
    TEAM,
    make_diagnosis,
)
from tests.shown_runs import ShownRuns, shown_runs

_S = RunStatus


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("/finetune compare 7qk2m9xa b9qwen4u", Compare(runs=("7qk2m9xa", "b9qwen4u"))),
        ("compare run 7QK2M9XA with `b9qwen4u`", Compare(runs=("7qk2m9xa", "b9qwen4u"))),
        ("compare 7qk2m9xa, b9qwen4u and c9qwen4u", Compare(runs=("7qk2m9xa", "b9qwen4u", "c9qwen4u"))),
        ("compare qwen3 and llama", None),
        ("compare", None),
        ("/finetune runs", Listing()),
        ("runs", Listing()),
        ("list runs", Listing()),
        ("runs mine", Listing(mine=True)),
        ("runs failed mine", Listing(statuses=frozenset({_S.FAILED}), mine=True)),
        ("runs cancelled, failed", Listing(statuses=frozenset({_S.FAILED, _S.CANCELED}))),
        ("runs refused", Listing(statuses=frozenset({_S.REFUSED}))),
        ("runs purple", Listing(unknown=("purple",))),
        ("running late", None),
        ("Qwen/Qwen3-0.6B on tiny-chat", None),
    ],
)
def test_commands_about_several_runs_are_read(words, read):
    assert read_looking(words) == read


def test_a_list_without_a_filter_leaves_out_what_was_never_a_run():
    assert _S.REFUSED not in WORTH_LISTING
    assert len(WORTH_LISTING) == len(RunStatus) - 1


@pytest.fixture
def world(tmp_path) -> Iterator[ShownRuns]:
    with shown_runs(tmp_path) as world:
        yield world


def test_two_runs_are_compared_for_whoever_asks_with_their_curves(world):
    one, two = world.done(), world.run(_S.FAILED, diagnosis=make_diagnosis())
    world.command(f"compare {one.short_id} {two.short_id}")
    shown = world.told()
    assert one.short_id in shown["text"]
    assert [block["type"] for block in shown["blocks"]].count("data_visualization") == 1
    assert "output `tunesmith-lab/model-0` → `tunesmith-lab/model-1`" in json.dumps(shown["blocks"], ensure_ascii=False)


def test_a_comparison_without_charts_where_the_workspace_takes_none(world):
    one, two = world.done(), world.done()
    world.visitor.settings(charts=False)
    world.command(f"compare {one.short_id} {two.short_id}")
    assert "data_visualization" not in str(world.told()["blocks"])
    assert world.store.refuses_charts(TEAM)


def test_a_comparison_of_one_run_or_of_one_that_is_not_seen_here_says_how(world):
    one, hidden = world.done(), world.done(channel="D0LEAD", user=LEAD)
    assert "two to 4 runs" in world.command(f"compare {one.short_id}")
    assert "No run is called" in world.command(f"compare {one.short_id} {hidden.short_id}")


def test_runs_are_listed_by_filter_and_refused_ones_crowd_nothing(world):
    done, failed = world.done(), world.run(_S.FAILED, diagnosis=make_diagnosis())
    refused = [world.run(_S.REFUSED) for _ in range(9)]
    everything = world.command("runs")
    assert done.short_id in everything
    assert failed.short_id in everything
    assert not any(run.short_id in everything for run in refused)
    assert not any(run.short_id in world.command("status") for run in refused)
    only = world.command("runs failed")
    assert failed.short_id in only
    assert done.short_id not in only
    assert refused[0].short_id in world.command("runs refused mine")
    assert "No such runs here" in world.command("runs failed mine", user=LEAD)
    assert "do not know the filter `purple`" in world.command("runs purple")


def test_a_finished_run_is_shared_by_those_who_may_and_only_where_the_bot_is(world):
    run = world.done()
    world.click(run, "card", act_buttons.SHARE, user=GUEST)
    assert world.visitor.views(GUEST) == []
    world.click(run, "card", act_buttons.SHARE)
    [form] = world.visitor.wait_for(lambda: world.visitor.views(ASKER))
    refused = world.visitor.submit(ASKER, form["id"], {"where": "C0GENERAL"})
    assert "I cannot write in that channel" in json.dumps(refused)
    world.visitor.submit(ASKER, form["id"], {"where": CHANNEL})
    shared = world.visitor.wait_for(lambda: world.visitor.messages()[1:])[-1]
    assert run.plan.output_repo in json.dumps(shared["blocks"])
    assert f"<@{ASKER}> shares a model" in shared["text"]
    assert world.visitor.views(ASKER) == []


def test_the_log_comes_whole_as_a_file_in_the_runs_thread_without_secrets_and_noise(world):
    run = world.run(_S.RUNNING)
    world.log = ["Installed 80 packages", *(f"line {number}" for number in range(500)), "token hf_abcdefghijklmnopqrst"]
    assert "comes into the run's thread" in world.command(f"logs {run.short_id}")
    [file] = world.visitor.wait_for(lambda: world.files(run))
    assert file["name"] == f"{run.short_id}.log"
    assert file["size"] == len("\n".join([*(f"line {number}" for number in range(500)), "token hf_***"]))


def test_a_log_that_cannot_be_read_now_is_the_end_that_the_watcher_saw(world):
    run = world.run(_S.FAILED, diagnosis=make_diagnosis(), log_tail=("the last line",))
    world.log = Transient("the Hub is away")
    before = len(world.visitor.messages(CHANNEL, run.place.thread_ts))
    world.click(run, "end", act_buttons.LOGS)
    world.visitor.wait_for(lambda: len(world.visitor.messages(CHANNEL, run.place.thread_ts)) > before)
    assert "the last line" in world.visitor.messages(CHANNEL, run.place.thread_ts)[-1]["text"]


def test_a_run_that_is_over_opens_the_form_with_its_plan(world):
    run = world.run(_S.FAILED, diagnosis=make_diagnosis())
    world.click(run, "end", act_buttons.DUPLICATE)
    [form] = world.visitor.wait_for(lambda: world.visitor.views(ASKER))
    shown = json.dumps(form)
    assert f"Filled in with the plan of run `{run.short_id}`" in shown
    assert "Qwen/Qwen3-0.6B" in shown


def test_guests_may_not_ask_for_a_log_or_a_retry(world):
    run = world.run(_S.FAILED, diagnosis=make_diagnosis(kind="unknown"))
    world.click(run, "end", act_buttons.LOGS, user=GUEST)
    assert "Guests can read along" in world.told(GUEST)["text"]
    world.click(run, "end", f"{act_buttons.AGAIN}.0", user=GUEST)
    assert len(world.store.recent(10)) == 1
    world.click(run, "end", f"{act_buttons.AGAIN}.0", user=ASKER)
    assert world.store.recent(1)[0].parent.run_id == run.id


def test_the_home_tab_tells_the_months_money_and_begins_a_run(world):
    world.done()
    world.run(_S.RUNNING)
    world.run(_S.REFUSED)
    world.visitor.open_home(ASKER)
    home = world.visitor.wait_for(lambda: world.visitor.home(ASKER))
    said = json.dumps(home, ensure_ascii=False)
    assert "$0.50 by your runs, $0.50 by everybody's." in said
    assert "Runs under way may cost up to $1.88 in all." in said
    assert "refused" not in said
    world.visitor.click(ASKER, "", BEGIN, view_id=home["id"])
    world.visitor.wait_for(lambda: world.visitor.views(ASKER))
