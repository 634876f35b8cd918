"""Names on the Hub while somebody types: answers in time, whatever the Hub does.

Slack waits three seconds for what to offer, so a search that is not back in time goes on in the background, and what is
known already is offered meanwhile. Does not build options and does not decide which name is meant.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from typing import Protocol

from bot.errors import Transient, UserError
from bot.models import Value

log = logging.getLogger(__name__)

#: Seconds that a search is waited for: Slack's three, less the way there and back.
WAIT_S = 1.5
#: Seconds that an answer is believed: new repositories are rare, and names that are typed in full work without it.
KEPT_S = 600.0
#: Seconds without new searches after one failed.
PAUSE_S = 5.0
#: Searches at the same time; answers that are kept; names of one answer.
_PARALLEL, _ANSWERS, _NAMES = 4, 500, 12


class Search(Protocol):
    """A search of the Hub's seam."""

    def __call__(self, words: str, limit: int) -> Sequence[str]:
        """Repo ids that match the words, best first."""
        ...


class Offer(Value):
    """What can be offered for some words."""

    names: tuple[str, ...] = ()
    #: The Hub answered for exactly these words.
    complete: bool = True


class TypeAhead:
    """Searches with a deadline and a memory, one kind of repository each. Safe to call from several threads."""

    def __init__(self, search: Search, *, wait_s: float = WAIT_S, monotonic: Callable[[], float] = time.monotonic):
        self._search = search
        self._wait_s = wait_s
        self._monotonic = monotonic
        self._pool = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="names")
        self._lock = threading.Lock()
        #: Words -> when they were answered, and how; the oldest first.
        self._known: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._asked: dict[str, Future[None]] = {}
        self._failed_at = float("-inf")

    def find(self, words: str) -> Offer:
        """Names for the words; after `wait_s` at the latest, with those that are known by then."""
        key = " ".join(words.lower().split())
        if not key:
            return Offer()
        if (names := self._answer(key)) is not None:
            return Offer(names=names)
        future = self._ask(key)
        if future is not None:
            try:
                future.result(self._wait_s)
            except Late:
                log.info("the Hub is slow to search for %r", key)
        if (names := self._answer(key)) is not None:
            return Offer(names=names)
        return Offer(names=self._similar(key), complete=False)

    def _answer(self, key: str) -> tuple[str, ...] | None:
        at, names = self._known.get(key, (float("-inf"), ()))
        return names if self._monotonic() - at <= KEPT_S else None

    def _ask(self, key: str) -> Future[None] | None:
        """Start a search, or join the one that is under way.

        None: it was answered just now, the Hub has enough to do, or it failed a moment ago.
        """
        with self._lock:
            if key in self._asked:
                return self._asked[key]
            if self._answer(key) is not None:
                return None
            if len(self._asked) >= _PARALLEL or self._monotonic() - self._failed_at < PAUSE_S:
                return None
            future = self._asked[key] = self._pool.submit(self._look, key)
            return future

    def _look(self, key: str) -> None:
        try:
            names = tuple(self._search(key, _NAMES))
            with self._lock:
                self._known.pop(key, None)
                while len(self._known) >= _ANSWERS:
                    del self._known[next(iter(self._known))]
                self._known[key] = (self._monotonic(), names)
        except (Transient, UserError) as error:
            log.info("searching the Hub for %r: %s", key, error)
            with self._lock:
                self._failed_at = self._monotonic()
        finally:
            with self._lock:
                self._asked.pop(key, None)

    def _similar(self, key: str) -> tuple[str, ...]:
        """Names of earlier answers, however old, that hold all the words."""
        words = key.split()
        with self._lock:
            known = [name for _, names in reversed(list(self._known.values())) for name in names]
        fit = [name for name in dict.fromkeys(known) if all(word in name.lower() for word in words)]
        return tuple(fit[:_NAMES])


#: Field of the form -> where its names are looked up.
Names = Mapping[str, TypeAhead]


def look_up(search_models: Search, search_datasets: Search) -> Names:
    """Put the type-ahead of the form together."""
    return {"model": TypeAhead(search_models), "dataset": TypeAhead(search_datasets)}
