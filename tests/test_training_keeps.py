"""What a run keeps when the disk is full, the Hub fails or the job is killed, with the real trainer."""

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.hub import HfHub
from bot.landing import landing_trouble
from bot.models import JobStage, Plan, Tuning
from bot.playground.hub_access import TOKEN
from bot.training import diagnose
from tests.builders import make_job
from tests.local_hub import LocalHub
from tests.training_runs import Ended, add_datasets, plan_for, run, run_until, small_disks_work, start

pytestmark = pytest.mark.train

needs_a_small_disk = pytest.mark.skipif(
    not small_disks_work(), reason="a small disk needs `unshare -rm mount`: root, or user namespaces for everybody"
)
#: 56 steps. The model has 0.38 MB, and a checkpoint 1.14 MB with its optimizer and a little more.
SHORT: dict[str, Any] = {"num_train_epochs": 2, "logging_steps": 1, "save_steps": 10}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("hub")) as hub:
        add_datasets(hub)
        yield hub


def lands(hub: LocalHub, plan: Plan) -> bool:
    """Whether the bot finds the whole model."""
    found = HfHub(endpoint=hub.url, viewer_url=hub.url, token=TOKEN, timeout_s=20).landed(plan.output_repo)
    job = make_job(created_at=hub.api().list_repo_commits(plan.model.repo_id)[0].created_at)
    return landing_trouble(plan, job, found) is None


def titles(hub: LocalHub, plan: Plan) -> list[str]:
    return [commit.title for commit in hub.api().list_repo_commits(plan.output_repo)]


def kind_of(ended: Ended) -> str:
    return diagnose(make_job(stage=JobStage.ERROR), ended.lines).kind


@needs_a_small_disk
def test_a_disk_with_room_for_the_model_alone_ends_well_and_says_that_nothing_was_saved(
    hub: LocalHub, tmp_path: Path
) -> None:
    plan = plan_for(hub, "sft-messages", "disk-no-checkpoint", arguments=SHORT)
    ended = run(hub, plan, tmp_path, disk_kb=1000)
    assert ended.code == 0, ended.text
    assert ended.progress.ended
    [warning] = ended.progress.warnings
    said = "The disk is full: a checkpoint needs 1.3 MB and 1.0 MB are free; none is on the Hub yet."
    assert warning == f"{said} The training goes on."
    assert lands(hub, plan)


