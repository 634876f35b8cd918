"""What holds for every message, however hostile: an answer, quickly, and no value that could hurt anybody."""

import random
import re
from time import perf_counter
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

EXAMPLES = 2_000
#: Seconds for one message. The goal is 0.05; a loaded machine gets as much again.
SLOWEST, TYPICAL = 0.1, 0.01

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
        asked=st.sampled_from([None, "model", "dataset", "method"]),
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


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(text=texts, thread=threads)
def test_every_message_gets_an_answer_whose_values_are_harmless(text: str, thread: ThreadContext | None) -> None:
    command = parse(text, thread=thread)
    found = values(command)
    for field, value in found.items():
        if isinstance(value, str):
            assert value.isprintable(), (field, value)
            assert len(value) <= 400, (field, value)
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
    """The better of two readings: the other one may have waited for the machine."""
    best = float("inf")
    for _ in range(2):
        start = perf_counter()
        parse(text, thread=thread)
        best = min(best, perf_counter() - start)
    return best


@pytest.mark.parametrize("length", [600, 1_750, 5_900, 40_000])
def test_no_repetition_takes_long(length: int) -> None:
    thread = ThreadContext(state="awaiting_approval", plan=PLAN)
    for piece in PIECES:
        text = (piece * (length // len(piece) + 1))[:length]
        assert quickest(text, thread) < SLOWEST, piece
        assert quickest(f"/finetune {text}"[:length], None) < SLOWEST, piece


def test_no_mixture_takes_long_and_most_are_quick() -> None:
    rng = random.Random(7)
    mixtures = ["".join(rng.choices(PIECES, k=rng.randint(5, 400)))[:40_000] for _ in range(200)]
    seconds = sorted(quickest(text, None) for text in mixtures)
    assert seconds[-1] < SLOWEST
    ordinary = sorted(
        quickest(f"<@U0FTBOT> fine-tune a/b on c/d, {n} epochs, lr 1e-5, under $5", None) for n in range(1, 60)
    )
    assert ordinary[len(ordinary) // 2] < TYPICAL
