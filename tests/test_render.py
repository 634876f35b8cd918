"""The scripts say exactly what the plan says, whatever its texts hold."""

import ast
import json
import math
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError

from bot.models import At, Call, ColumnMapping, Method, Plan, Tuning
from bot.training import render_script
from bot.training.render import literal, render_template
from tests.builders import make_dataset_info, make_plan
from tests.scripts import constants, differences, keywords, plans, shape

ROOT = Path(__file__).parents[1]
PLANS = plans()
CONFIGS = {
    Method.SFT: "SFTConfig",
    Method.DPO: "DPOConfig",
    Method.GRPO: "GRPOConfig",
    Method.KTO: "KTOConfig",
    Method.REWARD: "RewardConfig",
}

HOSTILE = (
    'x"); import os; os.system("true") #',
    "x'); raise SystemExit #",
    "line\nimport os",
    "carriage\rreturn",
    "line\u2028separator \u0085 next",
    "nul\0byte",
    "'''",
    '"""',
    "\\",
    '\\"',
    "{{ 7 * 7 }}",
    "{% include 'base.py.j2' %}",
    "{# gone? #}",
    "\ud800 lone surrogate",
    "",
    "%s {0} {MODEL}",
    "é 漢 🎵 \u202e",
)


def with_text(slot: str, text: str, base: Plan) -> Plan:
    """Put the text where a person or the Hub could have put it."""
    owner, _, field = slot.rpartition(".")
    if slot == "mapping.columns":
        columns = {name: text if name == "prompt" else f"{name} of the set" for name in base.mapping.columns}
        return base.model_copy(update={"mapping": base.mapping.model_copy(update={"columns": columns})})
    if slot == "mapping.conversion":
        mapping = ColumnMapping(columns={"prompt": Call(call="question", to=(text,)), "answer": At(at=("a", text))})
        return base.model_copy(update={"mapping": mapping})
    if owner:
        return base.model_copy(update={owner: getattr(base, owner).model_copy(update={field: text})})
    return base.model_copy(update={field: text})


SLOTS = (
    "model.repo_id",
    "model.sha",
    "dataset.repo_id",
    "dataset.sha",
    "dataset.config",
    "split",
    "output_repo",
    "namespace",
    "request.text",
    "model.license",
    "flavor.pretty_name",
    "resume.commit",
    "arguments.lr_scheduler_type",
    "arguments.optim",
    "mapping.columns",
    "mapping.conversion",
)

#: Every slot at once: a plan that uses all of them.
SLOTTED = PLANS["grpo"].model_copy(update={"resume": PLANS["sft_fsdp_resumed"].resume})


@pytest.mark.parametrize("name", PLANS)
def test_a_script_reads_like_its_golden(name: str, assert_golden: Callable[[str, str], None]) -> None:
    assert_golden(f"{name}.py", render_script(PLANS[name]))


def test_no_golden_script_is_left_over() -> None:
    assert {path.stem for path in (ROOT / "tests/golden").glob("*.py")} == set(PLANS)


def test_the_golden_scripts_are_lint_free() -> None:
    files = sorted((ROOT / "tests/golden").glob("*.py"))
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", *files], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("slot", SLOTS)
def test_no_text_becomes_code(slot: str, text: str) -> None:
    script = render_script(with_text(slot, text, SLOTTED))
    assert shape(script) == shape(render_script(with_text(slot, "harmless", SLOTTED)))
    assert text in constants(script)


#: Texts that try: quotes, escapes, line ends, marks of templates and of string formatting, and whatever there is.
TEXTS = st.text() | st.text(alphabet="\"'\\\n\r\u2028{}%#$();=: \t\0ab_") | st.sampled_from(HOSTILE)
#: One text for each slot, all at once; columns are either renamed or converted.
# an optimizer of 8 bits asks for a package in the header, as it should
FITTING = TEXTS.filter(lambda text: "8bit" not in text)
PLAIN_SLOTS = tuple(slot for slot in SLOTS if not slot.startswith("mapping."))
FILLINGS = st.tuples(st.sampled_from(("mapping.columns", "mapping.conversion")), FITTING, *[FITTING] * len(PLAIN_SLOTS))


