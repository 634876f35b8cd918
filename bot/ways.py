"""The ways on from a run that ended without a model: what one click can ask for, and the checkpoint that is left.

Pure. Each way makes a new run whose plan somebody has to approve; nothing here starts anything.
"""

from bot.models import Remedy, Resume, Run
from bot.states import RunStatus

_S = RunStatus
#: The same again would end the same.
_NO_RETRY = frozenset(
    {
        "cuda_oom", "host_oom", "disk_full", "nan_loss", "grpo_no_signal", "chat_template_missing", "dataset_config",
        "dataset_format", "model_unsupported", "bad_repo_id", "bad_config", "api_mismatch", "fenced",
    }
)  # fmt: skip
#: Going on with the same settings would end the same, or there is nothing worth going on with.
_NO_RESUME = frozenset({"cuda_oom", "disk_full", "nan_loss", "grpo_no_signal", "fenced"})
#: Going on may end the same, or it may not: whatever killed the program looks like this. It is offered behind what
#: would mend a lack of memory, and only where the run itself got as far as a checkpoint.
_RESUME_LAST = frozenset({"host_oom"})
#: How a run can end without a model.
_WITHOUT = frozenset({_S.FAILED, _S.CANCELED, _S.EXPIRED, _S.REJECTED, _S.REFUSED})


def ways_out(run: Run) -> tuple[Remedy, ...]:
    """What can be done about it, the best first; empty while it goes on, and when it ended well."""
    if run.status not in _WITHOUT:
        return ()
    ways = list(run.diagnosis.remedies) if run.diagnosis else []
    if (left := checkpoint(run)) is not None:
        last = run.diagnosis is not None and run.diagnosis.kind in _RESUME_LAST
        ways.insert(len(ways) if last else 0, Remedy(key="resume", label=f"Resume from step {left.step:,}"))
    # what could not be planned as asked cannot be planned again, but the rest of a run can be planned as a whole one
    if not repeats_itself(run) and (run.status is not _S.REFUSED or run.resume):
        whole = run.job is not None or run.resume is not None
        ways.append(Remedy(key="retry", label="Retry from the start" if whole else "Ask for it again"))
    return tuple(ways)


def repeats_itself(run: Run) -> bool:
    """Whether the same plan again would end the same."""
    return run.diagnosis is not None and run.diagnosis.kind in _NO_RETRY


def checkpoint(run: Run) -> Resume | None:
    """The checkpoint that a new run can go on from; None: there is none, or it is of no use.

    A run that went on from one and left none of its own leaves that one, however it ended.
    """
    progress = run.progress
    if run.status not in _WITHOUT or progress.pushed or progress.ended:
        return None
    kind = run.diagnosis.kind if run.diagnosis else ""
    if kind in _NO_RESUME:
        return None
    if run.plan is None or not progress.saved_step or progress.saved_commit is None:
        return None if kind in _RESUME_LAST else run.resume
    return Resume(run_id=run.id, commit=progress.saved_commit, step=progress.saved_step)
