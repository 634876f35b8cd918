"""The form whole: people at the local Slack, the real app behind it, over Socket Mode and over signed HTTP.

The watcher is played by the test: it makes the plan and shows it.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.intake import parse
from bot.intake.commands import NewRequest
from bot.models import Place, Run, Tuning
from bot.models.request import HOW_SAID
from bot.playground.slack_state import SIGNING_SECRET
from bot.policy import Policy
from bot.runs import Runs
from bot.states import RunStatus
from handlers import build_app
from handlers.chat import SlackChat
from handlers.form_names import look_up
from handlers.pace import Pace
from handlers.shortcuts import ANYWHERE, FROM_MESSAGE
from handlers.views.buttons import EDIT
from handlers.views.form import ADVANCED, ELEMENT
from storage.store import Store
from tests.bot_slack import BotSlack
from tests.builders import (
    ASKER,
    BOT,
    CHANNEL,
    GUEST,
    LEAD,
    TEAM,
    make_dataset_info,
    make_model_info,
    make_plan,
    minutes,
)
from tests.fakes import FakeClock, FakeHub

_S = RunStatus
MODEL, DATASET = "Qwen/Qwen3-0.6B", "tunesmith-lab/tiny-chat"
Json = dict[str, Any]


class Desk:
    """A workspace with the bot in it, and a Hub with names."""

    def __init__(self, slack: BotSlack, store: Store, clock: FakeClock) -> None:
        self.slack, self.store, self.clock = slack, store, clock
        self.visitor = slack.visitor
        self.chat = SlackChat(slack.client(), store, clock, pace=Pace(post_every_s=0))

    def form(self, user: str = ASKER) -> Json:
        """The open form."""
        form: Json = self.visitor.wait_for(lambda: self.visitor.views(user))[-1]
        return form

    def block(self, name: str, user: str = ASKER) -> Json:
        block: Json = next(block for block in self.form(user)["blocks"] if block["block_id"] == name)
        return block

    def initial(self, name: str, user: str = ASKER) -> str:
        """What a field holds when the form opens."""
        element = self.block(name, user)["element"]
        option = element.get("initial_option") or {}
        return str(element.get("initial_value") or option.get("value") or "")

    def note(self, user: str = ASKER) -> str:
        """What stands above the fields."""
        return str(next(block for block in self.form(user)["blocks"] if block["type"] == "section")["text"]["text"])

    def send(self, user: str = ASKER, **values: Any) -> Json:
        return self.visitor.submit(user, self.form(user)["id"], values)

    def send_too_late(self, **values: Any) -> None:
        """The bot serves the form, and Slack has given up by then: the form stays open."""
        self.visitor.wait_for(lambda: self.slack.calls("users.info"))
        self.clock.pass_minutes(6)  # the person is looked up anew
        self.slack.fault(path="users.info", kind="hang", seconds=0.5)
        self.visitor.settings(ack_timeout_s=0.2)
        assert self.send(**values)["error"] == "operation_timeout"
        self.visitor.settings(ack_timeout_s=3)

    def offered(self, field: str, words: str) -> dict[str, list[str]]:
        found = self.visitor.options(ASKER, f"{ELEMENT}.{field}", words, view_id=self.form()["id"])
        assert found["ok"], found
        return {group["label"]["text"]: [o["value"] for o in group["options"]] for group in found["option_groups"]}

    def new_run(self) -> Run:
        [run] = self.visitor.wait_for(lambda: self.store.recent())
        return run

    def plan(self, run: Run, **plan: Any) -> str:
        """What the watcher does next; returns the card's ts."""
        due = self.clock() + minutes(60)
        changes = {"revision": run.revision + 1, "needs_plan": False, "next_check_at": due}
        plan_of = make_plan(request=run.request, **plan)
        run = self.store.advance(run, _S.PROPOSED, actor="tunesmith", plan=plan_of, previous_plan=run.plan, **changes)
        assert self.chat.show(run) is True
        return str(self.visitor.messages()[-1]["ts"])

    def ask(self) -> tuple[Run, str]:
        """A plan that waits, and its card."""
        self.visitor.command(ASKER, CHANNEL, "/finetune", f"{MODEL} on {DATASET}, 2 epochs")
        run = self.new_run()
        return run, self.plan(run)


