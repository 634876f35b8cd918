"""The rewards of GRPO scripts, run as they stand in the script."""

import ast
import re
from collections.abc import Callable
from time import monotonic
from typing import Any

import pytest

from bot.training import render_script
from tests.scripts import plans

PLANS = plans()
Reward = Callable[..., list[float]]


def reward(name: str, *, answer: bool = True) -> Reward:
    """A reward function out of the script that holds it alone."""
    plan = PLANS["grpo" if answer else "grpo_form_only"].model_copy(update={"rewards": (name,)})
    tree = ast.parse(render_script(plan))
    wanted = ast.FunctionDef | ast.Assign
    kept = [node for node in tree.body if isinstance(node, wanted) and "os.environ" not in ast.unparse(node)]
    kept = [node for node in kept if not isinstance(node, ast.FunctionDef) or not node.decorator_list]
    kept = [node for node in kept if not ast.unparse(node).startswith(("api =", "CARD ="))]
    world: dict[str, Any] = {"re": re}
    if name == "math":
        import math_verify

        world |= {"parse": math_verify.parse, "verify": math_verify.verify}
    exec(compile(ast.Module(kept, []), "train.py", "exec"), world)
    found: Reward = world[f"{name}_reward"]
    return found


def judged(function: Reward, completion: str, answer: Any) -> float:
    """As TRL calls it, with texts and with messages: both must count the same."""
    [as_text] = function(completions=[completion], answer=[answer], prompts=["?"], trainer_state=None)
    [as_messages] = function(completions=[[{"role": "assistant", "content": completion}]], answer=[answer])
    assert as_text == as_messages
    return as_text


@pytest.mark.parametrize(
    ("completion", "answer", "worth"),
    [
        ("3 + 4 = 7\n#### 7", "3 + 4 = 7\n#### 7", 1.0),
        ("It is 7.", "#### 7", 1.0),
        ("It is 1,234.50 in all", "1234.5", 1.0),
        ("\\boxed{-3} after 9 steps", "-3", 1.0),
        ("7 apples, no, 8", "7", 0.0),
        ("no number", "7", 0.0),
        ("no number", "nor here", 0.0),
        ("It is 7.", ["seven", "7"], 1.0),
        ("It is 8.", 8, 1.0),
    ],
)
def test_number_compares_the_last_numbers(completion: str, answer: Any, worth: float) -> None:
    assert judged(reward("number"), completion, answer) == worth


@pytest.mark.parametrize(
    ("completion", "answer", "worth"),
    [
        ("The answer is Paris.", "Paris", 1.0),
        ("The answer is paris", "PARIS", 1.0),
        ("The answer is Rome.", "Paris", 0.0),
        ("I think it is B", "B", 1.0),
        ("CAB", "B", 0.0),
        ("anything", "", 0.0),
        ("\\boxed{x + 1}", "x + 1", 1.0),
        ("Yes", ["no", "yes"], 1.0),
        ("a (b", "(b", 1.0),
    ],
)
def test_exact_wants_the_words_at_the_end(completion: str, answer: Any, worth: float) -> None:
    assert judged(reward("exact"), completion, answer) == worth


@pytest.mark.train
@pytest.mark.parametrize(
    ("completion", "answer", "worth"),
    [
        ("So it is $\\frac{1}{2}$", "\\frac{1}{2}", 1.0),
        ("So it is $0.5$", "\\boxed{\\frac{1}{2}}", 1.0),
        ("The result is \\boxed{2x + 2}", "2(x+1)", 1.0),
        ("The result is \\boxed{2x + 3}", "2(x+1)", 0.0),
        ("no idea", "7", 0.0),
        ("It is \\boxed{7}", "long work\n#### 7", 1.0),
    ],
)
def test_math_knows_equal_formulas(completion: str, answer: Any, worth: float) -> None:
    assert judged(reward("math"), completion, answer) == worth


def test_a_formula_that_nobody_can_compute_is_wrong_and_keeps_nobody_waiting() -> None:
    began = monotonic()
    assert judged(reward("math"), "So it is $\\boxed{10^{10^{10}}}$", "42") == 0
    assert monotonic() - began < 20


def test_format_counts_an_answer_that_ends_and_is_marked_like_the_reference() -> None:
    given = reward("format")(
        completions=["#### 7", "#### 8", "", "1 2 3"],
        completion_ids=[[1] * 5, [1] * 512, [1], [1] * 9],
        answer=["#### 7"] * 4,
    )
    assert given == [1.0, 0.5, 0.5, 0.5]


def test_without_a_reference_format_rewards_saying_something_that_ends() -> None:
    given = reward("format", answer=False)(completions=["yes", " ", "long"], completion_ids=[[1], [1], [1] * 256])
    assert given == [1.0, 0.0, 0.0]


def test_length_punishes_only_the_last_quarter() -> None:
    given = reward("length")(completions=["a"] * 4, completion_ids=[[1] * n for n in (1, 384, 448, 512)])
    assert given == [0.0, 0.0, -0.5, -1.0]
