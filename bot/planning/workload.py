"""One training step as memory sees it: what is trained, in which number formats, on how many tokens.

Values only; `bot/planning/memory.py` counts the bytes. The defaults are what the generated scripts do with TRL 1.16;
the other knobs describe other trainers, so that the same count can be held against published measurements.
"""

from typing import Literal

from bot.models import Method, Tuning, Value

Linear = Literal["q", "k", "v", "o", "gate", "up", "down"]
#: `target_modules="all-linear"`.
ALL_LINEAR: tuple[Linear, ...] = ("q", "k", "v", "o", "gate", "up", "down")

Quantization = Literal["none", "nf4", "nf4_double", "gptq4", "int8"]
Optimizer = Literal["adamw", "adamw_8bit", "adamw_master", "adafactor", "sgd"]
LossHead = Literal["tiled", "full", "shifted", "half", "chunked", "fused", "none"]
Sharding = Literal["none", "ddp", "fsdp"]


class Workload(Value):
    """One micro-step and what stays between steps, of one process."""

    method: Method
    tuning: Tuning
    #: Bytes of one stored weight: 4 or 2; quantized layers are counted apart.
    weight_bytes: Literal[2, 4]
    #: `bf16=True` or `fp16=True`: computes in half precision whatever the weights are.
    autocast: bool
    #: Rows of one micro-batch (a pair is one row).
    batch: int
    #: Tokens of the longest sequence, prompt included.
    length: int
    grad_accum: int = 1
    checkpointing: bool = True
    attention: Literal["flash", "eager"] = "flash"
    #: "tiled": TRL 1.16's fused head; "fused": a kernel that keeps nothing (Liger, CCE); "chunked": half precision
    #: logits, the loss in eighths (torchtune); "full": logits and their log-softmax as transformers does it;
    #: "shifted": the same with a shifted copy, as transformers did before 4.46; "half": shifted, in half precision
    #: throughout; "none": no vocabulary (reward models).
    loss_head: LossHead = "tiled"
    #: The caller holds on to the full logits during the backward, as plain loops do; transformers' Trainer does not.
    keeps_logits: bool = False
    #: torch.compile of each layer.
    compiled: bool = False
    #: Checkpointed layer inputs wait in host memory.
    offload_activations: bool = False

    lora_r: int = 16
    lora_targets: tuple[Linear, ...] = ALL_LINEAR
    #: PEFT keeps adapters in 4 bytes (`autocast_adapter_dtype`); TRL 1.16 casts those of a quantized model to 2.
    adapter_bytes: Literal[2, 4] = 4
    #: Embedding and head are trained beside the adapters (PEFT `modules_to_save`).
    trains_embeddings: bool = False
    quantization: Quantization = "none"
    #: Experts are linear layers and quantized like them, as before transformers 5.
    experts_quantized: bool = False
    #: PEFT's `prepare_model_for_kbit_training`: what is not quantized goes to 4 bytes. TRL 1.16 does not call it.
    kbit_prepared: bool = False

    #: "adamw_master": 2-byte parameters with a 4-byte copy and 4-byte states (DeepSpeed's fp16).
    optimizer: Optimizer = "adamw"
    #: Copies of all trained parameters that an update holds: 0 for `adamw_torch_fused`, 1 for PyTorch's `foreach` one.
    optimizer_copies: float = 0.0
    #: Bytes that a distributed engine keeps for its messages.
    buffers: int = 0
    #: Each gradient is used and freed as soon as it exists.
    optimizer_in_backward: bool = False

    #: DPO and KTO: the reference's log-probabilities were computed before the training.
    precomputed_reference: bool = False
    #: GRPO: sequences that are generated together, and the share of the card that vLLM takes (0: plain `generate`).
    generated: int = 0
    vllm_share: float = 0.0

    processes: int = 1
    sharding: Sharding = "none"
    #: FSDP 1 over frozen weights: the hooks that it registers on each layer's inputs keep their gradients until the
    #: backward is over (torch/distributed/fsdp/_runtime_utils.py, `_register_post_backward_reshard_only_hook`).
    keeps_input_gradients: bool = False

    @property
    def sequences(self) -> int:
        """Sequences of one forward pass that keeps a graph: both answers of a pair go through together."""
        return self.batch * (2 if self.method in (Method.DPO, Method.REWARD) else 1)

    @property
    def tokens(self) -> int:
        return self.sequences * self.length

    @property
    def full(self) -> bool:
        return self.tuning is Tuning.FULL

    @property
    def shards(self) -> int:
        """Processes that share one copy of the model."""
        return self.processes if self.sharding == "fsdp" else 1
