"""`python -m tests.accuracy gpu [--case NAME ...] [--out FILE]`: measure on this machine's GPU, beside the prediction.

Random weights of the right shape, so nothing is downloaded; TRL 1.16 as the generated scripts set it up. For each case
peak allocated and reserved memory in GiB, tokens a second, and what the planner predicts for the same step. A case that
this GPU cannot hold by the prediction is skipped and says so. Each case runs in a process of its own.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bot.models import Flavor, Method, ModelInfo, Tuning, Value
from bot.planning.flavors import Gpu, gpu_of
from bot.planning.memory import GIB, needed_memory
from bot.planning.speed import StepWork, gpu_step_seconds
from bot.planning.workload import Workload

#: Optimizer steps: the first ones compile kernels and are not timed.
_WARM, _TIMED = 2, 4
#: Shapes of Qwen3-0.6B, -1.7B and -8B (their config.json): layers, hidden, MLP, heads, tied.
_SHAPES = {
    "0.6B": (28, 1024, 3072, 16, True),
    "1.7B": (28, 2048, 6144, 16, True),
    "8B": (36, 4096, 12288, 32, False),
}
_VOCABULARY, _KV_HEADS, _HEAD = 151_936, 8, 128


class Case(Value):
    """One measurement."""

    shape: str
    method: Method = Method.SFT
    tuning: Tuning = Tuning.FULL
    dtype: str = "bfloat16"
    batch: int = 1
    length: int = 2048
    precompute: bool = False
    vllm: bool = False


CASES: dict[str, Case] = {
    "0.6B-full-bf16-b1": Case(shape="0.6B"),
    "0.6B-full-bf16-b8": Case(shape="0.6B", batch=8),
    "0.6B-full-fp32-b1": Case(shape="0.6B", dtype="float32"),
    "0.6B-full-fp32-b8": Case(shape="0.6B", dtype="float32", batch=8),
    "1.7B-full-24k": Case(shape="1.7B", length=24_576),
    "1.7B-full-48k": Case(shape="1.7B", length=49_152),
    "8B-lora-2k": Case(shape="8B", tuning=Tuning.LORA),
    "8B-lora-16k": Case(shape="8B", tuning=Tuning.LORA, length=16_384),
    "8B-qlora-2k": Case(shape="8B", tuning=Tuning.QLORA),
    "0.6B-dpo": Case(shape="0.6B", method=Method.DPO),
    "0.6B-dpo-precomputed": Case(shape="0.6B", method=Method.DPO, precompute=True),
    "0.6B-grpo": Case(shape="0.6B", method=Method.GRPO, batch=8, length=512),
    "0.6B-grpo-vllm": Case(shape="0.6B", method=Method.GRPO, batch=8, length=512, vllm=True),
}
_PROMPT = 64


def model_of(case: Case) -> ModelInfo:
    """The same model as a fact from the Hub."""
    layers, hidden, ffn, heads, tied = _SHAPES[case.shape]
    each = 2 * hidden * (heads + _KV_HEADS) * _HEAD + 3 * hidden * ffn + 2 * hidden + 2 * _HEAD
    return ModelInfo(
        repo_id=f"random/{case.shape}", sha="", dtype=case.dtype, model_type="qwen3", layers=layers, hidden_size=hidden,
        intermediate_size=ffn, heads=heads, kv_heads=_KV_HEADS, head_dim=_HEAD, vocab_size=_VOCABULARY,
        tied_embeddings=tied, has_chat_template=False, qk_norm=True,
        parameters=layers * each + (1 if tied else 2) * _VOCABULARY * hidden + hidden,
    )  # fmt: skip


def workload_of(case: Case) -> Workload:
    """The step that the planner would count."""
    grpo, adapters = case.method is Method.GRPO, case.tuning is not Tuning.FULL
    return Workload(
        method=case.method,
        tuning=case.tuning,
        weight_bytes=4 if case.dtype == "float32" else 2,
        autocast=case.dtype == "float32" or adapters,
        batch=case.batch,
        length=case.length + (_PROMPT if grpo else 0),
        adapter_bytes=2 if case.tuning is Tuning.QLORA else 4,
        quantization="nf4_double" if case.tuning is Tuning.QLORA else "none",
        precomputed_reference=case.precompute,
        generated=case.batch if grpo else 0,
        vllm_share=0.3 if case.vllm else 0.0,
    )


def predicted(case: Case, gpu: Gpu, card_gib: float) -> dict[str, float]:
    """Allocated and reserved GiB without what CUDA takes, and tokens a second."""
    model, work = model_of(case), workload_of(case)
    step = StepWork(work=work, padded=work.length, completion=case.length if case.method is Method.GRPO else 0)
    return {
        "allocated_gib": needed_memory(model, work, context_gib=0, reserve=0, card_gib=card_gib).peak / GIB,
        "reserved_gib": needed_memory(model, work, context_gib=0, card_gib=card_gib).peak / GIB,
        "tokens_per_s": step.tokens / gpu_step_seconds(model, gpu, step),
    }


def measure(case: Case) -> dict[str, float]:
    """Train some steps here. Needs a GPU, the [train] extra, for QLoRA bitsandbytes and for vLLM vllm."""
    import torch

    with tempfile.TemporaryDirectory() as folder:
        _write_model(case, Path(folder))
        trainer = _trainer(case, folder)
        torch.cuda.reset_peak_memory_stats()
        clock = _timed(trainer)
        trainer.train()
    work = workload_of(case)
    return {
        "allocated_gib": torch.cuda.max_memory_allocated() / GIB,
        "reserved_gib": torch.cuda.max_memory_reserved() / GIB,
        "tokens_per_s": work.tokens * _TIMED / clock(),
    }


def _write_model(case: Case, folder: Path) -> None:
    """Random weights in a folder, with a tokenizer of one word for each number."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

    layers, hidden, ffn, heads, tied = _SHAPES[case.shape]
    config = Qwen3Config(
        num_hidden_layers=layers, hidden_size=hidden, intermediate_size=ffn, num_attention_heads=heads,
        num_key_value_heads=_KV_HEADS, head_dim=_HEAD, vocab_size=_VOCABULARY, tie_word_embeddings=tied,
        max_position_embeddings=131_072,
    )  # fmt: skip
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda"):
        Qwen3ForCausalLM(config).save_pretrained(folder)
    torch.set_default_dtype(torch.float32)
    torch.cuda.empty_cache()
    words = Tokenizer(models.WordLevel({f"w{n}": n for n in range(1000)} | {"<unk>": 1000, "<end>": 1001}, "<unk>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(
        tokenizer_object=words, unk_token="<unk>", eos_token="<end>", pad_token="<end>"
    ).save_pretrained(folder)


def _trainer(case: Case, folder: str) -> Any:
    import torch
    import trl
    from datasets import Dataset
    from peft import LoraConfig

    steps = _WARM + _TIMED
    common: dict[str, Any] = {
        "output_dir": f"{folder}/out", "max_steps": steps, "per_device_train_batch_size": case.batch,
        "gradient_accumulation_steps": 1, "activation_checkpointing": True, "bf16": True, "report_to": "none",
        "save_strategy": "no", "logging_steps": 1, "disable_tqdm": True, "optim": "adamw_torch_fused",
        "model_init_kwargs": {"dtype": case.dtype},
    }  # fmt: skip
    extra: dict[str, Any] = {}
    if case.tuning is not Tuning.FULL:
        extra["peft_config"] = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    if case.tuning is Tuning.QLORA:
        from transformers import BitsAndBytesConfig

        extra["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )  # fmt: skip
    rows = steps * case.batch
    text = " ".join(f"w{n % 1000}" for n in range(case.length - 1))
    half = " ".join(f"w{n % 1000}" for n in range(case.length // 2))
    match case.method:
        case Method.DPO:
            data = [{"prompt": half, "chosen": f" {half} w1", "rejected": f" {half} w2"}] * rows
            args = trl.DPOConfig(**common, max_length=case.length, precompute_ref_log_probs=case.precompute)
            return trl.DPOTrainer(folder, args=args, train_dataset=Dataset.from_list(data), **extra)
        case Method.GRPO:
            data = [{"prompt": " ".join(f"w{n}" for n in range(_PROMPT))}] * rows
            args = trl.GRPOConfig(
                **common, max_completion_length=case.length, num_generations=case.batch, use_vllm=case.vllm,
                vllm_mode="colocate", vllm_gpu_memory_utilization=0.3,
                generation_kwargs={} if case.vllm else {"min_new_tokens": case.length},
            )  # fmt: skip

            def reward(completions: list[str], **_: Any) -> list[float]:
                return [float(len(answer) % 7) for answer in completions]

            return trl.GRPOTrainer(folder, [reward], args=args, train_dataset=Dataset.from_list(data), **extra)
        case _:
            args = trl.SFTConfig(**common, max_length=case.length)
            return trl.SFTTrainer(folder, args=args, train_dataset=Dataset.from_list([{"text": text}] * rows), **extra)


def _timed(trainer: Any) -> Callable[[], float]:
    """Start a clock after the warm steps; the function that comes back says the seconds until the last one ended."""
    import torch
    from transformers import TrainerCallback

    seen: list[float] = []

    class Clock(TrainerCallback):  # type: ignore[misc]  # transformers ships no types here
        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            torch.cuda.synchronize()
            seen.append(time.perf_counter())

    trainer.add_callback(Clock())
    return lambda: seen[-1] - seen[_WARM - 1]


def this_gpu() -> tuple[Gpu, float] | None:
    """The first GPU by the planner's table, and its memory in GiB; None: no GPU, or no PyTorch that sees one."""
    try:
        import torch
    except ImportError:
        return None
    if not torch.cuda.is_available():
        return None
    properties = torch.cuda.get_device_properties(0)
    size = properties.total_memory / 1e9
    flavor = Flavor(
        name="here", pretty_name="", gpu=properties.name, gpus=1, vram_gb=size, ram_gb=0, disk_gb=0, price_usd_hour=0
    )
    gpu = gpu_of(flavor)
    return (gpu, properties.total_memory / GIB) if gpu else None


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.accuracy gpu", description=__doc__)
    parser.add_argument("--case", action="append", choices=sorted(CASES), help="only these; all of them otherwise")
    parser.add_argument("--out", type=Path, help="write the figures here, one JSON object a line")
    parser.add_argument("--here", choices=sorted(CASES), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.here:
        print(json.dumps(measure(CASES[options.here])))
        return 0
    found = this_gpu()
    if found is None:
        print("skipped: this machine has no GPU that PyTorch can use, so there is nothing to measure.")
        return 0
    gpu, card_gib = found
    print(f"{gpu.name}, {card_gib:.1f} GiB; GiB allocated and reserved, tokens a second: measured (predicted)")
    for name in options.case or CASES:
        line = _run(name, gpu, card_gib)
        if isinstance(line, str):
            print(f"  {name:<22} skipped: {line}")
            continue
        ours = predicted(CASES[name], gpu, card_gib)
        print(f"  {name:<22} " + "  ".join(f"{line[key]:,.2f} ({ours[key]:,.2f})" for key in ours))
        if options.out:
            with options.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"case": name, "gpu": gpu.name, "measured": line, "predicted": ours}) + "\n")
    return 0


def _run(name: str, gpu: Gpu, card_gib: float) -> dict[str, float] | str:
    """Measure in a process of its own; a sentence says why it could not."""
    needed = predicted(CASES[name], gpu, card_gib)["allocated_gib"]
    if needed > card_gib:
        return f"needs about {needed:.0f} GiB by the prediction"
    command = [sys.executable, "-m", "tests.accuracy", "gpu", "--here", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["it ended without a word"])[-1][:200]
    result: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return result
