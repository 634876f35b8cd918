"""The scripts as they are, run by TRL on the CPU against a local Hub: every kind of data, every tuning.

`pytest -s tests/test_training_real.py` runs every cell and prints what each learned; a third is not marked slow.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.landing import landing_trouble
from bot.models import JobStage, Landed, Method, Plan, Progress, Tuning
from bot.training import diagnose
from tests.builders import make_job
from tests.local_hub import LocalHub
from tests.training_runs import CELLS, add_datasets, plan_for, run

pytestmark = pytest.mark.train

_F, _L, _Q = Tuning.FULL, Tuning.LORA, Tuning.QLORA
#: A third of the cells: each method, each tuning.
QUICK = {("sft-messages", _F), ("sft-completion", _L), ("dpo", _Q), ("grpo", _F), ("kto", _L), ("reward", _F)}
MATRIX = [(cell, tuning) for cell in CELLS for tuning in (_F, _L)] + [("sft-messages", _Q), ("dpo", _Q)]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("hub")) as hub:
        add_datasets(hub)
        yield hub


@pytest.fixture(scope="module")
def figures() -> Iterator[list[str]]:
    """Rows of a Markdown table, printed at the end."""
    rows = ["| cell | tuning | curve | held-back rows | seconds of training |", "|---|---|---|---|---|"]
    yield rows
    print("\n" + "\n".join(rows))


def landed(hub: LocalHub, plan: Plan) -> Landed:
    """What the bot's Hub would find in the output repository."""
    api = hub.api()
    info = api.model_info(plan.output_repo, files_metadata=True)
    assert info.private
    base = None
    files = {sibling.rfilename: sibling.size or 0 for sibling in info.siblings or []}
    if "adapter_config.json" in files:
        base = json.loads(Path(api.hf_hub_download(plan.output_repo, "adapter_config.json")).read_text())[
            "base_model_name_or_path"
        ]
    newest = api.list_repo_commits(plan.output_repo)[0]
    return Landed(
        url=f"{hub.url}/{plan.output_repo}",
        sha=newest.commit_id,
        committed_at=newest.created_at,
        files=files,
        adapter_base=base,
    )


def learned(method: Method, tuning: Tuning, progress: Progress) -> str:
    """Check that the numbers moved the right way; returns them for people."""
    before, after = progress.before, progress.after
    assert progress.first is not None
    assert progress.last is not None
    match method:
        case Method.SFT:
            assert progress.last < progress.first * (0.5 if tuning is _F else 0.8)
            shown = "eval_loss"
        case Method.GRPO:
            assert progress.metric == "reward"
            assert progress.last > progress.first + (0.1 if tuning is _F else 0.02)
            shown = "eval_reward"
        case Method.DPO | Method.KTO:
            assert progress.metrics["rewards/margins"] > 0.5
            shown = "eval_rewards/margins"
        case Method.REWARD:
            assert progress.metrics["accuracy"] > 0.9
            shown = "eval_margin"
    moved = before[shown] - after[shown] if shown == "eval_loss" else after[shown] - before[shown]
    # sampled answers differ from one evaluation to the next; a LoRA's gain is smaller than that
    assert moved > (-0.15 if method is Method.GRPO and tuning is _L else 0)
    curve = f"{progress.metric} {progress.first:.3f} → {progress.last:.3f}"
    return f"{curve} | {shown} {before[shown]:.3f} → {after[shown]:.3f}"


@pytest.mark.parametrize(
    ("cell", "tuning"),
    [pytest.param(*pair, marks=[] if pair in QUICK else pytest.mark.slow, id="-".join(pair)) for pair in MATRIX],
)
def test_a_cell_trains_learns_pushes_and_lands(
    cell: str, tuning: Tuning, hub: LocalHub, tmp_path: Path, figures: list[str]
) -> None:
    half = {"precision": "bf16", "dtype": "bfloat16"} if tuning is _Q else {}
    more = {"eval_rows": 48} if cell == "grpo" else {}  # of 16 rows the mean reward is too noisy
    plan = plan_for(hub, cell, f"{cell}-{tuning}", tuning=tuning, **half, **more)
    job = make_job(created_at=hub.api().list_repo_commits(plan.model.repo_id)[0].created_at)
    ended = run(hub, plan, tmp_path)
    progress = ended.progress
    assert ended.code == 0, ended.text
    assert progress.ended
    assert progress.step == progress.max_steps == progress.saved_step
    assert progress.warnings == ()
    assert progress.seconds_per_step is not None
    assert progress.tokens_per_second is not None
    assert progress.memory_gib["host"] > 0.1
    assert landing_trouble(plan, job, landed(hub, plan)) is None
    assert len(progress.samples) == (0 if plan.method is Method.REWARD else 3)
    moved = learned(plan.method, tuning, progress)
    figures.append(f"| {cell} | {tuning} | {moved} | {progress.metrics['train_runtime']:.1f} |")


