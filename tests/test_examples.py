"""What beginners are shown exists on the Hub that the bot speaks to."""

import pytest

from bot.demo import EXAMPLES
from bot.errors import Unclear
from bot.hub import HfHub
from bot.intake import help_text, parse
from bot.intake.commands import NewRequest
from bot.models import Examples, TrainingRequest
from bot.planning import FALLBACK_FLAVORS
from bot.policy import Policy
from bot.propose import Proposer
from bot.settings import HubSettings, read_settings
from tests.builders import TEAM
from tests.fakes import FakeHub
from tests.local_hub import LocalHub


def test_the_demo_shows_what_its_own_hub_has(tmp_path):
    with LocalHub(tmp_path) as local:
        hub = HfHub(endpoint=local.url, viewer_url=local.url, token="hf_playground")
        assert hub.model(EXAMPLES.model).repo_id == EXAMPLES.model
        assert hub.dataset(EXAMPLES.dataset, None, None).rows


def test_help_fits_the_hub_and_stays_a_request():
    page = "\n".join(help_text().lines)
    fitted = EXAMPLES.fit(page)
    assert Examples().model in page
    assert Examples().model not in fitted
    assert f"/finetune {EXAMPLES.request}, 2 epochs, under $5" in fitted
    command = parse(f"/finetune {EXAMPLES.request}")
    assert isinstance(command, NewRequest)
    assert (command.request.model, command.request.dataset) == (EXAMPLES.model, EXAMPLES.dataset)


def test_settings_name_the_examples(monkeypatch):
    monkeypatch.setenv("EXAMPLE_MODEL", "me/tiny")
    assert read_settings(HubSettings, hf_token="hf_1").examples == Examples(model="me/tiny")


def test_a_question_shows_them():
    proposer = Proposer(FakeHub(), lambda: FALLBACK_FLAVORS, Policy(team_id=TEAM), examples=EXAMPLES)
    with pytest.raises(Unclear) as question:
        proposer.propose(TrainingRequest(model=EXAMPLES.model))
    assert question.value.fix == f"Answer here with its name on the Hub, such as {EXAMPLES.dataset}."
