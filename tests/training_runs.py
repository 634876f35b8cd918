"""Plans for the tiny models, for every cell of the training matrix, and a way to run their scripts as a job would."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bot.models import ColumnMapping, Expression, Method, Plan, Progress, Tuning
from bot.models.job import FENCED_EXIT, STOPPED_EXIT
from bot.training import read_progress, render_script
from bot.training.launch import launch_command
from tests.builders import make_dataset_info, make_flavor, make_model_info, make_plan
from tests.local_hub import LocalHub

_TEXT = {"dtype": "string", "_type": "Value"}
_MESSAGES = [{"role": _TEXT, "content": _TEXT}]
_PAIRS: dict[str, Expression] = {name: name for name in ("prompt", "chosen", "rejected")}
_IMPLICIT: dict[str, Expression] = {name: name for name in ("chosen", "rejected")}
_UNPAIRED: dict[str, Expression] = {name: name for name in ("prompt", "completion", "label")}

#: Kind of data -> method, dataset, the trainer's columns, and what makes a tiny model learn visibly in some seconds.
CELLS: dict[str, tuple[Method, str, dict[str, Expression], dict[str, Any]]] = {
    "sft-messages": (Method.SFT, "tiny-chat", {"messages": "messages"}, {"learning_rate": 2e-3}),
    "sft-text": (Method.SFT, "tiny-text", {"text": "text"}, {"learning_rate": 2e-3}),
    "sft-completion": (
        Method.SFT, "tiny-completions", {"prompt": "prompt", "completion": "completion"}, {"learning_rate": 2e-3},
    ),
    "dpo": (Method.DPO, "tiny-preferences", _PAIRS, {"learning_rate": 2e-4, "beta": 0.1}),
    "dpo-implicit": (Method.DPO, "tiny-implicit", _IMPLICIT, {"learning_rate": 2e-4, "beta": 0.1}),
    "grpo": (
        Method.GRPO,
        "tiny-questions",
        {"prompt": "prompt", "answer": "answer"},
        {
            "learning_rate": 3e-4, "num_train_epochs": 3, "max_length": 24, "beta": 0.0, "num_generations": 8,
            "per_device_train_batch_size": 64,
        },
    ),
    "kto": (Method.KTO, "tiny-unpaired", _UNPAIRED, {"learning_rate": 2e-4, "beta": 0.1}),
    "reward": (Method.REWARD, "tiny-preferences", _PAIRS, {"learning_rate": 1e-3}),
}  # fmt: skip
_LORA = {"lora_r": 8, "lora_alpha": 16, "lora_dropout": 0.0}


def add_datasets(hub: LocalHub) -> None:
    """Put what the fixtures lack on the local Hub, made of the rows that they have."""
    fixtures = Path(__file__).parents[1] / "bot/playground/fixtures/datasets"

    def rows(name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (fixtures / name / "train.jsonl").read_text().splitlines()]

    turns = [[turn["content"] for turn in row["messages"]] for row in rows("tiny-chat")]
    preferences = rows("tiny-preferences")
    made: dict[str, list[dict[str, Any]]] = {
        "tiny-text": [{"text": f"{question} {answer}"} for question, answer in turns],
        "tiny-completions": [{"prompt": question, "completion": f" {answer}"} for question, answer in turns],
        "tiny-implicit": [
            {name: [_says("user", row["prompt"]), _says("assistant", row[name])] for name in _IMPLICIT}
            for row in preferences
        ],
        "tiny-unpaired": [
            {"prompt": row["prompt"], "completion": row["chosen" if is_good else "rejected"], "label": is_good}
            for number, row in enumerate(preferences * 2)
            for is_good in [number % 2 == 0]
        ],
        "tiny-questions": [
            {"prompt": [_says("user", row["question"])], "answer": row["answer"]} for row in rows("tiny-math")
        ],
    }  # fmt: skip
    for name, made_rows in made.items():
        repo_id = f"tunesmith-lab/{name}"
        hub.api().create_repo(repo_id, repo_type="dataset", private=True)
        lines = "".join(json.dumps(row) + "\n" for row in made_rows)
        hub.api().upload_file(
            repo_id=repo_id, repo_type="dataset", path_in_repo="train.jsonl", path_or_fileobj=lines.encode()
        )


def plan_for(hub: LocalHub, cell: str, output: str, *, model: str = "tiny-qwen3", **changes: Any) -> Plan:
    """A plan of one cell; `tuning` brings the arguments of LoRA along."""
    method, dataset, columns, learning = CELLS[cell]
    tuning = changes.get("tuning", Tuning.FULL)
    arguments = {
        "num_train_epochs": 2,
        "per_device_train_batch_size": 8,
        "gradient_accumulation_steps": 1,
        "activation_checkpointing": False,
        "warmup_ratio": 0.1,
        "max_length": 128,
        "logging_steps": 5,
        "save_steps": 20,
        **learning,
    }
    if tuning is not Tuning.FULL:
        # an adapter of rank 8 learns at about ten times the rate of all weights
        arguments |= _LORA | {"learning_rate": min(10 * learning["learning_rate"], 1e-2)}
    features: dict[str, Any] = dict.fromkeys(columns.values(), _TEXT)
    if "messages" in features or cell == "dpo-implicit":
        features = dict.fromkeys(features, _MESSAGES)
    repo_id, dataset_id = f"tunesmith-lab/{model}", f"tunesmith-lab/{dataset}"
    defaults: dict[str, Any] = {
        "method": method,
        "mapping": ColumnMapping(columns=dict(columns)),
        "model": make_model_info(
            repo_id=repo_id,
            sha=hub.api().model_info(repo_id).sha,
            parameters=94_592,
            has_chat_template=model == "tiny-qwen3",
        ),
        "dataset": make_dataset_info(repo_id=dataset_id, sha=hub.api().dataset_info(dataset_id).sha, features=features),
        "flavor": make_flavor(name="cpu-basic", pretty_name="CPU Basic", gpu=None, gpus=0, price_usd_hour=0.01),
        "precision": "fp32",
        "dtype": "float32",
        "output_repo": f"tunesmith-lab/{output}",
        "arguments": arguments | changes.pop("arguments", {}),
        "eval_rows": 16,
        "rewards": ("number", "format") if method is Method.GRPO else (),
    }  # fmt: skip
    return make_plan(**(defaults | changes))


def _says(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content.strip()}


class Ended:
    """How a script ended: its exit code, what it printed, and what the bot reads in that."""

    def __init__(self, code: int, lines: list[str]) -> None:
        self.code, self.lines = code, lines
        self.progress = read_progress(lines, Progress())

    def events(self, name: str) -> list[dict[str, Any]]:
        """The lines of ours of one kind."""
        ours = (json.loads(line.split("@@TUNESMITH ", 1)[1]) for line in self.lines if "@@TUNESMITH {" in line)
        return [event for event in ours if event["ev"] == name]

    @property
    def text(self) -> str:
        return "\n".join(self.lines[-60:])


def small_disks_work() -> bool:
    """Whether this machine lets us mount a small file system, which needs no root where user namespaces are allowed."""
    tried = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(tried, check=False, capture_output=True).returncode == 0


def on_a_small_disk(folder: Path, size_kb: int) -> list[str]:
    """How to begin a command so that it works in `folder`/disk, a file system of its own with so many KiB.

    Once there is a file `folder`/fill, something else takes all that is free there.
    """
    (folder / "disk").mkdir()
    filling = "while kill -0 $$; do test -e ../fill && cat /dev/zero >> filler; sleep 0.05; done >/dev/null 2>&1 &"
    mounted = f'mount -t tmpfs -o size={size_kb}k none disk && cd disk && {{ {filling} }}; exec "$@"'
    return ["unshare", "-rm", "sh", "-c", mounted, "sh"]


def start(
    hub: LocalHub, plan: Plan, folder: Path, *, token: str = "hf_playground", disk_kb: int = 0, **environment: str
) -> "subprocess.Popen[str]":
    """Start the script as a job would be started, in the given empty folder; `disk_kb`: on a disk of that size."""
    (folder / "train.py").write_text(render_script(plan), encoding="utf-8")
    _, *command = launch_command(plan).removeprefix("uv run --no-project --with-requirements train.py ").split()
    python = [sys.executable, "-m", "accelerate.commands.accelerate_cli"] if plan.processes > 1 else [sys.executable]
    if disk_kb:
        python, command = [*on_a_small_disk(folder, disk_kb), *python], [str(folder / "train.py")]
    return subprocess.Popen(
        [*python, *command[-1 if plan.processes == 1 else 0 :]],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HF_HOME": str(folder / "home"),
            "HF_ENDPOINT": hub.url,
            "HF_TOKEN": token,
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_XET": "1",
            "OMP_NUM_THREADS": "1",  # two threads on two busy cores wait for each other most of the time
            "TUNESMITH_STARTED": str(time.time()),
            **environment,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(hub: LocalHub, plan: Plan, folder: Path, **options: Any) -> Ended:
    """Run the script to its end."""
    process = start(hub, plan, folder, **options)
    out, _ = process.communicate(timeout=300)
    return Ended(process.returncode, out.splitlines())


def run_until(hub: LocalHub, plan: Plan, folder: Path, event: str, kill: signal.Signals, **options: str) -> Ended:
    """Run the script and send it a signal when it prints the event."""
    lines, sent = [], False
    with start(hub, plan, folder, **options) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if not sent and f'"ev": "{event}"' in line:
                process.send_signal(kill)
                sent = True
        return Ended(process.wait(timeout=60), lines)


__all__ = [
    "CELLS", "FENCED_EXIT", "STOPPED_EXIT", "Ended", "add_datasets", "plan_for", "run", "run_until", "small_disks_work",
    "start",
]  # fmt: skip