def test_the_repository_holds_the_model_and_its_card_and_no_checkpoint(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(hub, "sft-messages", "with-card", tuning=_L)
    ended = run(hub, plan, tmp_path, TUNESMITH_RUN="01kaxyz", TUNESMITH_DIGEST="0123456789abcdef")
    assert ended.code == 0, ended.text
    files = landed(hub, plan).files
    assert {"adapter_model.safetensors", "tokenizer.json", "README.md"} < files.keys()
    assert not [name for name in files if name.startswith("last-checkpoint/") or name == "model.safetensors"]
    card = hub.api().hf_hub_download(plan.output_repo, "README.md", cache_dir=tmp_path / "cache")
    text = Path(card).read_text(encoding="utf-8")
    for said in (
        "base_model: tunesmith-lab/tiny-qwen3",
        "- tunesmith-lab/tiny-chat",
        "library_name: peft",
        plan.model.sha,
        plan.dataset.sha,
        "run `01kaxyz`, digest `0123456789abcdef`",
        "| `learning_rate` | `0.01` |",
        "| `r` | `8` |",
        "| loss | ",
        "vllm serve tunesmith-lab/tiny-qwen3 --enable-lora",
        plan.request.text,
    ):
        assert said in text, said
    assert "$" not in text.replace("under $0.01 at $0.01 an hour", "").replace(plan.request.text, "")
    titles = [commit.title for commit in hub.api().list_repo_commits(plan.output_repo)]
    assert titles == ["Model card with measurements", "Trained model"]


@pytest.mark.slow
def test_a_base_model_learns_conversations_with_a_template_of_ours(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(hub, "sft-messages", "sft-base", model="tiny-base")
    ended = run(hub, plan, tmp_path)
    assert ended.code == 0, ended.text
    assert "chat_template.jinja" in landed(hub, plan).files


@pytest.mark.slow
def test_answers_that_are_written_one_by_one_are_evaluated_too(hub: LocalHub, tmp_path: Path) -> None:
    one = {"per_device_train_batch_size": 1, "gradient_accumulation_steps": 8, "max_steps": 2, "logging_steps": 1}
    ended = run(hub, plan_for(hub, "grpo", "grpo-one-by-one", arguments=one, eval_rows=2), tmp_path)
    assert ended.code == 0, ended.text
    assert {"eval_reward"} <= ended.progress.before.keys() & ended.progress.after.keys()
    card = hub.api().hf_hub_download("tunesmith-lab/grpo-one-by-one", "README.md", cache_dir=tmp_path / "cache")
    assert "| `reward_funcs` | `number_reward (1), format_reward (0.2)` |" in Path(card).read_text(encoding="utf-8")


def test_numbers_that_are_none_stop_the_run(hub: LocalHub, tmp_path: Path) -> None:
    hot: dict[str, Any] = {"learning_rate": 1e30, "logging_steps": 1, "lr_scheduler_type": "constant"}
    ended = run(hub, plan_for(hub, "sft-messages", "sft-nan", arguments=hot), tmp_path)
    assert ended.code == 1
    assert not ended.progress.ended
    assert [warning[:21] for warning in ended.progress.warnings] == ["Not a number at step "]
    assert diagnose(make_job(stage=JobStage.ERROR), ended.lines).kind == "nan_loss"


def test_a_token_without_the_right_to_write_is_told_before_anything_is_trained(hub: LocalHub, tmp_path: Path) -> None:
    plan = plan_for(hub, "sft-messages", "sft-readonly")
    ended = run(hub, plan, tmp_path, token="hf_playground_readonly")
    assert ended.code != 0
    assert ended.progress == Progress()
    assert diagnose(make_job(stage=JobStage.ERROR), ended.lines).kind == "permission"
    assert not hub.api().repo_exists(plan.output_repo)
