"""What is read of a model, and which are refused or exchanged, from prepared documents."""

from collections.abc import Iterator
from typing import Any

import pytest

from bot.errors import Unclear, UserError
from bot.hub import HfHub
from bot.hub_architectures import CAUSAL
from bot.hub_models import read_model
from tests.documents import Documents

#: Files of a model that can be read.
READABLE = ["model.safetensors", "config.json"]
LLAMA: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 2048, "num_attention_heads": 32,
    "num_hidden_layers": 16, "num_key_value_heads": 8, "vocab_size": 128_256, "intermediate_size": 8192,
}  # fmt: skip


@pytest.fixture
def documents() -> Iterator[Documents]:
    with Documents() as server:
        yield server


def make_hub(url: str) -> HfHub:
    return HfHub(endpoint=url, viewer_url=url, token="hf_playground", timeout_s=5.0)


def put_model(documents: Documents, *, files: list[str], config: dict[str, Any] | None = None, **info: Any) -> None:
    documents.put(
        "/api/models/a/b", {"id": "a/b", "sha": "1" * 40, "siblings": [{"rfilename": f} for f in files], **info}
    )
    if config is not None:
        documents.put(f"/a/b/resolve/{'1' * 40}/config.json", config)


@pytest.mark.parametrize(
    ("files", "config", "said"),
    [
        (["pytorch_model.bin", "config.json"], {}, "holds its weights as pickle files only"),
        (["model.Q4_K_M.gguf"], None, "holds GGUF files"),
        (["adapter_config.json", "adapter_model.safetensors"], None, "is an adapter, not a model"),
        (["README.md"], None, "holds no weights"),
        (["model.safetensors"], None, "has no config.json"),
        (READABLE, {"auto_map": {"AutoModel": "m.M"}}, "needs code from its own repository"),
        (READABLE, {"architectures": ["BertModel"]}, "is no causal language model (BertModel)"),
        (READABLE, {"architectures": ["X"], "vision_config": {}}, "also reads images or sound"),
        (READABLE, {"quantization_config": {"quant_method": "awq"}}, "stored quantized (awq)"),
        (READABLE, {"hidden_size": 8}, "does not say its number of parameters"),
        (READABLE, {"model_type": "qwen99", "architectures": ["Qwen99ForCausalLM"]},
         "transformers 5.23, which the job installs, does not know the architecture of a/b (qwen99)"),
    ],
)  # fmt: skip
def test_a_model_that_cannot_be_trained_is_refused_with_the_reason(
    documents: Documents, files: list[str], config: dict[str, Any] | None, said: str
) -> None:
    put_model(documents, files=files, config=config)

    with pytest.raises(UserError) as refusal:
        make_hub(documents.url).model("a/b")

    assert said in f"{refusal.value.problem} {refusal.value.fix}"
    assert not isinstance(refusal.value, Unclear)
    assert refusal.value.fix


@pytest.mark.parametrize(
    ("files", "config", "what"),
    [
        (["adapter_config.json", "adapter_model.safetensors"], None, "a/b is an adapter, not a model: it holds only"),
        (["model.Q4_K_M.gguf"], None, "a/b holds GGUF files"),
        (READABLE, {"quantization_config": {"quant_method": "awq"}}, "The weights of a/b"),
        (READABLE, {"auto_map": {"AutoModel": "m.M"}}, "a/b needs code from its own"),
    ],
)
def test_what_was_made_of_another_model_offers_that_one(
    documents: Documents, files: list[str], config: dict[str, Any] | None, what: str
) -> None:
    put_model(documents, files=files, config=config, cardData={"base_model": ["Qwen/Qwen3-0.6B"]})

    with pytest.raises(Unclear) as question:
        make_hub(documents.url).model("a/b")

    assert question.value.problem.startswith(what)
    assert question.value.problem.endswith("Shall I train Qwen/Qwen3-0.6B instead?")
    assert (question.value.field, question.value.choices) == ("model", ("Qwen/Qwen3-0.6B",))


def test_an_adapter_whose_card_is_silent_is_asked_itself_for_its_base(documents: Documents) -> None:
    put_model(documents, files=["adapter_config.json", "adapter_model.safetensors"])
    documents.put(f"/a/b/resolve/{'1' * 40}/adapter_config.json", {"base_model_name_or_path": "google/gemma-3-1b-it"})

    with pytest.raises(Unclear) as question:
        make_hub(documents.url).model("a/b")

    assert question.value.choices == ("google/gemma-3-1b-it",)


