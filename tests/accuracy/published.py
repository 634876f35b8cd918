"""Published measurements as the planner's own values: models, workloads, hardware.

What a framework does by itself (its number formats, its loss, its optimizer) is said here once for each framework,
with its source; nothing depends on a single case.
"""

from typing import Any, get_args

from bot.models import Method, ModelInfo, Tuning
from bot.planning.workload import ALL_LINEAR, LossHead, Optimizer, Quantization, Sharding, Workload

#: The corpus's words -> ours. `liger`: transformers' patched forward computes no logits. cce: Cut Cross-Entropy.
_LOSS: dict[str | None, LossHead] = {
    "hf_full": "full",
    "tt_ce": "full",
    "tt_chunked": "chunked",
    "liger": "fused",
    "cce": "fused",
    "unsloth_fused": "fused",
    "lit_chunked": "chunked",
}
#: Adapters in 2 bytes: torchtune's recipes with dtype bf16, LitGPT's bf16-true, fsdp_qlora's pure bf16. PEFT did so
#: without autocast until 0.12, as the first of fms-acceleration's files shows.
_HALF_ADAPTERS = ("torchtune", "litgpt", "fsdp_qlora")
#: Calls PEFT's `prepare_model_for_kbit_training`.
_PREPARES_KBIT = ("fitcheck", "fms_kbit")
#: Copies that an optimizer's update holds. torchtune's 3B recipes set fused=True, Axolotl and trl-jobs inherit the
#: Trainer's fused default. PyTorch 2.0, which Qwen's README names, sums the denominator in a second copy
#: (torch/optim/adamw.py, `_multi_tensor_adamw`); DeepSpeed turns 2-byte gradients into 4-byte ones to step.
_COPIES = {"torchtune": 0.0, "axolotl": 0.0, "trl_jobs": 0.0, "qwenlm": 2.0}
#: transformers before 4.49, and Qwen/Qwen-7B, modeling_qwen.py: `shift_logits = lm_logits[..., :-1, :].contiguous()`.
_SHIFTED = ("qwenlm", "fms", "fms_2024", "fms_kbit", "fsdp_qlora", "peft_docs")
#: Plain loops that hold `outputs` during the backward. torchtune's ablation shows the same 2 bytes of each logit.
_KEEP_LOGITS = ("fitcheck", "peft", "fsdp_qlora", "torchtune")
#: Ran with transformers 4, where experts were linear layers, and with FSDP 1.
_TRANSFORMERS_4 = ("fms", "fms_2024", "fms_kbit", "fsdp_qlora", "peft_docs")
#: QwenLM/Qwen, finetune/ds_config_zero2.json: `reduce_bucket_size` of 2e8 half precision numbers, twice
#: for `overlap_comm` (deepspeed/runtime/zero/stage_1_and_2.py allocates both).
_DEEPSPEED_BUFFERS = 800_000_000


#: DeepSpeed's ZeRO-3 and FSDP both spread weights, gradients and states.
_SHARDING: dict[str | None, Sharding] = {"zero3": "fsdp", "fsdp": "fsdp", "ddp": "ddp"}


def model_of(case: dict[str, Any]) -> ModelInfo:
    arch = case["arch"]
    return ModelInfo(
        repo_id=case["model"],
        sha="",
        parameters=case["params"],
        dtype="bfloat16",
        model_type="",
        layers=arch["layers"],
        hidden_size=arch["hidden"],
        intermediate_size=arch["ffn"],
        heads=arch["heads"],
        kv_heads=arch["kv_heads"],
        head_dim=arch["head_dim"],
        vocab_size=arch["vocab"],
        tied_embeddings=arch["tied"],
        has_chat_template=True,
        qk_norm=arch["qk_norm"],
        experts=arch.get("experts", 0),
        experts_per_token=arch.get("experts_per_token", 0),
        expert_size=arch.get("expert_size", 0),
    )


def tuning_of(case: dict[str, Any]) -> Tuning:
    return {"full": Tuning.FULL, "lora": Tuning.LORA, "qlora": Tuning.QLORA}[case["tuning"]]


def workload_of(case: dict[str, Any]) -> Workload:
    project = case["project"]
    quantization = case["quant"] if case["quant"] in get_args(Quantization) else "nf4"  # fp4, awq: 4 bits, too
    if quantization == "nf4" and (
        case.get("double_quant") or (case.get("double_quant") is None and project != "fitcheck")
    ):
        quantization = "nf4_double"  # the default of torchtune, Axolotl and Unsloth
    # DeepSpeed's own half precision takes the place of autocast
    deepspeed = "deepspeed" in (case["sharding"] or "")
    optimizer: Optimizer = "adamw_8bit" if "8bit" in (case["optimizer"] or "") else "adamw"
    optimizer = "adamw_master" if deepspeed else optimizer
    targets = tuple(part for part in case["lora_targets"] or () if part in ALL_LINEAR)
    return Workload(
        method=Method.SFT,
        tuning=tuning_of(case),
        weight_bytes=4 if case["weights_dtype"] == "fp32" else 2,
        # over 2-byte weights that all learn, autocast changes nothing
        autocast=bool(case["amp"]) and not deepspeed,
        batch=case["batch"] or 1,
        length=case["seq_len"] or 512,
        grad_accum=case["grad_accum"] or 1,
        checkpointing=case["grad_ckpt"] is not False,
        attention="eager" if case["attn"] == "eager" else "flash",
        loss_head=_loss_of(case, deepspeed=deepspeed),
        keeps_logits=project in _KEEP_LOGITS,
        compiled=bool(case["torch_compile"]),
        offload_activations=bool(case.get("act_offload")),
        lora_r=case["lora_rank"] or 16,
        lora_targets=targets or ALL_LINEAR,
        adapter_bytes=2 if project in _HALF_ADAPTERS or deepspeed or (project == "fms_2024" and not case["amp"]) else 4,
        trains_embeddings=bool(case.get("lora_extra_trainable")),
        quantization=quantization,
        experts_quantized=project in _TRANSFORMERS_4,
        kbit_prepared=quantization in ("nf4", "nf4_double") and project in _PREPARES_KBIT,
        optimizer=optimizer,
        optimizer_copies=_COPIES.get(project, 1.0),
        buffers=_DEEPSPEED_BUFFERS if deepspeed else 0,
        optimizer_in_backward=bool(case.get("optim_in_bwd")),
        processes=case["n_gpus"],
        sharding=_SHARDING.get(case["sharding"], "none"),
        keeps_input_gradients=project in _TRANSFORMERS_4 and case["sharding"] == "fsdp" and case["tuning"] != "full",
    )


def _loss_of(case: dict[str, Any], *, deepspeed: bool) -> LossHead:
    head = _LOSS.get(case.get("logits_mode"), "full")
    if head != "full" or case["project"] not in _SHIFTED:
        return head
    # Qwen's own code computes the loss in the precision of its logits; autocast puts it in 4 bytes
    return "half" if deepspeed else "shifted"
