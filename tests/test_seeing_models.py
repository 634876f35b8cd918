"""Models that also see are trained on text alone: TRL does it for each type that we let through."""

from pathlib import Path
from typing import Any

import pytest

from bot.hub_models import TRAINED_ON_TEXT

FIXTURE = Path(__file__).parent.parent / "bot/playground/fixtures/models/tiny-qwen3"
TEXT = {
    "vocab_size": 448, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 8, "pad_token_id": 0, "eos_token_id": 2,
}  # fmt: skip
EYE = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 4, "image_size": 28,
    "patch_size": 14,
}  # fmt: skip
#: Type -> (its configuration's class, its model's class, what the configuration is made of).
KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "gemma3": (
        "Gemma3Config", "Gemma3ForConditionalGeneration",
        {"text_config": TEXT, "vision_config": EYE, "image_token_index": 5, "boi_token_index": 6, "eoi_token_index": 7,
         "mm_tokens_per_image": 4},
    ),
    "mistral3": (
        "Mistral3Config", "Mistral3ForConditionalGeneration",
        {"text_config": {"model_type": "mistral", **TEXT}, "vision_config": {"model_type": "pixtral", **EYE},
         "image_token_index": 5},
    ),
    "qwen3_5": (
        "Qwen3_5Config", "Qwen3_5ForConditionalGeneration",
        {"text_config": TEXT | {"linear_key_head_dim": 8, "linear_value_head_dim": 8, "linear_num_key_heads": 2,
                                "linear_num_value_heads": 4},
         "vision_config": {"depth": 1, "hidden_size": 32, "intermediate_size": 64, "num_heads": 4,
                           "out_hidden_size": 32, "patch_size": 14}},
    ),
}  # fmt: skip


def test_every_type_that_is_let_through_is_tried_here() -> None:
    assert set(KINDS) == TRAINED_ON_TEXT


@pytest.mark.train
@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("adapters", [False, True], ids=["all weights", "lora"])
@pytest.mark.parametrize("kind", KINDS)
def test_trl_trains_it_with_the_tokenizer_in_place_of_the_processor(kind: str, adapters: bool, tmp_path: Path) -> None:
    import transformers
    from datasets import Dataset
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    config, model, parts = KINDS[kind]
    getattr(transformers, model)(getattr(transformers, config)(**parts)).save_pretrained(tmp_path / "model")
    tokenizer = transformers.AutoTokenizer.from_pretrained(FIXTURE)
    tokenizer.save_pretrained(tmp_path / "model")
    chat = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello there"}]
    trainer = SFTTrainer(
        model=str(tmp_path / "model"),
        args=SFTConfig(
            output_dir=str(tmp_path / "out"), max_steps=2, use_cpu=True, bf16=False, report_to="none",
            save_strategy="no", model_init_kwargs={"dtype": "float32"}, per_device_train_batch_size=2,
        ),
        train_dataset=Dataset.from_list([{"messages": chat}] * 4),
        processing_class=tokenizer,
        peft_config=LoraConfig(target_modules="all-linear", task_type="CAUSAL_LM") if adapters else None,
    )  # fmt: skip
    assert 0 < trainer.train().metrics["train_loss"] < 20
