"""The ways on from a run that ended without a model: what one click can ask for, and the checkpoint that is left.

Pure. Each way makes a new run whose plan somebody has to approve; nothing here starts anything.
"""

from bot.models import Remedy, Resume, Run
from bot.states import RunStatus

#: The same again would end the same.
_NO_RETRY = frozenset(
    {
        "cuda_oom", "host_oom", "disk_full", "nan_loss", "grpo_no_signal", "chat_template_missing", "dataset_config",
        "dataset_format", "model_unsupported", "bad_repo_id", "bad_config", "api_mismatch", "fenced",
    }
)  # fmt: skip
#: Going on with the same settings would end the same, or there is nothing worth going on with.
_NO_RESUME = frozenset({"cuda_oom", "host_oom", "disk_full", "nan_loss", "grpo_no_signal", "fenced"})


def ways_out(run: Run) -> tuple[Remedy, ...]:
    """What can be done about it, the best first; empty while it goes on, and when it ended well."""
    if run.status not in (RunStatus.FAILED, RunStatus.CANCELED, RunStatus.EXPIRED, RunStatus.REJECTED):
        return ()
    kind = run.diagnosis.kind if run.diagnosis else ""
    ways = list(run.diagnosis.remedies) if run.diagnosis else []
    if (left := checkpoint(run)) is not None:
        ways.insert(0, Remedy(key="resume", label=f"Resume from step {left.step:,}"))
    if kind not in _NO_RETRY:
        ways.append(Remedy(key="retry", label="Ask for it again" if run.job is None else "Retry from the start"))
    return tuple(ways)


def checkpoint(run: Run) -> Resume | None:
    """The checkpoint that a new run can go on from; None: there is none, or it is of no use."""
    progress = run.progress
    if run.status not in (RunStatus.FAILED, RunStatus.CANCELED) or run.plan is None or progress.ended:
        return None
    if run.diagnosis is not None and run.diagnosis.kind in _NO_RESUME:
        return None
    if not progress.saved_step or progress.saved_commit is None:
        return None
    return Resume(run_id=run.id, commit=progress.saved_commit, step=progress.saved_step)
