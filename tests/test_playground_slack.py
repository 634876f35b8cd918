"""The local Slack's Web API, asked by the unmodified slack_sdk."""

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.playground.driver import as_text
from tests.local_slack import PLAN, LocalSlack, button, text

HERE = "C0FINETUNE"


@pytest.fixture(scope="module")
def slack() -> Iterator[LocalSlack]:
    with LocalSlack() as slack:
        yield slack


@pytest.fixture
def client(slack: LocalSlack) -> WebClient:
    return slack.client()


def refusal(call: Any, **arguments: Any) -> str:
    """The error that Slack answers."""
    with pytest.raises(SlackApiError) as caught:
        call(**arguments)
    return str(caught.value.response["error"])


def test_a_token_says_who_the_bot_is(client: WebClient) -> None:
    who = client.auth_test()
    assert (who["team_id"], who["user_id"], who["bot_id"], who["user"]) == ("T0TUNE", "U0FTBOT", "B0FTBOT", "tunesmith")


@pytest.mark.parametrize(
    ("token", "error"),
    [("xoxb-wrong", "invalid_auth"), ("", "not_authed"), ("xapp-playground", "not_allowed_token_type")],
)
def test_a_wrong_token_is_refused(slack: LocalSlack, token: str, error: str) -> None:
    assert refusal(slack.client(token).auth_test) == error


def test_a_scope_that_the_manifest_lacks_is_named() -> None:
    with LocalSlack({"oauth_config": {"scopes": {"bot": ["chat:write", "commands"]}}}) as slack:
        with pytest.raises(SlackApiError) as caught:
            slack.client().reactions_add(channel=HERE, timestamp="1.1", name="eyes")
        answer = caught.value.response
        assert (answer["error"], answer["needed"]) == ("missing_scope", "reactions:write")
        assert answer["provided"] == "chat:write,commands"
        assert slack.client().auth_test().headers["x-oauth-scopes"] == "chat:write,commands"


@pytest.mark.parametrize("encoding", ["form", "json"])
def test_a_message_is_posted_from_form_fields_and_from_json(client: WebClient, encoding: str) -> None:
    message = {"channel": HERE, "text": "hello", "blocks": PLAN}
    if encoding == "json":
        answer = client.api_call("chat.postMessage", json=message)
    else:
        answer = client.api_call("chat.postMessage", data=message | {"blocks": json.dumps(PLAN)})
    stored = answer["message"]
    assert (stored["text"], stored["user"], stored["bot_id"]) == ("hello", "U0FTBOT", "B0FTBOT")
    assert [block["type"] for block in stored["blocks"]] == ["header", "section", "actions"]
    assert all(block["block_id"] for block in stored["blocks"])


def test_metadata_is_kept_and_shown_only_when_asked_for(client: WebClient) -> None:
    metadata = {"event_type": "run_card", "event_payload": {"key": "card"}}
    ts = client.chat_postMessage(channel=HERE, text="card", metadata=metadata)["ts"]
    client.chat_update(channel=HERE, ts=ts, text="card, changed")

    plain = client.conversations_replies(channel=HERE, ts=ts)["messages"][0]
    full = client.conversations_replies(channel=HERE, ts=ts, include_all_metadata=True)["messages"][0]
    assert "metadata" not in plain
    assert (full["metadata"], full["text"]) == (metadata, "card, changed")

    client.chat_update(channel=HERE, ts=ts, text="card", metadata={})
    full = client.conversations_history(channel=HERE, include_all_metadata=True)["messages"][0]
    assert "metadata" not in full


def test_an_update_without_blocks_drops_the_blocks(client: WebClient) -> None:
    ts = client.chat_postMessage(channel=HERE, text="plan", blocks=PLAN)["ts"]
    assert "blocks" not in client.chat_update(channel=HERE, ts=ts, text="no plan")["message"]


def test_a_thread_has_its_replies_in_order_and_its_parent_counts_them(client: WebClient) -> None:
    ts = client.chat_postMessage(channel=HERE, text="parent")["ts"]
    for words in ("one", "two", "three"):
        client.chat_postMessage(channel=HERE, text=words, thread_ts=ts)
    client.chat_postMessage(channel=HERE, text="told to all", thread_ts=ts, reply_broadcast=True)

    first = client.conversations_replies(channel=HERE, ts=ts, limit=2)
    assert [m["text"] for m in first["messages"]] == ["parent", "one", "two"]
    assert first["messages"][0]["reply_count"] == 4
    second = client.conversations_replies(
        channel=HERE, ts=ts, limit=2, cursor=first["response_metadata"]["next_cursor"]
    )
    assert [m["text"] for m in second["messages"]] == ["parent", "three", "told to all"]
    assert not second["has_more"]
    shown = [m["text"] for m in client.conversations_history(channel=HERE, limit=2)["messages"]]
    assert shown == ["told to all", "parent"]


