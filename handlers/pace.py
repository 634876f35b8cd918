"""Slack's rates, shared by all runs of a workspace: who may post or edit now, and who has to wait.

Terminal news come first and nobody starves: edits that only move a number are spread evenly over the runs, and give way
while anything else waits. Does not talk to Slack and knows no message.

Slack takes about one post a second in a channel and 50 edits a minute in the whole workspace
(docs.slack.dev/apis/web-api/rate-limits, tier 3).
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from enum import IntEnum

#: Seconds between two posts in one channel: Slack's second and what the way there may shrink it by.
POST_EVERY_S = 1.1
#: Edits in a window; of Slack's fifty some are left for other programs of the same app, such as a second replica.
EDITS, WINDOW_S = 45, 60.0
#: Of these edits so many are never spent on numbers that only move.
RESERVED = 15
#: How long somebody may wait here for their turn; whoever would wait longer comes again later.
PATIENCE_S = 4.0
#: A run that was turned away is counted as waiting for this long.
_REMEMBERED_S = 120.0


class Urgency(IntEnum):
    """How much a message matters: larger goes first."""

    #: A number on a card moved.
    NUMBERS = 0
    #: Something happened: a plan, a milestone, an alert.
    NEWS = 1
    #: It is over.
    END = 2


class TooSoon(Exception):
    """Not now; come again."""


class Pace:
    """Hands out turns. Safe to call from several threads."""

    def __init__(
        self,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        post_every_s: float = POST_EVERY_S,
    ) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._post_every_s = post_every_s
        self._lock = threading.Lock()
        #: Channel -> when its next post may go out.
        self._next_post: dict[str, float] = {}
        self._edits: deque[float] = deque()
        #: (channel, or "" for edits, and run) -> urgency and time of whoever was turned away there.
        self._waiting: dict[tuple[str, str], tuple[Urgency, float]] = {}
        #: Run -> when its numbers were edited last, and when somebody last wanted to.
        self._numbers: dict[str, tuple[float, float]] = {}

    def post(self, channel: str, run_id: str, urgency: Urgency) -> None:
        """Take the channel's next turn, sleeping until it comes.

        Raises:
            TooSoon: others come first, or it is too long until then.
        """
        with self._lock:
            now = self._monotonic()
            at = max(now, self._next_post.get(channel, now))
            if at - now > PATIENCE_S or self._is_outranked(channel, run_id, urgency, now):
                self._waiting[channel, run_id] = urgency, now
                raise TooSoon(f"posts in {channel} are {at - now:.0f} s behind")
            self._waiting.pop((channel, run_id), None)
            self._next_post[channel] = at + self._post_every_s
        if at > now:
            self._sleep(at - now)

    def edit(self, run_id: str, urgency: Urgency) -> None:
        """Take one of the workspace's edits.

        Raises:
            TooSoon: none is left for this.
        """
        with self._lock:
            now = self._monotonic()
            while self._edits and now - self._edits[0] >= WINDOW_S:
                self._edits.popleft()
            most = EDITS if urgency is not Urgency.NUMBERS else EDITS - RESERVED
            if urgency is Urgency.NUMBERS:
                self._check_turn(run_id, now, plenty=len(self._edits) < (EDITS - RESERVED) // 2)
            if len(self._edits) >= most or self._is_outranked("", run_id, urgency, now):
                self._waiting["", run_id] = urgency, now
                raise TooSoon(f"{len(self._edits)} edits in the last minute")
            self._waiting.pop(("", run_id), None)
            self._edits.append(now)
            if urgency is Urgency.NUMBERS:
                self._numbers[run_id] = now, now

    def _check_turn(self, run_id: str, now: float, *, plenty: bool) -> None:
        """Numbers of one run move once while those of every other run that wants to may move once.

        `plenty`: there are so few edits that nobody has to wait for a turn.

        Raises:
            TooSoon: it is not this run's turn yet.
        """
        last = self._numbers.get(run_id, (float("-inf"), now))[0]
        self._numbers[run_id] = last, now
        if len(self._numbers) > 1:
            self._numbers = {run: seen for run, seen in self._numbers.items() if now - seen[1] < _REMEMBERED_S}
        if not plenty and now - last < WINDOW_S * len(self._numbers) / (EDITS - RESERVED):
            raise TooSoon("its numbers moved a moment ago")

    def _is_outranked(self, channel: str, run_id: str, urgency: Urgency, now: float) -> bool:
        """Whether somebody more urgent was turned away here and has not come again."""
        self._waiting = {key: seen for key, seen in self._waiting.items() if now - seen[1] < _REMEMBERED_S}
        return any(
            where == channel and run != run_id and waiting > urgency
            for (where, run), (waiting, _) in self._waiting.items()
        )
