"""What people do with runs beside deciding: compare, list, share, ask again, read the log; each by who may."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from slack_bolt import BoltRequest

from bot.errors import Transient
from bot.intake.looking import WORTH_LISTING, Compare, Listing, read_looking
from bot.models import Run
from bot.states import RunStatus
from handlers.logs import WHOLE_LINES
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
        ("compare", Compare(runs=())),
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
    assert "It was made private: ask tunesmith-lab for access." in shared["text"]
    assert world.visitor.views(ASKER) == []


def shared_form(world: ShownRuns, run: Run) -> dict[str, Any]:
    world.click(run, "card", act_buttons.SHARE)
    [form] = world.visitor.wait_for(lambda: world.visitor.views(ASKER))
    return dict(form)


def posts(world: ShownRuns) -> int:
    return sum("shares a model" in message["text"] for message in world.visitor.messages())


def submission(world: ShownRuns, form: dict[str, Any]) -> dict[str, Any]:
    """What Slack sends when this form is sent, as it would arrive twice."""
    where = {"where": {"where": {"type": "conversations_select", "selected_conversation": CHANNEL}}}
    view = {**form, "state": {"values": where}}
    return {"type": "view_submission", "team": {"id": TEAM}, "user": {"id": ASKER, "team_id": TEAM}, "view": view}


def test_a_form_that_is_sent_twice_shares_once(world):
    payload = submission(world, shared_form(world, world.done()))
    for _ in range(3):
        assert world.app.dispatch(BoltRequest(body=payload, mode="socket_mode")).status == 200
    assert posts(world) == 1


def test_a_share_that_slack_refuses_can_be_sent_again_and_one_whose_answer_is_lost_is_not_doubled(world):
    run = world.done()
    form = shared_form(world, run)
    world.slack.fault(kind="status", path="/api/chat.postMessage", status=429, retry_after=0, times=1)
    refused = world.visitor.submit(ASKER, form["id"], {"where": CHANNEL})
    assert "nothing was shared" in json.dumps(refused)
    assert posts(world) == 0
    world.slack.fault(kind="drop_after", path="/api/chat.postMessage", times=1)
    unsure = world.visitor.submit(ASKER, form["id"], {"where": CHANNEL})
    assert "did not say whether that was posted" in json.dumps(unsure)
    world.visitor.submit(ASKER, form["id"], {"where": CHANNEL})
    assert posts(world) == 1


def test_the_form_says_who_cannot_open_a_private_model(world):
    form = json.dumps(shared_form(world, world.done()))
    assert "`tunesmith-lab/model-0` was made *private*: whoever has no access to it on the Hub" in form


def test_the_log_comes_whole_as_a_file_in_the_runs_thread_without_secrets_and_noise(world):
    run = world.run(_S.RUNNING)
    world.log = ["Installed 80 packages", *(f"line {number}" for number in range(500)), "token hf_abcdefghijklmnopqrst"]
    assert "comes into the run's thread" in world.command(f"logs {run.short_id}")
    [file] = world.visitor.wait_for(lambda: world.files(run))
    assert file["name"] == f"{run.short_id}.log"
    assert file["size"] == len("\n".join([*(f"line {number}" for number in range(500)), "token hf_***"]))


def test_a_log_that_is_asked_for_twice_comes_once_until_more_is_printed(world):
    run = world.run(_S.RUNNING, log_tail=("line 1",))
    world.log = ["line 1"]
    world.click(run, "card", act_buttons.LOGS)
    world.click(run, "card", act_buttons.LOGS, user=LEAD)
    assert "is in the run's thread already" in world.told(LEAD)["text"]
    assert "is in the run's thread already" in world.command(f"logs {run.short_id}")
    world.visitor.wait_for(lambda: world.files(run))
    world.log = ["line 1", "line 2"]
    world.store.update(world.store.get(run.id), log_tail=("line 2",))
    world.click(run, "card", act_buttons.LOGS)
    assert len(world.visitor.wait_for(lambda: world.files(run)[1:])) == 1


def test_a_log_that_could_not_be_sent_is_sent_when_it_is_asked_for_again(world):
    run = world.run(_S.RUNNING)
    world.log = Transient("the Hub is away")
    before = len(world.visitor.messages(CHANNEL, run.place.thread_ts))
    world.click(run, "card", act_buttons.LOGS)
    world.visitor.wait_for(lambda: len(world.visitor.messages(CHANNEL, run.place.thread_ts)) > before)
    world.log = ["line 1"]

    def sent() -> list[dict[str, Any]]:
        world.click(run, "card", act_buttons.LOGS)
        return world.files(run)

    world.visitor.wait_for(sent)


def test_the_comment_says_which_part_of_a_log_the_file_lacks(world):
    run = world.run(_S.RUNNING, log_tail=("the newest line",))
    world.log = [f"line {number}" for number in range(WHOLE_LINES + 5)]
    world.log_ends_early = True
    world.click(run, "card", act_buttons.LOGS)
    [file] = world.visitor.wait_for(lambda: world.files(run))
    [said] = [one["text"] for one in world.visitor.messages(CHANNEL, run.place.thread_ts) if one.get("files")]
    assert "The file holds the last 20,000 lines; what was printed before is not in it." in said
    assert "the file ends with line 20,000, and what was printed after that is not in it" in said
    assert "the newest line" in said, "the watcher has seen a later end than the file has"
    assert file["size"] == len("\n".join(world.log[5:]))
    world.log, world.log_ends_early = ["all of it"], False
    world.visitor.wait_for(lambda: world.click(run, "card", act_buttons.LOGS) or world.files(run)[1:])


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
    assert "*$0.50* this month" in said
    assert "Your own runs: $0.50" in said
    assert "Runs under way may cost up to $1.63 more." in said
    assert "refused" not in said
    world.visitor.click(ASKER, "", BEGIN, view_id=home["id"])
    world.visitor.wait_for(lambda: world.visitor.views(ASKER))
