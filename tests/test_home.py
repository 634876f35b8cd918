"""The Home tab: what waits for me first, then what is mine, each with the way to its thread; then the money."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bot.models import Examples, Ledger, Place, Run
from bot.playground.slack_blocks import check_blocks
from bot.states import RunStatus
from handlers.views.home import home
from handlers.views.spending import Spending
from tests.builders import ASKER, CHANNEL, GUEST, LEAD, NOW, TEAM, THREAD, make_plan, make_request, make_run
from tests.shown_runs import ShownRuns, shown_runs

_S = RunStatus
URL = "https://acme.slack.com/"
LEDGER = Ledger(month=NOW, spent_usd=1, promised_usd=2)
SPENDING = Spending(everybody=LEDGER, mine=LEDGER, budget_usd=5)


def in_thread(status: RunStatus, channel: str = CHANNEL, **changes: Any) -> Run:
    return make_run(status, place=Place(team_id=TEAM, channel=channel, thread_ts=THREAD), **changes)


def titles(view: dict[str, Any]) -> list[str]:
    sections = [block["text"]["text"] for block in view["blocks"] if block["type"] == "section"]
    return [words.partition("\n")[0].strip("*") for words in sections]


def test_what_waits_for_me_comes_first_then_mine_then_the_money_then_how_to_begin():
    mine = [in_thread(status) for status in (_S.SUCCEEDED, _S.RUNNING, _S.PROPOSED, _S.DRAFTING, _S.REFUSED)]
    view = home(mine, [in_thread(_S.PROPOSED, requester=LEAD)], Examples(), SPENDING, workspace_url=URL)
    assert titles(view) == [
        "Waiting for your decision",
        "Waiting for your answer",
        "Your plans that wait for approval",
        "Your runs under way",
        "Your finished runs",
        "Spent in November 2026 (UTC)",
        "How to begin",
    ]
    buttons = [element["action_id"] for element in view["blocks"][1]["elements"]]
    assert buttons == ["finetune.begin", "finetune.settings"]


def test_each_run_has_the_way_to_its_thread_as_slack_itself_copies_it():
    view = json.dumps(home([in_thread(_S.RUNNING)], [], Examples(), workspace_url=URL))
    assert f"<https://acme.slack.com/archives/{CHANNEL}/p1795510800000100|thread> in <#{CHANNEL}>" in view
    unknown = json.dumps(home([in_thread(_S.RUNNING)], [], Examples()))
    assert f"<#{CHANNEL}>" in unknown
    assert "archives" not in unknown
    assert "archives" not in json.dumps(home([make_run(_S.RECEIVED)], [], Examples(), workspace_url=URL))


def test_a_price_that_was_asked_for_waits_for_nobody():
    price = in_thread(_S.PROPOSED, request=make_request(plan_only=True))
    assert "Your plans that wait for approval" not in titles(home([price], [], Examples()))


def test_a_direct_message_is_named_as_one():
    view = json.dumps(home([in_thread(_S.RUNNING, "D0ASKER")], [], Examples(), workspace_url=URL))
    assert "|thread> in a direct message" in view
    assert "<#D0ASKER>" not in view


def test_however_many_runs_there_are_slack_takes_the_view():
    name = "x" * 96
    plan = make_plan(output_repo=f"{name}/{name}")
    many = [in_thread(status, plan=plan) for status in (_S.RUNNING, _S.PROPOSED, _S.SUCCEEDED) for _ in range(40)]
    view = home(many, many[40:80], Examples(), SPENDING, workspace_url=f"https://{'w' * 200}.slack.com/")
    assert len(view["blocks"]) <= 100
    assert check_blocks(view["blocks"], "home") == []


@pytest.fixture
def world(tmp_path: Any) -> Iterator[ShownRuns]:
    with shown_runs(tmp_path) as made:
        yield made


def test_the_published_tab_leads_an_approver_to_the_card_that_waits(world):
    run = world.run(_S.PROPOSED)
    world.visitor.open_home(LEAD)
    view = world.visitor.wait_for(lambda: world.visitor.home(LEAD))
    link = world.slack.client().chat_getPermalink(channel=CHANNEL, message_ts=run.place.thread_ts)["permalink"]
    waiting = next(block["text"]["text"] for block in view["blocks"] if "your decision" in json.dumps(block))
    assert f"<{link}|thread>" in waiting
    assert run.short_id in waiting
    world.visitor.open_home(ASKER)
    mine = world.visitor.wait_for(lambda: world.visitor.home(ASKER))
    assert "Your plans that wait for approval" in titles(mine)
    assert f"<@{ASKER}>" not in json.dumps(mine["blocks"]), "they know who they are"
    assert f"<@{ASKER}>" in waiting


def test_a_guest_reads_nothing_of_the_teams_money(world):
    world.done()
    world.visitor.open_home(GUEST)
    shown = json.dumps(world.visitor.wait_for(lambda: world.visitor.home(GUEST)))
    assert "How to begin" in shown
    assert "Spent in" not in shown
