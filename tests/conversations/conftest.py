"""One local Slack for all conversations; each has its own bot, database and thread."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from slack_bolt import App, BoltRequest, BoltResponse

from tests.bot_slack import BotSlack
from tests.conversations.driver import Conversation


class Doorman:
    """The one web server's app: hands what Slack sends to the bot of the test that runs."""

    def __init__(self) -> None:
        self.app: App | None = None

    def dispatch(self, request: BoltRequest) -> BoltResponse:
        assert self.app is not None, "Slack speaks to no bot"
        return self.app.dispatch(request)


@pytest.fixture(scope="package")
def doorman() -> Doorman:
    return Doorman()


@pytest.fixture(scope="package")
def slack(doorman: Doorman) -> Iterator[BotSlack]:
    with BotSlack() as local, local.listening(cast(App, doorman), "http"):
        yield local


@pytest.fixture
def talk(slack: BotSlack, doorman: Doorman, tmp_path: Path) -> Iterator[Conversation]:
    conversation = Conversation(slack, tmp_path)
    doorman.app = conversation.app
    yield conversation
    conversation.store.close()
