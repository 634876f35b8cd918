"""The life of a run: its statuses and the one table of allowed moves.

Does not store or change anything; `storage.store.Store.advance` enforces this table.
"""

from enum import StrEnum


class RunStatus(StrEnum):
    """Where a run is. The value is the word that people see."""

    #: Recorded, not yet planned.
    RECEIVED = "received"
    #: Something is missing; the bot asked in the thread.
    DRAFTING = "drafting"
    #: A plan is posted and waits for people.
    PROPOSED = "proposed"
    #: Decided; the watcher will submit.
    APPROVED = "approved"
    #: Claimed by a watcher; the Hub may or may not have the job.
    SUBMITTING = "submitting"
    #: The Hub has the job; it waits for hardware.
    QUEUED = "queued"
    #: Training.
    RUNNING = "running"
    #: Cannot become a plan; the thread says why and what to do.
    REFUSED = "refused"
    #: A person declined the plan.
    REJECTED = "rejected"
    #: Nobody decided in time.
    EXPIRED = "expired"
    #: Stopped by a person, here or on the Hub.
    CANCELED = "canceled"
    #: Finished, and the model was found on the Hub.
    SUCCEEDED = "succeeded"
    #: Ended without a usable model; the run's diagnosis says why.
    FAILED = "failed"

    @property
    def told(self) -> str:
        """The verb of a sentence about the run: "waits for approval", "has succeeded"."""
        return _TOLD[self]


_S = RunStatus

_TOLD = {
    _S.RECEIVED: "waits for its plan",
    _S.DRAFTING: "waits for an answer",
    _S.PROPOSED: "waits for approval",
    _S.APPROVED: "is approved",
    _S.SUBMITTING: "is being submitted",
    _S.QUEUED: "waits for hardware",
    _S.RUNNING: "is training",
    _S.REFUSED: "was refused",
    _S.REJECTED: "was rejected",
    _S.EXPIRED: "has expired",
    _S.CANCELED: "was canceled",
    _S.SUCCEEDED: "has succeeded",
    _S.FAILED: "has failed",
}

#: Every allowed move. docs/architecture.md shows the same table and a test compares the two.
TRANSITIONS: dict[RunStatus, frozenset[RunStatus]] = {
    _S.RECEIVED: frozenset({_S.DRAFTING, _S.PROPOSED, _S.REFUSED, _S.CANCELED}),
    _S.DRAFTING: frozenset({_S.PROPOSED, _S.CANCELED, _S.EXPIRED}),
    _S.PROPOSED: frozenset({_S.PROPOSED, _S.APPROVED, _S.REJECTED, _S.CANCELED, _S.EXPIRED}),
    _S.APPROVED: frozenset({_S.SUBMITTING, _S.CANCELED}),
    _S.SUBMITTING: frozenset({_S.QUEUED, _S.APPROVED, _S.FAILED}),
    _S.QUEUED: frozenset({_S.RUNNING, _S.SUCCEEDED, _S.FAILED, _S.CANCELED}),
    _S.RUNNING: frozenset({_S.SUCCEEDED, _S.FAILED, _S.CANCELED}),
    _S.REFUSED: frozenset(),
    _S.REJECTED: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.CANCELED: frozenset(),
    _S.SUCCEEDED: frozenset(),
    _S.FAILED: frozenset(),
}

#: Nothing leaves these.
FINAL = frozenset(status for status, targets in TRANSITIONS.items() if not targets)

#: The Hub has, or may have, a job for these.
ON_THE_HUB = frozenset({_S.SUBMITTING, _S.QUEUED, _S.RUNNING})
