"""What people do with a run beside deciding on it: go on from its end, see its log, share it, compare it with others.

Records through `Runs` and shows through Slack; does not decide who may: the policy does.
"""

import logging
import re
from collections.abc import Callable
from typing import Any

from slack_bolt import Ack, App, Respond
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import (
    ConversationFilter,
    ConversationSelectElement,
    InputBlock,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
)
from slack_sdk.models.views import View

from bot.errors import StalePlan, UserError
from bot.intake.looking import STATUSES, Compare, Listing
from bot.models import Run
from bot.policy import Person
from bot.states import RunStatus
from bot.successors import Begun
from handlers.desk import Desk
from handlers.form import Forms
from handlers.logs import Logs
from handlers.views import act_buttons, answers, text
from handlers.views.buttons import Pressed, read_pressed
from handlers.views.compare import MOST, comparison, shared
from handlers.views.fields import settled
from handlers.views.messages import Message
from handlers.wire import UNREACHABLE, Late, Wire, code_of, is_rate_limit

log = logging.getLogger(__name__)

#: Runs that a list shows.
LISTED = 15
_WHERE = "where"


class Acts:
    """What was asked for with a button or a command about runs."""

    def __init__(self, desk: Desk, client: WebClient, logs: Logs, *, team_id: str) -> None:
        self._desk = desk
        self._client = client
        self._logs = logs
        self._team_id = team_id
        self._wire = Wire(desk.store.now)

    def again(self, pressed: Pressed, user: str) -> str:
        """Ask for the new run that the button names; returns what to tell whoever pressed it."""
        return self._told(
            self._desk.successors.again(run_id=pressed.run, key=pressed.choice, person=self._person(user))
        )

    def move(self, pressed: Pressed, user: str) -> str:
        """Stop the job that waits and ask for a plan on the hardware that the button names; returns what to tell."""
        return self._told(
            self._desk.successors.move(run_id=pressed.run, choice=pressed.choice, person=self._person(user))
        )

    def _told(self, begun: Begun) -> str:
        self._desk.wake()
        return "" if begun.is_new else self._desk.planned_already(begun.run)

    def log(self, pressed: Pressed, user: str) -> str:
        """Put the log into the run's thread; returns what to tell whoever asked for it."""
        self._desk.runs.policy.check_member(self._person(user))
        run = self._desk.runs.get(pressed.run)
        return "" if self._logs.send(run) else answers.log_is_there(run)

    def share_form(self, pressed: Pressed, user: str) -> View:
        """Ask where to.

        Raises:
            NotAllowed: neither requester nor approver.
            StalePlan: the run did not succeed.
        """
        run = self._shareable(pressed, user)
        assert run.plan is not None
        note = SectionBlock(text=MarkdownTextObject(text=act_buttons.private_note(run.plan), verbatim=True))
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
                ),
                *([note] if run.plan.private else []),
            ],
        )

    def share(self, pressed: Pressed, user: str, channel: str, *, view_id: str) -> None:
        """Post the finished run in another channel, once for each form.

        Raises:
            UserError: we cannot write there.
            NotAllowed: neither requester nor approver.
        """
        run = self._shareable(pressed, user)
        store, name = self._desk.store, f"share:{view_id}"
        if not store.remember(name):
            return
        try:
            self._show(shared(run, user), channel=channel)
        except Late as error:
            raise UserError(
                "Slack did not say whether that was posted.", "Look there, and press Share once more if it was not."
            ) from error
        except SlackApiError as error:
            store.forget(name)  # a refusal: nothing was posted, and the form stays open for another channel
            if code_of(error) in UNREACHABLE:
                raise UserError("I cannot write in that channel.", "Invite me there, then share again.") from error
            if is_rate_limit(error):
                raise UserError(
                    "Slack takes no more posts for now, so nothing was shared.", "Press Share again in a minute."
                ) from error
            raise

    def compare(
        self,
        wanted: Compare,
        user: str,
        channel: str,
        *,
        thread_ts: str | None = None,
        whispered_in: str | None = None,
        alone: bool = False,
    ) -> str:
        """Show runs side by side to whoever asks; returns what to answer beside it.

        In a thread everybody reads it, unless a run lives in another channel: then only they do, in `whispered_in`.
        `alone`: nobody else reads there.

        Raises:
            UserError: a run is unknown here, there are too few or too many, or Slack does not take it there or now.
        """
        if not 2 <= len(wanted.runs) <= MOST:
            raise UserError(
                f"Name two to {MOST} runs, and I put them side by side.",
                "Write it like `/finetune compare 7qk2m9xa b9qwen4u`; `/finetune runs` lists them with their names.",
            )
        person = self._person(user)
        runs = [self._desk.runs.find_for(person, name, channel=channel) for name in wanted.runs]
        shared_here = thread_ts is not None and all(run.place.channel == channel for run in runs)
        only = None if alone or shared_here else user
        try:
            self._show(comparison(runs), channel=channel, user=only, thread_ts=whispered_in if only else thread_ts)
        except (Late, SlackApiError) as error:
            if isinstance(error, SlackApiError) and code_of(error) in UNREACHABLE:
                raise UserError(
                    "I cannot write here, so I cannot show the runs.", "Invite me, or ask me in a direct message."
                ) from error
            if isinstance(error, SlackApiError) and not is_rate_limit(error):
                raise
            raise UserError("Slack did not take the comparison.", "Ask again in a minute.") from error
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
        if wanted.statuses == STATUSES["waiting"]:  # a price that was asked for waits for nobody
            seen = [run for run in seen if not run.request.plan_only]
        if not seen and wanted != Listing():
            return "No such runs here. `/finetune runs` lists the newest of every kind."
        told = answers.status_list(seen[:LISTED], self._desk.workspace_url)
        return told if seen else self._desk.examples.fit(told)

    def _shareable(self, pressed: Pressed, user: str) -> Run:
        run = self._desk.runs.find(pressed.run, channel="")
        self._desk.runs.policy.check_share(self._person(user), run)
        if run.status is not RunStatus.SUCCEEDED or run.report is None:
            raise StalePlan(f"Run {run.short_id} has no model to share.", "Share it once it is done.")
        return run

    def _show(self, message: Message, *, channel: str, user: str | None = None, thread_ts: str | None = None) -> None:
        """Post it, for one person only where `user` is given; without charts where the workspace refuses them.

        Raises:
            SlackApiError: Slack refuses: nothing was posted.
            Late: it may have been posted.
        """
        store = self._desk.store
        forms = [message.blocks, message.classic] if message.classic else [message.blocks]
        if len(forms) > 1 and store.refuses_charts(self._team_id):
            del forms[0]
        method = "chat.postEphemeral" if user else "chat.postMessage"
        call: Callable[..., Any] = self._client.chat_postEphemeral if user else self._client.chat_postMessage
        where: dict[str, Any] = {"channel": channel, "thread_ts": thread_ts, "user": user}
        where |= {} if user else {"unfurl_links": False}
        for number, form in enumerate(forms, start=1):
            try:
                self._wire.call(method, call, text=message.text, blocks=form, **where)
            except SlackApiError as error:
                if number == len(forms) or "blocks" not in code_of(error):
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
    def again(ack: Ack, action: dict[str, Any], body: dict[str, Any], respond: Respond) -> None:
        _tell(respond, acts.again(read_pressed(action["value"]), body["user"]["id"]))
        ack()

    @app.action(re.compile(rf"^{re.escape(act_buttons.MOVE)}\.\d$"))
    def move(ack: Ack, action: dict[str, Any], body: dict[str, Any], respond: Respond) -> None:
        _tell(respond, acts.move(read_pressed(action["value"]), body["user"]["id"]))
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
    def show_log(ack: Ack, action: dict[str, Any], body: dict[str, Any], respond: Respond) -> None:
        _tell(respond, acts.log(read_pressed(action["value"]), body["user"]["id"]))
        ack()

    @app.action(act_buttons.SHARE)
    def open_share(ack: Ack, action: dict[str, Any], body: dict[str, Any], client: WebClient) -> None:
        form = acts.share_form(read_pressed(action["value"]), body["user"]["id"])
        client.views_open(trigger_id=body["trigger_id"], view=form)
        ack()

    @app.view(act_buttons.SHARE_FORM)
    def share(ack: Ack, body: dict[str, Any], view: dict[str, Any]) -> None:
        channel = view["state"]["values"][_WHERE][_WHERE]["selected_conversation"]
        acts.share(read_pressed(view["private_metadata"]), body["user"]["id"], channel, view_id=view["id"])
        ack()


def _tell(respond: Respond, words: str) -> None:
    """Tell whoever pressed a button, and nobody else; "": the thread says it."""
    if words:
        respond(text=words, response_type="ephemeral", replace_original=False)