def test_each_mistake_gets_slacks_own_word(client: WebClient, slack: LocalSlack) -> None:
    mine = client.chat_postMessage(channel=HERE, text="mine")["ts"]
    theirs = slack.visitor.say("U0ASKER", HERE, "theirs")
    reply = client.chat_postMessage(channel=HERE, text="reply", thread_ts=mine)["ts"]
    post, update = client.chat_postMessage, client.chat_update
    assert refusal(post, channel="C404", text="x") == "channel_not_found"
    assert refusal(post, channel="C0GENERAL", text="x") == "not_in_channel"
    assert refusal(client.api_call, api_method="chat.postMessage", json={"channel": HERE}) == "no_text"
    assert refusal(post, channel=HERE, text="x", thread_ts="1.1") == "thread_not_found"
    assert refusal(post, channel=HERE, text="x", thread_ts=reply) == "cannot_reply_to_message"
    assert refusal(update, channel=HERE, ts="1.1", text="x") == "message_not_found"
    assert refusal(update, channel=HERE, ts=theirs, text="x") == "cant_update_message"
    assert refusal(update, channel=HERE, ts=mine, text="x" * 4001) == "msg_too_long"
    assert refusal(client.conversations_replies, channel=HERE, ts="1.1") == "thread_not_found"
    assert refusal(client.chat_postEphemeral, channel="C0GENERAL", user="U0ASKER", text="x") == "not_in_channel"
    assert refusal(client.users_info, user="U404") == "user_not_found"
    assert refusal(client.api_call, api_method="chat.nonsense") == "unknown_method"
    assert client.conversations_replies(channel=HERE, ts=mine)["messages"][0]["text"] == "mine"


SECTION = {"type": "section", "text": text("x")}


@pytest.mark.parametrize(
    ("blocks", "problem"),
    [
        ([SECTION] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
        ([{"type": "section", "text": text("x" * 3001)}], "must be less than 3001 characters"),
        ([{"type": "section", "text": text("")}], "must be more than 0 characters"),
        ([{"type": "section"}], "missing required field: text or fields"),
        ([{"type": "section", "fields": [text("x" * 2001)]}], "[json-pointer:/blocks/0/fields/0/text]"),
        ([{"type": "header", "text": text("x", "mrkdwn")}], "must be plain_text [json-pointer:/blocks/0/text/type]"),
        ([{"type": "paragraph"}], "unsupported type: paragraph"),
        ([{"type": "actions", "elements": [button("a", "x" * 76)]}], "must be less than 76 characters"),
        ([{"type": "actions", "elements": [button("a", "A"), button("a", "B")]}], "already exists"),
        ([{"type": "actions", "elements": [button("a", "A", colour="red")]}], "invalid additional property: colour"),
        ([{"type": "actions", "elements": [button(f"b{n}", "B") for n in range(26)]}], "no more than 25 items"),
        ([SECTION | {"block_id": "b"}, SECTION | {"block_id": "b"}], "duplicate block_id"),
        (
            [{"type": "actions", "elements": [{"type": "conversations_select", "initial_channel": "C1"}]}],
            "invalid additional property: initial_channel",
        ),
        (
            [{"type": "actions", "elements": [{"type": "external_select", "initial_option": {"text": text("x")}}]}],
            "missing required field: value",
        ),
    ],
)
def test_a_block_that_slack_would_refuse_fails_the_whole_message(
    client: WebClient, blocks: list[Any], problem: str
) -> None:
    before = len(client.conversations_history(channel=HERE, limit=1000)["messages"])
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=HERE, text="x", blocks=blocks)
    assert caught.value.response["error"] == "invalid_blocks"
    assert problem in " ".join(caught.value.response["response_metadata"]["messages"])
    assert len(client.conversations_history(channel=HERE, limit=1000)["messages"]) == before


def test_a_line_chart_needs_a_point_for_each_category(client: WebClient) -> None:
    def chart(*labels: str) -> dict[str, Any]:
        data = [{"label": label, "value": 1.5} for label in labels]
        axes = {"categories": ["1", "2"], "x_label": "step"}
        inside = {"type": "line", "series": [{"name": "loss", "data": data}], "axis_config": axes}
        return {"type": "data_visualization", "title": "Loss", "chart": inside}

    assert client.chat_postMessage(channel=HERE, text="x", blocks=[chart("1", "2")])["ok"]
    assert refusal(client.chat_postMessage, channel=HERE, text="x", blocks=[chart("1")]) == "invalid_blocks"
    assert refusal(client.chat_postMessage, channel=HERE, text="x", blocks=[chart("1", "2")] * 3) == "invalid_blocks"


