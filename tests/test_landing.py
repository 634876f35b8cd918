"""What counts as a landed model: shards, adapters, and everything that may be missing."""

import pytest

from bot.landing import landing_trouble
from tests.builders import make_job, make_landed, make_plan

SMALL = {"config.json": 1, "tokenizer_config.json": 1}
SHARDS = {f"model-{n:05d}-of-00003.safetensors": 9 for n in (1, 2, 3)}
INDEX = {"model.safetensors.index.json": 1}
ADAPTER = {"adapter_model.safetensors": 9, "adapter_config.json": 1, "tokenizer_config.json": 1}


@pytest.mark.parametrize("weights", [{"model.safetensors": 9}, SHARDS | INDEX], ids=["one file", "shards"])
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
        (ADAPTER, "lacks model.safetensors, config.json"),
    ],
    ids=["no weights", "a shard of three", "no index", "no tokenizer", "empty", "an adapter where a model was planned"],
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
    assert "names somebody/else as its base, not Qwen/Qwen3-0.6B" in other.cause
