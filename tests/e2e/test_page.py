"""A person's walk through the page: ask, switch to the approver, approve, watch, open the model.

`pytest tests/e2e/test_page.py --screenshots docs/images` writes the pictures that the documentation shows.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bot.states import RunStatus
from handlers.views.buttons import APPROVE, REJECT
from tests.browser import needs_browser, open_page
from tests.builders import LEAD
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
    with open_page(workspace.demo.page, width=1440, height=900) as page:
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
    card.scroll_into_view_if_needed()
    card.get_by_role("heading").evaluate("heading => heading.scrollIntoView()")
    shoot("plan")

    page.get_by_test_id("user-switcher").select_option(LEAD)
    approve.click()
    page.get_by_test_id("confirm-yes").click()
    expect(card).to_contain_text(re.compile(r"step [3-9]\d\d of 1,?200"), timeout=LATER)
    expect(card).to_contain_text("so far")
    expect(approve).to_have_count(0)
    card.get_by_role("heading").evaluate("heading => heading.scrollIntoView()")
    shoot("progress")

    expect(card).to_contain_text("the model is on the Hub", timeout=LATER)
    page.get_by_test_id(f"thread-{workspace.thread_ts(run)}").click()
    reply = page.locator("aside").get_by_text("Your model is ready")
    expect(reply).to_be_visible()
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
