"""What was said to the bot: a command with where and by whom, and what the reader of messages knows of its thread."""

from collections.abc import Sequence

from bot.intake.commands import ThreadContext
from bot.intake.wishes import grants, wishes
from bot.models import Place, Remedy, Run, Value
from bot.states import RunStatus
from bot.ways import ways_out
from handlers.views import fields

_S = RunStatus
#: Ids of direct messages begin like this: what is said there nobody else reads.
_ALONE = "D"
_STATES = {
    _S.RECEIVED: "needs_info",
    _S.DRAFTING: "needs_info",
    _S.PROPOSED: "awaiting_approval",
    _S.APPROVED: "running",
    _S.SUBMITTING: "running",
    _S.QUEUED: "running",
    _S.RUNNING: "running",
    _S.SUCCEEDED: "succeeded",
}


class Heard(Value):
    """A typed command, with where and by whom."""

    #: Names what Slack delivered; the same for a redelivery.
    source_id: str
    #: Where a new run's card goes.
    place: Place
    user: str
    #: The message's ts; None: it is no message.
    ts: str | None = None
    #: What was said, after Slack's own mangling was undone; it is added to the request that it changes.
    words: str = ""
    #: What was typed, where it is gone once it was answered; "": the message stays where it is.
    typed: str = ""
    #: The run of the thread it was written in; None: no thread of ours.
    run: Run | None = None
    #: The card answers it in the same place: no words in between.
    quiet: bool = False

    @property
    def alone(self) -> bool:
        """Whether nobody else reads the answer."""
        return self.ts is None or self.place.channel.startswith(_ALONE)

    @property
    def whispered_in(self) -> str | None:
        """The thread in which one person can be told something.

        None: the channel itself. Slack shows nobody what is whispered in a thread that has no reply yet.
        """
        return None if self.place.thread_ts == self.ts else self.place.thread_ts


def way_granting(over: Run, words: Sequence[str]) -> Remedy | None:
    """The way on from a run that gives all that is wished for in words: "a smaller learning rate"; None: none does."""
    wished = [wishes(each) for each in words]
    if over.plan is None or not all(wished):
        return None
    now = fields.settled(over.plan).model_dump()
    both = {field: more for each in wished for field, more in each.items()}
    return next((way for way in ways_out(over) if grants(way.changes, both, now)), None)


def source_of(channel: str, ts: str) -> str:
    """The id under which a message is served."""
    return f"message:{channel}:{ts}"


def context_of(run: Run) -> ThreadContext:
    """What the reader of messages needs to know of the thread."""
    return ThreadContext(
        state=_STATES.get(run.status, "failed"),
        plan=fields.settled(run.plan) if run.plan else run.request,
        asked=run.question.field if run.question else None,
        choices=run.question.choices if run.question else (),
    )
