"""Names while somebody types: in time and useful, whatever the Hub does."""

import threading
from collections.abc import Sequence

import pytest

from bot.errors import HubRefusal, Transient
from handlers.form_names import KEPT_S, PAUSE_S, TypeAhead
from handlers.form_offers import offers

NAMES = ("Qwen/Qwen3-0.6B", "Qwen/Qwen3-1.7B", "meta-llama/Llama-3.2-1B")


class Hub:
    """A search that can be slow, down, or both."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.error: Exception | None = None
        self.answers = threading.Event()
        self.answers.set()

    def search(self, words: str, limit: int) -> Sequence[str]:
        self.asked.append(words)
        self.answers.wait(10)
        if self.error:
            raise self.error
        return [name for name in NAMES if words in name.lower()][:limit]


class Ticks:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hub():
    hub = Hub()
    yield hub
    hub.answers.set()


@pytest.fixture
def ticks():
    return Ticks()


@pytest.fixture
def ahead(hub, ticks):
    return TypeAhead(hub.search, wait_s=0.1, monotonic=ticks)


def groups(words: str, ahead: TypeAhead | None, lately: Sequence[str] = ()) -> dict[str, list[str]]:
    found = offers(words, lately=lately, example="Qwen/Qwen3-0.6B", finder=ahead)
    return {group["label"]["text"]: [option["value"] for option in group["options"]] for group in found}


def test_the_hub_is_asked_once_for_the_same_words_and_again_when_the_answer_is_old(hub, ticks, ahead):
    assert ahead.find("Qwen3  1.7").names == ()
    assert ahead.find("qwen3").names == NAMES[:2]
    assert ahead.find(" QWEN3").names == NAMES[:2]
    assert hub.asked == ["qwen3 1.7", "qwen3"]
    ticks.now += KEPT_S + 1
    assert ahead.find("qwen3").names == NAMES[:2]
    assert hub.asked == ["qwen3 1.7", "qwen3", "qwen3"]


def test_what_was_used_here_comes_first_and_the_words_themselves_last(ahead):
    assert groups("qwen", ahead, lately=["acme/qwen-own", "Qwen/Qwen3-1.7B", "other/thing"]) == {
        "Used lately": ["acme/qwen-own", "Qwen/Qwen3-1.7B"],
        "On the Hub": ["Qwen/Qwen3-0.6B"],
        "As typed": ["qwen"],
    }
    assert groups("Qwen/Qwen3-0.6B", ahead) == {"On the Hub": ["Qwen/Qwen3-0.6B"]}


def test_before_anything_is_typed_the_last_names_and_an_example_are_offered(ahead, hub):
    assert groups("", ahead, lately=["b/b", "a/a", "b/b"]) == {
        "Used lately": ["b/b", "a/a"],
        "To begin with": ["Qwen/Qwen3-0.6B"],
    }
    assert hub.asked == []


def test_a_slow_hub_is_not_waited_for_and_its_answer_is_there_the_next_time(hub, ahead):
    assert ahead.find("qwen").complete
    hub.answers.clear()
    assert groups("qwen3-1", ahead) == {
        "On the Hub": ["Qwen/Qwen3-1.7B"],  # known from the answer to "qwen"
        "As typed; the Hub does not answer yet": ["qwen3-1"],
    }
    hub.answers.set()
    late = TypeAhead(hub.search, wait_s=5)
    assert late.find("qwen3-1").complete
    assert ahead.find("qwen3-1").names == NAMES[1:2]


@pytest.mark.parametrize("error", [Transient("no route"), HubRefusal("No.", "Ask.", status=401)])
def test_a_hub_that_is_down_is_left_alone_for_a_moment_and_what_was_typed_can_be_used(hub, ticks, ahead, error):
    hub.error = error
    assert groups("qwen3", ahead) == {"As typed; the Hub does not answer yet": ["qwen3"]}
    assert groups("qwen3-0.6b", ahead, lately=[NAMES[0]]) == {
        "Used lately": [NAMES[0]],
        "As typed; the Hub does not answer yet": ["qwen3-0.6b"],
    }
    assert hub.asked == ["qwen3"]
    ticks.now += PAUSE_S
    hub.error = None
    assert ahead.find("qwen3-0.6b").names == NAMES[:1]


def test_many_letters_typed_at_a_silent_hub_do_not_pile_up(hub, ahead):
    hub.answers.clear()
    for end in range(1, 10):
        assert not ahead.find("qwen3-0.6"[:end]).complete
    assert len(hub.asked) == 4


def test_the_same_letters_typed_by_two_people_at_once_are_one_search(hub):
    ahead = TypeAhead(hub.search, wait_s=5)
    hub.answers.clear()
    found: list[Sequence[str]] = []
    people = [threading.Thread(target=lambda: found.append(ahead.find("llama").names)) for _ in range(2)]
    for one in people:
        one.start()
    hub.answers.set()
    for one in people:
        one.join(10)
    assert found == [NAMES[2:], NAMES[2:]]
    assert hub.asked == ["llama"]


def test_names_that_slack_cannot_carry_are_left_out_or_cut(ahead):
    long = "o/" + "x" * 100
    [group] = offers("xxx", lately=[long], example="a/b", finder=None)[:1]
    assert group["options"][0]["value"] == long
    assert len(group["options"][0]["text"]["text"]) == 75
    assert offers("y" * 200, lately=["o/" + "y" * 200], example="a/b", finder=ahead) == []
