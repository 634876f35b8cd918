"""Mentions, replies in threads that the bot owns, and direct messages.

Leaves everything else alone at once: what is written in other threads is neither read nor kept.
"""

import re
from functools import partial
from typing import Any

from slack_bolt import App
from slack_sdk import WebClient

from bot.errors import UserError
from bot.intake import parse, phrases
from bot.intake.about import asked_about
from bot.intake.answers import is_put_off, loose_name, wants_advice
from bot.intake.commands import Approve, Command, Nothing, Reject, Revise
from bot.intake.own_data import speaks_of_own_data
from bot.intake.slack_text import SlackText, read_slack
from bot.intake.wonders import WISHES, is_asked_of_us
from bot.models import Place, Run
from bot.states import RunStatus
from handlers.desk import Desk
from handlers.edits import Edits, post
from handlers.elder import Elder
from handlers.heard import Heard, context_of, source_of
from handlers.looks import Looks
from handlers.owed import Owed
from handlers.second import SecondReader
from handlers.views import answers
from handlers.views.suggestions import asked_again

#: Kinds of message that a person writes; joins and the like are none.
_WRITTEN = (None, "thread_broadcast", "file_share")
#: Words that decide and mean nothing else: whoever writes them is answered even when there is nothing to decide.
_DECIDES = re.compile(r"(?i)^\W*(?:please |i )?(?:approve|reject|decline|deny)\b")


class Messages:
    """What people write, read once and answered."""

    def __init__(
        self,
        desk: Desk,
        looks: Looks,
        client: WebClient,
        *,
        team_id: str,
        bot_user_id: str,
        second: SecondReader | None,
    ) -> None:
        """`client` is the one that late answers are given with."""
        self._desk = desk
        self._looks = looks
        self._team_id = team_id
        self._bot = bot_user_id
        self._second = second
        self._mention = re.compile(rf"<@{re.escape(bot_user_id)}(\|[^>]*)?>")
        self._elder = Elder(desk.store, bot_user=bot_user_id)
        self.owed = Owed(desk.store, partial(self.heard, client=client, late=True))

    def heard(self, event: dict[str, Any], client: WebClient, *, late: bool = False) -> None:
        """Serve one message. `late`: Slack has its acknowledgement already, so that there is time."""
        words = event.get("text") or ""
        if event.get("subtype") not in _WRITTEN or event.get("bot_id") or not event.get("user"):
            return
        if event.get("edited"):  # a mention that an edit brought in: message_changed tells it, too
            return
        thread_ts = event.get("thread_ts")
        run = self._desk.store.by_thread(event["channel"], thread_ts) if thread_ts else None
        direct = event.get("channel_type") == "im"
        called = event["type"] == "app_mention" or self._mention.search(words) is not None
        if not (run or direct or called):
            return
        # In a direct message everything is said to the bot.
        spoken = f"<@{self._bot}> {words}" if direct and not (run or called) else words
        said = read_slack(words, bot_user=self._bot)
        heard = Heard(
            source_id=source_of(event["channel"], event["ts"]),
            place=Place(
                team_id=self._team_id,
                channel=event["channel"],
                # In a direct message the card begins its own thread, elsewhere it answers the message.
                thread_ts=thread_ts or (None if direct else event["ts"]),
            ),
            user=event["user"],
            ts=event["ts"],
            words=said.text,
            run=run,
            quiet=True,
        )
        if self._looks.answers(said, heard, client, aloud=called or direct):
            return
        context = context_of(run) if run else None
        command = parse(spoken, thread=context, bot_user=self._bot)
        if isinstance(command, Nothing):
            command = _out_of_turn(spoken, said, run, called=called, bot_user=self._bot)
        if run is not None and not (said.to_somebody or said.people):
            command, meant = self._elder.meant(command, spoken, said, run)
            heard = heard.model_copy(update={"run": meant})
            if told := self._elder.in_the_way(command, spoken, said, run):
                self._tell_once(client, heard, told)
                return
        if isinstance(command, Nothing) and self._is_reply(said, heard):
            name = self._named(said, heard, client)
            if name is None:
                return
            command = name
        involved = run is not None and self._desk.concerns(heard.user, run)
        if isinstance(command, Nothing) and not _is_answered(
            said, run, threaded=bool(thread_ts), called=called or direct, involved=involved
        ):
            return
        if self._second and (called or direct) and self._second.wants(words, command):
            if not late:
                if self.owed.note(heard.source_id, event):
                    self._second.later(partial(self.owed.answer, heard.source_id, event))
                return
            command = self._second.read(words, context) or command
        try:
            answer = self._desk.serve(command, heard)
        except UserError as error:
            if not late:
                raise
            # nobody else tells it
            _whisper(client, heard, answers.problem_text(error))
            return
        if answer:
            post(client, heard.place, answer)

    def _is_reply(self, said: SlackText, heard: Heard) -> bool:
        """Whether somebody who was asked replies to the bot's open question, be it with something that is no answer."""
        run = heard.run
        if run is None or run.question is None or run.status is not RunStatus.DRAFTING or run.needs_plan:
            return False
        if said.to_somebody or said.people or not self._desk.concerns(heard.user, run) or _is_thanks(said):
            return False
        if is_put_off(said.text):
            return False
        about = asked_about(said.text)
        return bool(said.text) and (about is None or about.topic in {"which_model", "own_data"})

    def _named(self, said: SlackText, heard: Heard, client: WebClient) -> Revise | None:
        """Read a reply as a name to look for; None: it is none, and was answered with what is asked."""
        assert heard.run is not None
        assert heard.run.question is not None
        question = heard.run.question
        if name := loose_name(said.text, question.field):
            return Revise(changes={question.field: name})
        told = asked_again(
            question,
            said.text,
            advice=wants_advice(said.text),
            own=speaks_of_own_data(said.text),
            examples=self._desk.examples,
        )
        self._tell_once(client, heard, told)
        return None

    def _tell_once(self, client: WebClient, heard: Heard, words: str) -> None:
        if self._desk.store.remember(heard.source_id):
            post(client, heard.place, words)


