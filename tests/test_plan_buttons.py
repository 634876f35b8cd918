"""The buttons below a plan beside approve and reject: why, switch, make it a run."""

from typing import Any

import pytest

from bot.errors import NotAllowed
from bot.models import Check, Place, Resume, Tuning
from bot.planning import switch_to
from bot.playground.slack_blocks import check_view
from bot.policy import Person, Policy
from bot.states import RunStatus
from handlers.views.buttons import carried, switches
from handlers.views.why import why_window
from storage.store import Store
from tests.block_kit import LIVE
from tests.bot_slack import BotSlack
from tests.builders import ASKER, CHANNEL, GUEST, LEAD, TEAM, make_model_info, make_plan, make_request, make_run
from tests.scripted_slack import ScriptedSlack
from tests.signed_slack import SignedSlack
from tests.test_views import INJECTIONS
from tests.walks import long_rows_plan

_S = RunStatus


@pytest.fixture(scope="module")
def slack():
    with BotSlack(trigger_s=60) as local:
        yield local


@pytest.fixture
def desk(slack, tmp_path, clock):
    store = Store(f"sqlite:///{tmp_path / 'buttons.db'}", clock)
    store.migrate()
    with ScriptedSlack() as answers:
        yield SignedSlack(slack, store, clock, answers)
    store.close()


def page(view: dict[str, Any]) -> str:
    texts = [block.get("text") for block in view["blocks"]] + [e for b in view["blocks"] for e in b.get("elements", ())]
    return "\n".join(text["text"] for text in texts if text)


# --- switch -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "changes"),
    [
        (0, {"hardware": "t4-small", "lora": True, "load_in_4bit": False}),
        (1, {"hardware": "a100-large"}),
    ],
)
def test_an_offer_becomes_a_new_request_and_spends_nothing(desk, index, changes):
    run = desk.proposed()
    assert desk.click(f"finetune.switch.{index}", carried(run, choice=str(index)), user=ASKER) == ""
    changed = desk.store.get(run.id)
    assert (changed.status, changed.needs_plan) == (_S.PROPOSED, True)
    assert {field: getattr(changed.request, field) for field in changes} == changes
    assert changed.request.text.endswith(f", then: switch to {changes['hardware']}")
    assert desk.wakes == 1


def test_an_offer_of_longer_rows_packs_them(desk):
    plan = long_rows_plan()
    assert switch_to(plan, plan.options[0]) == {"hardware": "h200", "max_length": 16_384, "packing": True}
    said_no = plan.model_copy(update={"request": make_request(packing=False)})
    assert "packing" not in switch_to(said_no, plan.options[0])


def test_a_button_names_the_maximum_however_much_it_changes():
    plan = long_rows_plan()
    longer = plan.options[0].model_copy(
        update={"tuning": Tuning.QLORA, "max_samples": 123_456, "max_length": 131_072, "ceiling_usd": 1_234.5}
    )
    for option, label in (
        (plan.options[0], "Switch to 16,384 tokens a row · ~$6.69, at most $13.34"),
        (longer, "131,072 tokens a row, 123,456 rows with QLoRA (4-bit) · at most $1,234.50"),
    ):
        offered = plan.model_copy(update={"options": (option,)})
        [button] = switches(make_run(plan=offered), offered)
        assert button.to_dict()["text"]["text"] == label
    assert switch_to(plan, longer) == {
        "hardware": "h200", "lora": True, "load_in_4bit": True, "max_length": 131_072, "packing": True,
        "max_samples": 123_456,
    }  # fmt: skip


def test_an_offer_of_a_plan_that_was_replaced_or_decided_is_no_longer_one(desk):
    run = desk.proposed()
    value = carried(run, choice="0")
    desk.click("finetune.switch.0", value, user=ASKER, trigger="t1")
    again = desk.store.get(run.id)
    desk.store.advance(
        again, _S.PROPOSED, actor="tunesmith", plan=make_plan(tuning=Tuning.LORA), revision=2, needs_plan=False
    )
    said = desk.click("finetune.switch.0", value, user=ASKER, trigger="t2")
    assert "This offer belongs to plan 1" in said
    assert not desk.store.get(run.id).needs_plan
    desk.click("finetune.approve", carried(desk.store.get(run.id)))
    assert "no longer waits" in desk.click("finetune.switch.0", carried(desk.store.get(run.id), choice="0"))


def test_a_guest_switches_nothing(desk):
    run = desk.proposed()
    assert "Guests can read along" in desk.click("finetune.switch.0", carried(run, choice="0"), user=GUEST)
    assert desk.store.get(run.id).request == run.request


