"""Names for runs: 26 letters and digits that sort by time, after ULID (https://github.com/ulid/spec).

Does not check whether a name is taken: 39 random bits in each millisecond and nearly 40 more in the short name do.
"""

import secrets
import threading
from datetime import datetime

#: Crockford's base 32, in small letters: no i, l, o or u, so that a name can be read aloud and typed.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH, SHORT_LENGTH = 26, 8
_MISREAD = str.maketrans({"o": "0", "i": "1", "l": "1"})


class RunIds:
    """Makes ids: 10 characters of milliseconds, 8 that count up from a random start, 8 random (the short id).

    Ids of one maker ascend strictly, also within a millisecond and when the clock steps back. Thread safe.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = (0, 0)

    def next(self, now: datetime) -> str:
        with self._lock:
            # 39 bits: the start leaves room to count up
            self._last = max((int(now.timestamp() * 1000), secrets.randbits(39)), self._next_of_last())
            milliseconds, count = self._last
        return _digits(milliseconds, 10) + _digits(count, 8) + _short()

    def _next_of_last(self) -> tuple[int, int]:
        milliseconds, count = self._last
        return milliseconds, count + 1


def read_id(words: str) -> str:
    """Undo what people do to an id: capitals, spaces around, o for 0, i and l for 1."""
    return words.strip().lower().translate(_MISREAD)


def _short() -> str:
    """Eight random characters with a digit among them: without one it could be read as a word."""
    while True:
        short = _digits(secrets.randbits(40), SHORT_LENGTH)
        if any(character.isdigit() for character in short):
            return short


def _digits(number: int, length: int) -> str:
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(length)))
