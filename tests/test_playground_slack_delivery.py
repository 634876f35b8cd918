"""What the local Slack sends to an app: a real Bolt app over Socket Mode and over signed HTTP."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from slack_sdk.errors import SlackApiError

from bot.playground.driver import Visitor
from tests.local_slack import FORM, LocalSlack, Toy

HERE = "C0FINETUNE"


class World:
    """A Slack, an app that listens, and somebody at the page."""

    def __init__(self, slack: LocalSlack, toy: Toy) -> None:
        self.slack = slack
        self.toy = toy
        self.visitor: Visitor = slack.visitor

    def plan(self) -> str:
        """Ask for a plan; returns its ts."""
        before = len(self.visitor.messages(HERE))
        assert self.visitor.command("U0ASKER", HERE, "/train", "toys") is None
        self.visitor.wait_for(lambda: len(self.visitor.messages(HERE)) > before)
        return str(self.visitor.messages(HERE)[-1]["ts"])

    def fresh(self) -> "World":
        """Forget what earlier tests did."""
        self.visitor.settings(redeliver_every_event=False)
        for user in ("U0ASKER", "U0LEAD", "U0GUEST"):
            for view in self.visitor.views(user):
                self.visitor.close(user, view["id"])
            for message in self.visitor.ephemerals(user):
                self.visitor.act("dismiss", user=user, ts=message["ts"])
        self.visitor.wait_for(lambda: not self.visitor.deliveries()["under_way"])
        self.toy.seen.clear()
        return self


@pytest.fixture(scope="module", params=["socket", "http"])
def shared(request: pytest.FixtureRequest) -> Iterator[World]:
    with LocalSlack(retry_delays_s=(0.05, 0.1)) as slack:
        toy = Toy(slack)
        if request.param == "socket":
            with toy.over_socket():
                yield World(slack, toy)
        else:
            with toy.over_http() as url:
                slack.visitor.settings(delivery="http", request_url=url)
                assert slack.visitor.act("verify") == {"ok": True}
                yield World(slack, toy)


@pytest.fixture
def world(shared: World) -> World:
    """The same tests over both ways in."""
    return shared.fresh()


@pytest.fixture(scope="module")
def hasty() -> Iterator[World]:
    with LocalSlack(retry_delays_s=(0.05, 0.1), ack_timeout_s=0.5, trigger_s=0.3) as slack:
        toy = Toy(slack)
        with toy.over_socket():
            yield World(slack, toy)


@pytest.fixture
def socket_world(hasty: World) -> World:
    """Over Socket Mode, with little patience."""
    return hasty.fresh()


def test_the_ack_of_a_command_is_seen_by_whoever_typed_it(world: World) -> None:
    message = world.visitor.command("U0ASKER", HERE, "/train", "help")
    assert message is not None
    assert (message["text"], message["is_ephemeral"]) == ("Say *what* to train.", True)
    sent = world.toy.seen[-1]
    assert (sent["command"], sent["text"], sent["user_id"], sent["channel_id"]) == ("/train", "help", "U0ASKER", HERE)
    assert sent["response_url"].startswith(world.slack.url)
    assert "thread_ts" not in sent


def test_a_click_changes_the_message_and_thanks_the_clicker_alone(world: World) -> None:
    ts = world.plan()
    assert world.visitor.click("U0LEAD", ts, "yes") == {"ok": True}
    world.visitor.wait_for(lambda: world.visitor.ephemerals("U0LEAD"))
    assert world.visitor.messages(HERE)[-1]["text"] == ":tada: approved by <@U0LEAD>"
    assert [m["text"] for m in world.visitor.ephemerals("U0LEAD")] == ["Thank you."]
    assert world.visitor.ephemerals("U0ASKER") == []
    body = world.toy.events("block_actions")[0]
    assert body["user"] == {"id": "U0LEAD", "username": "lead", "name": "lead", "team_id": "T0TUNE"}
    assert body["container"] == {"type": "message", "message_ts": ts, "channel_id": HERE, "is_ephemeral": False}
    assert (body["actions"][0]["action_id"], body["actions"][0]["value"]) == ("yes", "7")
    assert body["team"]["id"] == "T0TUNE"


def test_a_button_that_is_gone_cannot_be_clicked(world: World) -> None:
    ts = world.plan()
    world.visitor.click("U0LEAD", ts, "yes")
    world.visitor.wait_for(lambda: "blocks" not in world.visitor.messages(HERE)[-1])
    with pytest.raises(LookupError):
        world.visitor.click("U0LEAD", ts, "yes")


def test_a_modal_asks_again_until_its_answers_are_fit(world: World) -> None:
    world.visitor.click("U0LEAD", world.plan(), "no")
    view = world.visitor.wait_for(lambda: world.visitor.views("U0LEAD"))[0]
    assert world.visitor.views("U0ASKER") == []

    unanswered = world.visitor.submit("U0LEAD", view["id"], {})
    assert unanswered["errors"] == {"why": "Please complete this required field."}
    assert world.toy.events("view_submission") == []

    refused = world.visitor.submit("U0LEAD", view["id"], {"why": "no"})
    assert refused["errors"] == {"why": "At least five letters, please."}

    found = world.visitor.options("U0LEAD", "model", "tiny", view_id=view["id"])
    option = found["option_groups"][0]["options"][1]
    assert (option["text"]["text"], option["value"]) == ("tiny-2", "m2")
    assert world.visitor.submit("U0LEAD", view["id"], {"why": "too dear", "model": option}) == {"ok": True}
    world.visitor.wait_for(lambda: world.visitor.messages(HERE)[-1]["text"] == "Rejected: too dear, rather m2")
    assert world.visitor.views("U0LEAD") == []
    sent = world.toy.events("view_submission")[-1]["view"]
    assert (sent["private_metadata"], sent["callback_id"], sent["team_id"]) == ("7", "why", "T0TUNE")


def test_options_that_slack_would_not_show_are_refused(world: World) -> None:
    world.visitor.click("U0LEAD", world.plan(), "no")
    view = world.visitor.wait_for(lambda: world.visitor.views("U0LEAD"))[0]
    answer = world.visitor.options("U0LEAD", "model", "x" * 75, view_id=view["id"])
    assert (answer["ok"], answer["error"]) == (False, "invalid_options")
    assert answer["problems"][0].startswith("[ERROR] must be less than 76 characters")
    asked = world.toy.events("block_suggestion")[0]
    assert (asked["action_id"], asked["value"], asked["view"]["id"]) == ("model", "x" * 75, view["id"])
    assert asked["container"] == {"type": "view", "view_id": view["id"]}


def test_closing_a_modal_is_told_when_it_asked_for_it(world: World) -> None:
    world.visitor.click("U0LEAD", world.plan(), "no")
    view = world.visitor.wait_for(lambda: world.visitor.views("U0LEAD"))[0]
    world.visitor.close("U0LEAD", view["id"])
    assert world.visitor.views("U0LEAD") == []
    assert world.toy.events("view_closed")[0]["is_cleared"] is False


def test_a_mention_arrives_as_a_message_and_as_a_mention(world: World) -> None:
    ts = world.visitor.say("U0ASKER", HERE, "@tunesmith train huggingface.co/x & y < z")
    world.visitor.wait_for(lambda: world.toy.events("app_mention") and world.toy.events("message"))
    mention, message = world.toy.events("app_mention")[0], world.toy.events("message")[0]
    words = "<@U0FTBOT> train <http://huggingface.co/x|huggingface.co/x> &amp; y &lt; z"
    assert mention["event"]["text"] == message["event"]["text"] == words
    assert mention["event"]["ts"] == message["event"]["ts"] == ts
    assert mention["event_id"] != message["event_id"]
    assert message["event"]["channel_type"] == "channel"


def test_a_mention_where_the_app_is_not_is_only_a_hint_for_the_writer(world: World) -> None:
    world.visitor.say("U0ASKER", "C0GENERAL", "@tunesmith hello")
    assert "/invite @tunesmith" in world.visitor.ephemerals("U0ASKER")[-1]["text"]
    world.visitor.command("U0ASKER", "C0GENERAL", "/invite", "@tunesmith")
    world.visitor.say("U0ASKER", "C0GENERAL", "@tunesmith now?")
    world.visitor.wait_for(lambda: world.toy.events("app_mention"))
    assert [body["event"]["text"] for body in world.toy.events("app_mention")] == ["<@U0FTBOT> now?"]


def test_home_and_shortcuts_reach_the_app(world: World) -> None:
    world.visitor.open_home("U0GUEST")
    home = world.visitor.wait_for(lambda: world.visitor.home("U0GUEST"))
    assert home["blocks"][0]["text"]["text"] == "No runs yet."
    assert world.visitor.home("U0LEAD") is None
    ts = world.visitor.say("U0ASKER", HERE, "train on this")
    assert world.visitor.shortcut("U0ASKER", "train_form") == {"ok": True}
    assert world.visitor.shortcut("U0ASKER", "train_message", channel=HERE, ts=ts) == {"ok": True}
    assert world.toy.events("message_action")[0]["message"]["text"] == "train on this"


def test_an_event_that_is_not_acknowledged_comes_again_with_its_number(socket_world: World) -> None:
    socket_world.toy.delays = [0.8, 0.8]
    socket_world.visitor.say("U0ASKER", HERE, "hello")
    socket_world.visitor.wait_for(lambda: len(socket_world.toy.events("message")) == 3)
    seen = socket_world.toy.events("message")
    assert [body["retry"] for body in seen] == ["0", "1", "2"]
    assert len({body["event_id"] for body in seen}) == 1
    log = [d for d in socket_world.visitor.deliveries()["deliveries"] if d["type"] == "message"]
    assert [d["reason"] for d in log][-3:-1] == ["", "http_timeout"]


def test_every_event_can_be_sent_twice(world: World) -> None:
    world.visitor.settings(redeliver_every_event=True)
    world.visitor.say("U0ASKER", HERE, "hello")
    world.visitor.wait_for(lambda: len(world.toy.events("message")) == 2)
    first, second = world.toy.events("message")
    assert first["event_id"] == second["event_id"]
    assert second["retry"] == "1"


def test_an_event_while_nobody_listens_is_tried_again() -> None:
    with LocalSlack(retry_delays_s=(0.2, 0.5, 1.0, 2.0)) as slack:
        toy = Toy(slack)
        slack.visitor.say("U0ASKER", HERE, "hello?")
        with toy.over_socket():
            slack.visitor.wait_for(lambda: toy.events("message"))
        assert toy.events("message")[0]["event"]["text"] == "hello?"


def test_two_connections_share_the_work() -> None:
    with LocalSlack() as slack:
        first, second = Toy(slack), Toy(slack)
        with first.over_socket(), second.over_socket():
            assert slack.visitor.deliveries()["connections"] == 2
            for _ in range(4):
                slack.visitor.command("U0ASKER", HERE, "/train", "help")
        assert (len(first.seen), len(second.seen)) == (2, 2)


@pytest.mark.parametrize(("listening", "error"), [(True, "operation_timeout"), (False, "dispatch_failed")])
def test_a_command_that_is_not_acknowledged_says_so(listening: bool, error: str) -> None:
    with LocalSlack(ack_timeout_s=0.3) as slack:
        toy = Toy(slack)
        if listening:
            toy.delays = [0.6]
            with toy.over_socket():
                message = slack.visitor.command("U0ASKER", HERE, "/train", "help")
        else:
            message = slack.visitor.command("U0ASKER", HERE, "/train", "help")
        assert message is not None
        assert message["text"] == f"/train failed with the error `{error}`"


def test_an_unknown_command_never_reaches_the_app(world: World) -> None:
    message = world.visitor.command("U0ASKER", HERE, "/fly", "away")
    assert message is not None
    assert message["text"].startswith("`/fly` is not a valid command")
    assert [body for body in world.toy.seen if "command" in body] == []


def test_a_trigger_works_once_and_not_for_long(socket_world: World) -> None:
    client = socket_world.slack.client()

    def refusal(trigger: str) -> str:
        with pytest.raises(SlackApiError) as caught:
            client.views_open(trigger_id=trigger, view=FORM)
        return str(caught.value.response["error"])

    assert refusal("1.2.3") == "invalid_trigger_id"
    socket_world.visitor.shortcut("U0ASKER", "train_form")
    trigger = socket_world.toy.events("shortcut")[0]["trigger_id"]
    assert client.views_open(trigger_id=trigger, view=FORM)["view"]["root_view_id"]
    assert refusal(trigger) == "exchanged_trigger_id"
    socket_world.toy.delays = [0.4]
    socket_world.visitor.shortcut("U0ASKER", "train_form")
    assert refusal(socket_world.toy.events("shortcut")[1]["trigger_id"]) == "expired_trigger_id"


def test_a_response_url_works_five_times(socket_world: World) -> None:
    socket_world.visitor.command("U0ASKER", HERE, "/train", "help")
    url = socket_world.toy.seen[-1]["response_url"]

    def answer(words: str) -> dict[str, Any]:
        body = json.dumps({"text": words}).encode()
        try:
            with urlopen(Request(url, body, {"Content-Type": "application/json"})) as response:
                return dict(json.loads(response.read()))
        except HTTPError as error:
            with error:
                return dict(json.loads(error.read()))

    assert [answer(str(number))["ok"] for number in range(5)] == [True] * 5
    assert answer("sixth") == {"ok": False, "error": "used_url"}
    assert [m["text"] for m in socket_world.visitor.ephemerals("U0ASKER")][1:] == ["0", "1", "2", "3", "4"]


def test_the_app_reconnects_when_it_is_told_to_and_when_it_is_cut_off(socket_world: World) -> None:
    visitor = socket_world.visitor
    for reason in ("refresh_requested", "drop"):
        opened = visitor.deliveries()["calls"]["apps.connections.open"]
        assert visitor.disconnect(reason)["connections"] >= 1
        visitor.wait_for(lambda opened=opened: visitor.deliveries()["calls"]["apps.connections.open"] > opened, 20)
        visitor.wait_for(lambda: visitor.deliveries()["connections"])
        # slack_sdk reads from its new connection only once the old one has ended
        visitor.wait_for(lambda: "Say" in str(visitor.command("U0ASKER", HERE, "/train", "help")), 20)


def test_a_request_with_a_wrong_signature_is_refused_by_bolt() -> None:
    with LocalSlack() as slack:
        toy = Toy(slack)
        with toy.over_http() as url:
            headers = {
                "X-Slack-Request-Timestamp": "1",
                "X-Slack-Signature": "v0=0",
                "Content-Type": "application/json",
            }
            with pytest.raises(HTTPError) as caught:
                urlopen(Request(url, b"{}", headers))
            assert caught.value.code == 401
            caught.value.close()
