"""How the thread looks while money burns and after, in a real browser; `--screenshots docs/images` keeps pictures."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from bot.models import Alert, Machine, Point, Progress, Run
from bot.models.job import Sample
from bot.planning import FALLBACK_FLAVORS, Limits, remedies
from bot.states import RunStatus
from tests.browser import needs_browser, open_page
from tests.builders import ASKER, LEAD, make_diagnosis, make_plan, make_progress, make_report
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
    with open_page(world.slack.url, width=1440, height=1200) as page:
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


def falling(speed: float) -> Progress:
    """All steps of a run whose loss fell by so much a square root of a step."""
    points = tuple(Point(step=at, value=round(2.4 - speed * at**0.5, 4)) for at in range(10, 521, 10))
    return make_progress(step=525, saved_step=525, ended=True, points=points)


def show_whole(card: Locator) -> None:
    """Begin at the card's head: a picture shows as much of it as fits."""
    card.get_by_role("heading").first.evaluate("heading => heading.closest('article').scrollIntoView()")


def test_a_running_card_has_its_curve_and_an_alert_its_stop_button(world: ShownRuns, page: Page, shoot) -> None:
    words = "At this pace the training needs about 31 min more, and the job is stopped after 45 min."
    late = Alert(kind="late", at=world.clock(), text=words)
    machine = Machine(at=world.clock(), busy_percent=96.0, used_gib=12.3, total_gib=22.5)
    run = world.run(_S.RUNNING, alerts=(late,), machine=machine)
    card = page.get_by_test_id(f"message-{run.place.thread_ts}")
    expect(card.locator("figure.chart svg")).to_be_visible(timeout=SOON)
    expect(card).to_contain_text("96 % busy")
    show_whole(card)
    shoot("running")
    open_thread(page, run)
    alert = page.locator("aside").get_by_text(words)
    expect(alert).to_be_visible(timeout=SOON)
    expect(page.locator("aside [data-action-id='finetune.cancel']").last).to_be_visible()
    alert.scroll_into_view_if_needed()
    shoot("alert")


def test_out_of_memory_shows_the_ladder_and_one_click_asks_for_a_plan(world: ShownRuns, page: Page, shoot) -> None:
    ladder = remedies("cuda_oom", make_plan(), FALLBACK_FLAVORS, Limits(max_ceiling_usd=200))
    reached = make_progress(step=12, points=(Point(step=10, value=2.31),), saved_step=None)
    run = world.run(_S.FAILED, diagnosis=make_diagnosis(remedies=ladder), progress=reached)
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
    run = world.run(_S.SUCCEEDED, report=report, progress=falling(0.06), plan=make_plan(eval_rows=200))
    card = page.get_by_test_id(f"message-{run.place.thread_ts}")
    expect(card.locator("figure.chart svg")).to_have_count(2, timeout=SOON)
    expect(card).to_contain_text("It learned: on 200 rows that it did not train on, the loss fell from 2.31 to 1.87")
    page.set_viewport_size({"width": 1440, "height": 1400})
    show_whole(card)
    shoot("finished")
    open_thread(page, run)
    expect(page.locator("aside").get_by_text("“4”")).to_be_visible(timeout=SOON)


def test_where_charts_are_refused_the_curve_is_drawn_with_letters(world: ShownRuns, page: Page) -> None:
    world.visitor.settings(charts=False)
    run = world.run(_S.RUNNING)
    card = page.get_by_test_id(f"message-{run.place.thread_ts}")
    expect(card).to_contain_text("▇", timeout=SOON)
    expect(card.locator("figure.chart")).to_have_count(0)


def test_the_answer_to_ones_own_command_is_scrolled_to(world: ShownRuns, page: Page) -> None:
    first = world.run(_S.RUNNING)
    for _ in range(3):
        world.run(_S.PROPOSED)
    expect(page.locator("[data-action-id='finetune.approve']")).to_have_count(3, timeout=SOON)
    page.get_by_test_id(f"message-{first.place.thread_ts}").get_by_role("heading").evaluate("it => it.scrollIntoView()")
    composer = page.get_by_test_id("composer")
    composer.fill("/finetune help hardware")
    composer.press("Enter")
    answer = page.locator("article.ephemeral")
    expect(answer).to_contain_text("To rent on Hugging Face Jobs", timeout=SOON)
    expect(answer.get_by_text("Only visible to you")).to_be_in_viewport()


def test_the_home_tab_and_a_comparison(world: ShownRuns, page: Page, shoot) -> None:
    gentle = make_plan(output_repo="tunesmith-lab/gentle", arguments={"learning_rate": 1e-5})
    done = world.done(progress=falling(0.06))
    slower = world.done(progress=falling(0.035), plan=gentle)
    world.run(_S.PROPOSED)
    world.run(_S.RUNNING, user=LEAD)
    world.run(_S.FAILED, user=LEAD, diagnosis=make_diagnosis())
    page.get_by_test_id("user-switcher").select_option(LEAD)
    page.get_by_test_id("app-tunesmith").click()
    page.get_by_test_id("tab-home").click()
    expect(page.get_by_test_id("home")).to_contain_text("Waiting for your decision", timeout=SOON)
    expect(page.get_by_test_id("home")).to_contain_text("this month")
    page.set_viewport_size({"width": 1440, "height": 700})
    shoot("home-lead")
    page.set_viewport_size({"width": 1440, "height": 1200})
    world.command(f"compare {done.short_id} {slower.short_id}")
    page.get_by_test_id("user-switcher").select_option(ASKER)
    page.get_by_test_id("channel-finetuning").click()
    shown = page.get_by_text("Only visible to you").last
    expect(shown).to_be_visible(timeout=SOON)
    expect(page.locator("figure.chart").last).to_be_visible()
    page.locator("figure.chart").last.scroll_into_view_if_needed()
    shoot("compare")
