"""The scripts say exactly what the plan says, whatever its texts hold."""

import math
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError

from bot.models import ColumnMapping, Method, Plan, Tuning
from bot.training import render_script
from bot.training.render import literal, render_template
from tests.builders import make_plan
from tests.scripts import constants, keywords, plans, shape

ROOT = Path(__file__).parents[1]
PLANS = plans()
CONFIGS = {Method.SFT: "SFTConfig", Method.DPO: "DPOConfig", Method.GRPO: "GRPOConfig"}

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
    "arguments.lr_scheduler_type",
    "arguments.optim",
    "mapping.columns",
    "mapping.answer",
)


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
    base = PLANS["grpo"]
    script = render_script(with_text(slot, text, base))
    assert shape(script) == shape(render_script(with_text(slot, "harmless", base)))
    assert text in constants(script)


@given(text=st.text())
@settings(max_examples=60, deadline=None)
def test_any_text_comes_back_as_the_same_value(text: str) -> None:
    for slot in ("model.repo_id", "mapping.columns"):
        assert text in constants(render_script(with_text(slot, text, PLANS["grpo"])))


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
    for name, plan in PLANS.items():
        pinned = set(re.findall(r'^#     "(.+)",$', render_script(plan), re.MULTILINE))
        assert pinned - set(extra) == ({"bitsandbytes==0.50.2"} if "qlora" in name else set())
        assert pinned >= set(extra)


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


@pytest.mark.parametrize("name", PLANS)
def test_a_script_pushes_every_checkpoint_to_the_planned_repository(name: str) -> None:
    plan = PLANS[name]
    said = keywords(render_script(plan), CONFIGS[plan.method])
    pushing = {key: said[key] for key in ("push_to_hub", "hub_model_id", "hub_private_repo", "hub_strategy")}
    assert pushing == {
        "push_to_hub": "True",
        "hub_model_id": "OUTPUT",
        "hub_private_repo": "True",
        "hub_strategy": "'every_save'",
    }


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


def test_an_unmapped_reference_is_no_reward() -> None:
    mapping = ColumnMapping(kind="prompt_from_question", columns={"prompt": "question"})
    plan = PLANS["grpo"].model_copy(update={"mapping": mapping})
    script = render_script(plan)
    assert keywords(script, "GRPOTrainer")["reward_funcs"] == "[good_form]"
    assert "correct_answer" not in script


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
