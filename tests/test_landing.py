"""What counts as a landed model: shards, adapters, and everything that may be missing."""

import pytest

from bot.landing import landing_trouble
from tests.builders import make_job, make_landed, make_plan, minutes

SMALL = {"config.json": 1, "tokenizer_config.json": 1}
WHOLE = make_plan().model.parameters * 2  # bfloat16
SHARDS = {f"model-{n:05d}-of-00003.safetensors": WHOLE // 3 for n in (1, 2, 3)}
INDEX = {"model.safetensors.index.json": 1}
ADAPTER = {"adapter_model.safetensors": 9, "adapter_config.json": 1, "tokenizer_config.json": 1}


@pytest.mark.parametrize("weights", [{"model.safetensors": WHOLE}, SHARDS | INDEX], ids=["one file", "shards"])
def test_a_whole_model_is_fine(weights):
    assert landing_trouble(make_plan(), make_job(), make_landed(files=SMALL | weights)) is None


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (SMALL, "lacks model.safetensors"),
        (SMALL | INDEX | {"model-00001-of-00003.safetensors": 9}, "lacks model-00002-of-00003.safetensors"),
        (SMALL | SHARDS, "lacks model.safetensors.index.json"),
        ({"model.safetensors": 9, "config.json": 1}, "lacks tokenizer_config.json"),
        (SMALL | {"model.safetensors": 0}, "has an empty weight file"),
        (
            SMALL | {"model.safetensors": 9_000_000},
            "have 9.0 MB, and those of Qwen/Qwen3-0.6B must have about 1,192.1 MB",
        ),
        (SMALL | {"model.safetensors": 9 * WHOLE}, "have 10,728.9 MB"),
        (ADAPTER, "lacks model.safetensors, config.json"),
    ],
    ids=[
        "no weights",
        "a shard of three",
        "no index",
        "no tokenizer",
        "empty",
        "cut",
        "other",
        "an adapter where a model was planned",
    ],
)
def test_what_is_missing_is_named(files, said):
    trouble = landing_trouble(make_plan(), make_job(), make_landed(files=files))
    assert trouble is not None
    assert said in trouble.cause


def test_an_adapter_needs_its_planned_base():
    plan = make_plan(arguments={"lora_r": 16, "lora_alpha": 32, "lora_dropout": 0.05})
    fine = make_landed(files=ADAPTER, adapter_base=plan.model.repo_id)
    assert landing_trouble(plan, make_job(), fine) is None
    other = landing_trouble(plan, make_job(), fine.model_copy(update={"adapter_base": "somebody/else"}))
    assert other is not None
    huge = fine.model_copy(update={"files": ADAPTER | {"adapter_model.safetensors": 3 * WHOLE}})
    too_large = landing_trouble(plan, make_job(), huge)
    assert too_large is not None
    assert "is larger than the whole base model" in too_large.cause
    assert "names somebody/else as its base, not Qwen/Qwen3-0.6B" in other.cause


def test_a_commit_older_than_the_job_is_not_ours():
    job = make_job()
    old = make_landed(files=SMALL | {"model.safetensors": WHOLE}, committed_at=job.created_at - minutes(1))
    trouble = landing_trouble(make_plan(), job, old)
    assert trouble is not None
    assert "has no commit since the job started" in trouble.cause


def test_a_job_that_failed_has_pushed_its_model_only_where_no_checkpoint_is_left():
    files = SMALL | {"model.safetensors": WHOLE}
    assert landing_trouble(make_plan(), make_job(), make_landed(files=files), failed=True) is None
    files |= {"last-checkpoint/model.safetensors": WHOLE}
    trouble = landing_trouble(make_plan(), make_job(), make_landed(files=files), failed=True)
    assert trouble is not None
    assert "the newest that tunesmith-lab/qwen3-0.6b-tiny-chat-sft has is a checkpoint" in trouble.cause
