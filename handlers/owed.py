"""Answers that are owed: to messages that Slack was told are received, by this process or by one that ended.

Does not answer: whoever made it says how.
"""

import logging
import secrets
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from bot.errors import Transient
from storage.store import Store

log = logging.getLogger(__name__)

#: A process that works on a message answers within this: the language model is given up after 8 seconds.
LEASE = timedelta(seconds=60)
#: What is kept of a message: what it takes to read it again.
_KEPT = ("type", "channel", "channel_type", "user", "text", "ts", "thread_ts")
#: Seconds between two looks at what another process works on.
_LOOK_S = 5.0


class Owed:
    """What this process and those before it owe."""

    def __init__(self, store: Store, serve: Callable[[dict[str, Any]], None]) -> None:
        """`serve` answers one message at once; a second time it must have no other effect."""
        self._store = store
        self._serve = serve
        self._lock = threading.Lock()
        self._worker: threading.Thread | None = None

    def note(self, source_id: str, event: dict[str, Any]) -> bool:
        """Keep the message until it is answered; False: it was kept before, and somebody answers it."""
        return self._store.owe(source_id, {name: event[name] for name in _KEPT if event.get(name)}, lease=LEASE)

    def answer(self, source_id: str, event: dict[str, Any]) -> None:
        """Answer it now. What goes wrong is logged; while the database is silent it stays owed, and is tried again."""
        try:
            self._answer(event)
            self._store.settle(source_id)
        except Transient as error:
            log.warning("answering a message later: %s", error)
            self._begin()

    def catch_up(self) -> None:
        """Answer what was left over, in a thread of its own, which ends when nothing is owed any more."""
        if self._store.next_owed() is not None:
            self._begin()

    def _answer(self, event: dict[str, Any]) -> None:
        try:
            self._serve(event)
        except Transient:
            raise
        except Exception:
            log.exception("answering a message later, reference %s", secrets.token_hex(4))

    def _begin(self) -> None:
        with self._lock:
            if self._worker is None or not self._worker.is_alive():
                self._worker = threading.Thread(target=self._work, name="owed", daemon=True)
                self._worker.start()

    def _work(self) -> None:
        pause = threading.Event()
        while True:
            try:
                if (due_at := self._store.next_owed()) is None:
                    return
                # another process may be at work on it, or may have ended meanwhile
                pause.wait(min(_LOOK_S, max(0.0, (due_at - self._store.now()).total_seconds())))
                for source_id, event in self._store.take_owed(lease=LEASE).items():
                    self.answer(source_id, event)
            except Transient as error:
                log.warning("looking for what is owed: %s", error)
                pause.wait(_LOOK_S)
