"""What people do with a run beside deciding on it: go on from its end, see its log, share it, compare it with others.

Records through `Runs` and shows through Slack; does not decide who may: the policy does.
"""

import logging
import re
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import (
    ConversationFilter,
    ConversationSelectElement,
    InputBlock,
    PlainTextObject,
)
from slack_sdk.models.views import View

from bot.errors import StalePlan, UserError
from bot.intake.looking import STATUSES, Compare, Listing
from bot.models import Run
from bot.policy import Person
from bot.states import RunStatus
from handlers.desk import Desk
from handlers.form import Forms
from handlers.logs import Logs
from handlers.views import act_buttons, answers, text
from handlers.views.buttons import Pressed, read_pressed
from handlers.views.compare import MOST, comparison, shared
from handlers.views.fields import settled
from handlers.views.messages import Message

log = logging.getLogger(__name__)

#: Runs that a list shows.
LISTED = 15
_WHERE = "where"
#: Codes of chat.postMessage that mean that we may not write there.
_CLOSED = frozenset({"not_in_channel", "channel_not_found", "is_archived", "restricted_action", "no_permission"})


class Acts:
    """What was asked for with a button or a command about runs."""

    def __init__(self, desk: Desk, client: WebClient, logs: Logs, *, team_id: str) -> None:
        self._desk = desk
        self._client = client
        self._logs = logs
        self._team_id = team_id

    def again(self, pressed: Pressed, user: str) -> None:
        """Ask for the new run that the button names."""
        self._desk.runs.again(run_id=pressed.run, key=pressed.choice, person=self._person(user))
        self._desk.wake()

    def log(self, pressed: Pressed, user: str) -> None:
        """Put the log into the run's thread."""
        self._desk.runs.policy.check_member(self._person(user))
        self._logs.send(self._desk.runs.find(pressed.run, channel=""))

    def share_form(self, pressed: Pressed, user: str) -> View:
        """Ask where to.

        Raises:
            NotAllowed: neither requester nor approver.
            StalePlan: the run did not succeed.
        """
        self._shareable(pressed, user)
        return View(
            type="modal",
            callback_id=act_buttons.SHARE_FORM,
            private_metadata=pressed.model_dump_json(),
            title=PlainTextObject(text="Share this model"),
            submit=PlainTextObject(text="Share"),
            close=PlainTextObject(text="Not now"),
            blocks=[
                InputBlock(
                    block_id=_WHERE,
                    label=PlainTextObject(text="Channel"),
                    hint=PlainTextObject(text="Its numbers and its address are posted there. Invite me first."),
                    element=ConversationSelectElement(
                        action_id=_WHERE,
                        filter=ConversationFilter(
                            include=["public", "private"],
                            exclude_external_shared_channels=True,
                            exclude_bot_users=True,
                        ),
                    ),
                )
            ],
        )

    def share(self, pressed: Pressed, user: str, channel: str) -> None:
        """Post the finished run in another channel.

        Raises:
            UserError: we cannot write there.
            NotAllowed: neither requester nor approver.
        """
        run = self._shareable(pressed, user)
        try:
            self._show(shared(run, user), channel=channel)
        except SlackApiError as error:
            if error.response.get("error") in _CLOSED:
                raise UserError("I cannot write in that channel.", "Invite me there, then share again.") from error
            raise

    def compare(self, wanted: Compare, user: str, channel: str) -> str:
        """Show runs side by side to whoever asks; returns what to answer beside it.

        Raises:
            UserError: a run is unknown here, or there are too few or too many.
        """
        if not 2 <= len(wanted.runs) <= MOST:
            raise UserError(
                f"I can put two to {MOST} runs side by side.", "Write it like `/finetune compare 7qk2m9xa b9qwen4u`."
            )
        person = self._person(user)
        runs = [self._desk.runs.find_for(person, name, channel=channel) for name in wanted.runs]
        self._show(comparison(runs), channel=channel, user=user)
        return ""

    def listing(self, wanted: Listing, user: str, channel: str) -> str:
        """The newest runs of this kind that this person may hear of here."""
        if wanted.unknown:
            raise UserError(
                f"I do not know the filter `{wanted.unknown[0]}`.",
                f"Use {', '.join(f'`{name}`' for name in STATUSES)} or `mine`, like `/finetune runs failed mine`.",
            )
        self._desk.runs.policy.check_member(self._person(user))
        newest = self._desk.store.recent(100, requester=user if wanted.mine else None, statuses=wanted.statuses)
        seen = [run for run in newest if run.requester == user or run.place.channel == channel]
        if not seen and wanted != Listing():
            return "No such runs here. `/finetune runs` lists the newest of every kind."
        return answers.status_list(seen[:LISTED]) if seen else self._desk.examples.fit(answers.status_list(()))

    def _shareable(self, pressed: Pressed, user: str) -> Run:
        run = self._desk.runs.find(pressed.run, channel="")
        self._desk.runs.policy.check_share(self._person(user), run)
        if run.status is not RunStatus.SUCCEEDED or run.report is None:
            raise StalePlan(f"Run {run.short_id} has no model to share.", "Share it once it is done.")
        return run

    def _show(self, message: Message, *, channel: str, user: str | None = None) -> None:
        """Post it, for one person only where `user` is given; without charts where the workspace refuses them."""
        store = self._desk.store
        forms = [message.blocks, message.classic] if message.classic else [message.blocks]
        if len(forms) > 1 and store.refuses_charts(self._team_id):
            del forms[0]
        for number, form in enumerate(forms, start=1):
            try:
                if user:
                    self._client.chat_postEphemeral(channel=channel, user=user, text=message.text, blocks=form)
                else:
                    self._client.chat_postMessage(channel=channel, text=message.text, blocks=form, unfurl_links=False)
            except SlackApiError as error:
                if number == len(forms) or "blocks" not in str(error.response.get("error")):
                    raise
                log.warning("workspace %s takes no charts", self._team_id)
                continue
            if number > 1:
                store.charts_refused(self._team_id)
            return

    def _person(self, user: str) -> Person:
        return self._desk.people.person(user)


