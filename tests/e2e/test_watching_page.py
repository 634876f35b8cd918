"""How the thread looks while money burns and after, in a real browser; `--screenshots docs/images` keeps pictures."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bot.models import Alert, Machine, Run
from bot.models.job import Sample
from bot.planning import FALLBACK_FLAVORS, Limits, remedies
from bot.states import RunStatus
from tests.browser import needs_browser, open_page
from tests.builders import ASKER, LEAD, make_diagnosis, make_plan, make_report
from tests.shown_runs import ShownRuns, shown_runs

pytestmark = needs_browser
_S = RunStatus
#: Milliseconds.
SOON = 10_000


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ShownRuns]:
    with shown_runs(tmp_path) as world:
        yield world


@pytest.fixture
def page(world: ShownRuns) -> Iterator[Page]:
    with open_page(world.slack.url, width=1440, height=1000) as page:
        yield page


@pytest.fixture
def shoot(request: pytest.FixtureRequest, page: Page):
    """Take a picture when pictures are wanted."""
    folder: Path | None = request.config.getoption("--screenshots")

    def take(name: str) -> None:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=folder / f"{name}.png")

    return take


def open_thread(page: Page, run: Run) -> None:
    page.get_by_test_id(f"thread-{run.place.thread_ts}").click()
    expect(page.locator("aside")).to_be_visible(timeout=SOON)


def test_a_running_card_has_its_curve_and_an_alert_its_stop_button(world: ShownRuns, page: Page, shoot) -> None:
    late = Alert(kind="late", at=world.clock(), text="At this pace the time limit comes first.")
    machine = Machine(at=world.clock(), busy_percent=96.0, used_gib=12.3, total_gib=22.5)
    run = world.run(_S.RUNNING, alerts=(late,), machine=machine)
    card = page.get_by_test_id(f"message-{run.place.thread_ts}")
    expect(card.locator("figure.chart svg")).to_be_visible(timeout=SOON)
    expect(card).to_contain_text("96 % busy")
    shoot("running")
    open_thread(page, run)
    alert = page.locator("aside").get_by_text("At this pace the time limit comes first.")
    expect(alert).to_be_visible(timeout=SOON)
    expect(page.locator("aside [data-action-id='finetune.cancel']").last).to_be_visible()
    alert.scroll_into_view_if_needed()
    shoot("alert")


def test_out_of_memory_shows_the_ladder_and_one_click_asks_for_a_plan(world: ShownRuns, page: Page, shoot) -> None:
    ladder = remedies("cuda_oom", make_plan(), FALLBACK_FLAVORS, Limits(max_ceiling_usd=200))
    run = world.run(_S.FAILED, diagnosis=make_diagnosis(remedies=ladder))
    open_thread(page, run)
    step = page.locator("aside").get_by_role("button", name=ladder[0].label)
    expect(step).to_be_visible(timeout=SOON)
    step.scroll_into_view_if_needed()
    shoot("out-of-memory")
    step.click()
    world.visitor.wait_for(lambda: len(world.store.recent(5)) == 2)
    assert world.store.recent(1)[0].parent.how == ladder[0].label


def test_a_finished_run_shows_curve_evaluation_and_answers(world: ShownRuns, page: Page, shoot) -> None:
    report = make_report(
        before={"eval_loss": 2.31},
        after={"eval_loss": 1.87},
        samples=(Sample(prompt="What is 2 + 2?", base="2 + 2 + 2 + 2", tuned="4"),),
        memory_gib={"gpu_reserved": 11.8},
    )
    run = world.run(_S.SUCCEEDED, report=report)
    card = page.get_by_test_id(f"message-{run.place.thread_ts}")
    expect(card.locator("figure.chart svg")).to_have_count(2, timeout=SOON)
    shoot("finished")
    open_thread(page, run)
    expect(page.locator("aside").get_by_text("“4”")).to_be_visible(timeout=SOON)


def test_where_charts_are_refused_the_curve_is_drawn_with_letters(world: ShownRuns, page: Page) -> None:
    world.visitor.settings(charts=False)
    run = world.run(_S.RUNNING)
    card = page.get_by_test_id(f"message-{run.place.thread_ts}")
    expect(card).to_contain_text("▇", timeout=SOON)
    expect(card.locator("figure.chart")).to_have_count(0)


def test_the_home_tab_and_a_comparison(world: ShownRuns, page: Page, shoot) -> None:
    done, failed = world.done(), world.run(_S.FAILED, diagnosis=make_diagnosis())
    world.run(_S.PROPOSED)
    page.get_by_test_id("user-switcher").select_option(LEAD)
    page.get_by_test_id("app-tunesmith").click()
    page.get_by_test_id("tab-home").click()
    expect(page.get_by_test_id("home")).to_contain_text("Waiting for your decision", timeout=SOON)
    expect(page.get_by_test_id("home")).to_contain_text("by everybody's")
    shoot("home-lead")
    world.command(f"compare {done.short_id} {failed.short_id}")
    page.get_by_test_id("user-switcher").select_option(ASKER)
    page.get_by_test_id("channel-finetuning").click()
    shown = page.get_by_text("Only visible to you").last
    expect(shown).to_be_visible(timeout=SOON)
    expect(page.locator("figure.chart").last).to_be_visible()
    page.locator("figure.chart").last.scroll_into_view_if_needed()
    shoot("compare")
