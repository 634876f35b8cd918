"""What people do: ask, revise, approve, reject, cancel, look.

Each of these records a decision in one transaction and nothing else: no network, no money. The watcher acts on it.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from pydantic import ValidationError

from bot.amounts import ceiling
from bot.errors import InvalidTransition, StalePlan, UserError
from bot.models import Place, Run, TrainingRequest, Value, Verbosity
from bot.policy import Person, Policy
from bot.states import FINAL, RunStatus
from storage.store import REVISABLE, Store

#: A row that the watcher writes at the same moment is read again so many times.
_TRIES = 5
#: How much our clock may be ahead of Slack's before words that approve count as older than the plan.
_CLOCKS = timedelta(seconds=2)


#: Between what was asked and what was said later.
_THEN = ", then: "


class Correction(Value):
    """A message that changed a request, and was edited."""

    old: str
    new: str
    #: Fields that the old words changed.
    undone: frozenset[str]
    #: What the new words ask for, as in Revise.
    changes: dict[str, Any]


class Runs:
    """The use cases that people start."""

    def __init__(self, store: Store, policy: Policy) -> None:
        self.store = store
        self.policy = policy

    def request(self, *, source_id: str, place: Place, user: str, request: TrainingRequest) -> Run | None:
        """Record a request; None when this source id was recorded before."""
        return self.store.record_request(source_id, place=place, requester=user, request=request)

    def revise(
        self, *, source_id: str, run_id: str, person: Person, changes: dict[str, Any], words: str = ""
    ) -> Run | None:
        """Change the request of a run that is not decided yet; the watcher makes the new plan.

        Returns None for a duplicate.

        Raises:
            UserError: the run is decided already, or a value makes no sense.
        """
        return self._put(source_id, run_id, person, lambda run: changed(run.request, changes, words))

    def correct(
        self, *, source_id: str, run_id: str, person: Person, make: Callable[[Run], TrainingRequest]
    ) -> Run | None:
        """Put corrected words in the place of those that were edited: `make` gives the request as it should have been.

        Returns None for a duplicate.

        Raises:
            UserError: the run is decided already.
        """
        return self._put(source_id, run_id, person, make)

    def answer(self, *, source_id: str, run_id: str, person: Person, field: str, choice: str) -> Run | None:
        """Answer the open question by one of the offered choices; None for a duplicate.

        Raises:
            StalePlan: this is not what is asked now.
            UserError: the run is decided already.
        """
        run = self.get(run_id)
        asked = run.question
        if run.status in REVISABLE and (asked is None or asked.field != field or choice not in asked.choices):
            raise StalePlan(
                f"This question of run {run.short_id} is answered already: nothing changed.",
                "The card shows what was understood. To change it, say so in the thread.",
            )
        if run.needs_plan and getattr(run.request, field, None) == choice:
            return run
        return self.revise(source_id=source_id, run_id=run_id, person=person, changes={field: choice}, words=choice)

    def withdraw(self, run_id: str, note: str) -> Run:
        """Drop a request whose words are gone, if nobody has decided on it; anything later stays as it is."""
        run = self.get(run_id)
        while run.status in REVISABLE:
            try:
                return self.store.advance(run, RunStatus.CANCELED, actor=run.requester, note=note)
            except InvalidTransition:
                run = self.get(run_id)
        return run

    def _put(self, source_id: str, run_id: str, person: Person, make: Callable[[Run], TrainingRequest]) -> Run | None:
        self.policy.check_member(person)
        for _ in range(_TRIES):
            run = self.get(run_id)
            if run.status not in REVISABLE:
                raise UserError(
                    f"Run {run.short_id} {run.status.told}: its plan can no longer change.",
                    "Cancel it, which costs nothing while it waits, and ask again with the change in it."
                    if run.status is RunStatus.QUEUED
                    else "Ask for a new run with the change in it.",
                )
            try:
                return self.store.revise(source_id, run, actor=person.id, request=make(run))
            except InvalidTransition:
                continue  # the watcher touched the row meanwhile: read it again
        raise UserError(f"Run {run.short_id} is changing right now.", "Say it again in a moment.")

    def approve(self, *, run_id: str, revision: int, digest: str, person: Person) -> Run:
        """Approve exactly this plan.

        Raises:
            StalePlan: the plan was replaced, is being replaced, or was decided.
            NotAllowed: the policy refuses this person, or the month's budget does not hold the plan's ceiling.
        """
        run = self.get(run_id)
        if run.status is RunStatus.APPROVED and run.decided_by == person.id:
            return run
        if run.status is not RunStatus.PROPOSED:
            raise _decided(run, RunStatus.APPROVED)
        if run.plan is None or run.needs_plan or (revision, digest) != (run.revision, run.plan.digest):
            raise StalePlan(
                f"The plan of run {run.short_id} changed after this button was shown.",
                "Read the newest plan in the thread and decide on that one.",
            )
        self.policy.check_approval(person, run, run.plan)
        try:
            return self.store.advance(
                run,
                RunStatus.APPROVED,
                actor=person.id,
                note=f"plan {digest}, ceiling {ceiling(run.plan.ceiling_usd)}",
                permit=partial(self.policy.check_budget, run.plan),
                decided_by=person.id,
            )
        except InvalidTransition:
            return self._lost(run, RunStatus.APPROVED, person)

    def approve_current(self, *, run_id: str, person: Person, ts: str | None = None) -> Run:
        """Approve by words in the thread: the newest plan, when whoever wrote them can have read it.

        `ts` is that of the message, in Slack's own time; None: the words stand in no message.

        Raises:
            StalePlan: no plan waits, the thread does not show it yet, or the words are older than it is.
            NotAllowed: the policy refuses this person.
        """
        run = self.get(run_id)
        if run.status is RunStatus.PROPOSED and (run.needs_plan or not self._can_be_read(run, ts)):
            raise StalePlan(
                f"The plan of run {run.short_id} changed, and you may not have seen the newest one when you wrote"
                " this. Nothing is approved.",
                "Read the newest plan in the thread and use its button.",
            )
        digest = run.plan.digest if run.plan else ""
        return self.approve(run_id=run_id, revision=run.revision, digest=digest, person=person)

    def reject(self, *, run_id: str, person: Person, reason: str, revision: int | None = None) -> Run:
        """Decline the plan, or the request that has none yet. `revision` None: whichever is the newest.

        Raises:
            StalePlan: the plan was replaced or decided.
            NotAllowed: neither requester nor approver.
        """
        run = self.get(run_id)
        if run.status in (RunStatus.RECEIVED, RunStatus.DRAFTING):
            return self.cancel(run_id=run_id, person=person)
        if run.status is not RunStatus.PROPOSED:
            raise _decided(run, RunStatus.REJECTED)
        if revision is not None and revision != run.revision:
            raise StalePlan(
                f"The plan of run {run.short_id} changed after this button was shown.",
                "Read the newest plan in the thread and decide on that one.",
            )
        self.policy.check_stop(person, run)
        try:
            return self.store.advance(
                run, RunStatus.REJECTED, actor=person.id, note=reason, decided_by=person.id, reason=reason
            )
        except InvalidTransition:
            return self._lost(run, RunStatus.REJECTED, person)

    def cancel(self, *, run_id: str, person: Person) -> Run:
        """Stop a run: at once while it is only a plan, through the watcher once the Hub may have a job.

        Raises:
            UserError: it is over already.
            NotAllowed: neither requester nor approver.
        """
        run = self.get(run_id)
        if run.status in FINAL:
            raise UserError(f"Run {run.short_id} {run.status.told}.", "There is nothing left to stop.")
        self.policy.check_stop(person, run)
        if run.status in (RunStatus.RECEIVED, RunStatus.DRAFTING, RunStatus.PROPOSED):
            try:
                return self.store.advance(run, RunStatus.CANCELED, actor=person.id)
            except InvalidTransition:
                return self.cancel(run_id=run_id, person=person)
        return self.store.request_cancel(run_id, person.id)

    def set_verbosity(self, *, run_id: str, person: Person, verbosity: Verbosity) -> Run:
        """Let a run's thread say more or less from now on.

        Raises:
            NotAllowed: neither requester nor approver.
        """
        self.policy.check_messages(person, self.get(run_id))
        return self.store.set_verbosity(run_id, verbosity, actor=person.id)

    def find(self, words: str | None, *, channel: str, thread_ts: str | None = None) -> Run:
        """Find the run that somebody speaks of: by its id, or the one of this thread.

        Raises:
            UserError: no such run.
        """
        if words:
            run = self.store.find(words.strip().lower())
        else:
            run = self.store.by_thread(channel, thread_ts) if thread_ts else None
        if run is None:
            raise _unknown(words)
        return run

    def find_for(self, person: Person, words: str, *, channel: str) -> Run:
        """Find a run by its id, for somebody who may hear of it in this channel.

        Raises:
            NotAllowed: no member of the team.
            UserError: no such run, or one that is neither of this channel nor this person's to decide; both read alike.
        """
        self.policy.check_member(person)
        run = self.find(words, channel=channel)
        if run.place.channel != channel and person.id not in self.policy.approvers | {run.requester}:
            raise _unknown(words)
        return run

    def get(self, run_id: str) -> Run:
        """Read the run that a button names.

        Raises:
            UserError: it is not known.
        """
        try:
            return self.store.get(run_id)
        except KeyError:
            raise UserError(
                "This button belongs to a run that is no longer known here.", "Ask for a new run with `/finetune`."
            ) from None

    def _can_be_read(self, run: Run, ts: str | None) -> bool:
        """Whether the thread shows the newest plan, and did when the message `ts` was written."""
        if not self.store.is_shown(run):
            return False
        if ts is None:
            return True
        planned = max(event.at for event in run.events if event.status is RunStatus.PROPOSED)
        since = (planned - _CLOCKS).timestamp()
        announced = self.store.delivered(run.id).get(run.announcement)
        if announced is not None and announced.ts is not None:
            since = max(since, float(announced.ts))  # both times are Slack's
        return float(ts) >= since

    def _lost(self, run: Run, wanted: RunStatus, person: Person) -> Run:
        """Answer who lost a race: fine when the same decision won, a refusal when another did."""
        now = self.get(run.id)
        if now.status is wanted and now.decided_by == person.id:
            return now
        raise _decided(now, wanted)


def changed(request: TrainingRequest, changes: dict[str, Any], words: str) -> TrainingRequest:
    """Apply changes to a request and add the words that asked for them.

    Raises:
        UserError: a value makes no sense.
    """
    said = {"text": _with_words(request.text, words)}
    try:
        return TrainingRequest.model_validate(request.model_dump() | said | changes)
    except ValidationError as error:
        raise UserError(_say(error), "Say it again with another value.") from None


def corrected(request: TrainingRequest, base: TrainingRequest | None, edit: Correction) -> TrainingRequest:
    """Take back what the old words asked for and do what the new ones do.

    `base`: the request before the old words; None: there was none, so what they said is not said.

    Raises:
        UserError: a value makes no sense.
    """
    undone = {field: getattr(base, field) if base else None for field in edit.undone if field not in edit.changes}
    before = request.text.removesuffix(f"{_THEN}{edit.old}")
    return changed(request.model_copy(update={"text": before}), undone | edit.changes, edit.new)


def _with_words(before: str, words: str) -> str:
    """Add what was said later to what was asked: the card quotes all of it. The newest 400 characters are kept."""
    both = f"{before}{_THEN}{words}" if before and words else before or words
    return both if len(both) <= 400 else f"…{both[-399:]}"


def _unknown(words: str | None) -> UserError:
    named = f"No run is called `{words}`." if words else "I cannot tell which run you mean."
    return UserError(named, "`/finetune status` lists the newest runs with their ids.")


def _decided(run: Run, wanted: RunStatus) -> StalePlan:
    """Say why nothing was approved or rejected, and what whoever tried may want instead."""
    if run.status in (RunStatus.RECEIVED, RunStatus.DRAFTING):
        return StalePlan(
            f"Run {run.short_id} has no plan yet, so there is nothing to approve.",
            "Read the plan in its thread when it is there, and decide then.",
        )
    problem = f"Nothing changed: run {run.short_id} {run.status.told} already."
    if run.is_final:
        return StalePlan(problem, "To run it after all, ask for it again.")
    if wanted is RunStatus.REJECTED:
        return StalePlan(problem, "To stop it, write `cancel` in its thread or press Cancel run on its card.")
    return StalePlan(problem, "There is nothing left to approve; its card shows how far it is.")


def _say(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{first['loc'][0]}={first['input']!r} cannot be used: {str(first['msg']).lower()}."