def register(app: App, acts: Acts, forms: Forms) -> None:
    @app.action(re.compile(rf"^{re.escape(act_buttons.AGAIN)}\.\d$"))
    def again(ack: Ack, action: dict[str, Any], body: dict[str, Any]) -> None:
        acts.again(read_pressed(action["value"]), body["user"]["id"])
        ack()

    @app.action(act_buttons.DUPLICATE)
    def duplicate(ack: Ack, action: dict[str, Any], body: dict[str, Any], client: WebClient) -> None:
        run = forms.desk.runs.find(read_pressed(action["value"]).run, channel="")
        note = f"Filled in with the plan of run {text.code(run.short_id)}. Sending this makes a new run."
        asked = settled(run.plan) if run.plan else run.request
        place = run.place.model_copy(update={"thread_ts": None})
        asked = asked.model_copy(update={"output_repo": None, "plan_only": None, "text": ""})
        forms.open_filled(client, body["trigger_id"], body["user"]["id"], place, asked, note)
        ack()

    @app.action(act_buttons.LOGS)
    def show_log(ack: Ack, action: dict[str, Any], body: dict[str, Any]) -> None:
        acts.log(read_pressed(action["value"]), body["user"]["id"])
        ack()

    @app.action(act_buttons.SHARE)
    def open_share(ack: Ack, action: dict[str, Any], body: dict[str, Any], client: WebClient) -> None:
        form = acts.share_form(read_pressed(action["value"]), body["user"]["id"])
        client.views_open(trigger_id=body["trigger_id"], view=form)
        ack()

    @app.view(act_buttons.SHARE_FORM)
    def share(ack: Ack, body: dict[str, Any], view: dict[str, Any]) -> None:
        channel = view["state"]["values"][_WHERE][_WHERE]["selected_conversation"]
        acts.share(read_pressed(view["private_metadata"]), body["user"]["id"], channel)
        ack()
