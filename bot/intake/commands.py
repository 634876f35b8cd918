"""What a person can mean: one value for each command. `bot.intake.parse` makes them; nothing here reads text."""

from typing import Any, Literal

from bot.models import TrainingRequest, Value


class NewRequest(Value):
    """Train this; fields may still be missing. Names may be partial ("llama 3.2 1b"): no slash in them."""

    request: TrainingRequest


class Revise(Value):
    """Change the plan of this thread, or answer the bot's question.

    `changes` maps fields of TrainingRequest to their new values (None: back to the default). Relative changes
    ("halve the batch") are already resolved against the plan.
    """

    changes: dict[str, Any]
    #: The field that a change without a value is about ("use a bigger gpu"); None: not said, or there are values.
    about: str | None = None


class Approve(Value):
    """Unconditional consent to the plan that waits in this thread."""


class Reject(Value):
    """Decline the plan that waits in this thread."""

    reason: str = ""


class Cancel(Value):
    """Stop a run. `run` is an id or its short form; None: the run of this thread."""

    run: str | None = None


class Status(Value):
    """How is it going? `run` None: the run of this thread, or else the newest runs."""

    run: str | None = None


class Logs(Value):
    run: str | None = None


class Explain(Value):
    """Why did it fail?"""

    run: str | None = None


class Retry(Value):
    """Run a failed job again, with `changes` as in Revise."""

    run: str | None = None
    changes: dict[str, Any] = {}
    #: Go on from the checkpoint that it left, instead of from the start.
    resume: bool = False
    #: The step of that checkpoint, where one was named.
    step: int | None = None
    #: Words beside the order that no value was read from, as typed: "a smaller learning rate".
    unread: tuple[str, ...] = ()


class CostQuestion(Value):
    """What would, or did, it cost? Fields as in a request."""

    request: TrainingRequest


class Help(Value):
    """`topic` None: all of it. `near` is the command that an unknown word resembles."""

    topic: str | None = None
    unknown: str | None = None
    near: str | None = None


class Refusal(Value):
    """It was understood enough to know that it cannot be done as typed.

    `reason` is a class of requests.md's must_reject (invalid_name, invalid_value, ...); `problem` and `fix` are plain
    text for people.
    """

    reason: str
    problem: str
    fix: str
    #: What it would have been, had it been possible: a refused change leaves the thread's plan as it is.
    intent: Literal["new_request", "revise", "retry", "cost_question"] = "new_request"


class Nothing(Value):
    """Chatter, thanks, talk between people: leave it alone."""


Command = (
    NewRequest
    | Revise
    | Approve
    | Reject
    | Cancel
    | Status
    | Logs
    | Explain
    | Retry
    | CostQuestion
    | Help
    | Refusal
    | Nothing
)


class ThreadContext(Value):
    """What the bot knows of the thread that a message was written in."""

    #: awaiting_approval, running, failed, succeeded, needs_info
    state: str
    #: The plan as a request: every field that the plan settled.
    plan: TrainingRequest
    #: The field that the bot asked for last: "dataset", "model", "method", ...; None: nothing was asked.
    asked: str | None = None
    #: The answers that the bot offered with its question.
    choices: tuple[str, ...] = ()