@pytest.fixture(params=["socket", "http"])
def desk(request: pytest.FixtureRequest, tmp_path) -> Iterator[Desk]:
    clock = FakeClock(datetime.now(UTC))
    store = Store(f"sqlite:///{tmp_path / 'form.db'}", clock)
    store.migrate()
    hub = FakeHub()
    hub.models = {name: make_model_info(repo_id=name) for name in (MODEL, "Qwen/Qwen3-1.7B")}
    hub.datasets = {DATASET: make_dataset_info()}
    policy = Policy(team_id=TEAM, approvers=frozenset({LEAD}), self_approve_usd=1)
    with BotSlack() as slack:
        app = build_app(
            client=slack.client(), runs=Runs(store, policy), store=store, wake=lambda: None, clock=clock, team_id=TEAM,
            bot_user_id=BOT, signing_secret=SIGNING_SECRET, names=look_up(hub.search_models, hub.search_datasets),
        )  # fmt: skip
        with slack.listening(app, request.param):
            yield Desk(slack, store, clock)
    store.close()


# --- a new run ----------------------------------------------------------------------------------------------------


def test_the_command_alone_opens_a_form_that_makes_the_same_run_as_the_command(desk):
    desk.visitor.command(ASKER, CHANNEL, "/finetune")
    assert desk.offered("model", "qwen3") == {"On the Hub": [MODEL, "Qwen/Qwen3-1.7B"], "As typed": ["qwen3"]}
    assert desk.send(model=MODEL, dataset="tiny-chat", method="sft", output_repo="my-model", budget_usd="$5") == {
        "ok": True
    }
    run = desk.new_run()
    typed = parse(f"/finetune {MODEL} on tiny-chat with sft, output my-model, under $5")
    assert isinstance(typed, NewRequest)
    assert run.request.model_dump(exclude=HOW_SAID) == typed.request.model_dump(exclude=HOW_SAID)
    assert (run.status, run.requester, run.place) == (_S.RECEIVED, ASKER, Place(team_id=TEAM, channel=CHANNEL))
    assert desk.visitor.views(ASKER) == []
    [told] = desk.visitor.wait_for(lambda: desk.visitor.ephemerals(ASKER))
    assert told["text"].startswith("On it: the plan comes in a moment.")


def test_everything_that_is_wrong_is_said_below_its_field_and_nothing_is_lost(desk):
    desk.visitor.command(ASKER, CHANNEL, "/finetune")
    desk.visitor.click(ASKER, "", ADVANCED, view_id=desk.form()["id"])
    wrong = {"model": "../etc", "dataset": DATASET, "epochs": "many", "learning_rate": "5", "budget_usd": "2"}
    answer = desk.send(**wrong)
    assert answer["errors"] == {
        "model": '"../etc" is a file or folder of a computer, which a job on the Hub cannot read. Upload it to the Hub'
        " as a dataset or a model (private is fine) and name it as namespace/name.",
        "epochs": "I cannot read “many” here: write a number.",
        "learning_rate": "“5” is not possible here: it must be above 0 and at most 1.",
    }
    assert desk.store.recent() == []
    assert desk.send(**wrong | {"model": MODEL, "epochs": "3", "learning_rate": "5e-5"})["ok"]
    request = desk.new_run().request
    assert (request.model, request.epochs, request.learning_rate, request.budget_usd) == (MODEL, 3, 5e-5, 2)


def test_a_form_that_arrives_twice_makes_one_run(desk):
    desk.visitor.command(ASKER, CHANNEL, "/finetune")
    desk.send_too_late(model=MODEL, dataset=DATASET)
    desk.visitor.wait_for(lambda: desk.store.recent())
    assert desk.send(model=MODEL, dataset=DATASET)["ok"]
    assert len(desk.store.recent()) == 1


def test_what_stands_in_fields_that_are_hidden_again_is_kept(desk):
    desk.visitor.command(ASKER, CHANNEL, "/finetune")
    view_id = desk.form()["id"]
    desk.visitor.click(ASKER, "", ADVANCED, view_id=view_id)
    assert desk.block("hardware")
    typed = {"hardware": "a10g-large", "tuning": "qlora", "private": "public"}
    desk.visitor.click(ASKER, "", ADVANCED, view_id=view_id, values={"epochs": "x", **typed})
    assert "Correct this first: Epochs." in json.dumps(desk.form(), ensure_ascii=False)
    desk.visitor.click(ASKER, "", ADVANCED, view_id=view_id, values={"epochs": "3", **typed})
    assert [block["block_id"] for block in desk.form()["blocks"] if block["type"] == "input"] == [
        "model", "dataset", "method", "output_repo", "budget_usd",
    ]  # fmt: skip
    assert "Show advanced settings (4 set)" in json.dumps(desk.form())
    assert desk.send(model=MODEL, dataset=DATASET)["ok"]
    request = desk.new_run().request
    assert (request.epochs, request.hardware, request.private) == (3, "a10g-large", False)
    assert (request.lora, request.load_in_4bit) == (True, True)


