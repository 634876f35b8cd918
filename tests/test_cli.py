"""The command line, as a shell sees it, against the local Hub and the local Slack."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.doctor import Finding, _guarded
from bot.playground.hub_access import READ_ONLY_TOKEN, TOKEN
from tests.bot_slack import BotSlack
from tests.local_hub import LocalHub


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("hub")) as hub:
        yield hub


@pytest.fixture(scope="module")
def slack() -> Iterator[BotSlack]:
    with BotSlack() as slack:
        yield slack


@pytest.fixture
def settings(hub: LocalHub, slack: BotSlack, tmp_path: Path) -> dict[str, str]:
    return {
        "HF_ENDPOINT": hub.url,
        "DATASET_VIEWER_URL": hub.url,
        "HF_TOKEN": TOKEN,
        "SLACK_API_URL": slack.api_url,
        "SLACK_BOT_TOKEN": "xoxb-playground",
        "SLACK_APP_TOKEN": "xapp-playground",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'cli.db'}",
    }


def tunesmith(*arguments: str, cwd: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(cwd), **settings}
    command = [sys.executable, "-m", "bot", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=cwd, timeout=60)


def test_plan_prints_a_plan_and_spends_nothing(hub, settings, tmp_path):
    done = tunesmith("plan", "tiny-qwen3 on tiny-chat,", "2 epochs", cwd=tmp_path, **settings)
    assert done.returncode == 0, done.stderr
    for words in ("tunesmith-lab/tiny-qwen3", "tunesmith-lab/tiny-chat", "cpu-basic", "2"):
        assert words in done.stdout
    assert hub.http.get("/api/jobs/tunesmith-lab").json() == []


def test_plan_as_json_is_the_whole_plan(settings, tmp_path):
    done = tunesmith("plan", "--json", "tiny-qwen3 on tiny-math with grpo", cwd=tmp_path, **settings)
    plan = json.loads(done.stdout)
    assert plan["method"] == "grpo"
    assert plan["arguments"]["num_generations"] >= 2
    assert plan["ceiling_usd"] > 0
    assert plan["timeout_s"] > 0
    assert {"Tokens", "Memory", "Time", "Cost", "Sources"} <= {reason["title"] for reason in plan["why"]}


def test_plan_explains_itself_unless_it_is_told_to_be_short(settings, tmp_path):
    asked = "tiny-qwen3 on tiny-chat"
    long, short = (tunesmith("plan", *how, asked, cwd=tmp_path, **settings).stdout for how in ((), ("--short",)))
    assert "counted with the model's own tokenizer" in long
    assert "The first row as the trainer reads it\n  | <|im_start|>user" in short
    assert short == long[: long.index("Why this plan")]


def test_a_plan_needs_no_right_to_spend_and_says_what_is_missing(settings, tmp_path):
    done = tunesmith("plan", "tiny-qwen3 on tiny-chat", cwd=tmp_path, **(settings | {"HF_TOKEN": READ_ONLY_TOKEN}))
    assert done.returncode == 0, done.stderr
    assert (
        "WARNING The token of Tunesmith may not run jobs that tunesmith-lab pays for. It is a read token" in done.stdout
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nobody/nothing on tiny-chat", "nobody/nothing"),
        ("tiny-qwen3 on tunesmith-lab/tiny-images", "tiny-images"),
        ("hello there", "no request for a training run"),
        ("tiny-qwen3 on tiny-chat, -3 epochs", "-3"),
    ],
)
def test_what_cannot_be_planned_says_why_and_what_to_do(settings, tmp_path, text, said):
    done = tunesmith("plan", text, cwd=tmp_path, **settings)
    assert done.returncode == 1
    assert said in done.stderr
    assert "What to do:" in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_is_content_with_the_playground(settings, tmp_path):
    done = tunesmith("doctor", cwd=tmp_path, **settings)
    assert done.returncode == 0, done.stdout
    for what in ("settings", "database", "slack bot token", "slack scopes", "slack way in", "hub token", "hub rights"):
        assert f"ok   {what}:" in done.stdout
    assert "ok   reading model: none is set (READING_MODEL)" in done.stdout


@pytest.mark.parametrize(
    ("answer", "fine", "said"),
    [
        ({}, True, "ok   reading model: acme/reader answers as asked"),
        ({"content": "Sure! I read it."}, False, "FIX  reading model: acme/reader answers otherwise than asked"),
        ({"status": 503}, False, "FIX  reading model: "),
    ],
    ids=["reads", "chats", "is down"],
)
def test_doctor_has_the_reading_model_read_a_message(settings, tmp_path, hub, answer, fine, said):
    if answer:
        hub.http.post("/_chat", json=[answer]).raise_for_status()
    named = {"READING_MODEL": "acme/reader", "READING_URL": hub.url, "READING_TOKEN": TOKEN}
    done = tunesmith("doctor", cwd=tmp_path, **(settings | named))
    assert (done.returncode == 0) is fine, done.stdout
    assert said in done.stdout
    assert ("what to do" in done.stdout) is not fine


def test_doctor_names_every_wrong_thing_with_its_fix(settings, tmp_path):
    wrong = settings | {"SLACK_BOT_TOKEN": "xoxb-wrong", "HF_TOKEN": READ_ONLY_TOKEN, "HF_NAMESPACE": "elsewhere"}
    done = tunesmith("doctor", cwd=tmp_path, **wrong)
    assert done.returncode == 1
    assert "FIX  slack: Slack refuses SLACK_BOT_TOKEN (invalid_auth)." in done.stdout
    assert "FIX  hub wallet: the token is no member of elsewhere" in done.stdout
    assert done.stdout.count("what to do:") == 2
    assert "xoxb-wrong" not in done.stdout


def test_doctor_makes_and_changes_no_database(settings, tmp_path):
    done = tunesmith("doctor", cwd=tmp_path, **settings)
    assert "ok   database: the SQLite database does not exist yet: it is made at the next start" in done.stdout
    assert list(tmp_path.glob("cli.db*")) == []
    (tmp_path / "cli.db").write_text("this is a letter and no database\n" * 40)
    broken = tunesmith("doctor", cwd=tmp_path, **settings)
    assert broken.returncode == 1
    assert "FIX  database: The database cannot be opened: file is not a database." in broken.stdout
    assert "what to do: Set DATABASE_URL to a file that Tunesmith made, or to a new one." in broken.stdout


def test_doctor_turns_an_answer_that_makes_no_sense_into_a_finding(settings, slack, tmp_path):
    done = tunesmith("doctor", cwd=tmp_path, **(settings | {"HF_ENDPOINT": f"{slack.api_url}auth.test?x="}))
    assert done.returncode == 1
    assert "FIX  hub: the Hub's answer could not be read while asking whom the token belongs to" in done.stdout
    assert "ok   slack way in:" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_doctor_turns_what_nobody_foresaw_into_a_finding():
    def _disk(_: object) -> Iterator[Finding]:
        raise ZeroDivisionError
        yield

    (finding,) = _guarded(_disk, None)  # type: ignore[arg-type]  # it looks at nothing
    assert (finding.what, finding.ok) == ("disk", False)
    assert finding.seen == "this look ended in an unforeseen ZeroDivisionError"


def test_doctor_without_settings_lists_what_to_set(tmp_path):
    done = tunesmith("doctor", cwd=tmp_path)
    assert done.returncode == 1
    assert "HF_TOKEN is not set" in done.stdout
    assert "SLACK_BOT_TOKEN is not set" in done.stdout


def test_run_with_a_wrong_token_ends_with_one_clear_sentence(settings, tmp_path):
    done = tunesmith("run", cwd=tmp_path, **(settings | {"SLACK_BOT_TOKEN": "xoxb-wrong"}))
    assert done.returncode == 1
    assert "Slack refuses SLACK_BOT_TOKEN (invalid_auth)." in done.stderr
    assert "Traceback" not in done.stderr


def test_the_real_hub_needs_a_token(tmp_path):
    done = tunesmith("demo", "--hub", "real", "--headless", cwd=tmp_path)
    assert done.returncode == 1
    assert "Set HF_TOKEN" in done.stderr
