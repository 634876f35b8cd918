"""`python -m tests.accuracy time CORPUS.json [--predictions FILE]`: predicted training speed and measured one.

Tokens a second of one GPU, padding left out where the case counts so. Cases marked `eval_ok` count; the others are
predicted, too, where architecture, hardware and lengths are known, and only written down.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from bot.planning.flavors import GPUS, Gpu
from bot.planning.speed import StepWork, gpu_step_seconds
from tests.accuracy.published import model_of, workload_of
from tests.accuracy.scores import median_error, quantile, share, within

#: Cards of published runs that Hugging Face does not rent: data sheets, and the share that the A10G's silicon reaches
#: where sums in 4 bytes are half as fast (RTX 4090, A6000 likewise).
_OTHERS = (
    Gpu(
        name="RTX 4090", usable_gib=23.5, context_gib=0.45, peak_tflops=165, matmul=0.85, fp32_tflops=60,
        measured=False, bandwidth_gbs=1008, launch_ms=5, decode_ms=4, link_gbs=32, bf16=True,
    ),
    Gpu(
        name="A6000", usable_gib=47.4, context_gib=0.45, peak_tflops=155, matmul=0.60, fp32_tflops=25, measured=False,
        bandwidth_gbs=768, launch_ms=5, decode_ms=4, link_gbs=32, bf16=True,
    ),
)  # fmt: skip


def gpu_named(name: str | None) -> Gpu | None:
    """Find a card by the corpus's name ("A100-80GB"); None: unknown."""
    plain = (name or "").partition("-")[0].upper()
    return next((gpu for gpu in (*GPUS, *_OTHERS) if gpu.name.upper() == plain), None)


def predict(case: dict[str, Any]) -> float | None:
    """Tokens a second of one GPU; None: the case says too little."""
    gpu = gpu_named(case["gpu"])
    known = case["arch"] is not None and case["tuning"] in ("full", "lora", "qlora")
    if gpu is None or not known or not case["seq_len"] or not case["batch"]:
        return None
    work = workload_of(case)
    step = StepWork(work=work, padded=case["seq_len"])
    return step.tokens * work.grad_accum / gpu_step_seconds(model_of(case), gpu, step)


def table(rows: list[tuple[dict[str, Any], float]]) -> list[str]:
    """Score lines by group and in all."""
    groups: dict[str, list[float]] = defaultdict(list)
    for case, predicted in rows:
        ratio = predicted / case["tokens_per_s_per_gpu"]
        groups[case["group"]].append(ratio)
        groups["~all"].append(ratio)
    lines = [f"  {'group':<16}{'n':>4}  median    p90   ratio  within x1.5"]
    for name, ratios in sorted(groups.items()):
        errors = [ratio - 1 for ratio in ratios]
        lines.append(
            f"  {name.lstrip('~'):<16}{len(ratios):>4}  {median_error(errors):6.1%}"
            f" {quantile([abs(e) for e in errors], 0.9):6.1%}  {quantile(ratios, 0.5):6.2f}"
            f" {share(within(ratios, 1.5), len(ratios)):>9}"
        )
    return lines


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.accuracy time", description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--predictions", type=Path, help="write the predictions here, one JSON object a line")
    parser.add_argument("--errors", action="store_true", help="every case, too")
    options = parser.parse_args(arguments)
    cases = json.loads(options.corpus.read_text(encoding="utf-8"))
    predicted = [(case, predict(case)) for case in cases]
    if options.predictions:
        written = [{"id": case["id"], "predicted_tokens_per_s": rate and round(rate, 1)} for case, rate in predicted]
        options.predictions.write_text("".join(json.dumps(each) + "\n" for each in written), encoding="utf-8")
    counted = [(c, rate) for c, rate in predicted if c["eval_ok"] and rate is not None and c["tokens_per_s_per_gpu"]]
    if options.errors:
        for case, rate in counted:
            measured = case["tokens_per_s_per_gpu"]
            print(f"  {case['id']} {rate:8.0f} {measured:8.0f} {rate / measured - 1:+.0%}")
    print(f"{options.corpus}: {len(counted)} measured cases of {len(cases)}")
    print("\n".join(table(counted)))
    return 0
