"""The end of a failed job -> why it failed and what to do.

Reads the job's message and the tail of its log; does not fetch either. What failures look like is `failures`.
"""

from collections.abc import Sequence

from bot.models import Diagnosis, Job, JobStage
from bot.training.failures import FAILURES, Failure
from bot.training.tail import clean_tail, redact


def diagnose(job: Job, lines: Sequence[str]) -> Diagnosis:
    """Say why the job failed; "unknown" when nothing in the table fits."""
    found = _find(job, lines)
    tail = clean_tail(lines)
    if found is None:
        return Diagnosis(
            kind="unknown",
            cause="The job failed, and nothing in the end of its log says why in words that I know.",
            fix="Read the lines below and the whole log on the job's page; retry once if they do not help.",
            tail=tail,
        )
    return Diagnosis(kind=found.kind, cause=found.cause, fix=found.fix, tail=tail)


def _find(job: Job, lines: Sequence[str]) -> Failure | None:
    """The job's own message decides where it is definite; then the log, most specific row first."""
    by_kind = {failure.kind: failure for failure in reversed(FAILURES)}
    for kind in ("job_timeout", "host_oom"):
        if by_kind[kind].pattern.search(job.message):
            return by_kind[kind]
    if job.stage is JobStage.SCHEDULING:
        return by_kind["job_stuck_scheduling"]
    text = redact("\n".join([*lines, job.message]))
    return next((failure for failure in FAILURES if failure.pattern.search(text)), None)