def test_a_request_that_came_to_nothing_is_filled_in_again(desk):
    run, _ = desk.ask()
    desk.store.advance(desk.store.get(run.id), _S.REJECTED, actor=LEAD)
    desk.visitor.command(ASKER, CHANNEL, "/finetune")
    assert (desk.initial("model"), desk.initial("dataset"), desk.initial("epochs")) == (MODEL, DATASET, "2")
    assert f"what you asked for last: run `{run.short_id}`, which was rejected" in json.dumps(desk.form())
    assert desk.offered("dataset", "")["Used lately"] == [DATASET]


def test_a_command_that_was_refused_is_filled_in_to_be_corrected(desk):
    said = desk.visitor.command(ASKER, CHANNEL, "/finetune", f"{MODEL} on {DATASET} with 2 epochs, lr 7")
    assert "is not a possible value of lr" in said["text"]
    desk.visitor.command(ASKER, CHANNEL, "/finetune")
    assert (desk.initial("model"), desk.initial("epochs"), desk.initial("learning_rate")) == (MODEL, "2", "")
    assert desk.note().startswith(f"You typed “{MODEL} on {DATASET} with 2 epochs, lr 7”. I filled in")
    assert desk.send(learning_rate="7e-5")["ok"]
    assert desk.new_run().request.learning_rate == 7e-5
    desk.visitor.command(ASKER, CHANNEL, "/finetune")
    assert desk.initial("model") == ""


def test_a_guest_sees_why_instead_of_a_form(desk):
    desk.visitor.command(GUEST, CHANNEL, "/finetune")
    desk.visitor.wait_for(lambda: "Guests can read along" in json.dumps(desk.form(GUEST)))
    assert all(block["type"] != "input" for block in desk.form(GUEST)["blocks"])


def test_a_guest_who_sends_it_before_that_starts_nothing(desk):
    desk.slack.fault(path="users.info", kind="hang", seconds=2)
    desk.visitor.command(GUEST, CHANNEL, "/finetune")
    answer = desk.send(GUEST, model=MODEL, dataset=DATASET)
    assert "Guests can read along" in answer["errors"]["model"]
    assert desk.store.recent() == []


# --- shortcuts ----------------------------------------------------------------------------------------------------


def test_the_global_shortcut_asks_for_a_channel_that_the_bot_is_in(desk):
    desk.visitor.shortcut(ASKER, ANYWHERE)
    said = desk.send(model=MODEL, dataset=DATASET, channel="C0GENERAL")["errors"]
    assert said == {"channel": "I cannot write there: type /invite with my name in that channel, or choose another."}
    assert desk.send(model=MODEL, dataset=DATASET, channel=CHANNEL)["ok"]
    assert desk.new_run().place == Place(team_id=TEAM, channel=CHANNEL)


def test_a_form_opened_where_the_bot_is_not_asks_for_another_channel(desk):
    desk.visitor.command(ASKER, "C0GENERAL", "/finetune")
    desk.visitor.wait_for(lambda: "I am not a member of this channel" in json.dumps(desk.form()))
    assert desk.block("channel")["label"]["text"] == "Channel"


def test_a_message_becomes_a_run_in_its_own_thread(desk):
    words = f"could somebody fine-tune {MODEL} on {DATASET} with 3 epochs, lr 1e-4, seed 7?"
    ts = desk.visitor.say(LEAD, CHANNEL, words)
    desk.visitor.shortcut(ASKER, FROM_MESSAGE, channel=CHANNEL, ts=ts)
    assert (desk.initial("model"), desk.initial("epochs"), desk.initial("learning_rate")) == (MODEL, "3", "0.0001")
    assert desk.note().endswith(
        "I filled in what I understood: check it before you send it. Kept beside the fields: seed `7`."
    )
    assert desk.send(epochs="4")["ok"]
    run = desk.new_run()
    assert run.place == Place(team_id=TEAM, channel=CHANNEL, thread_ts=ts)
    request = run.request
    assert (request.model, request.dataset, request.epochs) == (MODEL, DATASET, 4)
    assert (request.learning_rate, request.seed) == (1e-4, 7)
    [told] = desk.visitor.wait_for(lambda: desk.visitor.ephemerals(ASKER))
    assert told["text"].startswith("On it: the plan comes"), "Slack shows it although the message has no reply yet"


def test_a_message_below_a_run_that_waits_becomes_a_run_of_its_own(desk):
    _, card = desk.ask()
    ts = desk.visitor.say(ASKER, CHANNEL, f"and {MODEL} on {DATASET} with 9 epochs", thread_ts=card)
    desk.visitor.shortcut(LEAD, FROM_MESSAGE, channel=CHANNEL, ts=ts)
    assert desk.send(LEAD)["ok"]
    new, _ = desk.visitor.wait_for(lambda: len(desk.store.recent()) == 2 and desk.store.recent())
    assert (new.request.epochs, new.place.thread_ts) == (9, None)