def test_an_old_edit_button_of_a_run_that_goes_on_from_a_checkpoint_opens_no_form(desk, slack):
    resume = Resume(run_id="01kaxyz", commit="c" * 40, step=64)
    place = Place(team_id=TEAM, channel=CHANNEL)
    run = desk.store.record_request("resumed", place=place, requester=ASKER, request=make_request(), resume=resume)
    planned = {"plan": make_plan(resume=resume), "revision": 1, "needs_plan": False}
    run = desk.store.advance(run, _S.PROPOSED, actor="tunesmith", **planned)
    before = slack.calls("views.open")
    said = desk.click("finetune.edit", carried(run), user=ASKER, trigger="t1")
    assert "goes on from a checkpoint, which fits only the settings that it was made with" in said
    assert "for other settings ask for a new run" in said
    assert slack.calls("views.open") == before


# --- a plan and nothing else --------------------------------------------------------------------------------------


def test_a_plan_that_was_only_asked_for_as_a_plan_cannot_be_approved_by_any_way(desk):
    desk.command("plan Qwen/Qwen3-0.6B on tunesmith-lab/tiny-chat")
    [asked] = desk.all()
    assert asked.request.plan_only
    assert desk.command("plan --plan_only Qwen/Qwen3-0.6B on tunesmith-lab/tiny-chat")
    run = desk.proposed(request=make_request(plan_only=True))
    assert "Only a plan was asked for" in desk.click("finetune.approve", carried(run))
    assert desk.store.get(run.id).status is _S.PROPOSED


def test_the_policy_itself_refuses_it_whatever_it_costs():
    policy = Policy(team_id=TEAM, approvers=frozenset({LEAD}))
    plan = make_plan(request=make_request(plan_only=True), ceiling_usd=0.01)
    with pytest.raises(NotAllowed, match="nothing to approve"):
        policy.check_approval(Person(id=LEAD, team_id=TEAM), make_run(plan=plan), plan)
    assert policy.rule(plan) == "Only a plan: nobody can approve it, and it costs nothing."


def test_making_it_a_run_asks_for_a_new_plan_that_can_be_approved(desk):
    desk.command("plan Qwen/Qwen3-0.6B on tunesmith-lab/tiny-chat")
    [asked] = desk.all()
    plan = make_plan(request=asked.request)
    run = desk.store.advance(asked, _S.PROPOSED, actor="tunesmith", plan=plan, revision=1, needs_plan=False)
    assert desk.click("finetune.make_run", carried(run), user=ASKER) == ""
    again = desk.store.get(run.id)
    assert (again.request.plan_only, again.needs_plan, again.status) == (None, True, _S.PROPOSED)


# --- why ----------------------------------------------------------------------------------------------------------


def test_the_window_has_every_sum_and_what_was_checked():
    plan = make_plan(
        example="<|im_start|>user\nHello",
        estimate={"parts_gib": {"weights": 1.11, "optimizer": 2.22, "activations": 3.0}, "tokens_per_s": 2000.0},
    )
    window = why_window(make_run(plan=plan), plan)
    said = page(window)
    assert check_view(window) == []
    for words in (
        "✓ The dataset fits SFT: `messages` holds conversations.",
        "&lt;|im_start|&gt;user",
        "  2.22 GiB  optimizer: what the optimizer remembers of each trained weight",
        "12.40 GiB  at the peak, of 22.0 GiB that one A10G offers: 56 % of the memory.",
        "3,400,000 tokens at about 2,000 a second: about 19 min.",
        "25 begun minutes x $1.50 an hour = ~$0.63; likely $0.45–$0.90.",
        "Never more than $1.88: 1 h 15 min x $1.50 an hour.",
        "t4-small, LoRA: ~$0.52",
        "learning rate `2e-5`: usual for full fine-tuning of a model of this size",
        "As usual: schedule `cosine` · seed `42`",
    ):
        assert words in said, words


def test_foreign_text_in_the_window_stays_harmless_and_within_limits():
    for words in (*INJECTIONS, "長" * 5000, "a b " * 2000, "`" * 3000, "&" * 5000):
        plan = make_plan(
            model=make_model_info(repo_id=words), example=words, defaulted={words: words}, split=words,
            checks=tuple(Check(level="warning", text=words) for _ in range(12)),
        )  # fmt: skip
        window = why_window(make_run(plan=plan), plan)
        assert check_view(window) == []
        assert LIVE.findall(page(window)) == []


def test_the_button_opens_the_window(desk, slack):
    run = desk.proposed()
    before = slack.calls("views.open")
    assert "open" in desk.click("finetune.why", carried(run), user=ASKER, trigger="expired")
    assert slack.calls("views.open") == before + 1