def test_too_many_messages_a_second_are_told_to_wait() -> None:
    with LocalSlack(rate_limits=True) as slack:
        client = slack.client()
        client.chat_postMessage(channel=HERE, text="first")
        with pytest.raises(SlackApiError) as caught:
            client.chat_postMessage(channel=HERE, text="second")
        assert (caught.value.response.status_code, caught.value.response["error"]) == (429, "ratelimited")
        time.sleep(int(caught.value.response.headers["Retry-After"]))
        ts = client.chat_postMessage(channel=HERE, text="third")["ts"]
        for number in range(50):
            client.chat_update(channel=HERE, ts=ts, text=str(number))
        assert refusal(client.chat_update, channel=HERE, ts=ts, text="51") == "ratelimited"
        assert [m["text"] for m in slack.visitor.messages(HERE)] == ["first", "49"]


def test_a_dropped_answer_leaves_the_message_posted(slack: LocalSlack) -> None:
    fault = {"path": "chat.postMessage", "kind": "drop_after"}
    urlopen(Request(f"{slack.url}/_faults", json.dumps(fault).encode(), {"Content-Type": "application/json"})).close()
    client = WebClient("xoxb-playground", base_url=f"{slack.url}/api/", retry_handlers=[])
    with pytest.raises(ConnectionError):
        client.chat_postMessage(channel=HERE, text="did it arrive?")
    assert slack.visitor.messages(HERE)[-1]["text"] == "did it arrive?"


def test_a_file_lands_in_the_thread(client: WebClient, slack: LocalSlack) -> None:
    ts = client.chat_postMessage(channel=HERE, text="parent")["ts"]
    client.files_upload_v2(
        content="import trl\n", filename="train.py", channel=HERE, thread_ts=ts, initial_comment="The script"
    )
    reply = slack.visitor.messages(HERE, ts)[1]
    assert (reply["text"], reply["files"][0]["name"], reply["files"][0]["size"]) == ("The script", "train.py", 11)
    with urlopen(reply["files"][0]["url_private"]) as answer:
        assert answer.read() == b"import trl\n"


def test_one_person_alone_sees_an_ephemeral(client: WebClient, slack: LocalSlack) -> None:
    client.chat_postEphemeral(channel=HERE, user="U0LEAD", text="psst")
    assert slack.visitor.ephemerals("U0LEAD")[-1]["text"] == "psst"
    assert slack.visitor.ephemerals("U0ASKER") == []
    assert "psst" not in [m["text"] for m in slack.visitor.messages(HERE)]


def test_what_is_whispered_in_a_thread_without_a_reply_is_seen_by_nobody(client: WebClient, slack: LocalSlack) -> None:
    ts = client.chat_postMessage(channel=HERE, text="parent")["ts"]
    assert client.chat_postEphemeral(channel=HERE, user="U0LEAD", text="lost", thread_ts=ts)["message_ts"]
    client.chat_postMessage(channel=HERE, text="reply", thread_ts=ts)
    client.chat_postEphemeral(channel=HERE, user="U0LEAD", text="seen", thread_ts=ts)
    texts = [message["text"] for message in slack.visitor.ephemerals("U0LEAD")]
    assert "seen" in texts
    assert "lost" not in texts


def test_people_and_places_are_described(client: WebClient) -> None:
    assert client.users_info(user="U0GUEST")["user"]["is_restricted"]
    assert client.conversations_open(users="U0LEAD")["channel"]["id"] == "D0LEAD"
    assert client.conversations_info(channel="C0GENERAL")["channel"]["is_member"] is False
    assert client.usergroups_users_list(usergroup="S0APPROVERS")["users"] == ["U0LEAD"]
    ts = client.chat_postMessage(channel="U0LEAD", text="direct")["ts"]
    link = client.chat_getPermalink(channel="D0LEAD", message_ts=ts)["permalink"]
    assert link.endswith(f"/archives/D0LEAD/p{ts.replace('.', '')}")


def test_a_foreign_web_site_cannot_act_through_a_visitors_browser(slack: LocalSlack) -> None:
    headers = {"Content-Type": "application/json", "Origin": "https://evil.example"}
    body = json.dumps({"user": "U0LEAD", "channel": HERE, "text": "pwned"}).encode()
    with pytest.raises(HTTPError) as caught:
        urlopen(Request(f"{slack.url}/_slack/say", body, headers))
    assert caught.value.code == 403
    caught.value.close()
    assert "pwned" not in [m["text"] for m in slack.visitor.messages(HERE)]


def test_a_thread_reads_as_plain_text() -> None:
    message = {"ts": "0.0", "user": "U0FTBOT", "text": "fallback", "blocks": PLAN}
    said = {"ts": "61.5", "user": "U0ASKER", "text": "<@U0FTBOT> 2 &lt; 3, see <http://a.co|a.co>"}
    assert as_text([message, said]) == (
        "tunesmith  00:00:00\n  # Train a toy\n  *tiny* on `toys`, at most $1\n  [Approve]  [Reject]\n\n"
        "Research engineer  00:01:01\n  @tunesmith 2 < 3, see a.co (http://a.co)"
    )
