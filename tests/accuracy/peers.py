"""`python -m tests.accuracy peers [--memory CORPUS] [--time CORPUS]`: our predictions beside published rules.

The same cases for everybody. A rule that has no answer for a case is judged on the others, and the number says so.
Below: our own cases by kind of hardware.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bot.planning.memory import FIT_MARGIN
from tests.accuracy import memory, time
from tests.accuracy.scores import median_error, quantile, share, within

CORPORA = Path(__file__).parent / "corpora"
_GB_IN_GIB = 1e9 / 2**30
#: huggingface/skills, huggingface-llm-trainer, scripts/estimate_cost.py: hours of a run are these times 0.1 x billions
#: of parameters x thousands of examples.
_SKILLS_HARDWARE = {"T4": 2.0, "L4": 1.2, "A10G": 1.0, "A100": 0.7}

Rule = Callable[[dict[str, Any]], float | None]
#: Kinds of our own cases: name, cards, more than one of them (None: either), experts.
_KINDS = (
    ("A100, one GPU", ("A100",), False, False),
    ("A100, several GPUs", ("A100",), True, False),
    ("A100, mixtures of experts", ("A100",), None, True),
    ("H100, several GPUs", ("H100",), True, False),
    ("L4, one and several", ("L4",), None, False),
    ("RTX 3090 and 4090, two", ("RTX 3090", "RTX 4090"), True, False),
)


def accelerate(case: dict[str, Any]) -> float:
    """accelerate 1.15, `estimate-memory`, "Training using Adam": 16 bytes a parameter in fp32, 8 in half precision."""
    return float(case["params"]) * (16 if case["weights_dtype"] == "fp32" else 8) / 2**30


def llama_factory(case: dict[str, Any]) -> float:
    """LLaMA-Factory's README, hardware requirement: x billions take 18x GB (full, AMP), 8x (bf16), 2x (LoRA), x/2."""
    billions = case["params"] / 1e9
    if case["tuning"] == "full":
        return float(billions * (8 if case["weights_dtype"] in ("bf16", "fp16") else 18) * _GB_IN_GIB)
    return float(billions * (2 if case["quant"] == "none" else 0.5) * _GB_IN_GIB)


def skills(case: dict[str, Any]) -> float | None:
    """Tokens a second by the rule of huggingface/skills; None: hardware that it does not list."""
    gpu = time.gpu_named(case["gpu"])
    if gpu is None or gpu.name not in _SKILLS_HARDWARE:
        return None
    hours = 0.1 * case["params"] / 1e9 / 1000 * _SKILLS_HARDWARE[gpu.name]
    return float(case["seq_len"] / (hours * 3600))


def memory_lines(cases: list[dict[str, Any]]) -> list[str]:
    rules: dict[str, tuple[Rule, float]] = {
        "Tunesmith": (memory.predict, FIT_MARGIN),
        "accelerate estimate-memory": (accelerate, FIT_MARGIN),
        "LLaMA-Factory's table": (llama_factory, FIT_MARGIN),
    }
    counted = [case for case in cases if case["eval_ok"] and case["measured_gib"] and memory.predict(case) is not None]
    lines = ["| memory | cases | median error | 90 % of the cases below | GPU exact | too small | too big |"]
    lines.append("|---|---|---|---|---|---|---|")
    for name, (rule, margin) in rules.items():
        pairs = [(float(rule(case) or 0), float(case["measured_gib"])) for case in counted]
        errors = [abs(ours / right - 1) for ours, right in pairs]
        picks = [(memory.pick(margin * ours), memory.pick(right)) for ours, right in pairs]
        small, big = sum(ours < right for ours, right in picks), sum(ours > right for ours, right in picks)
        total = len(pairs)
        lines.append(
            f"| {name} | {total} | {median_error(errors):.1%} | {quantile(errors, 0.9):.0%}"
            f" | {share(total - small - big, total)} | {share(small, total)} ({small}) | {share(big, total)} |"
        )
    return lines


def time_lines(cases: list[dict[str, Any]]) -> list[str]:
    rules: dict[str, Rule] = {"Tunesmith": time.predict, "huggingface/skills": skills}
    counted = [c for c in cases if c["eval_ok"] and c["tokens_per_s_per_gpu"] and time.predict(c) is not None]
    lines = [
        "| time | cases | median error | within a factor of 1.5 | median prediction / measurement |",
        "|---|---|---|---|---|",
    ]
    for name, rule in rules.items():
        told = [(rule(case), case["tokens_per_s_per_gpu"]) for case in counted]
        ratios = [ours / right for ours, right in told if ours]
        # a rule errs in hours, the inverse of speed
        errors = [1 / ratio - 1 for ratio in ratios]
        lines.append(
            f"| {name} | {len(ratios)} | {median_error(errors):.1%} | {share(within(ratios, 1.5), len(ratios))}"
            f" | {quantile([1 / ratio for ratio in ratios], 0.5):.2f} |"
        )
    return lines


def own_lines() -> list[str]:
    """What our own cases say, by kind; all that count in the last line."""
    held = json.loads((CORPORA / "own_memory.json").read_text(encoding="utf-8"))
    timed = json.loads((CORPORA / "own_time.json").read_text(encoding="utf-8"))
    peaks = [(c, float(memory.predict(c) or 0) / c["measured_gib"]) for c in held if c["eval_ok"] and c["measured_gib"]]
    rates = [(c, float(time.predict(c) or 0) / c["tokens_per_s_per_gpu"]) for c in timed if c["eval_ok"]]
    lines = ["| our own cases | memory: cases, median error | time: cases, median error, within 1.5 |", "|---|---|---|"]
    for name, *kind in _KINDS:
        lines.append(_own_line(name, *([ratio for c, ratio in pairs if _is(c, *kind)] for pairs in (peaks, rates))))
    return [*lines, _own_line("all", [ratio for _, ratio in peaks], [ratio for _, ratio in rates])]


def _is(case: dict[str, Any], cards: tuple[str, ...], several: bool | None, experts: bool) -> bool:
    right = (case["gpu"] or "").split("-")[0] in cards and bool(case["arch"].get("experts")) is experts
    return right and several in (None, case["n_gpus"] > 1)


def _own_line(name: str, peaks: list[float], rates: list[float]) -> str:
    held = f"{len(peaks)}, {median_error([ratio - 1 for ratio in peaks]):.1%}" if peaks else ""
    timed = ""
    if rates:
        error = median_error([ratio - 1 for ratio in rates])
        timed = f"{len(rates)}, {error:.1%}, {share(within(rates, 1.5), len(rates))}"
    return f"| {name} | {held} | {timed} |"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.accuracy peers", description=__doc__)
    parser.add_argument("--memory", type=Path, default=CORPORA / "memory.json")
    parser.add_argument("--time", type=Path, default=CORPORA / "time.json")
    options = parser.parse_args(arguments)
    print("\n".join(memory_lines(json.loads(options.memory.read_text(encoding="utf-8")))) + "\n")
    print("\n".join(time_lines(json.loads(options.time.read_text(encoding="utf-8")))) + "\n")
    print("\n".join(own_lines()))
    return 0
