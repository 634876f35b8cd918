"""The page that looks like Slack, used in a real browser with a real Bolt app behind it."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser import needs_browser, open_page
from tests.local_slack import PLAN, LocalSlack, Toy

pytestmark = needs_browser


@pytest.fixture(scope="module")
def slack() -> Iterator[LocalSlack]:
    with LocalSlack() as slack, Toy(slack).over_socket():
        yield slack


@pytest.fixture
def page(slack: LocalSlack) -> Iterator[Page]:
    with open_page(slack.url) as page:
        yield page


def test_one_asks_another_approves(page: Page) -> None:
    composer = page.get_by_test_id("composer")
    composer.fill("/tr")
    expect(page.get_by_role("listbox", name="Suggestions")).to_contain_text("[WHAT]")
    composer.fill("/train toys")
    composer.press("Enter")
    page.locator("[data-action-id=yes]").wait_for()
    expect(composer).to_have_value("")

    page.get_by_test_id("user-switcher").select_option("U0LEAD")
    page.locator("[data-action-id=yes]").click()
    page.get_by_text("approved by").wait_for()
    expect(page.locator("article .mention")).to_have_text("@Team lead")
    page.get_by_text("Only visible to you").wait_for()
    page.get_by_test_id("user-switcher").select_option("U0ASKER")
    expect(page.get_by_text("Only visible to you")).to_have_count(0)
    expect(page.get_by_text("approved by")).to_be_visible()


def test_a_modal_shows_what_is_wrong_under_the_field(page: Page) -> None:
    page.get_by_test_id("composer").fill("/train toys")
    page.get_by_test_id("send").click()
    page.locator("[data-action-id=no]").last.click()
    modal = page.get_by_test_id("modal")
    modal.locator("[data-action-id=why]").fill("no")
    page.get_by_test_id("modal-submit").click()
    modal.get_by_text("At least five letters, please.").wait_for()
    expect(modal.locator("[data-action-id=why]")).to_have_value("no")

    modal.locator("[data-action-id=why]").fill("too dear")
    modal.locator("[data-action-id=model]").click()
    page.keyboard.type("tiny")
    page.get_by_role("option", name="tiny-2").click()
    page.get_by_test_id("modal-submit").click()
    page.get_by_text("Rejected: too dear, rather m2").wait_for()
    expect(modal).to_have_count(0)


def test_what_the_app_says_cannot_become_markup(page: Page, slack: LocalSlack) -> None:
    evil = "<script>alert(1)</script> <img src=x onerror=alert(1)> &lt;!channel&gt; <javascript:alert(1)|click>"
    ts = slack.client().chat_postMessage(channel="C0FINETUNE", text=f"{evil} <!channel> *bold* `code`")["ts"]
    message = page.get_by_test_id(f"message-{ts}")
    message.wait_for()
    said = message.locator(".body").inner_text()
    assert said == evil.replace("&lt;", "<").replace("&gt;", ">") + " @channel bold code"
    assert message.locator(".body").locator("script, img, a").count() == 0
    assert (message.locator("b").last.inner_text(), message.locator("code").inner_text()) == ("bold", "code")


def test_a_thread_has_its_own_composer_that_takes_no_commands(page: Page, slack: LocalSlack) -> None:
    ts = slack.client().chat_postMessage(channel="C0FINETUNE", text="parent")["ts"]
    slack.client().chat_postMessage(channel="C0FINETUNE", text="first answer", thread_ts=ts)
    page.get_by_test_id(f"thread-{ts}").click()
    composer = page.get_by_test_id("thread-composer")
    composer.fill("/train toys")
    composer.press("Enter")
    page.get_by_text("/train is not supported in threads. Sorry!").wait_for()
    composer.fill("two\nlines")
    composer.press("Enter")
    page.get_by_role("complementary").get_by_text("2 replies").wait_for()
    assert [m["text"] for m in slack.visitor.messages("C0FINETUNE", ts)] == ["parent", "first answer", "two\nlines"]


def test_the_home_tab_opens(page: Page) -> None:
    page.get_by_test_id("app-tunesmith").click()
    page.get_by_text("No runs yet.").wait_for()
    page.get_by_test_id("tab-messages").click()
    page.get_by_test_id("composer").wait_for()


def fill(slack: LocalSlack, count: int, **more: str) -> None:
    for number in range(count):
        slack.client().chat_postMessage(channel="C0FINETUNE", text=f"line {number}", **more)


def test_whoever_reads_further_up_is_told_of_new_replies_and_not_moved(page: Page, slack: LocalSlack) -> None:
    client = slack.client()
    ts = client.chat_postMessage(channel="C0FINETUNE", text="a long thread")["ts"]
    fill(slack, 30, thread_ts=ts)
    page.get_by_test_id(f"thread-{ts}").click()
    thread = page.get_by_role("complementary")
    log, pill = thread.get_by_role("log"), page.get_by_test_id("new-replies")
    expect(thread.get_by_text("line 29")).to_be_in_viewport()

    log.evaluate("log => log.scrollTo(0, 0)")
    fill(slack, 2, thread_ts=ts)
    expect(pill).to_have_text("2 new replies")
    assert log.evaluate("log => log.scrollTop") == 0
    pill.click()
    expect(pill).to_be_hidden()
    last = client.chat_postMessage(channel="C0FINETUNE", text="the end", thread_ts=ts)["ts"]
    expect(thread.get_by_test_id(f"message-{last}")).to_be_in_viewport()
    expect(pill).to_be_hidden()

    log.evaluate("log => log.scrollTo(0, 0)")
    page.get_by_test_id("thread-composer").fill("mine")
    page.get_by_test_id("thread-send").click()
    expect(thread.get_by_role("log").get_by_text("mine")).to_be_in_viewport()


def test_the_last_row_stays_above_the_composer_while_it_grows(page: Page, slack: LocalSlack) -> None:
    fill(slack, 30)
    last = slack.client().chat_postMessage(channel="C0FINETUNE", text="the last row")["ts"]
    row = page.get_by_test_id(f"message-{last}")
    expect(row).to_be_in_viewport(ratio=1)
    page.get_by_test_id("composer").fill("\n".join(f"typed {number}" for number in range(10)))
    box = "row => [row.getBoundingClientRect().bottom, document.querySelector('.composer').getBoundingClientRect().top]"
    above = f"row => {{ const [end, top] = ({box})(row); return end <= top; }}"
    page.wait_for_function(above, arg=row.element_handle())


def test_a_long_answer_is_shown_from_its_beginning_and_says_that_more_is_below(page: Page, slack: LocalSlack) -> None:
    fill(slack, 30)
    expect(page.get_by_text("line 29").last).to_be_in_viewport()
    long = "the beginning\n" + "\n".join(f"row {number}" for number in range(80))
    slack.client().chat_postEphemeral(channel="C0FINETUNE", user="U0ASKER", text=long)
    pill = page.get_by_test_id("new-messages")
    expect(pill).to_have_text("More below")
    expect(page.get_by_text("Only visible to you").last).to_be_in_viewport()
    pill.click()
    expect(pill).to_be_hidden()
    expect(page.get_by_role("button", name="Dismiss message").last).to_be_in_viewport()


def test_a_day_inside_a_sentence_is_written_small(page: Page, slack: LocalSlack) -> None:
    soon = int(time.time()) + 5
    words = f"It expires <!date^{soon}^{{date_short_pretty}} {{time}}|soon>."
    ts = slack.client().chat_postMessage(channel="C0FINETUNE", text=words)["ts"]
    expect(page.get_by_test_id(f"message-{ts}").locator(".body")).to_contain_text("It expires to")


def test_a_form_that_nobody_knows_any_more_says_so_and_closes(page: Page, slack: LocalSlack) -> None:
    page.get_by_test_id("composer").fill("/train toys")
    page.get_by_test_id("send").click()
    page.locator("[data-action-id=no]").last.click()
    modal = page.get_by_test_id("modal")
    modal.locator("[data-action-id=why]").fill("too late")
    slack.forget_views()
    page.get_by_test_id("modal-submit").click()
    expect(modal.get_by_role("alert")).to_have_text(
        "This window is no longer open for the app. Close it and begin again."
    )
    expect(modal.locator("[data-action-id=why]")).to_have_value("too late")
    page.get_by_test_id("modal-close").click()
    expect(modal).to_have_count(0)


def test_a_phone_has_room_for_all_of_it(slack: LocalSlack) -> None:
    slack.client().chat_postMessage(channel="C0FINETUNE", text="plan", blocks=PLAN)
    with open_page(slack.url, width=375, height=740, has_touch=True) as page:
        page.get_by_test_id("menu").click()
        page.get_by_test_id("channel-general").click()
        expect(page.get_by_role("navigation", name="Channels")).to_be_hidden()
        page.get_by_test_id("menu").click()
        page.get_by_test_id("channel-finetuning").click()
        no = page.locator("[data-action-id=no]").last
        no.scroll_into_view_if_needed()
        no.tap()
        modal = page.get_by_test_id("modal")
        modal.locator("[data-action-id=why]").fill("not on a phone")
        for part in ("composer", "modal-submit"):
            box = page.get_by_test_id(part).bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 375
        assert page.evaluate("document.documentElement.scrollWidth") == 375
        page.get_by_test_id("modal-submit").tap()
        page.get_by_text("Rejected: not on a phone").wait_for()
        page.get_by_test_id("shortcuts").tap()
        page.get_by_role("menuitem", name="Train something").tap()
