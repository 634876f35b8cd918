"""One job for another: the job that a run replaces is stopped before that run is planned, so that one is ever paid.

Moves no run and starts nothing.
"""

from datetime import datetime, timedelta

from bot.errors import UserError
from bot.models import Problem, Run
from bot.states import RunStatus
from storage.store import Store

_S = RunStatus


def is_stopped(store: Store, run: Run, *, now: datetime, pause: timedelta, patience: timedelta) -> bool:
    """Whether the job that this run replaces has stopped; until then it is asked to, and the run waits for `pause`.

    Raises:
        UserError: it trains or has a model, and is left alone; or it has not stopped for as long as `patience`.
    """
    assert run.parent is not None
    waiting = store.get(run.parent.run_id)
    if waiting.status is _S.SUCCEEDED or (waiting.status is _S.RUNNING and not waiting.cancel_requested_by):
        raise UserError(
            f"Run {waiting.short_id} got its hardware meanwhile and {waiting.status.told}: I left it alone.",
            "Nothing to do. If you want the other run all the same, ask for it with `/finetune`.",
        )
    if waiting.is_final:
        return True
    if now - run.created_at > patience:
        raise UserError(
            f"The Hub has not stopped the job of run {waiting.short_id}: I plan nothing that could be paid beside it.",
            "Look at that run's card, and ask again with `/finetune` once it is over.",
        )
    # what was read as waiting may train by now: then the next look leaves it alone
    store.request_cancel(waiting.id, run.requester, only_if=waiting.status)
    stopping = Problem(
        problem=f"The job of run {waiting.short_id} is being stopped first, so that not both are ever paid.",
        fix="The plan appears here as soon as the Hub says that it has stopped.",
    )
    store.update(run, problem=stopping, next_check_at=now + pause)
    return False
