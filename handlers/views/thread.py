"""What a run's Slack thread should say: a pure function of the run.

The reconciler (handlers/chat.py) compares this with what was shown and posts or updates the difference. A key that was
shown once keeps its meaning: a message may change its words, never its subject.
"""

from typing import assert_never

from bot.models import Run, Verbosity
from bot.states import RunStatus
from handlers.views import card
from handlers.views.marks import marks
from handlers.views.messages import Message
from handlers.views.plan import answered_replies, plan_card, plan_reply, question_card, question_reply
from handlers.views.progress import live_card, milestones
from handlers.views.result import result_card, result_reply
from handlers.views.trouble import followed_replies, problem_reply, trouble_card, trouble_reply, waiting_card

_S = RunStatus
#: What nobody has to act on: a quiet thread leaves it to the card.
_FOR_INFORMATION = frozenset({"approved", "started", "first-loss", "saved", "cancel"})


def thread(run: Run) -> list[Message]:
    """The card first, then the replies in order of time. Empty while there is nothing to say yet.

    How much is said is part of the run; questions, plans, alerts and the end always are.
    """
    if run.status is _S.RECEIVED and run.problem is None:
        return []
    replies = [*answered_replies(run), question_reply(run), problem_reply(run)]
    if run.plan is not None:
        if run.revision > 1 or card.passed(run, _S.DRAFTING):
            replies.append(plan_reply(run, run.plan))
        replies += _on_the_way(run)
    replies.append(_end(run))
    replies += followed_replies(run)
    return [_card(run), *(reply for reply in replies if reply is not None)]


def _on_the_way(run: Run) -> list[Message]:
    assert run.plan is not None
    told = milestones(run, run.plan)
    match run.verbosity:
        case Verbosity.QUIET:
            return [message for message in told if message.key not in _FOR_INFORMATION]
        case Verbosity.MILESTONES:
            return told
        case Verbosity.ALL:
            # each checkpoint has a message of its own here
            more = marks(run, run.plan) if run.status is _S.RUNNING else []
            return [*(message for message in told if message.key != "saved"), *more]
        case _:
            assert_never(run.verbosity)


def _card(run: Run) -> Message:
    match run.status:
        case _S.RECEIVED:
            return waiting_card(run)
        case _S.DRAFTING:
            return question_card(run)
        case _S.PROPOSED:
            assert run.plan is not None
            return plan_card(run, run.plan)
        case _S.APPROVED | _S.SUBMITTING | _S.QUEUED | _S.RUNNING:
            assert run.plan is not None
            return live_card(run, run.plan)
        case _S.SUCCEEDED:
            assert run.plan is not None
            assert run.report is not None
            return result_card(run, run.plan, run.report)
        case _S.REFUSED | _S.REJECTED | _S.EXPIRED | _S.CANCELED | _S.FAILED:
            return trouble_card(run)
        case _:
            assert_never(run.status)


def _end(run: Run) -> Message | None:
    if run.status is _S.SUCCEEDED and run.plan and run.report:
        return result_reply(run, run.plan, run.report)
    return trouble_reply(run) if run.is_final and run.status is not _S.SUCCEEDED else None
