"""Whether a trained model is where it should be. Pure: what the repository holds in, what is wrong out."""

import re
from collections.abc import Mapping

from bot.models import Diagnosis, Job, Landed, Plan

_SHARD = re.compile(r"model-(\d{5})-of-(\d{5})\.safetensors")


def landing_trouble(plan: Plan, job: Job, landed: Landed | None) -> Diagnosis | None:
    """Say what is missing from the output repository; None: the trained model is there.

    Checked: a commit after the job was created (both are the Hub's times), weights or all their shards (or the adapter
    with its configuration and the planned base), a configuration, a tokenizer, no empty weight file.
    """
    problem = _problem(plan, job, landed)
    if not problem:
        return None
    return Diagnosis(
        kind="nothing_pushed",
        cause=f"The job ended without an error, but {problem}.",
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
    if any(size == 0 for name, size in landed.files.items() if name.endswith(".safetensors")):
        return f"{plan.output_repo} has an empty weight file"
    if adapter and landed.adapter_base != plan.model.repo_id:
        return f"the adapter names {landed.adapter_base} as its base, not {plan.model.repo_id}"
    return ""


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
