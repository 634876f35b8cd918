"""Run the part of a script that prepares rows, on rows that are given, not downloaded."""

import ast
import textwrap
from typing import Any

from datasets import Dataset

from bot.models import Plan
from bot.training import render_script


def prepare(plan: Plan, dataset: Dataset) -> Dataset:
    """Run the script from its Dataset section to its Model section; returns what the trainer would get."""
    script = render_script(plan.model_copy(update={"eval_rows": 0}))
    top, guarded = script.split('if __name__ == "__main__":\n')
    section = textwrap.dedent(guarded.split("    # Dataset\n")[1].split("    # Model\n")[0])
    functions = ast.Module([node for node in ast.parse(top).body if not _needs_more(node)], [])
    asked: list[Any] = []

    def load_dataset(*names: str, **options: str) -> Dataset:
        asked.extend([names, options])
        return dataset

    world: dict[str, Any] = {"load_dataset": load_dataset, "HfApi": object}
    exec(compile(functions, "train.py", "exec"), world)
    exec(section, world)
    assert asked == [
        (plan.dataset.repo_id, plan.dataset.config),
        {"split": plan.split, "revision": plan.dataset.sha},
    ]
    prepared: Dataset = world["dataset"]
    return prepared


def _needs_more(node: ast.stmt) -> bool:
    """What needs more than the bot itself installs: imports, classes of callbacks, decorated functions."""
    if isinstance(node, ast.FunctionDef):
        return bool(node.decorator_list)
    names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
    names += [name.name for name in node.names] if isinstance(node, ast.Import) else []
    heavy = {"torch", "transformers", "trl", "peft", "datasets", "huggingface_hub", "bitsandbytes", "math_verify"}
    return isinstance(node, ast.ClassDef) or any(name.split(".")[0] in heavy for name in names)
