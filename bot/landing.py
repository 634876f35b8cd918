"""Whether a trained model is where it should be. Pure: what the repository holds in, what is wrong out."""

import re
from collections.abc import Mapping

from bot.models import Diagnosis, Job, Landed, Plan

#: How what is missing is told of a job that said nothing of it.
NO_ERROR = "The job ended without an error"

_WEIGHTS = re.compile(r"(adapter_)?model(-\d{5}-of-\d{5})?\.safetensors")
_CHECKPOINT = "last-checkpoint/"
_BYTES = {"bfloat16": 2, "float16": 2, "float32": 4}
_SHARD = re.compile(r"model-(\d{5})-of-(\d{5})\.safetensors")


def landing_trouble(plan: Plan, job: Job, landed: Landed | None, *, failed: bool = False) -> Diagnosis | None:
    """Say what is missing from the output repository; None: the trained model is there.

    Checked: a commit after the job was created (both are the Hub's times), weights or all their shards (or the adapter
    with its configuration and the planned base), a configuration, a tokenizer, weights of about the size that the
    model must have. Of a job that `failed` only its log says that it had pushed, and a log can be made to say
    anything: there no checkpoint may lie beside the model, since the model's own commit takes it away.
    """
    problem = _problem(plan, job, landed)
    if not problem and failed and landed is not None and any(name.startswith(_CHECKPOINT) for name in landed.files):
        problem = f"the newest that {plan.output_repo} has is a checkpoint"
    if not problem:
        return None
    return Diagnosis(
        kind="nothing_pushed",
        cause=f"{NO_ERROR}, but {problem}.",
        fix="Check that the token may write there (a fine-grained token needs write on that repository), then retry.",
    )


def _problem(plan: Plan, job: Job, landed: Landed | None) -> str:
    if landed is None:
        return f"there is no repository {plan.output_repo}"
    if landed.committed_at < job.created_at:
        return f"{plan.output_repo} has no commit since the job started"
    adapter = plan.arguments.lora_r is not None
    missing = _missing_weights(landed.files, adapter=adapter)
    wanted = ("adapter_config.json" if adapter else "config.json", "tokenizer_config.json")
    missing += [name for name in wanted if name not in landed.files]
    if missing:
        return f"{plan.output_repo} lacks {', '.join(missing)}"
    weights = {name: size for name, size in landed.files.items() if _WEIGHTS.fullmatch(name)}
    if not all(weights.values()):
        return f"{plan.output_repo} has an empty weight file"
    if wrong := _wrong_size(plan, sum(weights.values()), adapter=adapter):
        return wrong
    if adapter and landed.adapter_base != plan.model.repo_id:
        return f"the adapter names {landed.adapter_base} as its base, not {plan.model.repo_id}"
    return ""


def _wrong_size(plan: Plan, total: int, *, adapter: bool) -> str:
    """A push that was cut short, or weights of another model; "" when the bytes are about what they must be.

    A reward model has no vocabulary head and half precision may be saved in full, so the bounds are wide.
    """
    whole = plan.model.parameters * _BYTES[plan.dtype]
    if adapter:
        too_large = total > plan.model.parameters * 4
        return f"the adapter in {plan.output_repo} is larger than the whole base model" if too_large else ""
    if whole / 2 <= total <= whole * 3:
        return ""
    return (
        f"the weights in {plan.output_repo} have {total / 1e6:,.1f} MB,"
        f" and those of {plan.model.repo_id} must have about {whole / 1e6:,.1f} MB"
    )


def _missing_weights(files: Mapping[str, int], *, adapter: bool) -> list[str]:
    """Names of weight files that are not there; large models come in numbered shards with an index."""
    if adapter:
        return [] if "adapter_model.safetensors" in files else ["adapter_model.safetensors"]
    if "model.safetensors" in files:
        return []
    shards = [match for name in files if (match := _SHARD.fullmatch(name))]
    if not shards:
        return ["model.safetensors"]
    total = int(shards[0][2])
    there = {int(match[1]) for match in shards}
    missing = [f"model-{n:05d}-of-{total:05d}.safetensors" for n in range(1, total + 1) if n not in there]
    index = "model.safetensors.index.json"
    return missing + ([] if index in files else [index])
