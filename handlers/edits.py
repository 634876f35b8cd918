"""Messages that were edited or deleted after they had an effect.

An edit is taken as the corrected words while nobody has decided and nothing was said since; it never decides anything.
A deletion withdraws a request that is nobody else's and not decided yet; it never stops a job. Why: docs/decisions.md.
"""

from collections.abc import Callable
from typing import Any

from slack_sdk import WebClient

from bot.errors import UserError
from bot.intake import parse
from bot.intake.commands import Approve, Cancel, Command, NewRequest, Nothing, Refusal, Reject, Revise, ThreadContext
from bot.intake.slack_text import read_slack
from bot.models import Place, Plan, Run, TrainingRequest, Value
from bot.runs import Correction, corrected
from bot.states import RunStatus
from handlers.desk import Desk
from handlers.heard import Heard, context_of, source_of
from handlers.views import answers
from storage.store import REVISABLE

#: Between the id of a message and the time of its edit.
_EDIT = "#"


class Edit(Value):
    """One edit of a person's message."""

    channel: str
    ts: str
    #: The thread that it stands in; None: it stands in the channel.
    thread_ts: str | None
    user: str
    old: str
    new: str
    #: Both as Slack delivers them.
    raw_old: str
    raw_new: str
    #: When it was edited, in Slack's time; the same for a redelivery.
    at: str
    direct: bool

    @property
    def source_id(self) -> str:
        """The id under which the message itself was served."""
        return source_of(self.channel, self.ts)

    def place(self, team_id: str) -> Place:
        """Where it is answered, and where a run of it would live."""
        thread_ts = self.thread_ts or (None if self.direct else self.ts)
        return Place(team_id=team_id, channel=self.channel, thread_ts=thread_ts)

    def says_something_else(self, bot: str) -> bool:
        """False where Slack only put a preview below a link, or where nothing but marks changed."""
        return (self.old, _calls(self.raw_old, bot)) != (self.new, _calls(self.raw_new, bot))

    @property
    def id(self) -> str:
        """Names this edit, and the message that it belongs to."""
        return f"{self.source_id}{_EDIT}{self.at}"


