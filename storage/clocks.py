"""One time for all processes that share a database.

Knows how far this machine's clock is from the database's, and nothing about what is timed.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import text

from bot.errors import Transient
from bot.ports import Clock
from storage.engine import Database

log = logging.getLogger(__name__)

#: Seconds after which the distance is measured again: clocks drift, and are set.
MEASURE_S = 60.0


class SharedClock:
    """The given clock, moved onto the time of the database where that is a server's. Thread safe.

    A SQLite file belongs to one machine, whose clock is given already.
    """

    def __init__(self, database: Database, clock: Clock, *, elapsed_s: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._elapsed_s = elapsed_s
        self._lock = threading.Lock()
        #: How far the database is ahead of the given clock; None: not measured yet.
        self._ahead: timedelta | None = None
        self._measured_s = 0.0

    def __call__(self) -> datetime:
        """Tell the time.

        Raises:
            Transient: the database has not said its time yet and does not answer. Once it has, this never fails.
        """
        if not self._database.is_postgresql:
            return self._clock()
        return self._clock() + self._distance()

    def _distance(self) -> timedelta:
        ahead = self._ahead
        if ahead is not None and self._elapsed_s() - self._measured_s < MEASURE_S:
            return ahead
        if ahead is None:
            with self._lock:
                return self._measure() if self._ahead is None else self._ahead
        # whoever has an old distance does not wait for another thread's new one
        if self._lock.acquire(blocking=False):
            try:
                return self._measure()
            except Transient as error:
                log.warning("asking the database for its time: %s", error)
                self._measured_s = self._elapsed_s()
            finally:
                self._lock.release()
        return ahead

    def _measure(self) -> timedelta:
        with self._database.read() as session:
            connection = session.connection()
            before = self._clock()
            theirs: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
            ours = before + (self._clock() - before) / 2
        self._measured_s = self._elapsed_s()
        self._ahead = theirs - ours
        return self._ahead
