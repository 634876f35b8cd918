"""The end of a failed job -> why it failed and what to do.

Reads the job's message and the tail of its log; does not fetch either. What failures look like is `failures`.
"""

import re
from collections.abc import Sequence

from bot.models import Diagnosis, Job, JobStage
from bot.training.failures import FAILURES, Failure
from bot.training.signs.places import PLACES
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
_WEAK = frozenset({"job_error_generic", "grpo_no_signal", "job_stuck_scheduling"})
#: What an exception says that was raised because of another one, which tells more.
_CONSEQUENCES = frozenset({"dataset_load", "dataset_not_found", "model_not_found", "hub_transient", "bad_config"})
#: What an account may not do makes later calls fail in other words, whether or not the exceptions are linked as causes.
_REFUSED = frozenset({"auth_invalid", "permission", "gated_repo", "billing", "rate_limit", "storage_quota"})
_TRACEBACK = re.compile(r"^.*Traceback \(most recent call last\)", re.MULTILINE)
#: Python's words between an exception and the one that followed from it, or that came up while it was handled.
_LINK = re.compile(
    r"^.*(direct cause of the following exception|During handling of the above exception).*$", re.MULTILINE
)
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
    found = _of_chain(_last_chain(text))
    if found is None or found.kind in _WEAK:
        found = _first(text)
    if found is not None and found.kind == "hub_transient" and by_kind["rate_limit"].pattern.search(text):
        return by_kind["rate_limit"]  # it was asked again and again before it gave up
    return found


def _first(text: str) -> Failure | None:
    """What its words say; or, where these say nothing or little, the place that it came from."""
    found = next((failure for failure in FAILURES if failure.pattern.search(text)), None)
    if found is not None and found.kind not in _WEAK:
        return found
    place = next((kind for kind, pattern in PLACES.items() if pattern.search(text)), None)
    return found if place is None else next(failure for failure in FAILURES if failure.kind == place)


def _of_chain(chain: Sequence[tuple[str, bool]]) -> Failure | None:
    """What the last exception says; or the one that it followed from, where it is only the consequence."""
    found: Failure | None = None
    for error, is_cause in reversed(chain):
        if found is None:
            found = _first(error)
        elif found.kind in _CONSEQUENCES and (before := _first(error)) is not None:
            found = before if is_cause or before.kind in _REFUSED else found
    return found


def _last_chain(text: str) -> list[tuple[str, bool]]:
    """The exceptions that ended the program, the first one first; each with whether it caused the next one.

    Empty where the text holds none.
    """
    starts = [match.start() for match in _TRACEBACK.finditer(text)]
    while starts and _LAUNCHER.search(text[starts[-1] :]):
        text, starts = text[: starts[-1]], starts[:-1]
    links = list(_LINK.finditer(text))
    if not starts and not links:
        return []
    bounds = [(0, False), *((link.end(), "direct cause" in link[1]) for link in links)]
    ends = [*(link.start() for link in links), len(text)]
    chain: list[tuple[str, bool]] = []
    is_cause = False
    for (begin, caused), end in zip(reversed(bounds), reversed(ends), strict=True):
        piece = text[begin:end]
        own = list(_TRACEBACK.finditer(piece))
        chain.insert(0, (piece[own[-1].start() :] if own else piece, is_cause))
        if len(own) > 1:
            break  # what came before that traceback is another story
        is_cause = caused
    return chain
