"""How a script ended on purpose before its end, or failed when all was done -> what that means and what to do next.

Reads what the script said, or its exit code where the log could not be read. Why something failed is `diagnose`'s.
"""

import re

from bot.models import Diagnosis, Job, Progress
from bot.models.job import FENCED_EXIT, STOPPED_EXIT


def ending(progress: Progress, job: Job) -> Diagnosis | None:
    """Say how the job ended on purpose; None: it did not, it failed."""
    code = _exit_code(job)
    if progress.fenced_by or code == FENCED_EXIT:
        return Diagnosis(
            kind="fenced",
            cause=f"The job saw that {progress.fenced_by or 'another job'} trains this run already, and stepped aside.",
            fix="Nothing was trained twice. Look at that job's page; ask for a new run if it is not going on.",
        )
    if progress.stopped or code == STOPPED_EXIT:
        return Diagnosis(
            kind="stopped_by_signal" if progress.stopped == "signal" else "stopped_at_deadline",
            cause=f"{_why(progress)} {_what_is_left(progress)}",
            fix=_next_step(progress),
        )
    return None


def after_the_push(progress: Progress, failed: Diagnosis) -> str:
    """One sentence or two on a job that failed when its model was on the Hub already."""
    missing = "" if progress.ended else ", so the comparison with the base model may be missing"
    # the words for a time limit say that the training was not finished, and it was
    why = "Its time limit had come." if failed.kind == "job_timeout" else failed.cause
    return f"The model is whole. The job failed after it was pushed{missing}. {why}"


def _why(progress: Progress) -> str:
    at = f"at step {progress.step:,}" + (f" of {progress.max_steps:,}" if progress.max_steps else "")
    if progress.stopped == "signal":
        return f"The machine was told to stop {at}, before the training was finished."
    return f"The training stopped at the deadline, {at}: the job's time limit was too short for all of it."


def _what_is_left(progress: Progress) -> str:
    if progress.saved_step is None:
        return "Its checkpoint did not reach the Hub."
    return f"The checkpoint of step {progress.saved_step:,} is on the Hub."


def _next_step(progress: Progress) -> str:
    if progress.saved_commit is None:
        return "Ask for it again with more time (`max 4 hours`), fewer rows or faster hardware."
    return "Resume it: a new job goes on from there. Or ask for it again with more time or faster hardware."


def _exit_code(job: Job) -> int | None:
    found = re.search(r"exit code:? ?(\d+)", job.message)
    return int(found[1]) if found else None
