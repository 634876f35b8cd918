"""`python -m tests.accuracy memory CORPUS.json [--predictions FILE] [--margin 1.1]`: predicted peaks and measured ones.

Cases marked `eval_ok` count; the others are predicted, too, where their architecture is known, and only written down.
What was measured decides what is predicted: PyTorch's allocated bytes (no reserve, no context), its reserved bytes (no
context), or all that the process holds. A bound ("this context fits on that card") is kept or broken, it has no error.
Picks: the smallest GPU of the catalogue that holds `margin` times the prediction, against the smallest that holds the
measurement; "too small" would have run out of memory.
"""

import argparse
import json
import statistics
from collections import defaultdict
from pathlib import Path
from typing import Any

from bot.planning.flavors import GPUS
from bot.planning.memory import FIT_MARGIN, GIB, needed_memory
from tests.accuracy.published import model_of, workload_of
from tests.accuracy.scores import median_error, quantile, share

#: GiB of CUDA kernels and context: what transformers' own memory page reports of a stack of 2022, which Qwen's README
#: (PyTorch 2.0, CUDA 11.8) is nearest to; today's stacks keep the default of `needed_memory`.
_CONTEXT_2023_GIB = 1.31


def predict(case: dict[str, Any]) -> float | None:
    """The peak in GiB as that case measured it; None: its architecture is unknown."""
    if case["arch"] is None or case["tuning"] not in ("full", "lora", "qlora"):
        return None
    kind, reserve = case["measured_kind"], None
    context = _CONTEXT_2023_GIB if case["project"] == "qwenlm" else 0.45
    if "active" in kind or kind == "torch_peak":
        context, reserve = 0.0, 0.0
    elif kind.startswith("torch"):
        context = 0.0
    if case["project"] == "peft":
        reserve = 0.0  # its loop empties the cache every ten steps
    memory = needed_memory(model_of(case), workload_of(case), context_gib=context, reserve=reserve)
    return memory.peak / GIB * (case["n_gpus"] if kind.startswith("sum") else 1)


def pick(gib: float) -> float:
    """Usable GiB of the smallest known GPU that holds so much; infinite: none does."""
    return min((gpu.usable_gib for gpu in GPUS if gpu.usable_gib >= gib), default=float("inf"))


def table(rows: list[tuple[dict[str, Any], float]], margin: float) -> list[str]:
    """Score lines by group and in all."""
    groups: dict[str, list[tuple[dict[str, Any], float]]] = defaultdict(list)
    for row in rows:
        groups[row[0]["group"]].append(row)
    lines = [f"  {'group':<16}{'n':>4}  median    p90   bias   exact  too small  too big"]
    for name, group in [*sorted(groups.items()), ("all", rows)]:
        errors = [predicted / case["measured_gib"] - 1 for case, predicted in group]
        picks = [(pick(margin * predicted), pick(case["measured_gib"])) for case, predicted in group]
        small, big = sum(ours < right for ours, right in picks), sum(ours > right for ours, right in picks)
        lines.append(
            f"  {name:<16}{len(group):>4}  {median_error(errors):6.1%} {quantile([abs(e) for e in errors], 0.9):6.1%}"
            f" {statistics.mean(errors):+6.1%}  {share(len(group) - small - big, len(group)):>6}"
            f" {small:>4} ({share(small, len(group))}) {share(big, len(group)):>7}"
        )
    return lines


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.accuracy memory", description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--predictions", type=Path, help="write the predictions here, one JSON object a line")
    parser.add_argument(
        "--margin", type=float, default=FIT_MARGIN, help="a pick must hold so many times the prediction"
    )
    parser.add_argument("--errors", action="store_true", help="every case, too")
    options = parser.parse_args(arguments)
    cases = json.loads(options.corpus.read_text(encoding="utf-8"))
    predicted = [(case, predict(case)) for case in cases]
    if options.predictions:
        written = [{"id": case["id"], "predicted_gib": gib and round(gib, 3)} for case, gib in predicted]
        options.predictions.write_text("".join(json.dumps(each) + "\n" for each in written), encoding="utf-8")
    counted = [(case, gib) for case, gib in predicted if case["eval_ok"] and gib is not None]
    measured = [(case, gib) for case, gib in counted if case["measured_gib"] is not None]
    if options.errors:
        for case, gib in measured:
            print(f"  {case['id']} {gib:7.2f} {case['measured_gib']:7.2f} {gib / case['measured_gib'] - 1:+.1%}")
    print(f"{options.corpus}: {len(measured)} measured cases of {len(cases)}, margin {options.margin}")
    print("\n".join(table(measured, options.margin)))
    capped = sum(case["exact_seq"] is False for case, _ in measured)
    print(f"  {capped} of them had rows up to the length that is counted here, not all of it")
    bounds = [(case, gib) for case, gib in counted if case["bound"]]
    kept = sum((gib <= case["gpu_mem_gib"]) == case["bound"].startswith("fits") for case, gib in bounds)
    print(f"  bounds kept: {kept} of {len(bounds)}")
    print("\n".join(_reserve_lines(cases)))
    return 0


def _reserve_lines(cases: list[dict[str, Any]]) -> list[str]:
    """Reserved above allocated, as a share of what comes and goes, where a case publishes both."""
    shares: dict[str, list[float]] = defaultdict(list)
    for case in cases:
        allocated, resident = case["measured_allocated_gib"], case["after_load_gib"]
        if case["eval_ok"] and allocated and resident:
            quantized = "16-bit" if case["quant"] == "none" else "4-bit"
            shares[f"{case['attn']}, {quantized}"].append((case["measured_gib"] - allocated) / (allocated - resident))
    if not shares:
        return []
    told = "; ".join(f"{name} {statistics.median(each):.2f} ({len(each)})" for name, each in sorted(shares.items()))
    return [f"  the allocator's reserve, median of published pairs: {told}"]
