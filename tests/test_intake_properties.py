"""What holds for every message, however hostile: an answer, quickly, and no value that could hurt anybody."""

import gc
import random
import re
from statistics import median
from time import thread_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.intake import parse
from bot.intake.commands import (
    Cancel,
    Command,
    CostQuestion,
    Explain,
    Help,
    Logs,
    NewRequest,
    Refusal,
    Reject,
    Retry,
    Revise,
    Status,
    ThreadContext,
)
from bot.intake.hub_names import HOSTILE, is_valid_id, is_valid_words
from bot.models import TrainingRequest

#: Messages: what CI reads, and what `make test-all` reads.
EXAMPLES, MANY_EXAMPLES = 2_000, 10_000
#: Seconds of this process's own time for one message: what a loaded machine does beside it does not count.
SLOWEST, TYPICAL = 0.05, 0.005

PLAN = TrainingRequest(model="a/b", dataset="c/d", epochs=2, batch_size=4, learning_rate=1e-5, budget_usd=5)
STATES = ["awaiting_approval", "running", "failed", "succeeded", "needs_info"]
PIECES = [
    "/finetune ", "<@U0FTBOT> ", "<@U1ANNA> ", "fine-tune ", "train ", "use ", "model=", "dataset=", "--lr ",
    "epochs=", "lr ", "batch size ", "push it to ", "call it ", "on ", "with ", "and ", "not ", "instead of ",
    "Qwen/Qwen3-0.6B ", "trl-lib/Capybara ", "qwen3 1.7b ", "gsm8k ", "$(id) ", "${IFS} ", "{{7*7}} ",
    "{% x %} ", "`id` ", "; rm -rf / ", "| sh ", "&& curl x ", "../../etc/passwd ", "'; DROP TABLE x;-- ",
    "__import__('os') ", "<script> ", "%0a", "\\x41 ", "\x00", "\x1b[31m", "\u202e", "\u200b", "Qwеn/x ", "Ｑ",
    "😀", ":tada: ", "&lt;b&gt; ", "<http://x|y> ", "<https://huggingface.co/a/b> ", "~x~ ", "*y* ", "_z_ ",
    "\n", "\n> ", "1e-5 ", "-3 ", "1e999 ", "nan ", "half ", "$5 ", "10% ", "two hours ", "a100 ", "v100 ",
    "no lora ", "sft then dpo ", "approve ", "cancel it ", "why? ", "how much? ", "微调", "学習率", "，", "。",
    "double the batch ", "two more epochs ", "a" * 200 + " ", "/" * 20, "((((", "[[[[", "===", "---", '"', "'",
    "“", "—", "\\", "1,000 ", ".", ":",
]  # fmt: skip

texts = st.one_of(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=14).map("".join),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=12)), max_size=12).map("".join),
    st.text(max_size=300),
    st.tuples(st.sampled_from(PIECES), st.integers(1, 40_000)).map(lambda pair: (pair[0] * pair[1])[:40_000]),
)
threads = st.one_of(
    st.none(),
    st.builds(
        ThreadContext,
        state=st.sampled_from(STATES),
        plan=st.just(PLAN),
        asked=st.sampled_from([None, "model", "dataset", "method", "dataset_config"]),
        choices=st.sampled_from([(), ("a/b", "c/b"), ("french", "german_formal")]),
    ),
)


def values(command: Command) -> dict[str, Any]:
    """Everything in a command that others will use."""
    match command:
        case NewRequest(request=request) | CostQuestion(request=request):
            return request.model_dump(exclude={"text"}, exclude_none=True)
        case Revise(changes=changes) | Retry(changes=changes):
            return TrainingRequest.model_validate(changes).model_dump(exclude={"text"}, exclude_none=True)
        case Refusal(problem=problem, fix=fix):
            return {"problem": problem, "fix": fix}
        case Reject(reason=reason):
            return {"reason": reason}
        case Status(run=run) | Logs(run=run) | Cancel(run=run) | Explain(run=run):
            return {"run": run or ""}
        case Help(topic=topic, unknown=unknown, near=near):
            return {"topic": topic or "", "unknown": unknown or "", "near": near or ""}
        case _:
            return {}


@pytest.mark.parametrize("examples", [EXAMPLES, pytest.param(MANY_EXAMPLES, marks=pytest.mark.slow)])
def test_every_message_gets_an_answer_whose_values_are_harmless(
    examples: int, capsys: pytest.CaptureFixture[str]
) -> None:
    seconds: list[float] = []

    @settings(max_examples=examples, deadline=None, database=None)
    @given(text=texts, thread=threads)
    def read(text: str, thread: ThreadContext | None) -> None:
        gc.disable()  # as timeit does: a sweep of all that hypothesis keeps is not the reader's
        start = thread_time()
        command = parse(text, thread=thread)
        seconds.append(thread_time() - start)
        gc.enable()
        check(command)

    read()
    assert len(seconds) >= examples
    assert median(seconds) < TYPICAL
    with capsys.disabled():
        print(
            f"\n  {len(seconds):,} hostile messages read: median {median(seconds) * 1000:.2f} ms,"
            f" slowest {max(seconds) * 1000:.1f} ms"
        )


def check(command: Command) -> None:
    """Nothing in a command can hurt those who use it, and every value is one that a request may hold."""
    found = values(command)
    for field, value in found.items():
        if isinstance(value, str):
            assert value.isprintable(), (field, value)
            assert len(value) <= 1_200, (field, value)
    if isinstance(command, Refusal | Reject | Help):
        return  # these show people their own words, and the views escape them
    for field, value in found.items():
        if isinstance(value, str):
            assert not HOSTILE.search(value), (field, value)
            assert not re.search(r"[<>&`$;|{}()\\\"'*~]", value), (field, value)
    for field in ("model", "dataset", "output_repo"):
        if name := found.get(field):
            assert is_valid_id(name) if "/" in name else is_valid_words(name)


@settings(max_examples=300, deadline=None, database=None)
@given(text=texts, state=st.sampled_from(STATES))
def test_the_same_message_means_the_same_twice(text: str, state: str) -> None:
    thread = ThreadContext(state=state, plan=PLAN)
    assert parse(text, thread=thread) == parse(text, thread=thread)


def quickest(text: str, thread: ThreadContext | None) -> float:
    """The best of three readings, in seconds of processor time."""
    best = float("inf")
    for _ in range(3):
        start = thread_time()
        parse(text, thread=thread)
        best = min(best, thread_time() - start)
    return best


@pytest.mark.parametrize("length", [600, 1_450, 5_900, 40_000])
def test_no_repetition_takes_long(length: int) -> None:
    thread = ThreadContext(state="awaiting_approval", plan=PLAN, choices=("acme/one", "acme/two"))
    for piece in PIECES:
        text = (piece * (length // len(piece) + 1))[:length]
        assert quickest(text, thread) < SLOWEST, piece
        assert quickest(f"/finetune {text}"[:length], None) < SLOWEST, piece


def test_no_mixture_takes_long_and_most_are_quick() -> None:
    rng = random.Random(7)
    thread = ThreadContext(state="awaiting_approval", plan=PLAN)
    mixtures = ["".join(rng.choices(PIECES, k=rng.randint(5, 400)))[:40_000] for _ in range(200)]
    for text in mixtures:
        assert quickest(text, None) < SLOWEST, text
        assert quickest(text, thread) < SLOWEST, text
    ordinary = [quickest(f"<@U0FTBOT> fine-tune a/b on c/d, {n} epochs, lr 1e-5, under $5", None) for n in range(1, 60)]
    assert median(ordinary) < TYPICAL