def filled(texts: tuple[str, ...]) -> str:
    plan = SLOTTED
    for slot, text in zip((texts[0], *PLAIN_SLOTS), texts[1:], strict=True):
        plan = with_text(slot, text, plan)
    return render_script(plan)


@cache
def reference(mapping_slot: str) -> tuple[list[str], list[ast.stmt]]:
    """The lines and the statements of the script with harmless texts."""
    script = filled((mapping_slot, *["harmless"] * (len(PLAIN_SLOTS) + 1)))
    return script.split("\n"), ast.parse(script).body


def no_filling_changes_more_than_constants(texts: tuple[str, ...]) -> None:
    """Compare statement by statement; those whose lines are the same need no look."""
    lines, (wanted, statements) = filled(texts).split("\n"), reference(texts[0])
    assert len(lines) == len(wanted), texts
    seen = set()
    for statement in statements:
        place = slice(statement.lineno - 1, statement.end_lineno)
        if lines[place] != wanted[place]:
            tree = ast.parse("\n".join(lines[place]))
            assert differences(tree.body, [statement]) == "", texts
            seen |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
            lines[place] = wanted[place]
    assert lines == wanted, texts  # comments stand between the statements
    assert set(texts[1:]) <= seen | {"harmless"}


@given(texts=FILLINGS)
@settings(max_examples=2000, deadline=None)
def test_two_thousand_texts_in_every_slot_are_only_values(texts: tuple[str, ...]) -> None:
    no_filling_changes_more_than_constants(texts)


@pytest.mark.slow
@given(texts=FILLINGS)
@settings(max_examples=10_000, deadline=None)
def test_ten_thousand_texts_in_every_slot_are_only_values(texts: tuple[str, ...]) -> None:
    no_filling_changes_more_than_constants(texts)


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
@settings(max_examples=200, deadline=None)
def test_a_literal_evaluates_to_its_value(value: Any) -> None:
    assert eval(literal(value), {"__builtins__": {}}) == value  # what the job's Python will do


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, object(), Tuning.LORA, b"bytes", {1, 2}, [math.nan]])
def test_what_has_no_literal_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="not a Python literal"):
        literal(value)


def test_a_number_that_is_none_stops_the_rendering() -> None:
    with pytest.raises(TypeError, match="not a Python literal: nan"):
        render_script(make_plan(arguments={"learning_rate": math.nan}))


def test_a_name_that_the_template_does_not_know_stops_the_rendering() -> None:
    with pytest.raises(UndefinedError, match="'plan' is undefined"):
        render_template("sft.py.j2")


def test_the_pinned_versions_are_those_of_the_train_extra() -> None:
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["train"]
    pinned = {found for plan in PLANS.values() for found in re.findall(r'^#     "(.+)",$', render_script(plan), re.M)}
    assert pinned == set(extra)


@pytest.mark.parametrize("name", PLANS)
def test_every_number_of_the_plan_is_in_the_script(name: str) -> None:
    plan = PLANS[name]
    script = render_script(plan)
    said = keywords(script, CONFIGS[plan.method]) | keywords(script, "LoraConfig")
    renamed = {"warmup_ratio": "warmup_steps", "lora_r": "r"}
    if plan.method is Method.GRPO:
        renamed["max_length"] = "max_completion_length"
        assert f"MAX_COMPLETION_LENGTH = {plan.arguments.max_length}" in script
        said["max_completion_length"] = str(plan.arguments.max_length)
    arguments = plan.arguments.model_dump(exclude_none=True)
    if plan.method is not Method.SFT:
        del arguments["packing"]
    assert {field: said.get(renamed.get(field, field)) for field in arguments} == {
        field: repr(value) for field, value in arguments.items()
    }


@pytest.mark.parametrize(("ours", "data"), [(True, True), (True, False), (False, True)])
def test_what_is_private_stays_private(ours: bool, data: bool) -> None:
    plan = make_plan(private=ours, dataset=make_dataset_info(private=data))
    assert 'OUTPUT, PRIVATE = "tunesmith-lab/qwen3-0.6b-tiny-chat-sft", True\n' in render_script(plan)


