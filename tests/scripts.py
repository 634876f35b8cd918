"""Plans of every kind of script, by name, and ways to look into a rendered script without running it."""

import ast
from collections.abc import Iterator
from typing import Any

from bot.models import ColumnMapping, Method, Plan, Tuning
from tests.builders import make_dataset_info, make_model_info, make_plan, make_request

_TEXT = {"dtype": "string", "_type": "Value"}
_LORA = {"lora_r": 16, "lora_alpha": 32, "lora_dropout": 0.05}
_PAIRS = {name: name for name in ("prompt", "chosen", "rejected")}


def plans() -> dict[str, Plan]:
    """Name -> plan; the names are those of the golden scripts."""
    return {
        "sft": make_plan(),
        "sft_lora_sharegpt": _plan(
            Method.SFT,
            ColumnMapping(kind="sharegpt", columns={"messages": "conversations", "system": "system"}),
            tuning=Tuning.LORA,
            arguments=_LORA | {"packing": True},
            request=make_request(max_samples=5000),
            features={"conversations": [{"from": _TEXT, "value": _TEXT}], "system": _TEXT},
        ),
        "sft_qlora_pairs": _plan(
            Method.SFT,
            ColumnMapping(
                kind="pairs_to_messages", columns={"prompt": "instruction", "completion": "output", "input": "input"}
            ),
            tuning=Tuning.QLORA,
            arguments=_LORA,
            request=make_request(sample_fraction=0.25),
            features={"instruction": _TEXT, "input": _TEXT, "output": _TEXT},
        ),
        "sft_base_fp16": _plan(
            Method.SFT,
            ColumnMapping(kind="as_is", columns={"messages": "messages"}),
            precision="fp16",
            dtype="float32",
            model=make_model_info(repo_id="Qwen/Qwen3-0.6B-Base", has_chat_template=False),
            features={"messages": [{"role": _TEXT, "content": _TEXT}]},
        ),
        "sft_text": _plan(
            Method.SFT, ColumnMapping(kind="rename", columns={"text": "content"}), features={"content": _TEXT}
        ),
        "dpo": _plan(Method.DPO, ColumnMapping(kind="as_is", columns=_PAIRS), arguments={"beta": 0.1}),
        "dpo_lora_implicit": _plan(
            Method.DPO,
            ColumnMapping(kind="implicit_prompt", columns={"chosen": "chosen", "rejected": "rejected"}),
            tuning=Tuning.LORA,
            arguments=_LORA | {"beta": 0.1},
        ),
        "grpo": _plan(
            Method.GRPO,
            ColumnMapping(kind="prompt_from_question", columns={"prompt": "question"}, answer="answer"),
            arguments={"beta": 0.0, "num_generations": 8, "max_length": 512},
        ),
        "grpo_form_only": _plan(
            Method.GRPO,
            ColumnMapping(kind="as_is", columns={"prompt": "prompt"}),
            arguments={"beta": 0.04, "num_generations": 4, "max_length": 256},
            request=make_request(temperature=0.8),
        ),
    }


def _plan(method: Method, mapping: ColumnMapping, *, features: dict[str, Any] | None = None, **changes: Any) -> Plan:
    names = [*mapping.columns.values(), *([mapping.answer] if mapping.answer else [])]
    dataset = make_dataset_info(features=features or dict.fromkeys(names, _TEXT))
    return make_plan(method=method, mapping=mapping, dataset=dataset, **changes)


def shape(script: str) -> str:
    """The syntax tree without its constants: two scripts of one shape differ in values only."""
    tree = ast.parse(script)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            node.value = type(node.value).__name__
    return ast.dump(tree)


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
