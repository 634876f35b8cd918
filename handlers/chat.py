"""The reconciler's hands: make a run's Slack thread say what `thread(run)` says.

Posts what is missing, updates what changed, remembers both in the store, and never posts twice: a post whose outcome is
not known is looked for by its metadata first. Does not decide what is said, and sleeps for nobody: when Slack asks to
wait, `show` answers False until then.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.models import Delivered, Place, Run
from bot.ports import Clock
from bot.states import ON_THE_HUB
from handlers.pace import Pace, TooSoon, Urgency
from handlers.views import text
from handlers.views.direct import DIRECT, direct_message, wants_direct
from handlers.views.messages import Message, fingerprint
from handlers.views.thread import thread
from handlers.wire import PAUSE, UNREACHABLE, Late, Wire, code_of, is_rate_limit
from storage.store import Store

log = logging.getLogger(__name__)

EVENT_TYPE = "tunesmith"
#: A post whose answer was lost may still be on its way in: it is looked for only after this.
SETTLE = timedelta(seconds=3)
#: How much our clock and Slack's may differ when an uncertain post is looked for.
_SKEW = timedelta(minutes=10)
#: Messages a page, and pages, that are searched for an uncertain post.
_PAGE, _PAGES = 100, 10

#: Error codes of chat.postMessage and chat.update (docs.slack.dev/reference/methods).
_BAD_BLOCKS = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "block_mismatch", "msg_blocks_too_long", "too_many_attachments"}
)
_TOO_LONG = "msg_too_long"
_GONE = frozenset({"message_not_found"})
_FROZEN = frozenset({"cant_update_message", "edit_window_closed", "is_inactive", "update_failed"})
_NO_PARENT = frozenset({"thread_not_found", "cannot_reply_to_message", "message_not_found"})


class Unreachable(Exception):
    """The channel cannot be written to; the error code says why."""


class SlackChat:
    """Shows runs in Slack. Safe to call from several threads, for different runs."""

    def __init__(
        self,
        client: WebClient,
        store: Store,
        clock: Clock,
        *,
        settle: timedelta = SETTLE,
        pace: Pace | None = None,
        workspace_url: str = "",
    ) -> None:
        """`workspace_url`: what auth.test names; "": direct messages have no link to the thread."""
        assert not client.retry_handlers, "a client that repeats posts doubles messages"
        self._client = client
        self._store = store
        self._clock = clock
        self._settle = settle
        self._pace = pace or Pace()
        self._workspace_url = workspace_url
        self._wire = Wire(clock)
        #: Run id -> not before. Lost on a restart, which costs one more refusal.
        self._rests: dict[str, datetime] = {}
        #: Posts that Slack refused for certain: nothing to look for.
        self._refused: set[tuple[str, str]] = set()

    def show(self, run: Run) -> bool:
        """Make the thread say what `run` says; False: something is missing, call again later."""
        if self._rests.get(run.id, self._clock()) > self._clock():
            return False
        try:
            self._reconcile(run)
        except Late as late:
            log.info("showing run %s has to wait: %s", run.id, late)
            return False
        except Unreachable as error:
            log.warning("run %s cannot be shown in channel %s: %s", run.id, run.place.channel, error)
            if not self._tell_requester(run, str(error)):
                return False
        if not self._tell_directly(run):
            return False
        self._store.mark_shown(run.id, run.version)
        return True

    def _reconcile(self, run: Run) -> None:
        shown = self._store.delivered(run.id)
        place = _Thread(run, shown)
        late: Late | None = None
        for message in thread(run):
            before = shown.get(message.key)
            try:
                ts = self._deliver(run, place, message, before)
            except Late as error:
                if before is None or before.ts is None:
                    raise
                # It is there and only old: what the thread has to tell does not wait for it.
                late = error
                continue
            if message.key == "card" and place.is_card(ts):
                place.parent = ts
                if run.place.thread_ts != ts:
                    self._store.set_thread(run.id, ts)
        if late is not None:
            raise late

    def _deliver(self, run: Run, place: "_Thread", message: Message, before: Delivered | None) -> str:
        """Make sure that this message is there and up to date; returns its ts."""
        ts: str | None
        if before is None or before.ts is None or before.posting_since is not None:
            ts = self._found(run, place, message, before)
        elif before.digest == message.digest:
            ts = before.ts
        else:
            ts = self._update(run, message, before.ts)
        return ts if ts is not None else self._post(run, place, message)

    # --- post

    def _post(self, run: Run, place: "_Thread", message: Message) -> str:
        try:
            self._pace.post(run.place.channel, run.id, _urgency(run, message, posted=False))
        except TooSoon as soon:
            raise Late(str(soon)) from soon
        self._store.begin_post(run.id, message.key)
        self._refused.discard((run.id, message.key))
        parent = place.parent_of(message)
        try:
            ts = self._say(run, message, parent)
        except SlackApiError as error:
            if parent is None or code_of(error) not in _NO_PARENT:
                self._refused.add((run.id, message.key))
                raise self._trouble(run, error) from error
            log.warning("run %s: the thread %s is gone; starting a new one", run.id, parent)
            ts = self._say(run, message, None)
            place.parent = None
        self._store.set_delivered(run.id, message.key, ts=ts, digest=message.digest)
        return ts

    def _say(self, run: Run, message: Message, parent: str | None) -> str:
        """Post, without blocks when Slack refuses them."""
        metadata = {"event_type": EVENT_TYPE, "event_payload": {"run": run.id, "key": message.key}}
        fixed: dict[str, Any] = {
            "channel": run.place.channel,
            "thread_ts": parent,
            "metadata": metadata,
            "unfurl_links": False,
            "unfurl_media": False,
            "reply_broadcast": True if message.broadcast and parent is not None else None,
        }
        return self._shown("chat.postMessage", self._client.chat_postMessage, run, message, fixed)

    # --- update

    def _update(self, run: Run, message: Message, ts: str) -> str | None:
        """Change a message; None: it is gone or cannot be changed, and a new one is called for."""
        fixed = {"channel": run.place.channel, "ts": ts}
        try:
            self._pace.edit(run.id, _urgency(run, message, posted=True))
        except TooSoon as soon:
            raise Late(str(soon)) from soon
        try:
            self._shown("chat.update", self._client.chat_update, run, message, fixed)
        except SlackApiError as error:
            if code_of(error) in _GONE or (code_of(error) in _FROZEN and _is_news(run)):
                log.warning(
                    "run %s: message %s cannot be changed (%s); posting anew", run.id, message.key, code_of(error)
                )
                return None
            if code_of(error) not in _FROZEN:
                raise self._trouble(run, error) from error
            log.warning("run %s: message %s stays as it is: %s", run.id, message.key, code_of(error))
        self._store.set_delivered(run.id, message.key, ts=ts, digest=message.digest)
        return ts

    def _shown(self, method: str, call: Callable[..., Any], run: Run, message: Message, fixed: dict[str, Any]) -> str:
        """Send the message in the richest form that the workspace takes: with charts, without them, as text alone."""
        team = run.place.team_id
        forms = [message.blocks, message.classic] if message.classic else [message.blocks]
        if len(forms) > 1 and self._store.refuses_charts(team):
            del forms[0]
        for form in forms:
            try:
                sent = self._wire.call(method, call, text=message.text, blocks=form, **fixed)
            except SlackApiError as error:
                if code_of(error) not in _BAD_BLOCKS and code_of(error) != _TOO_LONG:
                    raise
                log.error("run %s: Slack refuses message %s (%s)", run.id, message.key, error)
                continue
            if form is message.classic and form is not forms[0]:
                log.warning("workspace %s takes no charts: they are drawn with letters there", team)
                self._store.charts_refused(team)
            return str(sent["ts"])
        return str(self._wire.call(method, call, text=text.shorten(message.text, 3500), **fixed)["ts"])

    # --- look for

    def _found(self, run: Run, place: "_Thread", message: Message, before: Delivered | None) -> str | None:
        """Find an uncertain post; None: there is none, so it may be posted.

        Raises:
            Late: too early to tell.
        """
        if before is None or before.posting_since is None or (run.id, message.key) in self._refused:
            return None
        if self._clock() - before.posting_since < self._settle:
            raise Late(f"the fate of message {message.key} is not settled yet")
        oldest = f"{(before.posting_since - _SKEW).timestamp():.6f}"
        for posted in self._posted(run, place.parent_of(message), oldest):
            metadata = posted.get("metadata") or {}
            if metadata.get("event_type") != EVENT_TYPE:
                continue
            payload = metadata.get("event_payload") or {}
            if (payload.get("run"), payload.get("key")) == (run.id, message.key):
                ts = str(posted["ts"])
                log.info("run %s: found message %s, which was posted before", run.id, message.key)
                # What it says is not compared: an empty digest makes the next look update it.
                self._store.set_delivered(run.id, message.key, ts=ts, digest="")
                return self._update(run, message, ts)
        return None

    def _posted(self, run: Run, parent: str | None, oldest: str) -> Iterator[dict[str, Any]]:
        """Messages of the thread, or of the channel, since `oldest`."""
        method = "conversations.replies" if parent else "conversations.history"
        call = self._client.conversations_replies if parent else self._client.conversations_history
        where: dict[str, Any] = {"channel": run.place.channel, "oldest": oldest, "limit": _PAGE}
        if parent:
            where["ts"] = parent
        for _ in range(_PAGES):
            try:
                page = self._wire.call(method, call, include_all_metadata=True, **where)
            except SlackApiError as error:
                if code_of(error) in _NO_PARENT:
                    return
                raise self._trouble(run, error) from error
            yield from page.get("messages") or []
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return
            where["cursor"] = cursor

    # --- trouble

    def _trouble(self, run: Run, error: SlackApiError) -> Exception:
        """What a refusal means for the whole run."""
        if code_of(error) in UNREACHABLE:
            return Unreachable(code_of(error))
        if not is_rate_limit(error):
            # The installation is broken, or this program is: somebody has to read the log. Do not ask in every tick.
            log.error("showing run %s: Slack refuses: %s", run.id, code_of(error))
            self._rests[run.id] = self._clock() + PAUSE
        return Late(f"Slack refuses: {code_of(error)}")

    def _tell_requester(self, run: Run, error: str) -> bool:
        """Tell who asked, once and in their direct messages, that the bot cannot write where they asked."""
        key = "unreachable"
        if key in self._store.delivered(run.id):
            return True
        invite = "Invite me with `/invite @tunesmith`, then ask again there."
        why = {
            "is_archived": "That channel is archived. Ask again in another one.",
            "not_in_channel": f"I am not a member there. {invite}",
            "channel_not_found": f"I am not a member there. {invite}",
        }.get(error, f"Slack says {text.code(error)}. Ask again in another channel.")
        words = f"I cannot answer in <#{run.place.channel}>. {why}"
        self._store.begin_post(run.id, key)
        try:
            sent = self._wire.call(
                "chat.postMessage", self._client.chat_postMessage, channel=run.requester, text=words, unfurl_links=False
            )
        except SlackApiError as refusal:
            log.warning("run %s: its requester cannot be told either: %s", run.id, code_of(refusal))
            return True
        except Late as late:
            log.info("telling the requester of run %s has to wait: %s", run.id, late)
            return True
        self._store.set_delivered(run.id, key, ts=str(sent["ts"]), digest=fingerprint(words))
        return True

    def _tell_directly(self, run: Run) -> bool:
        """Tell whoever asked that their run is over, once and where they wished so; False: call again later."""
        if not wants_direct(run):
            return True
        shown = self._store.delivered(run.id)
        told = shown.get(DIRECT)
        if told is not None and told.ts is not None:
            return True
        address = text.permalink(self._workspace_url, run.place.channel, _Thread(run, shown).parent)
        try:
            opened = self._wire.call("conversations.open", self._client.conversations_open, users=run.requester)
            place = Place(team_id=run.place.team_id, channel=str(opened["channel"]["id"]))
            there = run.model_copy(update={"place": place})
            self._deliver(there, _Thread(there, {}), direct_message(run, address), told)
        except (Late, SlackApiError, Unreachable) as error:
            refusal = error if isinstance(error, SlackApiError) else error.__cause__
            refused = isinstance(error, Unreachable) or (run.id, DIRECT) in self._refused or error is refusal
            if not refused or not isinstance(refusal, SlackApiError) or is_rate_limit(refusal):
                log.info("telling the requester of run %s directly has to wait: %s", run.id, error)
                return False
            self._rests.pop(run.id, None)
            log.warning("the requester of run %s takes no direct message: %s", run.id, error)
            self._store.set_delivered(run.id, DIRECT, ts="", digest="")  # their thread tells it, too
        return True


class _Thread:
    """Where a run's messages go, as far as is known while they are shown."""

    def __init__(self, run: Run, shown: dict[str, Delivered]) -> None:
        card = shown.get("card")
        #: ts of the parent; None: the card will be it.
        self.parent = run.place.thread_ts or (card.ts if card else None)
        #: The run began with its own card, not in somebody's thread.
        self._owned = self.parent is None or (card is not None and card.ts == self.parent)

    def parent_of(self, message: Message) -> str | None:
        return None if message.key == "card" and self._owned else self.parent

    def is_card(self, ts: str) -> bool:
        """Whether the card that was just shown as `ts` is the thread's parent."""
        return self._owned or self.parent is None or self.parent == ts


def _urgency(run: Run, message: Message, *, posted: bool) -> Urgency:
    """The end of a run goes first, and of a card that is posted only the numbers can wait."""
    if run.is_final:
        return Urgency.END
    moves = posted and message.key == "card" and run.status in ON_THE_HUB and not run.cancel_requested_by
    return Urgency.NUMBERS if moves else Urgency.NEWS


def _is_news(run: Run) -> bool:
    """Whether an unchangeable message must be said again: not for each step of a training."""
    return run.is_final or run.status == "proposed"