def test_a_message_about_something_else_opens_an_empty_form_that_says_so(desk):
    ts = desk.visitor.say(LEAD, CHANNEL, "lunch at <b>noon</b>?")
    desk.visitor.shortcut(ASKER, FROM_MESSAGE, channel=CHANNEL, ts=ts)
    assert desk.note() == "The message says “lunch at &lt;b&gt;noon&lt;/b&gt;?”. I found nothing to fill in."
    assert desk.initial("model") == ""


def test_a_message_with_a_value_that_cannot_be_fills_in_the_rest(desk):
    ts = desk.visitor.say(LEAD, CHANNEL, f"{MODEL} on {DATASET} with lr 7, 2 epochs")
    desk.visitor.shortcut(ASKER, FROM_MESSAGE, channel=CHANNEL, ts=ts)
    assert (desk.initial("model"), desk.initial("epochs"), desk.initial("learning_rate")) == (MODEL, "2", "")
    assert desk.note().endswith('I could not use all of it: "7" is not a possible value of lr.')


def test_the_shortcut_on_a_card_repeats_its_run(desk):
    run, card = desk.ask()
    desk.visitor.shortcut(LEAD, FROM_MESSAGE, channel=CHANNEL, ts=card)
    assert (desk.initial("model", LEAD), desk.initial("epochs", LEAD)) == (MODEL, "2")
    assert f"what run `{run.short_id}` was asked for" in json.dumps(desk.form(LEAD))


# --- Edit ---------------------------------------------------------------------------------------------------------


def test_edit_changes_the_plan_and_says_what_changed(desk):
    run, card = desk.ask()
    desk.visitor.click(ASKER, card, EDIT)
    assert (desk.initial("model"), desk.initial("epochs")) == (MODEL, "2")
    assert desk.block("learning_rate")["element"]["placeholder"]["text"] == "2e-5 (chosen for you)"
    assert desk.send(epochs="3", tuning="lora")["ok"]
    run = desk.store.get(run.id)
    assert (run.request.epochs, run.request.lora, run.request.load_in_4bit) == (3, True, False)
    assert (run.request.hardware, run.request.learning_rate) == (None, None)
    assert run.needs_plan is True
    assert run.request.text.endswith("then: in the form: what is trained automatic → lora, epochs 2 → 3")
    desk.plan(run, tuning=Tuning.LORA, arguments={"num_train_epochs": 3, "lora_r": 16})
    assert "*Changed from plan 1*" in json.dumps(desk.visitor.messages()[0])
    assert desk.store.get(run.id).revision == 2


def test_edit_that_changes_nothing_leaves_the_plan_as_it_is(desk):
    run, card = desk.ask()
    desk.visitor.click(ASKER, card, EDIT)
    assert desk.send()["ok"]
    assert desk.store.get(run.id).needs_plan is False


def test_edit_of_a_plan_that_somebody_else_changed_meanwhile_is_refused_and_kept_on_the_screen(desk):
    run, card = desk.ask()
    desk.visitor.click(ASKER, card, EDIT)
    desk.visitor.say(LEAD, CHANNEL, "use 5 epochs", thread_ts=card)
    desk.visitor.wait_for(lambda: desk.store.get(run.id).needs_plan)
    said = desk.send(epochs="3")["errors"]
    assert f"Somebody changed plan 1 of run {run.short_id} meanwhile" in said["model"]
    assert desk.store.get(run.id).request.epochs == 5
    assert desk.form()["callback_id"] == "finetune.form"


def test_edit_of_a_plan_that_was_approved_meanwhile_says_so(desk):
    run, card = desk.ask()
    desk.visitor.click(ASKER, card, EDIT)
    desk.visitor.click(LEAD, card, "finetune.approve")
    assert "is approved: its plan can no longer change" in desk.send(epochs="3")["errors"]["model"]
    assert desk.store.get(run.id).request.epochs == 2


def test_an_edit_that_arrives_twice_is_one_change(desk):
    run, card = desk.ask()
    desk.visitor.click(ASKER, card, EDIT)
    desk.send_too_late(epochs="3")
    desk.visitor.wait_for(lambda: desk.store.get(run.id).needs_plan)
    assert desk.send(epochs="3")["ok"]
    assert len(desk.store.get(run.id).changes) == 1


def test_the_edit_button_of_an_old_card_opens_nothing(desk):
    run, card = desk.ask()
    desk.visitor.say(LEAD, CHANNEL, "use 5 epochs", thread_ts=card)
    desk.visitor.wait_for(lambda: desk.store.get(run.id).needs_plan)
    desk.visitor.click(ASKER, card, EDIT)
    [told] = [e for e in desk.visitor.ephemerals(ASKER) if "Somebody changed plan 1" in e["text"]]
    assert "press Edit there" in told["text"]
    assert desk.visitor.views(ASKER) == []
