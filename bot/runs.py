"""What people do: ask, revise, approve, reject, cancel, look.

Each of these records a decision in one transaction and nothing else: no network, no money. The watcher acts on it.
"""

from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from bot.errors import InvalidTransition, StalePlan, UserError
from bot.models import Place, Run, TrainingRequest
from bot.policy import Person, Policy
from bot.states import FINAL, RunStatus
from storage.store import REVISABLE, Store

#: A row that the watcher writes at the same moment is read again so many times.
_TRIES = 5
#: How much our clock may be ahead of Slack's before words that approve count as older than the plan.
_CLOCKS = timedelta(seconds=2)


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
        self.policy.check_member(person)
        for _ in range(_TRIES):
            run = self._get(run_id)
            if run.status not in REVISABLE:
                raise UserError(
                    f"Run {run.short_id} is {run.status}: its plan can no longer change.",
                    "Ask for a new run with the change in it.",
                )
            request = changed(run.request, changes, words)
            try:
                return self.store.revise(source_id, run, actor=person.id, request=request)
            except InvalidTransition:
                continue  # the watcher touched the row meanwhile: read it again
        raise UserError(f"Run {run.short_id} is changing right now.", "Say it again in a moment.")

    def approve(self, *, run_id: str, revision: int, digest: str, person: Person) -> Run:
        """Approve exactly this plan.

        Raises:
            StalePlan: the plan was replaced, is being replaced, or was decided.
            NotAllowed: the policy refuses this person.
        """
        run = self._get(run_id)
        if run.status is RunStatus.APPROVED and run.decided_by == person.id:
            return run
        if run.status is not RunStatus.PROPOSED:
            raise _decided(run)
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
                note=f"plan {digest}, ceiling ${run.plan.ceiling_usd:.2f}",
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
        run = self._get(run_id)
        if run.status is RunStatus.PROPOSED and (run.needs_plan or not self._can_be_read(run, ts)):
            raise StalePlan(
                f"The plan of run {run.short_id} changed, and you may not have seen the newest one when you wrote"
                " this. Nothing is approved.",
                "Read the newest plan in the thread and use its button.",
            )
        digest = run.plan.digest if run.plan else ""
        return self.approve(run_id=run_id, revision=run.revision, digest=digest, person=person)

    def reject(self, *, run_id: str, person: Person, reason: str, revision: int | None = None) -> Run:
        """Decline the plan. `revision` None: whichever is the newest.

        Raises:
            StalePlan: the plan was replaced or decided.
            NotAllowed: neither requester nor approver.
        """
        run = self._get(run_id)
        if run.status is not RunStatus.PROPOSED:
            raise _decided(run)
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
        run = self._get(run_id)
        if run.status in FINAL:
            raise UserError(f"Run {run.short_id} is over ({run.status}).", "There is nothing left to stop.")
        self.policy.check_stop(person, run)
        if run.status in (RunStatus.RECEIVED, RunStatus.DRAFTING, RunStatus.PROPOSED):
            try:
                return self.store.advance(run, RunStatus.CANCELED, actor=person.id)
            except InvalidTransition:
                return self.cancel(run_id=run_id, person=person)
        return self.store.request_cancel(run_id, person.id)

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

    def _get(self, run_id: str) -> Run:
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
        now = self._get(run.id)
        if now.status is wanted and now.decided_by == person.id:
            return now
        raise _decided(now)


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


def _with_words(before: str, words: str) -> str:
    """Add what was said later to what was asked: the card quotes all of it. The newest 400 characters are kept."""
    both = f"{before}, then: {words}" if before and words else before or words
    return both if len(both) <= 400 else f"…{both[-399:]}"


def _unknown(words: str | None) -> UserError:
    named = f"No run is called `{words}`." if words else "I cannot tell which run you mean."
    return UserError(named, "`/finetune status` lists the newest runs with their ids.")


def _decided(run: Run) -> StalePlan:
    who = [run.decided_by] if run.decided_by else []
    return StalePlan(f"Run {run.short_id} is {run.status} already: your click changed nothing.", "", who=who)


def _say(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{first['loc'][0]}={first['input']!r} cannot be used: {str(first['msg']).lower()}."