@needs_a_small_disk
@pytest.mark.slow
def test_what_is_on_the_hub_makes_room_for_the_next_checkpoint(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(hub, "sft-messages", "disk-for-one", arguments=SHORT)
    ended = run(hub, plan, tmp_path, disk_kb=2000)
    assert ended.code == 0, ended.text
    assert ended.progress.warnings == ()
    assert len(ended.events("save")) == 5
    assert lands(hub, plan)


@needs_a_small_disk
def test_a_disk_that_fills_up_ends_the_run_and_the_checkpoint_on_the_hub_stays(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(hub, "sft-messages", "disk-fills", arguments=SHORT)
    lines = []
    with start(hub, plan, tmp_path, disk_kb=2000) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if '"ev": "save"' in line:
                (tmp_path / "fill").touch()
    ended = Ended(process.returncode, lines)
    assert ended.code == 1, ended.text
    assert kind_of(ended) == "disk_full"
    saved = ended.progress.saved_step
    assert "The disk is full: a checkpoint needs 1.3 MB and " in "\n".join(lines)
    assert f"the one of step {saved} is on the Hub." in "\n".join(lines)
    assert titles(hub, plan)[0] == f"Checkpoint of step {saved}"


@needs_a_small_disk
@pytest.mark.slow
def test_a_disk_without_room_for_the_model_ends_the_run_at_once(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(hub, "sft-messages", "disk-no-model", arguments=SHORT)
    ended = run(hub, plan, tmp_path, disk_kb=300)
    assert ended.code == 1
    assert "There is no room for the trained model either." in ended.text
    assert (kind_of(ended), ended.progress.step) == ("disk_full", 9)


@needs_a_small_disk
def test_a_disk_that_cannot_hold_what_is_downloaded_is_told(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(hub, "sft-messages", "disk-tiny", arguments=SHORT)
    ended = run(hub, plan, tmp_path, disk_kb=300, HF_HOME=str(tmp_path / "disk/home"))
    assert ended.code == 1
    assert "No space left on device" in ended.text
    assert kind_of(ended) == "disk_full"


def test_a_hub_that_drops_the_last_push_gets_it_again(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(hub, "sft-messages", "dropped", tuning=Tuning.LORA, arguments={"save_steps": 100_000})
    hub.fault(path="/dropped/commit/", method="POST", kind="drop_before", times=2)
    ended = run(hub, plan, tmp_path)
    assert ended.code == 0, ended.text
    assert ended.progress.warnings == (
        "The trained model was not pushed at once; it is tried again until the time limit.",
    )
    assert lands(hub, plan)


@pytest.mark.slow
def test_a_hub_that_refuses_checkpoints_is_told_once_while_there_is_time_to_mend_it(
    hub: LocalHub, tmp_path: Path
) -> None:
    plan = plan_for(hub, "sft-messages", "refused", arguments=SHORT)
    hub.fault(path="/refused/commit/", method="POST", kind="status", status=403, times=2)
    ended = run(hub, plan, tmp_path)
    assert ended.code == 0, ended.text
    [warning] = ended.progress.warnings
    assert warning.startswith("The Hub refuses the checkpoints (403): ")
    assert warning.endswith(". Unless that is mended, the trained model is lost, too.")
    assert lands(hub, plan)


def test_a_job_that_is_killed_after_the_push_leaves_the_whole_model(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(hub, "sft-messages", "killed-late")
    ended = run_until(hub, plan, tmp_path, "pushed", signal.SIGKILL)
    assert ended.code == -signal.SIGKILL
    assert ended.progress.pushed
    assert not ended.progress.ended
    assert lands(hub, plan)


@pytest.mark.slow
def test_a_repository_that_held_something_keeps_its_history(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(hub, "sft-messages", "older", overwrites=True, arguments=SHORT)
    hub.api().create_repo(plan.output_repo, private=True)
    hub.api().upload_file(repo_id=plan.output_repo, path_or_fileobj=b"dear", path_in_repo="notes.txt")
    ended = run(hub, plan, tmp_path)
    assert ended.code == 0, ended.text
    assert titles(hub, plan)[:3] == ["Model card with measurements", "Trained model", "Checkpoint of step 50"]
    assert titles(hub, plan)[-2:] == ["Upload notes.txt with huggingface_hub", "initial commit"]


@pytest.mark.slow
def test_only_the_weights_of_its_own_place_are_taken_away(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(hub, "sft-messages", "older-weights", tuning=Tuning.LORA, overwrites=True, arguments=SHORT)
    hub.api().create_repo(plan.output_repo, private=True)
    for name in ("model-00001-of-00002.safetensors", "first-try/model.safetensors"):
        hub.api().upload_file(repo_id=plan.output_repo, path_or_fileobj=b"dear", path_in_repo=name)
    ended = run(hub, plan, tmp_path)
    assert ended.code == 0, ended.text
    weights = [name for name in hub.api().list_repo_files(plan.output_repo) if name.endswith(".safetensors")]
    assert sorted(weights) == ["adapter_model.safetensors", "first-try/model.safetensors"]


def test_a_card_that_the_hub_refuses_costs_no_model(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(hub, "sft-messages", "no-card", arguments={"save_steps": 100_000})
    hub.fault(path="/api/validate-yaml", method="POST", kind="status", status=400, times=2)
    ended = run(hub, plan, tmp_path)
    assert ended.code == 0, ended.text
    assert "Invalid metadata in README.md" in ended.text
    assert "README.md" not in hub.api().list_repo_files(plan.output_repo)
    assert ended.progress.ended
    assert lands(hub, plan)


def test_turns_that_hold_a_date_can_be_saved(hub: LocalHub, tmp_path: Path) -> None:
    """Conversations as allenai/WildChat has them: each turn with its time."""
    hub.api().create_repo("tunesmith-lab/dated-chat", repo_type="dataset", private=True)
    turns = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi."}]
    row = {"messages": [turn | {"at": "2024-05-01T10:00:00"} for turn in turns]}
    lines = (json.dumps(row) + "\n") * 60
    sha = (
        hub.api()
        .upload_file(
            repo_id="tunesmith-lab/dated-chat",
            repo_type="dataset",
            path_in_repo="train.jsonl",
            path_or_fileobj=lines.encode(),
        )
        .oid
    )
    plan = plan_for(hub, "sft-messages", "dated", arguments=SHORT | {"save_steps": 2, "max_steps": 4})
    dataset = plan.dataset.model_copy(update={"repo_id": "tunesmith-lab/dated-chat", "sha": sha})
    ended = run(hub, plan.model_copy(update={"dataset": dataset}), tmp_path)
    assert ended.code == 0, ended.text
    assert len(ended.events("save")) == 1
    assert [sample.prompt for sample in ended.progress.samples] == ["Hello"] * 3
    assert lands(hub, plan)


def test_a_model_that_cannot_be_asked_for_examples_is_trained_all_the_same(hub: LocalHub, tmp_path: Path) -> None:
    silent = "tunesmith-lab/silent-qwen3"
    files = Path(hub.api().snapshot_download("tunesmith-lab/tiny-qwen3", local_dir=tmp_path / "silent"))
    template = files / "chat_template.jinja"
    refuses = "{%- if add_generation_prompt %}{{- raise_exception('no questions') }}{%- endif %}"
    template.write_text(refuses + template.read_text())
    hub.api().create_repo(silent, private=True)
    sha = hub.api().upload_folder(repo_id=silent, folder_path=files).oid
    plan = plan_for(hub, "sft-messages", "silent", arguments=SHORT | {"max_steps": 4})
    plan = plan.model_copy(update={"model": plan.model.model_copy(update={"repo_id": silent, "sha": sha})})
    ended = run(hub, plan, tmp_path)
    assert ended.code == 0, ended.text
    assert ended.progress.warnings == ("The base model could not be asked for examples: no questions",)
    assert ended.progress.after
    assert lands(hub, plan)


@pytest.mark.slow
def test_a_limit_that_is_just_enough_ends_with_the_model_though_the_hub_is_slow(hub: LocalHub, tmp_path: Path) -> None:
    many = SHORT | {"num_train_epochs": 20, "save_steps": 100}
    plan = plan_for(hub, "sft-messages", "just-enough", arguments=many, timeout_s=60)
    hub.fault(path="/just-enough/commit/", method="POST", kind="hang", seconds=10)
    began = time.time()
    ended = run(hub, plan, tmp_path)
    assert ended.code == 0, ended.text
    assert ended.events("save")[0]["seconds"] > 10
    assert ended.progress.ended
    assert time.time() - began < plan.timeout_s
