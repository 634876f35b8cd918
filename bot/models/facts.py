"""What the Hub says: models, datasets, hardware."""

from typing import Any, Literal

from bot.models.value import Value


class ModelInfo(Value):
    """What the Hub says about a base model."""

    repo_id: str
    #: The commit that the job will load.
    sha: str
    #: From the safetensors metadata, never from the name.
    parameters: int
    #: Of the stored weights: "bfloat16", "float16", "float32".
    dtype: str
    model_type: str
    layers: int
    hidden_size: int
    intermediate_size: int
    heads: int
    kv_heads: int
    head_dim: int
    vocab_size: int
    tied_embeddings: bool
    has_chat_template: bool
    #: The Jinja text of the chat template; None: the model has none, or it was not read.
    chat_template: str | None = None
    #: Special tokens by their names in the tokenizer's configuration: "eos_token": "<|im_end|>".
    special_tokens: dict[str, str] = {}
    #: Bytes of the weight files that a job downloads; None: unknown.
    weight_bytes: int | None = None
    #: Attention normalizes queries and keys (Qwen3), which keeps more activations.
    qk_norm: bool = False
    #: Mixture of experts: how many experts a layer has and how many a token visits; 0: a dense model.
    experts: int = 0
    experts_per_token: int = 0
    #: The width of one expert; 0: a dense model.
    expert_size: int = 0
    #: Tokens that it was made for (`max_position_embeddings`); 0: its configuration does not say.
    context_tokens: int = 0
    #: It also reads images or sound, and is trained on text alone.
    also_sees: bool = False
    private: bool = False
    #: False, or how access is granted: "auto" or "manual".
    gated: Literal[False, "auto", "manual"] = False
    #: None: the card names none.
    license: str | None = None


class DatasetInfo(Value):
    """What the Hub and its dataset viewer say about one configuration of a dataset."""

    repo_id: str
    sha: str
    #: The chosen configuration, of `configs`.
    config: str
    configs: tuple[str, ...]
    #: Rows of each split; None: not known to the viewer.
    splits: dict[str, int | None]
    #: Column -> type, in the notation of datasets' `Features.to_dict()`.
    features: dict[str, Any]
    #: A few first rows of the training split, long strings possibly shortened by the viewer.
    rows: tuple[dict[str, Any], ...]
    #: Further whole rows, for measuring lengths alone; no plan keeps them.
    more_rows: tuple[dict[str, Any], ...] = ()
    #: The split that `rows` come from.
    rows_split: str
    private: bool = False
    gated: Literal[False, "auto", "manual"] = False
    license: str | None = None


class Flavor(Value):
    """Hardware that Hugging Face Jobs rents."""

    name: str
    pretty_name: str
    #: "T4", "A10G", ...; None: no GPU.
    gpu: str | None
    gpus: int
    #: Of all GPUs together.
    vram_gb: float
    ram_gb: float
    disk_gb: float
    price_usd_hour: float