def register(app: App, messages: Messages, desk: Desk, *, team_id: str, bot_user_id: str) -> None:
    edits = Edits(desk, team_id=team_id, bot_user_id=bot_user_id)

    @app.event("app_mention")
    def mentioned(event: dict[str, Any], client: WebClient) -> None:
        messages.heard(event, client)

    @app.event("message")
    def message_event(event: dict[str, Any], client: WebClient) -> None:
        match event.get("subtype"):
            case "message_changed":
                edits.changed(event, client)
            case "message_deleted":
                edits.deleted(event, client)
            case _:
                messages.heard(event, client)


def _whisper(client: WebClient, heard: Heard, words: str) -> None:
    client.chat_postEphemeral(channel=heard.place.channel, user=heard.user, text=words, thread_ts=heard.whispered_in)


def _out_of_turn(spoken: str, said: SlackText, run: Run | None, *, called: bool, bot_user: str) -> Command:
    """Read a decision where no plan waits: whoever says "reject" to a job that trains must hear how to stop it."""
    if run is None or not (called or _DECIDES.match(said.text)):
        return Nothing()
    waiting = context_of(run).model_copy(update={"state": "awaiting_approval"})
    command = parse(spoken, thread=waiting, bot_user=bot_user)
    return command if isinstance(command, Approve | Reject) else Nothing()


def _is_answered(said: SlackText, run: Run | None, *, threaded: bool, called: bool, involved: bool) -> bool:
    """Whether words that are no request get an answer: questions about the run, and what is said to the bot.

    `involved`: whoever writes asked for the run or may decide on it.
    """
    if said.to_somebody or said.people:
        return False
    if run is not None and (about := asked_about(said.text)) and (involved or about.topic not in WISHES):
        return True
    if involved and is_asked_of_us(said.text):
        return True
    return called and not (threaded and _is_thanks(said))


def _is_thanks(said: SlackText) -> bool:
    return bool(said.text) and phrases.is_made_of(said.text.lower(), phrases.FILLERS, phrases.APPROVALS)
