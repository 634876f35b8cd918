"""Plans of every kind of script, by name, and ways to look into a rendered script without running it."""

import ast
from collections.abc import Iterator
from typing import Any

from bot.models import Call, ColumnMapping, Expression, Method, Plan, Resume, Tuning
from tests.builders import make_dataset_info, make_flavor, make_model_info, make_plan, make_request

_TEXT = {"dtype": "string", "_type": "Value"}
_LORA = {"lora_r": 16, "lora_alpha": 32, "lora_dropout": 0.05}
_PAIRS = {name: name for name in ("prompt", "chosen", "rejected")}


def plans() -> dict[str, Plan]:
    """Name -> plan; the names are those of the golden scripts."""
    return {
        "sft": make_plan(eval_rows=128),
        "sft_lora_sharegpt": _plan(
            Method.SFT,
            ColumnMapping(columns={"messages": _call("translated", "conversations", "system")}),
            tuning=Tuning.LORA,
            arguments=_LORA | {"packing": True},
            request=make_request(max_samples=5000),
            eval_rows=100,
            features={"conversations": [{"from": _TEXT, "value": _TEXT}], "system": _TEXT},
        ),
        "sft_qlora_pairs": _plan(
            Method.SFT,
            ColumnMapping(
                columns={
                    "prompt": _call("question", _call("joined", "instruction", "input")),
                    "completion": _call("reply", "output"),
                }
            ),
            tuning=Tuning.QLORA,
            arguments=_LORA,
            request=make_request(sample_fraction=0.25),
            features={"instruction": _TEXT, "input": _TEXT, "output": _TEXT},
        ),
        "sft_base_fp16": _plan(
            Method.SFT,
            ColumnMapping(columns={"messages": "messages"}),
            precision="fp16",
            dtype="float32",
            model=make_model_info(repo_id="Qwen/Qwen3-0.6B-Base", has_chat_template=False),
            features={"messages": [{"role": _TEXT, "content": _TEXT}]},
        ),
        "sft_text": _plan(Method.SFT, ColumnMapping(columns={"text": "content"}), features={"content": _TEXT}),
        "dpo": _plan(Method.DPO, ColumnMapping(columns=_PAIRS), arguments={"beta": 0.1}),
        "dpo_lora_implicit": _plan(
            Method.DPO,
            ColumnMapping(
                columns={"chosen": "chosen", "rejected": "rejected"}, keep=(_call("same_start", "chosen", "rejected"),)
            ),
            tuning=Tuning.LORA,
            arguments=_LORA | {"beta": 0.1},
        ),
        "grpo": _plan(
            Method.GRPO,
            ColumnMapping(columns={"prompt": _call("question", "question"), "answer": "answer"}),
            arguments={"beta": 0.0, "num_generations": 8, "max_length": 512},
            rewards=("number", "format"),
            eval_rows=64,
        ),
        "grpo_math": _plan(
            Method.GRPO,
            ColumnMapping(columns={"prompt": _call("question", "problem"), "answer": "solution"}),
            tuning=Tuning.LORA,
            arguments=_LORA | {"beta": 0.0, "num_generations": 16, "max_length": 1024, "optim": "adamw_8bit"},
            rewards=("exact", "math", "length"),
        ),
        "grpo_form_only": _plan(
            Method.GRPO,
            ColumnMapping(columns={"prompt": "prompt"}),
            arguments={"beta": 0.04, "num_generations": 4, "max_length": 256},
            request=make_request(temperature=0.8),
            rewards=("format",),
        ),
        "kto_lora": _plan(
            Method.KTO,
            ColumnMapping(columns={name: name for name in ("prompt", "completion", "label")}),
            tuning=Tuning.LORA,
            arguments=_LORA | {"beta": 0.1},
            eval_rows=50,
        ),
        "reward": _plan(Method.REWARD, ColumnMapping(columns=_PAIRS), eval_rows=50),
        "reward_lora": _plan(Method.REWARD, ColumnMapping(columns=_PAIRS), tuning=Tuning.LORA, arguments=_LORA),
        "sft_fsdp_resumed": make_plan(
            flavor=make_flavor(name="a100x4", pretty_name="4x Nvidia A100 - large", gpu="A100", gpus=4, vram_gb=320),
            processes=4,
            sharding="fsdp",
            eval_rows=128,
            resume=Resume(run_id="01kaxyz", commit="9f8e7d6c5b4a39281706f5e4d3c2b1a000112233", step=200),
        ),
    }


def _call(name: str, *arguments: Expression) -> Call:
    return Call(call=name, to=arguments)


def _plan(method: Method, mapping: ColumnMapping, *, features: dict[str, Any] | None = None, **changes: Any) -> Plan:
    dataset = make_dataset_info(features=features or dict.fromkeys(mapping.sources, _TEXT))
    return make_plan(method=method, mapping=mapping, dataset=dataset, **changes)


def shape(script: str) -> str:
    """The syntax tree without its constants: two scripts of one shape differ in values only."""
    tree = ast.parse(script)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            node.value = type(node.value).__name__
    return ast.dump(tree)


def differences(tree: Any, other: Any, path: str = "") -> str:
    """Where two syntax trees differ in more than the values of constants; "" when they do not."""
    if type(tree) is not type(other):
        return f"{path}: {type(tree).__name__} is not {type(other).__name__}"
    if isinstance(tree, ast.Constant):
        return "" if type(tree.value) is type(other.value) else f"{path}: {tree.value!r}, {other.value!r}"
    if isinstance(tree, ast.AST):
        pairs = [(getattr(tree, name), getattr(other, name), name) for name in tree._fields]
    elif isinstance(tree, list):
        if len(tree) != len(other):
            return f"{path}: {len(tree)} parts, not {len(other)}"
        pairs = [(one, two, str(number)) for number, (one, two) in enumerate(zip(tree, other, strict=True))]
    else:
        return "" if tree == other else f"{path}: {tree!r}, {other!r}"
    return next(filter(None, (differences(one, two, f"{path}/{name}") for one, two, name in pairs)), "")


def constants(script: str) -> list[Any]:
    return [node.value for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Constant)]


def keywords(script: str, function: str) -> dict[str, str]:
    """The keyword arguments of the script's call of `function`, as source."""
    return {
        word.arg: ast.unparse(word.value) for call in _calls(script, function) for word in call.keywords if word.arg
    }


def _calls(script: str, function: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(script)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function:
            yield node