def test_a_public_model_of_public_data_may_be_public() -> None:
    assert 'OUTPUT, PRIVATE = "tunesmith-lab/qwen3-0.6b-tiny-chat-sft", False\n' in render_script(
        make_plan(private=False)
    )


def test_a_script_holds_no_secret_and_no_local_path() -> None:
    for plan in PLANS.values():
        script = render_script(plan)
        assert not re.search(r"hf_[A-Za-z0-9]{8}|(?<![\w/.:])/(?!/)\w+/", script)


def test_a_model_with_a_chat_template_keeps_its_own() -> None:
    assert "CHAT_TEMPLATE" in render_script(PLANS["sft_base_fp16"])
    assert "CHAT_TEMPLATE" not in render_script(PLANS["sft"])


def test_plain_texts_need_no_chat_template() -> None:
    plan = PLANS["sft_text"]
    bare = plan.model_copy(update={"model": plan.model.model_copy(update={"has_chat_template": False})})
    assert "CHAT_TEMPLATE" not in render_script(bare)


def test_rewards_stand_in_one_order_with_their_weights() -> None:
    plan = PLANS["grpo"].model_copy(update={"rewards": ("length", "format", "exact")})
    script = render_script(plan)
    assert keywords(script, "GRPOTrainer")["reward_funcs"] == "[exact_reward, format_reward, length_reward]"
    assert keywords(script, "GRPOConfig")["reward_weights"] == "[1.0, 0.2, 0.2]"
    assert "number_reward" not in script


@pytest.mark.parametrize("rewards", [("number",), ("taste",), ()], ids=["no reference", "unknown", "none"])
def test_a_reward_that_cannot_be_is_our_bug(rewards: tuple[str, ...]) -> None:
    with pytest.raises(AssertionError):
        render_script(PLANS["grpo_form_only"].model_copy(update={"rewards": rewards}))


def test_dependencies_come_only_where_they_are_needed() -> None:
    wanting = {
        package: {name for name, plan in PLANS.items() if f'#     "{package}==' in render_script(plan)}
        for package in ("bitsandbytes", "math-verify", "trl")
    }
    assert wanting == {
        "bitsandbytes": {"sft_qlora_pairs", "grpo_math"},
        "math-verify": {"grpo_math"},
        "trl": set(PLANS),
    }


@pytest.mark.train
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PLANS)
def test_every_setting_is_a_field_of_the_installed_trl(name: str) -> None:
    import peft
    import trl

    plan = PLANS[name]
    script = render_script(plan)
    config = CONFIGS[plan.method]
    assert set(keywords(script, config)) <= set(getattr(trl, config).__dataclass_fields__)
    assert set(keywords(script, "LoraConfig")) <= set(peft.LoraConfig.__dataclass_fields__)


@pytest.mark.parametrize("name", PLANS)
def test_each_method_watches_for_its_own_way_of_learning_nothing(name: str) -> None:
    script = render_script(PLANS[name])
    of_grpo = PLANS[name].method is Method.GRPO  # whose loss is about 0 by construction
    assert ("zero_reward_spread" in script) is of_grpo
    assert ("zero_loss" in script) is not of_grpo


@pytest.mark.parametrize(
    ("prompt", "shown"),
    [
        ("Hello", "Hello"),
        ([{"role": "user", "content": "Hello"}], "Hello"),
        ([{"role": "tool", "content": None}], ""),
        ([{"role": "user", "content": [{"type": "text", "text": "Hé"}]}], '[{"type": "text", "text": "Hé"}]'),
    ],
    ids=["a text", "a turn", "a turn without words", "a turn in parts"],
)
def test_a_question_is_shown_as_text_whatever_its_turn_holds(prompt: Any, shown: str) -> None:
    tree = ast.parse(render_script(PLANS["sft"]))
    tree.body = [node for node in tree.body if getattr(node, "name", "") == "question_of"]
    world: dict[str, Any] = {"json": json}
    exec(compile(tree, "train.py", "exec"), world)
    assert world["question_of"](prompt) == shown
