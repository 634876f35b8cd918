"""The scripts as they are, run by TRL on the CPU against a local Hub: they learn, push and say so."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.models import ColumnMapping, JobStage, Method, Plan, Progress, Tuning
from bot.training import diagnose, read_progress, render_script
from tests.builders import make_dataset_info, make_flavor, make_job, make_model_info, make_plan
from tests.local_hub import LocalHub

pytestmark = [pytest.mark.train, pytest.mark.slow]

_TEXT = {"dtype": "string", "_type": "Value"}
_DATASETS = {
    Method.SFT: ("tiny-chat", ColumnMapping(kind="as_is", columns={"messages": "messages"})),
    Method.DPO: (
        "tiny-preferences",
        ColumnMapping(kind="as_is", columns={name: name for name in ("prompt", "chosen", "rejected")}),
    ),
    Method.GRPO: (
        "tiny-math",
        ColumnMapping(kind="prompt_from_question", columns={"prompt": "question"}, answer="answer"),
    ),
}
#: What makes a tiny model learn visibly in some seconds.
_ARGUMENTS: dict[Method, dict[str, Any]] = {
    Method.SFT: {"learning_rate": 2e-3, "num_train_epochs": 2, "max_length": 128},
    Method.DPO: {"learning_rate": 2e-4, "num_train_epochs": 2, "max_length": 128, "beta": 0.1},
    Method.GRPO: {
        "learning_rate": 3e-4,
        "num_train_epochs": 3,
        "max_length": 24,
        "beta": 0.0,
        "num_generations": 8,
        "per_device_train_batch_size": 64,
    },
}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("hub")) as hub:
        yield hub


def plan_for(hub: LocalHub, method: Method, output: str, *, model: str = "tiny-qwen3", **changes: Any) -> Plan:
    dataset, mapping = _DATASETS[method]
    arguments = {
        "per_device_train_batch_size": 8,
        "gradient_accumulation_steps": 1,
        "activation_checkpointing": False,
        "warmup_ratio": 0.1,
        "logging_steps": 5,
        "save_steps": 20,
        **_ARGUMENTS[method],
        **changes.pop("arguments", {}),
    }
    repo_id, dataset_id = f"tunesmith-lab/{model}", f"tunesmith-lab/{dataset}"
    features: dict[str, Any] = (
        {"messages": [{"role": _TEXT, "content": _TEXT}]}
        if method is Method.SFT
        else dict.fromkeys([*mapping.columns.values(), "answer"], _TEXT)
    )
    defaults = {
        "method": method,
        "mapping": mapping,
        "model": make_model_info(
            repo_id=repo_id, sha=hub.api().model_info(repo_id).sha, has_chat_template=model == "tiny-qwen3"
        ),
        "dataset": make_dataset_info(repo_id=dataset_id, sha=hub.api().dataset_info(dataset_id).sha, features=features),
        "flavor": make_flavor(name="cpu-basic", gpu=None, gpus=0),
        "precision": "fp32",
        "dtype": "float32",
        "output_repo": f"tunesmith-lab/{output}",
        "arguments": arguments,
    }
    return make_plan(**(defaults | changes))


def run(hub: LocalHub, plan: Plan, folder: Path, *, token: str = "hf_playground") -> tuple[int, list[str]]:
    """Run the script as a job would; returns its exit code and what it printed."""
    (folder / "train.py").write_text(render_script(plan), encoding="utf-8")
    environment = {
        "PATH": os.environ["PATH"],
        "HF_HOME": str(folder / "home"),
        "HF_ENDPOINT": hub.url,
        "HF_TOKEN": token,
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "OMP_NUM_THREADS": "1",  # two threads on two busy cores wait for each other most of the time
    }
    done = subprocess.run(
        [sys.executable, "train.py"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


def succeeds(hub: LocalHub, plan: Plan, folder: Path) -> Progress:
    code, lines = run(hub, plan, folder)
    assert code == 0, "\n".join(lines[-40:])
    progress = read_progress(lines, Progress())
    assert progress.ended
    assert progress.step == progress.max_steps == progress.saved_step
    assert progress.seconds_per_step is not None
    assert progress.tokens_per_second is not None
    assert progress.warnings == ()
    return progress


def landed(hub: LocalHub, plan: Plan) -> set[str]:
    info = hub.api().model_info(plan.output_repo)
    assert info.private
    return {sibling.rfilename for sibling in info.siblings or []}


FULL = {"README.md", "config.json", "generation_config.json", "model.safetensors", "tokenizer.json"}
ADAPTER = {"README.md", "adapter_config.json", "adapter_model.safetensors", "tokenizer.json"}


def test_sft_lowers_its_loss_by_half(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(hub, Method.SFT, "sft")
    progress = succeeds(hub, plan, tmp_path)
    assert progress.first is not None
    assert progress.last is not None
    assert progress.last < progress.first / 2
    assert landed(hub, plan) >= FULL
    titles = [commit.title for commit in hub.api().list_repo_commits(plan.output_repo)]
    assert "Training in progress, step 20" in titles


def test_dpo_widens_its_margin(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(hub, Method.DPO, "dpo")
    progress = succeeds(hub, plan, tmp_path)
    assert progress.metrics["rewards/margins"] > 2
    assert progress.metrics["rewards/accuracies"] > 0.9
    assert landed(hub, plan) >= FULL


def test_grpo_raises_its_reward(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(hub, Method.GRPO, "grpo")
    progress = succeeds(hub, plan, tmp_path)
    assert progress.metric == "reward"
    assert progress.first is not None
    assert progress.last is not None
    assert progress.last > progress.first + 0.1
    assert landed(hub, plan) >= FULL


def test_lora_pushes_an_adapter_that_names_its_base(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(
        hub,
        Method.SFT,
        "sft-lora",
        tuning=Tuning.LORA,
        precision="bf16",
        dtype="bfloat16",
        arguments={"learning_rate": 5e-3, "lora_r": 8, "lora_alpha": 16, "lora_dropout": 0.0},
    )
    progress = succeeds(hub, plan, tmp_path)
    assert progress.first is not None
    assert progress.last is not None
    assert progress.last < 0.7 * progress.first
    files = landed(hub, plan)
    assert files >= ADAPTER
    assert "model.safetensors" not in files
    config = hub.api().hf_hub_download(plan.output_repo, "adapter_config.json", cache_dir=tmp_path / "cache")
    assert json.loads(Path(config).read_text())["base_model_name_or_path"] == "tunesmith-lab/tiny-qwen3"


def test_a_base_model_learns_conversations_with_a_template_of_ours(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(hub, Method.SFT, "sft-base", model="tiny-base")
    succeeds(hub, plan, tmp_path)
    assert landed(hub, plan) >= FULL | {"chat_template.jinja"}


def test_numbers_that_are_none_stop_the_run(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(
        hub,
        Method.SFT,
        "sft-nan",
        arguments={"learning_rate": 1e30, "logging_steps": 1, "lr_scheduler_type": "constant"},
    )
    code, lines = run(hub, plan, tmp_path)
    progress = read_progress(lines, Progress())
    assert code == 1
    assert not progress.ended
    assert len(progress.warnings) == 1
    assert progress.warnings[0].startswith("Not a number at step ")
    assert diagnose(make_job(stage=JobStage.ERROR), lines).kind == "nan_loss"


def test_a_token_without_the_right_to_write_is_told(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(hub, Method.SFT, "sft-readonly")
    code, lines = run(hub, plan, tmp_path, token="hf_playground_readonly")
    assert code != 0
    assert diagnose(make_job(stage=JobStage.ERROR), lines).kind == "permission"
    assert not hub.api().repo_exists(plan.output_repo)
