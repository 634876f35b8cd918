"""Slack as the bot's HTTP side sees it: signed requests into the real Bolt app, and what comes back."""

import json
import time
from typing import Any
from urllib.parse import urlencode

from slack_bolt import BoltRequest, BoltResponse
from slack_sdk.signature import SignatureVerifier

from bot.models import Place, Run
from bot.playground.slack_state import SIGNING_SECRET
from bot.policy import Policy
from bot.ports import LanguageModel
from bot.runs import Runs
from bot.states import RunStatus
from handlers import build_app
from handlers.views.buttons import carried
from storage.store import Store
from tests.bot_slack import BotSlack
from tests.builders import ASKER, BOT, CHANNEL, LEAD, TEAM, make_plan, make_request, minutes
from tests.fakes import FakeClock
from tests.scripted_slack import ScriptedSlack

_S = RunStatus


class SignedSlack:
    """Sends what Slack sends, signed, and keeps what the bot answers."""

    def __init__(
        self,
        slack: BotSlack,
        store: Store,
        clock: FakeClock,
        answers: ScriptedSlack,
        *,
        language_model: LanguageModel | None = None,
        budget_usd: float | None = None,
    ) -> None:
        self.slack, self.store, self.clock, self.answers = slack, store, clock, answers
        self.wakes = 0
        self.sent = 0
        policy = Policy(
            team_id=TEAM, approvers=frozenset({LEAD}), self_approve_usd=1, monthly_budget_usd=budget_usd
        )  # fmt: skip
        self.runs = Runs(store, policy)
        self.app = build_app(
            client=slack.client(), runs=self.runs, store=store, wake=self.wake, clock=clock, team_id=TEAM,
            bot_user_id=BOT, signing_secret=SIGNING_SECRET, language_model=language_model,
            workspace_url=f"{slack.url}/",
        )  # fmt: skip

    def wake(self) -> None:
        self.wakes += 1

    def dispatch(self, body: str, kind: str, **headers: str) -> BoltResponse:
        at = str(int(time.time()))
        signed = {
            "content-type": kind,
            "x-slack-request-timestamp": at,
            "x-slack-signature": SignatureVerifier(SIGNING_SECRET).generate_signature(timestamp=at, body=body) or "",
        }
        return self.app.dispatch(BoltRequest(body=body, headers=signed | headers))

    def command(self, text: str, user: str = ASKER, team: str = TEAM, trigger: str = "", **more: str) -> str:
        """A slash command; returns the text of its ack."""
        self.sent += 1
        fields = {
            "command": "/finetune", "text": text, "user_id": user, "team_id": team, "channel_id": CHANNEL,
            "trigger_id": trigger or f"trigger{self.sent}", "response_url": self.answers.url,
        } | more  # fmt: skip
        answer = self.dispatch(urlencode(fields), "application/x-www-form-urlencoded")
        assert answer.status == 200
        if not answer.body:
            return ""
        said = json.loads(answer.body)
        assert said["response_type"] == "ephemeral"
        return str(said["text"])

    def interact(self, payload: dict[str, Any], user: str, team: str = TEAM) -> BoltResponse:
        payload = {
            "team": {"id": TEAM, "domain": "tunesmith"}, "user": {"id": user, "team_id": team}, "api_app_id": "A0TUNE",
            "token": "t", **payload,
        }  # fmt: skip
        return self.dispatch(urlencode({"payload": json.dumps(payload)}), "application/x-www-form-urlencoded")

    def click(self, action_id: str, value: str, user: str = LEAD, team: str = TEAM, trigger: str = "t1") -> str:
        """A click; returns what only the clicker was told."""
        before = len(self.answers.calls)
        payload = {
            "type": "block_actions", "trigger_id": trigger, "response_url": f"{self.answers.url}response",
            "channel": {"id": CHANNEL}, "message": {"ts": "1.2"}, "container": {"type": "message"},
            "actions": [{"type": "button", "action_id": action_id, "block_id": "b", "value": value}],
        }  # fmt: skip
        assert self.interact(payload, user, team).status == 200
        told = [arguments for _, arguments in self.answers.calls[before:]]
        assert all(one["response_type"] == "ephemeral" and one["replace_original"] is False for one in told)
        return "\n".join(one["text"] for one in told)

    def event(self, event: dict[str, Any], **headers: str) -> BoltResponse:
        self.sent += 1
        body = {
            "type": "event_callback", "team_id": TEAM, "api_app_id": "A0TUNE", "event_id": f"Ev{self.sent}",
            "authorizations": [{"team_id": TEAM, "user_id": BOT, "is_bot": True}], "event": event,
        }  # fmt: skip
        return self.dispatch(json.dumps(body), "application/json", **headers)

    def message(self, text: str, *, kind: str = "message", user: str = ASKER, ts: str = "", **more: Any) -> None:
        event = {
            "type": kind, "channel": CHANNEL, "channel_type": "channel", "user": user, "text": text,
            "ts": ts or f"1795510900.{self.sent:06}", "team": TEAM, **more,
        }  # fmt: skip
        assert self.event(event).status == 200

    def proposed(self, thread_ts: str | None = None, **plan: Any) -> Run:
        """A plan that waits, in a thread that shows it."""
        run = self.store.record_request(
            f"made:{len(self.store.recent(50))}",
            place=Place(team_id=TEAM, channel=CHANNEL, thread_ts=thread_ts),
            requester=ASKER,
            request=make_request(),
        )
        assert run is not None
        run = self.store.advance(
            run, _S.PROPOSED, actor="tunesmith", plan=make_plan(**plan), revision=1, needs_plan=False,
            next_check_at=self.clock() + minutes(60),
        )  # fmt: skip
        self.store.mark_shown(run.id, run.version)
        return run

    def all(self) -> list[Run]:
        return self.store.recent(50)


def submission(run: Run, reason: str | None) -> dict[str, Any]:
    return {
        "type": "view_submission",
        "view": {
            "type": "modal",
            "callback_id": "finetune.reject_form",
            "private_metadata": carried(run),
            "state": {"values": {"reason": {"reason": {"type": "plain_text_input", "value": reason}}}},
        },
    }
