"""Models that are shared out over several processes (FSDP 2): the plan's own launch line, two processes, gloo.

A CPU stands in for each GPU (tests/shared_out_on_cpu says how); everything else is what a job runs, in the precision
in which a large model is planned.
"""

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.hub import HfHub
from bot.landing import landing_trouble
from bot.models import Plan, Resume, Tuning
from bot.playground.hub_access import TOKEN
from tests.builders import make_job
from tests.local_hub import LocalHub
from tests.training_runs import Ended, add_datasets, plan_for, run

pytestmark = pytest.mark.train

ON_CPU = str(Path(__file__).parent / "shared_out_on_cpu")
ROWS = Path(__file__).parents[1] / "bot/playground/fixtures/datasets/tiny-chat/train.jsonl"
#: Each step is logged, and its learning rate is known; what large models need is on.
STEPS: dict[str, Any] = {
    "num_train_epochs": 2, "lr_scheduler_type": "linear", "warmup_ratio": 0.0, "logging_steps": 1, "save_steps": 10,
    "per_device_train_batch_size": 4, "gradient_accumulation_steps": 2, "activation_checkpointing": True,
}  # fmt: skip
#: Loads what was pushed as anybody would, and prints its mean loss on rows of the dataset.
READER = """
import json, sys
from transformers import AutoModelForCausalLM, AutoTokenizer
folder, rows = sys.argv[1:]
model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
losses = []
for row in map(json.loads, open(rows).read().splitlines()[:20]):
    ids = tokenizer.apply_chat_template(row["messages"], return_tensors="pt", return_dict=True)["input_ids"]
    losses.append(model(input_ids=ids, labels=ids).loss.item())
print(json.dumps({"loss": sum(losses) / len(losses), "dtype": str(model.dtype), "kind": type(model).__name__}))
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("hub")) as hub:
        add_datasets(hub)
        yield hub


def plan_of_two(hub: LocalHub, cell: str, output: str, **changes: Any) -> Plan:
    half = {"precision": "bf16", "dtype": "bfloat16"}
    return plan_for(hub, cell, output, processes=2, sharding="fsdp", arguments=STEPS, **half, **changes)


def run_on_two(hub: LocalHub, plan: Plan, folder: Path) -> Ended:
    folder.mkdir()
    ended = run(hub, plan, folder, PYTHONPATH=ON_CPU)
    assert_shared_out(ended)
    return ended


def assert_shared_out(ended: Ended) -> None:
    """Each process held its half of the weights, and no weight was held twice."""
    told = [json.loads(line.removeprefix("@@SHARES ")) for line in ended.lines if line.startswith("@@SHARES ")]
    assert sorted(one["rank"] for one in told) == [0, 1], ended.text
    assert all(one["shared"] for one in told)
    [whole] = {one["whole"] for one in told}
    print(f"held of {whole}:", *(one["held"] for one in told))
    assert sum(one["held"] for one in told) == whole
    assert all(0.45 < one["held"] / whole < 0.55 for one in told)


def losses(ended: Ended) -> dict[int, float]:
    return {event["step"]: event["metrics"]["loss"] for event in ended.events("log")}


def stopped_at_the_deadline(hub: LocalHub, plan: Plan, folder: Path) -> Resume:
    """Run with a time limit that is over before the first step is done: both processes stop after it."""
    ended = run_on_two(hub, plan.model_copy(update={"timeout_s": 2}), folder)
    assert ended.code != 0
    assert ended.progress.stopped == "deadline", ended.text
    assert (ended.progress.step, ended.progress.saved_step) == (1, 1)
    assert ended.progress.saved_commit is not None
    return Resume(run_id="01kaxyz", commit=ended.progress.saved_commit, step=1)


def resumed(hub: LocalHub, plan: Plan, left: Resume, folder: Path) -> Ended:
    ended = run_on_two(hub, plan.model_copy(update={"resume": left}), folder)
    assert ended.code == 0, ended.text
    assert ended.progress.ended
    assert len(ended.events("begin")) == len(ended.events("end")) == 1
    assert list(losses(ended)) == list(range(2, 29))
    rates = {event["step"]: event["metrics"]["learning_rate"] for event in ended.events("log")}
    assert rates[2] == pytest.approx(plan.arguments.learning_rate * 27 / 28)
    before, after = (numbers["eval_loss"] for numbers in (ended.progress.before, ended.progress.after))
    assert after < before / 2
    assert after * 2**8 % 1, "the loss is not rounded to bf16"
    return ended


def assert_landed(hub: LocalHub, plan: Plan) -> dict[str, int]:
    """Look as the bot does; returns the files and their sizes."""
    found = HfHub(endpoint=hub.url, viewer_url=hub.url, token=TOKEN, timeout_s=20).landed(plan.output_repo)
    job = make_job(created_at=hub.api().list_repo_commits(plan.model.repo_id)[0].created_at)
    assert landing_trouble(plan, job, found) is None
    assert found is not None
    assert not [name for name in found.files if name.startswith("last-checkpoint/")]
    return found.files


def sizes(hub: LocalHub, repo_id: str) -> dict[str, int]:
    info = hub.api().model_info(repo_id, files_metadata=True)
    return {sibling.rfilename: sibling.size or 0 for sibling in info.siblings or []}


def test_a_shared_out_model_stops_goes_on_and_lands_whole(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_of_two(hub, "sft-messages", "shared-full")
    left = stopped_at_the_deadline(hub, plan, tmp_path / "stopped")
    files = {name.removeprefix("last-checkpoint/"): size for name, size in sizes(hub, plan.output_repo).items()}
    assert {"optimizer.bin", "scheduler.pt", "rng_state_0.pth", "rng_state_1.pth", "measured.json"} <= files.keys()
    # in 4 bytes a weight each, and the weights once
    assert files["pytorch_model_fsdp.bin"] > 4 * plan.model.parameters
    assert files["optimizer.bin"] > 8 * plan.model.parameters
    assert "model.safetensors" not in files

    resumed(hub, plan, left, tmp_path / "resumed")
    assert assert_landed(hub, plan)["model.safetensors"] < 3 * plan.model.parameters
    pushed = hub.api().snapshot_download(plan.output_repo, cache_dir=tmp_path / "pushed")
    read = subprocess.run([sys.executable, "-c", READER, pushed, str(ROWS)], capture_output=True, text=True)
    assert read.returncode == 0, read.stderr
    told = json.loads(read.stdout.splitlines()[-1])
    assert (told["kind"], told["dtype"]) == ("Qwen3ForCausalLM", "torch.bfloat16")
    assert told["loss"] < 2.5, "what was pushed is what was trained: untrained it is 5.9"


@pytest.mark.slow
@pytest.mark.parametrize("tuning", [Tuning.FULL, Tuning.LORA])
def test_a_run_that_was_stopped_learns_to_the_digit_what_one_in_a_piece_learns(
    hub: LocalHub, tmp_path: Path, tuning: Tuning
) -> None:
    plan = plan_of_two(hub, "sft-messages", f"in-two-{tuning}", tuning=tuning)
    left = stopped_at_the_deadline(hub, plan, tmp_path / "stopped")
    rest = resumed(hub, plan, left, tmp_path / "resumed")
    assert_landed(hub, plan)
    whole_plan = plan.model_copy(update={"output_repo": f"{plan.output_repo}-whole"})
    whole = run_on_two(hub, whole_plan, tmp_path / "whole")
    assert whole.code == 0, whole.text
    in_a_piece = losses(whole)
    assert losses(rest) == {step: loss for step, loss in in_a_piece.items() if step > 1}
    assert rest.progress.after == whole.progress.after
    assert sizes(hub, plan.output_repo) | {"README.md": 0} == sizes(hub, whole_plan.output_repo) | {"README.md": 0}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "tuning", "first_loss"),
    [
        ("dpo", Tuning.LORA, math.log(2)),  # what is compared with is the model itself without its adapter
        ("kto", Tuning.LORA, 0.5),
        ("reward", Tuning.FULL, None),
        ("reward", Tuning.LORA, None),
    ],
)
def test_what_the_planner_shares_out_trains(
    hub: LocalHub, tmp_path: Path, cell: str, tuning: Tuning, first_loss: float | None
) -> None:
    plan = plan_of_two(hub, cell, f"shared-{cell}-{tuning}", tuning=tuning)
    ended = run_on_two(hub, plan, tmp_path / "run")
    assert ended.code == 0, ended.text
    assert ended.progress.ended
    assert ended.progress.warnings == ()
    assert_landed(hub, plan)
    found = list(losses(ended).values())
    assert first_loss is None or found[0] == pytest.approx(first_loss, abs=0.01)
    assert found[-1] < found[0] / 2