class Edits:
    """What edits and deletions of people's messages do."""

    def __init__(self, desk: Desk, *, team_id: str, bot_user_id: str) -> None:
        self._desk = desk
        self._team_id = team_id
        self._bot = bot_user_id

    # --- edits

    def changed(self, event: dict[str, Any], client: WebClient) -> None:
        """Serve a message_changed event.

        Raises:
            UserError: the edit changes nothing; told once for each message.
        """
        message = event.get("message") or {}
        if message.get("subtype") == "tombstone":  # what stays of a deleted message that has replies
            self.deleted({**event, "deleted_ts": message.get("ts")}, client)
            return
        edit = self._read(event)
        if edit is None or not edit.says_something_else(self._bot):
            return
        try:
            answer = self._serve(edit)
        except UserError:
            if self._desk.store.remember(f"told:edit:{edit.channel}:{edit.ts}"):
                raise
            return
        if answer:
            self._desk.wake()
            post(client, edit.place(self._team_id), answer)

    def _read(self, event: dict[str, Any]) -> Edit | None:
        message, before = event.get("message") or {}, event.get("previous_message") or {}
        if message.get("bot_id") or message.get("user") in (None, self._bot) or message.get("subtype"):
            return None
        raw_old, raw_new = str(before.get("text") or ""), str(message.get("text") or "")
        channel, ts = str(event["channel"]), str(message["ts"])
        at = (message.get("edited") or {}).get("ts") or event.get("event_ts") or ""
        return Edit(
            channel=channel,
            ts=ts,
            thread_ts=message.get("thread_ts"),
            user=message["user"],
            old=read_slack(raw_old, bot_user=self._bot).text,
            new=read_slack(raw_new, bot_user=self._bot).text,
            raw_old=raw_old,
            raw_new=raw_new,
            at=str(at),
            direct=event.get("channel_type") == "im",
        )

    def _serve(self, edit: Edit) -> str | None:
        store = self._desk.store
        if run := store.by_source(edit.source_id):
            return self._request(edit, run)
        run = store.by_thread(edit.channel, edit.thread_ts) if edit.thread_ts else None
        if run is None:
            return self._first(edit)
        if _origin(run.changed_by) == edit.source_id:
            return self._revision(edit, run)
        return self._reply(edit, run)

    def _request(self, edit: Edit, run: Run) -> str | None:
        """The words that asked for a run."""
        command = self._parse(edit.raw_new, None, addressed=True)
        if run.status is RunStatus.REFUSED:
            return self._first(edit)
        self._check_open(run)
        if run.changed_by and _origin(run.changed_by) != edit.source_id:
            raise UserError(
                "The request was changed by replies since, so your edit changes nothing.",
                "Say in the thread what should be different.",
            )
        if isinstance(command, Refusal):
            raise UserError(command.problem, f"{command.fix} Until then the request stays as it was.")
        if not isinstance(command, NewRequest):
            raise UserError(
                "I do not read your edited message as a request, so the request stays as it was.",
                "Say in the thread what should be different, or write “reject” there to drop it.",
            )
        request = command.request
        return self._correct(edit, run, lambda _: request)

    def _revision(self, edit: Edit, run: Run) -> str | None:
        """The words that changed the plan last."""
        self._check_open(run)
        base = self._base(run)
        before = context_of(run.model_copy(update={"plan": base}))
        old, command = self._parse(edit.raw_old, before), self._parse(edit.raw_new, before)
        if isinstance(command, Refusal):
            raise UserError(command.problem, f"{command.fix} Until then the plan stays as it is.")
        if not isinstance(command, Revise) or not command.changes:
            raise UserError(
                "I do not read your edited message as a change, so the plan keeps what it said before.",
                "Say in the thread what should be different.",
            )
        correction = Correction(
            old=edit.old,
            new=edit.new,
            undone=frozenset(old.changes) if isinstance(old, Revise) else frozenset(),
            changes=command.changes,
        )
        return self._correct(edit, run, lambda now: corrected(now.request, base.request if base else None, correction))

    def _base(self, run: Run) -> Plan | None:
        """The plan that stood before the last words changed it; None: there was none."""
        words = [event for event in run.events if event in run.changes]
        last = [event for event in words if _origin(event.note) == _origin(words[-1].note)]
        before = [event for event in run.events[: run.events.index(last[0])] if event.status is RunStatus.PROPOSED]
        plans = {f"plan {plan.digest}": plan for plan in self._desk.store.plans(run.id)}
        return plans.get(before[-1].note) if before else None

    def _reply(self, edit: Edit, run: Run) -> str | None:
        """Any other words in a run's thread: they count only when they had no effect before and are a change now."""
        command = self._parse(edit.raw_new, context_of(run))
        before = self._parse(edit.raw_old, context_of(run))
        if isinstance(command, Approve | Reject | Cancel) and not isinstance(before, type(command)):
            raise UserError(
                "An edited message decides nothing.", "Use the buttons on the card, or write it as a new reply."
            )
        if not isinstance(command, Revise):
            return None
        self._check_open(run)
        if not isinstance(before, Nothing):
            raise UserError(
                "Your edit of an older reply changes nothing.", "Say in the thread what should be different."
            )
        return self._hand_over(command, edit, run)

    def _first(self, edit: Edit) -> str | None:
        """Words that asked for nothing that could be done, and now do."""
        addressed = edit.direct or _calls(edit.raw_new, self._bot)
        if not addressed:
            return None
        command = self._parse(edit.raw_new, None, addressed=True)
        return self._hand_over(command, edit, None) if isinstance(command, NewRequest | Refusal) else None

    def _hand_over(self, command: Command, edit: Edit, run: Run | None) -> str | None:
        heard = Heard(
            source_id=edit.id,
            place=edit.place(self._team_id),
            user=edit.user,
            ts=edit.ts,
            words=edit.new,
            run=run,
            quiet=True,
        )
        return self._desk.serve(command, heard)

    def _correct(self, edit: Edit, run: Run, make: Callable[[Run], TrainingRequest]) -> str | None:
        person = self._desk.people.person(edit.user)
        done = self._desk.runs.correct(source_id=edit.id, run_id=run.id, person=person, make=make)
        return answers.edit_taken() if done else None

    def _check_open(self, run: Run) -> None:
        if run.status not in REVISABLE:
            raise UserError(
                f"Run {run.short_id} {run.status.told}: your edit changes nothing.",
                "Ask for a new run with the change in it."
                if run.is_final
                else "To stop it, write `cancel` in its thread.",
            )

    # --- deletions

    def deleted(self, event: dict[str, Any], client: WebClient) -> None:
        """Serve a message_deleted event: say what becomes of the run, once."""
        before = event.get("previous_message") or {}
        channel, ts = str(event["channel"]), str(event.get("deleted_ts") or before.get("ts") or "")
        store, source_id = self._desk.store, source_of(channel, ts)
        thread_ts = before.get("thread_ts")
        run = store.by_source(source_id)
        asked = run is not None
        if run is None and thread_ts:
            run = store.by_thread(channel, thread_ts)
        if run is None or run.is_final or not (asked or _origin(run.changed_by) == source_id):
            return
        if not store.remember(f"deleted:{channel}:{ts}"):
            return
        if asked and run.status in REVISABLE and run.authors == {run.requester}:
            run = self._desk.runs.withdraw(run.id, "deleted the message that asked for it")
            if run.is_final:
                self._desk.wake()
                return
        said = answers.request_deleted(run) if asked else answers.change_deleted(run)
        post(client, run.place, said)

    def _parse(self, raw: str, thread: ThreadContext | None, *, addressed: bool = False) -> Command:
        spoken = f"<@{self._bot}> {raw}" if addressed and not _calls(raw, self._bot) else raw
        return parse(spoken, thread=thread, bot_user=self._bot)


def _calls(raw: str, bot: str) -> bool:
    return f"<@{bot}" in raw


def _origin(source: str) -> str:
    """The id of the message, without that of its edit."""
    return source.partition(_EDIT)[0]


def post(client: WebClient, place: Place, words: str) -> None:
    """Answer in a thread, or where the place has none in the channel."""
    client.chat_postMessage(
        channel=place.channel, thread_ts=place.thread_ts, text=words, unfurl_links=False, unfurl_media=False
    )
