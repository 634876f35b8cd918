"""A person's walk through the page: ask, switch to the approver, approve, watch, open the model.

`pytest tests/e2e/test_page.py --screenshots docs/images` writes the pictures that the documentation shows.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from bot.models import Method, Run, Tuning
from bot.states import RunStatus
from handlers.shortcuts import ANYWHERE, FROM_MESSAGE
from handlers.views.buttons import APPROVE, EDIT, REJECT
from handlers.views.form import ADVANCED, ELEMENT
from tests.browser import needs_browser, open_page
from tests.builders import CHANNEL, LEAD
from tests.e2e.workspace import Workspace

pytestmark = [*needs_browser, pytest.mark.train]

#: Milliseconds; training included.
SOON, LATER = 20_000, 120_000


@pytest.fixture(scope="module")
def workspace() -> Iterator[Workspace]:
    with Workspace() as workspace:
        yield workspace


@pytest.fixture
def page(workspace: Workspace) -> Iterator[Page]:
    with open_page(workspace.demo.page, width=1440, height=900, reduced_motion="reduce") as page:
        yield page


@pytest.fixture
def shoot(request: pytest.FixtureRequest, page: Page):
    """Take a picture when pictures are wanted."""
    folder: Path | None = request.config.getoption("--screenshots")

    def take(name: str, of: Page = page) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            of.screenshot(path=folder / f"{name}.png")

    return take


def test_one_asks_another_approves_and_the_model_opens(workspace: Workspace, page: Page, shoot) -> None:
    composer = page.get_by_test_id("composer")
    composer.fill("/fine")
    expect(page.get_by_role("listbox", name="Suggestions")).to_contain_text("/finetune")
    composer.fill("/finetune tiny-qwen3 on tiny-chat, 80 epochs, lr 3e-4")
    composer.press("Enter")

    approve = page.locator(f"[data-action-id='{APPROVE}']")
    approve.wait_for(timeout=SOON)
    expect(page.get_by_text("the plan comes in a moment")).to_be_visible()
    run = workspace.store.recent(1)[0]
    card = page.get_by_test_id(f"message-{workspace.thread_ts(run)}")
    for words in ("Fine-tune tiny-qwen3 on tiny-chat", "at most", "tunesmith-lab/tiny-qwen3-tiny-chat", "private"):
        expect(card).to_contain_text(words)
    card.get_by_role("heading").evaluate("heading => heading.closest('article').scrollIntoView()")
    shoot("plan")

    page.get_by_test_id("user-switcher").select_option(LEAD)
    approve.click()
    page.get_by_test_id("confirm-yes").click()
    expect(card).to_contain_text(re.compile(r"step [3-9]\d\d of 1,?200"), timeout=LATER)
    expect(card).to_contain_text("so far")
    expect(approve).to_have_count(0)
    card.get_by_role("heading").evaluate("heading => heading.closest('article').scrollIntoView()")
    shoot("progress")

    expect(card).to_contain_text("the model is on the Hub", timeout=LATER)
    page.get_by_test_id(f"thread-{workspace.thread_ts(run)}").click()
    reply = page.locator("aside").get_by_text("Your model is ready")
    expect(reply).to_be_visible()
    if (below := page.get_by_test_id("new-messages")).is_visible():
        below.click()
    reply.evaluate("words => words.closest('article').scrollIntoView()")
    shoot("result")

    run = workspace.store.get(run.id)
    link = card.get_by_role("link", name=run.plan.output_repo).first
    with page.context.expect_page() as opened:
        link.click()
    model = opened.value
    expect(model.locator("body")).to_contain_text("model.safetensors")
    expect(model.locator("body")).to_contain_text(run.report.landed.sha[:7])
    shoot("model", model)


def test_a_rejection_asks_for_its_reason_in_a_form(workspace: Workspace, page: Page) -> None:
    run = workspace.ask("tiny-qwen3 on tiny-chat with lora")
    page.get_by_test_id("user-switcher").select_option(LEAD)
    card = page.get_by_test_id(f"message-{workspace.thread_ts(run)}")
    card.locator(f"[data-action-id='{REJECT}']").click()
    modal = page.get_by_test_id("modal")
    modal.locator("textarea, input").first.fill("Use all weights, it is tiny.")
    page.get_by_test_id("modal-submit").click()
    expect(card).to_contain_text("Use all weights, it is tiny.", timeout=SOON)
    assert workspace.store.get(run.id).status is RunStatus.REJECTED


def test_the_home_tab_lists_runs(workspace: Workspace, page: Page, shoot) -> None:
    workspace.ask("tiny-qwen3 on tiny-preferences")
    page.get_by_test_id("user-switcher").select_option(LEAD)
    page.get_by_test_id("app-tunesmith").click()
    page.get_by_test_id("tab-home").click()
    expect(page.get_by_test_id("home")).to_contain_text("tiny-preferences", timeout=SOON)
    shoot("home")


def test_a_sentence_makes_a_plan_and_a_reply_in_its_thread_changes_it(workspace: Workspace, page: Page, shoot) -> None:
    before = len(workspace.store.recent(100))
    composer = page.get_by_test_id("composer")
    composer.fill("@tunesmith please fine-tune tiny-qwen3 on tiny-chat with LoRA, two epochs, under $1")
    page.get_by_test_id("send").click()
    run = newest(workspace, before)
    assert run.plan is not None
    assert (run.plan.tuning, run.plan.arguments.num_train_epochs) == (Tuning.LORA, 2)
    page.get_by_test_id(f"thread-{workspace.thread_ts(run)}").click()
    waits = page.get_by_text("Plan 1 waits for approval").last
    waits.evaluate("line => line.scrollIntoView()")
    shoot("sentence")

    reply = page.get_by_test_id("thread-composer")
    reply.fill("make it 3 epochs and lr 1e-4")
    reply.press("Enter")
    changed = workspace.until(run, lambda now: now.revision == 2 and now.status is RunStatus.PROPOSED)
    assert changed.plan is not None
    assert (changed.plan.arguments.num_train_epochs, changed.plan.arguments.learning_rate) == (3, 1e-4)
    expect(page.get_by_text("Plan 2").last).to_be_visible(timeout=SOON)
    shoot("thread-changed")


# --- the form ---------------------------------------------------------------------------------------------------------


def field(page: Page, name: str) -> Locator:
    return page.get_by_test_id("modal").locator(f"[data-action-id='{ELEMENT}.{name}']")


def choose(page: Page, name: str, typed: str, option: str) -> None:
    """Type into a select and take one of what it offers."""
    field(page, name).click()
    page.keyboard.type(typed)
    page.get_by_role("option", name=option).first.click()
    expect(field(page, name)).to_contain_text(option)


def newest(workspace: Workspace, before: int) -> Run:
    """The run that there was not when `before` runs were there, once its thread answers."""
    workspace.visitor.wait_for(lambda: len(workspace.store.recent(100)) > before, SOON / 1000)
    return workspace.until(workspace.store.recent(1)[0], lambda now: now.status is not RunStatus.RECEIVED)


def card_of(workspace: Workspace, page: Page, run: Run) -> Locator:
    keys = workspace.keys(run)
    return page.get_by_test_id(f"message-{workspace.thread(run)[keys.index('card')]['ts']}").first


def test_the_form_tells_what_is_wrong_and_ends_in_the_right_plan(workspace: Workspace, page: Page, shoot) -> None:
    before = len(workspace.store.recent(100))
    page.get_by_test_id("user-switcher").select_option(LEAD)  # has asked for nothing yet: the form is empty
    expect(page.get_by_role("navigation", name="Channels")).to_contain_text("Team lead")
    page.get_by_test_id("composer").fill("/finetune")
    page.get_by_test_id("send").click()
    choose(page, "model", "qwen", "tunesmith-lab/tiny-qwen3")
    choose(page, "dataset", "chat", "tunesmith-lab/tiny-chat")
    field(page, "budget_usd").fill("$2")
    shoot("form")
    page.get_by_test_id("modal").locator(f"[data-action-id='{ADVANCED}']").click()
    choose(page, "tuning", "", "LoRA: a small adapter, cheap")
    field(page, "epochs").fill("many")
    field(page, "learning_rate").fill("3e-4")
    page.get_by_test_id("modal-submit").click()
    problem = page.get_by_test_id("modal").get_by_role("alert")
    expect(problem).to_have_text("I cannot read “many” here: write a number.")
    expect(field(page, "learning_rate")).to_have_value("3e-4")
    expect(field(page, "model")).to_contain_text("tunesmith-lab/tiny-qwen3")
    shoot("form-advanced")
    field(page, "epochs").fill("3")
    page.get_by_test_id("modal-submit").click()
    expect(page.get_by_test_id("modal")).to_have_count(0, timeout=SOON)

    run = newest(workspace, before)
    assert run.plan is not None
    assert (run.plan.model.repo_id, run.plan.dataset.repo_id) == ("tunesmith-lab/tiny-qwen3", "tunesmith-lab/tiny-chat")
    arguments = run.plan.arguments
    assert (arguments.num_train_epochs, arguments.learning_rate, run.plan.tuning) == (3, 3e-4, Tuning.LORA)
    assert run.plan.ceiling_usd <= 2
    card = card_of(workspace, page, run)
    expect(card).to_contain_text("LoRA, rank")
    card.get_by_role("heading").evaluate("heading => heading.closest('article').scrollIntoView()")
    shoot("form-plan")

    card.locator(f"[data-action-id='{EDIT}']").click()
    expect(field(page, "epochs")).to_have_value("3")
    field(page, "epochs").fill("4")
    page.get_by_test_id("modal-submit").click()
    expect(card).to_contain_text("Changed from plan 1", timeout=SOON)
    card.get_by_role("heading").evaluate("heading => heading.closest('article').scrollIntoView()")
    shoot("form-changed")
    run = workspace.store.get(run.id)
    assert run.plan is not None
    assert (run.revision, run.plan.arguments.num_train_epochs) == (2, 4)


def test_a_message_is_made_a_run_from_its_menu(workspace: Workspace, page: Page, shoot) -> None:
    before = len(workspace.store.recent(100))
    ts = workspace.visitor.say(LEAD, CHANNEL, "could we train tiny-qwen3 on tiny-preferences with dpo, 2 epochs?")
    message = page.get_by_test_id(f"message-{ts}")
    message.hover()
    message.get_by_role("button", name="More actions").click()
    page.locator(f"[data-value='{FROM_MESSAGE}']").click()
    expect(page.get_by_test_id("modal")).to_contain_text("I filled in what I understood")
    expect(field(page, "epochs")).to_have_value("2")
    shoot("form-from-message")
    page.get_by_test_id("modal-submit").click()
    run = newest(workspace, before)
    assert run.plan is not None
    assert (run.plan.method, run.plan.arguments.num_train_epochs) == (Method.DPO, 2)
    assert run.place.thread_ts == ts


def test_the_form_opens_from_the_shortcuts_with_the_channel_that_one_is_in(workspace: Workspace, page: Page) -> None:
    page.get_by_test_id("shortcuts").click()
    page.locator(f"[data-value='{ANYWHERE}']").click()
    expect(field(page, "channel")).to_have_text("# finetuning")
    before = len(workspace.store.recent(100))
    for name, typed in (("model", "tiny-qwen3"), ("dataset", "tiny-chat")):
        choose(page, name, typed, f"tunesmith-lab/{typed}")
    page.get_by_test_id("modal-submit").click()
    assert newest(workspace, before).place.channel == CHANNEL


def test_a_silent_hub_does_not_keep_anybody_from_naming_a_dataset(workspace: Workspace, page: Page) -> None:
    page.get_by_test_id("composer").fill("/finetune")
    page.get_by_test_id("send").click()
    workspace.misbehave("hub", path="/api/datasets", kind="hang", seconds=6, times=9)
    field(page, "dataset").click()
    page.keyboard.type("my own rows")
    option = page.get_by_role("option", name="Use “my own rows” as typed")
    expect(option).to_be_visible(timeout=3_000)
    expect(page.get_by_text("As typed; the Hub does not answer yet")).to_be_visible()
    option.click()
    expect(field(page, "dataset")).to_contain_text("my own rows")
    workspace.behave()
    page.get_by_test_id("modal-close").click()
    expect(page.get_by_test_id("modal")).to_have_count(0)
