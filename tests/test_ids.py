"""Names of runs."""

import re
from datetime import timedelta

from storage.ids import ALPHABET, SHORT_LENGTH, RunIds
from tests.fakes import FakeClock


def test_ids_sort_by_time_and_can_be_read_aloud() -> None:
    ids, clock = RunIds(), FakeClock()
    made = [ids.next(clock()) for _ in range(500)]
    clock.now += timedelta(seconds=0.001)
    made += [ids.next(clock()) for _ in range(500)]
    clock.pass_minutes(-1)
    made += [ids.next(clock()) for _ in range(500)]

    assert made == sorted(made)
    assert len({run_id[-8:] for run_id in made}) == 1500
    assert all(re.fullmatch(f"[{ALPHABET}]{{26}}", run_id) for run_id in made)
    assert not set("ilou") & set(ALPHABET)


def test_every_short_id_holds_a_digit_so_that_it_is_no_word():
    ids = RunIds()
    now = FakeClock()()
    assert all(any(c.isdigit() for c in ids.next(now)[-SHORT_LENGTH:]) for _ in range(2000))
