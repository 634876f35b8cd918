"""The end of a failed job -> why it failed and what to do.

Reads the job's message and the tail of its log; does not fetch either. What failures look like is `failures`.
"""

import re
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


#: Rows that only say that something went wrong, not what: any other row explains more.
_WEAK = frozenset({"hub_transient", "job_error_generic", "grpo_no_signal", "job_stuck_scheduling"})
_TRACEBACK = re.compile(r"^.*Traceback \(most recent call last\)", re.MULTILINE)
#: Python's words between the traceback of a cause and that of its consequence.
_LINKED = re.compile(r"direct cause of the following exception|During handling of the above exception")
#: A launcher of several processes dies after its children, and only they know why.
_LAUNCHER = re.compile(r"ChildFailedError|ProcessRaisedException|CalledProcessError|ProcessExitedException")


def _find(job: Job, lines: Sequence[str]) -> Failure | None:
    """The job's own message decides where it is definite; then the last error of the log; then the whole log.

    Logs hold troubles that passed (a download that was tried again, an optional package that is missing). So the
    exception that ended the program is looked at first, with those that it names as its causes.
    """
    by_kind = {failure.kind: failure for failure in FAILURES}
    for kind in ("job_timeout", "host_oom"):
        if by_kind[kind].pattern.search(job.message):
            return by_kind[kind]
    if job.stage is JobStage.SCHEDULING:
        return by_kind["job_stuck_scheduling"]
    text = redact("\n".join([*lines, job.message]))
    found = _first(_last_error(text))
    return found if found is not None and found.kind not in _WEAK else _first(text)


def _first(text: str) -> Failure | None:
    return next((failure for failure in FAILURES if failure.pattern.search(text)), None)


def _last_error(text: str) -> str:
    """From the first traceback of the last chain of exceptions on; "" when there is none."""
    starts = [match.start() for match in _TRACEBACK.finditer(text)]
    while starts and _LAUNCHER.search(text[starts[-1] :]):
        text, starts = text[: starts[-1]], starts[:-1]
    while len(starts) > 1 and _LINKED.search(text[starts[-2] : starts[-1]]):
        starts.pop()
    return text[starts[-1] :] if starts else ""
