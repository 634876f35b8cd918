"""Settings: wrong ones fail at once, all together, each with what to do."""

import pytest

from bot.errors import UserError
from bot.settings import HubSettings, Settings, read_settings

GOOD = {"slack_bot_token": "xoxb-1", "slack_app_token": "xapp-1", "hf_token": "hf_1"}


@pytest.fixture(autouse=True)
def _clean(monkeypatch, tmp_path):
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_least_that_is_needed_is_two_tokens_and_a_way_in():
    settings = read_settings(Settings, **GOOD)
    assert settings.socket_mode
    assert settings.database.startswith("sqlite:///")
    assert "xoxb-1" not in repr(settings), "tokens never show"


def test_a_signing_secret_alone_means_http():
    assert not read_settings(Settings, **(GOOD | {"slack_app_token": "", "slack_signing_secret": "s"})).socket_mode


def test_everything_wrong_is_named_at_once_with_what_to_do(monkeypatch):
    monkeypatch.setenv("SLACK_BOT_TOKEN", "hello")
    monkeypatch.setenv("DATABASE_URL", "mysql://x")
    monkeypatch.setenv("APPROVERS", "U012AB3CD, somebody")
    monkeypatch.setenv("PORT", "99999")
    with pytest.raises(UserError) as caught:
        read_settings(Settings)
    said = caught.value.problem
    assert "SLACK_BOT_TOKEN does not start with xoxb-. Copy the Bot User OAuth Token" in said
    assert "HF_TOKEN is not set. Create a token" in said
    assert "DATABASE_URL is neither a SQLite nor a PostgreSQL address. Use sqlite:///" in said
    assert "APPROVERS holds 'somebody', which is no Slack user id" in said
    assert "PORT" in said
    assert "hello" not in said, "a value may be a secret in the wrong place"


def test_no_way_in_is_told_by_both_names():
    with pytest.raises(UserError, match="SLACK_APP_TOKEN is not set, and neither is SLACK_SIGNING_SECRET"):
        read_settings(Settings, slack_bot_token="xoxb-1", hf_token="hf_1")


def test_approvers_are_read_from_a_list_in_words(monkeypatch):
    monkeypatch.setenv("APPROVERS", "U012AB3CD, W0LEAD")
    assert read_settings(Settings, **GOOD).approvers == ("U012AB3CD", "W0LEAD")


def test_a_plan_needs_only_the_hubs_settings():
    assert read_settings(HubSettings, hf_token="hf_1").max_ceiling_usd == 200
