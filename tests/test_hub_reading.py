"""The language model over HTTP: the real client against the local Hub, which also misbehaves."""

import time

import pytest

from bot.app import build_language_model
from bot.errors import HubRefusal, Transient, UserError
from bot.hub_reading import HubLanguageModel
from bot.intake.assisted import instructions, schema
from bot.playground.hub_access import TOKEN
from bot.settings import Settings, read_settings
from tests.local_hub import LocalHub

WORDS = "it would be lovely if tiny-qwen3 could speak like tiny-chat"


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with LocalHub(tmp_path_factory.mktemp("hub")) as local:
        yield local


def model(hub: LocalHub, *, timeout_s: float = 5.0, token: str = TOKEN) -> HubLanguageModel:
    return HubLanguageModel(name="acme/reader", url=hub.url, token=token, timeout_s=timeout_s)


def script(hub: LocalHub, **answer) -> None:
    hub.http.post("/_chat", json=[answer]).raise_for_status()


def test_the_model_is_asked_once_by_the_schema_and_its_text_comes_back(hub):
    answer = model(hub).complete(instructions(None), WORDS, schema())
    assert answer == '{"intent": "request", "model": "tiny-qwen3", "dataset": "tiny-chat"}'
    asked = hub.http.get("/_chat").json()[-1]
    assert (asked["model"], asked["temperature"]) == ("acme/reader", 0)
    assert [message["role"] for message in asked["messages"]] == ["system", "user"]
    assert asked["messages"][1]["content"] == WORDS
    assert "additionalProperties" in str(asked["response_format"])


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_server_in_trouble_is_no_answer(hub, status):
    script(hub, status=status)
    before = len(hub.http.get("/_chat").json())
    with pytest.raises(Transient):
        model(hub).complete("", WORDS, schema())
    assert len(hub.http.get("/_chat").json()) == before + 1, "one try"


def test_a_token_that_is_refused_is_a_refusal(hub):
    with pytest.raises(HubRefusal):
        model(hub, token="wrong").complete("", WORDS, schema())


@pytest.mark.parametrize("slow", [{"wait_s": 3.0}, {"content": "x" * 400, "drip_s": 0.02}], ids=["silence", "drip"])
def test_the_time_limit_counts_the_whole_answer(hub, slow):
    script(hub, **slow)
    began = time.monotonic()
    with pytest.raises(Transient):
        model(hub, timeout_s=0.5).complete("", WORDS, schema())
    assert time.monotonic() - began < 2


def test_an_answer_of_another_shape_is_no_answer(hub):
    hub.fault(path="/v1/chat/completions", kind="html")
    with pytest.raises(Transient):
        model(hub).complete("", WORDS, schema())


def settings(**changes) -> Settings:
    given = {"slack_bot_token": "xoxb-1", "slack_app_token": "xapp-1", "hf_token": "hf_secret"} | changes
    return read_settings(Settings, _env_file=None, **given)


def test_there_is_no_language_model_unless_one_is_named(hub):
    assert build_language_model(settings(reading_url=hub.url)) is None


def test_the_settings_name_the_model_and_the_server(hub):
    built = build_language_model(settings(reading_model="acme/reader", reading_url=hub.url, reading_token=TOKEN))
    assert built is not None
    assert "tiny-qwen3" in built.complete(instructions(None), WORDS, schema())


def test_the_token_of_the_hub_is_not_sent_to_another_server(hub):
    built = build_language_model(settings(reading_model="acme/reader", reading_url=hub.url, hf_token=TOKEN))
    assert built is not None
    with pytest.raises(HubRefusal):
        built.complete(instructions(None), WORDS, schema())


@pytest.mark.parametrize("wrong", [{"reading_url": "ftp://x"}, {"reading_timeout_s": 9}])
def test_wrong_settings_are_named(wrong):
    with pytest.raises(UserError, match=next(iter(wrong)).upper()):
        settings(**wrong)