def test_code_in_a_repository_does_not_matter_where_transformers_needs_none() -> None:
    model = read_model(
        "a/phi", {"safetensors": {"parameters": {"BF16": 10}}}, LLAMA | {"model_type": "phi3", "auto_map": {"A": "b.C"}}
    )

    assert model.model_type == "phi3"


def test_a_model_that_also_sees_is_read_from_its_text_part() -> None:
    seeing = {
        "architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3",
        "vision_config": {"hidden_size": 9},
        "text_config": LLAMA | {"model_type": "gemma3_text", "hidden_size": 2560, "vocab_size": 262_208},
    }  # fmt: skip
    model = read_model("google/gemma-3-4b-it", {"safetensors": {"parameters": {"BF16": 4_300_079_472}}}, seeing)

    assert (model.hidden_size, model.vocab_size, model.model_type) == (2560, 262_208, "gemma3_text")
    assert (model.also_sees, model.qk_norm, model.tied_embeddings) == (True, True, True)


@pytest.mark.parametrize(
    ("config", "facts"),
    [
        ({"model_type": "mixtral", "num_local_experts": 8, "num_experts_per_tok": 2, "intermediate_size": 14336},
         (8, 2, 14336, 28672)),
        ({"model_type": "deepseek_v3", "n_routed_experts": 256, "num_experts_per_tok": 8, "intermediate_size": 18432,
          "moe_intermediate_size": 2048, "n_shared_experts": 1}, (256, 8, 2048, 18432)),
        ({"model_type": "olmoe", "num_experts": 64, "num_experts_per_tok": 8, "intermediate_size": 1024},
         (64, 8, 1024, 8192)),
        ({"model_type": "llama", "intermediate_size": 8192}, (0, 0, 0, 8192)),
    ],
)  # fmt: skip
def test_experts_are_read_in_each_familys_words(config: dict[str, Any], facts: tuple[int, ...]) -> None:
    model = read_model("a/b", {"safetensors": {"parameters": {"BF16": 10}}}, LLAMA | config)

    assert (model.experts, model.experts_per_token, model.expert_size, model.intermediate_size) == facts


def test_weights_are_counted_in_the_bytes_of_their_formats() -> None:
    counts = {"BF16": 100, "F32": 10, "F8_E4M3": 7}

    assert read_model("a/b", {"safetensors": {"parameters": counts}}, LLAMA).weight_bytes == 247


def test_what_the_hub_did_not_count_is_told_by_the_index_of_the_shards(documents: Documents) -> None:
    files = [*READABLE, "model.safetensors.index.json"]
    put_model(documents, files=files, config=LLAMA | {"torch_dtype": "bfloat16"})
    index = {"metadata": {"total_size": 2_471_645_608}, "weight_map": {}}
    documents.put(f"/a/b/resolve/{'1' * 40}/model.safetensors.index.json", index)
    model = make_hub(documents.url).model("a/b")

    assert (model.parameters, model.dtype, model.weight_bytes) == (1_235_822_804, "bfloat16", 2_471_645_608)


def test_of_several_chat_templates_the_default_is_taken() -> None:
    several = [{"name": "tool_use", "template": "tools"}, {"name": "default", "template": "plain"}]
    info = {"safetensors": {"parameters": {"BF16": 10}}, "config": {"tokenizer_config": {
        "chat_template": several, "eos_token": {"content": "</s>"}}}}  # fmt: skip
    model = read_model("a/b", info, LLAMA)

    assert (model.has_chat_template, model.chat_template) == (True, "plain")
    assert model.special_tokens == {"eos_token": "</s>"}


@pytest.mark.train
def test_the_architectures_are_those_that_the_jobs_transformers_knows() -> None:
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES as KNOWN

    assert {name for name, made in KNOWN.items() if str(made).endswith(("ForCausalLM", "LMHeadModel"))} == CAUSAL


def test_a_mixture_of_experts_counts_the_experts_that_a_token_passes() -> None:
    config = {
        "architectures": ["Qwen3MoeForCausalLM"], "model_type": "qwen3_moe", "hidden_size": 2048, "head_dim": 128,
        "num_attention_heads": 32, "num_key_value_heads": 4, "num_hidden_layers": 48, "vocab_size": 151_936,
        "intermediate_size": 6144, "moe_intermediate_size": 768, "num_experts_per_tok": 8, "num_experts": 128,
    }  # fmt: skip
    info = {"safetensors": {"parameters": {"BF16": 30_532_122_624}}, "sha": "2" * 40}

    model = read_model("Qwen/Qwen3-30B-A3B", info, config)

    assert (model.parameters, model.intermediate_size, model.tied_embeddings) == (30_532_122_624, 6144, False)
