"""Runs that grow from other runs: by a way on from an end, from a checkpoint, on other hardware.

Each records a new run, whose plan somebody has to approve, and nothing else: no network, no money. The watcher plans
it, after it has stopped the job that it replaces.
"""

from typing import Any

from bot.alerts import instead_of_waiting, where
from bot.errors import StalePlan, UserError
from bot.models import Parent, Place, Resume, Run, Value
from bot.planning import switch_to
from bot.policy import Person
from bot.runs import Runs, changed
from bot.states import RunStatus
from bot.ways import checkpoint, repeats_itself, ways_out

_S = RunStatus
_RETRY = "retry"


class Begun(Value):
    """A run that grew from another one."""

    run: Run
    #: False: somebody asked for it before, and it is not over.
    is_new: bool


class Successors:
    """The use cases that people start from a run that is there."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._store = runs.store

    def again(self, *, run_id: str, key: str, person: Person) -> Begun:
        """Go on from a run that ended, by the way that a button names.

        Raises:
            StalePlan: there is no such way.
            NotAllowed: no member of the team.
        """
        self._runs.policy.check_member(person)
        over = self._runs.get(run_id)
        way = next((way for way in ways_out(over) if way.key == key), None)
        if way is None:
            raise StalePlan(
                f"Run {over.short_id} {over.status.told}: this is no way on from it.",
                "Its card shows what can be done.",
            )
        if key == "resume":
            return self.resume(over=over, place=over.place, person=person)
        if begun := self._open_follower(over, way.label):
            return Begun(run=begun, is_new=False)
        said = f"again:{key}:{over.id}"
        return self._once(said, over, over.place, person, how=way.label, changes=way.changes, words=way.label)

    def retry(
        self,
        *,
        source_id: str,
        over: Run,
        place: Place,
        person: Person,
        changes: dict[str, Any],
        words: str,
        how: str = "",
    ) -> Begun:
        """Ask in words for the same again, from the start, with changes; `how` names them, where they have a name.

        Raises:
            UserError: it is not over, or would end the same.
            NotAllowed: no member of the team.
        """
        self._runs.policy.check_member(person)
        if not over.is_final:
            raise UserError(
                f"Run {over.short_id} {over.status.told}, so there is nothing to retry.",
                "Say what to change, or cancel it first.",
            )
        if not changes and repeats_itself(over):
            assert over.diagnosis is not None
            raise UserError(
                f"The same again would end the same. {over.diagnosis.cause}",
                f"{over.diagnosis.fix} Say it like “retry with batch size 1”, or press a button below the run's end.",
            )
        way = next((way for way in ways_out(over) if way.key == _RETRY), None)
        how = how or _corrected(over, changes) or ("Retry" if changes or way is None else way.label)
        if not changes and (begun := self._open_follower(over, how)):
            return Begun(run=begun, is_new=False)
        return self._record(source_id, over, place, person, how=how, changes=changes, words=words)

    def resume(self, *, over: Run, place: Place, person: Person, step: int | None = None) -> Begun:
        """Go on from the checkpoint that a run left; `step` is the one that was named.

        Of all runs that go on from one checkpoint only one is not over: they would write into one repository.

        Raises:
            StalePlan: it left none, or none that is of use, or one of another step.
            NotAllowed: no member of the team.
        """
        self._runs.policy.check_member(person)
        left = checkpoint(over)
        if left is None:
            raise StalePlan(f"Run {over.short_id} left no checkpoint that I can go on from.", _without_checkpoint(over))
        if step not in (None, left.step):
            raise StalePlan(
                f"The checkpoint that run {over.short_id} left is of step {left.step:,}, not of step {step:,}.",
                "Write `resume` to go on from there.",
            )
        how = f"Resume from step {left.step:,}"
        return self._once(f"again:resume:{left.commit}", over, place, person, how=how, resume=left)

    def move(self, *, run_id: str, choice: str, person: Person) -> Begun:
        """Take other hardware instead of waiting: the new run is planned once the job that waits is stopped.

        Raises:
            StalePlan: the run waits no longer, or the offer is none of its plan.
            NotAllowed: neither requester nor approver: it stops a run.
        """
        run = self._runs.get(run_id)
        self._runs.policy.check_stop(person, run)
        source_id = f"again:move:{run.id}"
        _, under_way = self._under_way(source_id)
        if under_way is not None:
            return Begun(run=under_way, is_new=False)
        option = next((option for option in instead_of_waiting(run) if option.flavor == choice), None)
        if run.plan is None or option is None:
            stands = "is being stopped" if run.cancel_requested_by else run.status.told
            raise StalePlan(
                f"Run {run.short_id} {stands}, so it takes no other hardware: nothing changed.",
                "Its card shows how it stands now.",
            )
        how = f"{where(run.plan, option)} instead of waiting for {run.plan.flavor.name}, whose job is stopped first"
        changes = switch_to(run.plan, option)
        return self._once(
            source_id, run, run.place, person, how=how, changes=changes, words=f"on {option.flavor}",
            replaces=True,
        )  # fmt: skip

    def _open_follower(self, over: Run, how: str) -> Run | None:
        """The run that was asked for in this way before and is not over."""
        grown = map(self._store.find, over.grown)
        return next((run for run in grown if run and not run.is_final and run.parent and run.parent.how == how), None)

    def _once(self, source_id: str, over: Run, place: Place, person: Person, **asked: Any) -> Begun:
        """Record a run unless one that was recorded under this name is not over. Of concurrent callers one records."""
        name, under_way = self._under_way(source_id)
        if under_way is not None:
            return Begun(run=under_way, is_new=False)
        return self._record(name, over, place, person, **asked)

    def _under_way(self, source_id: str) -> tuple[str, Run | None]:
        """The run that was recorded last under this name, if it is not over; else the name of the next."""
        number = 0
        while True:
            name = f"{source_id}:{number}" if number else source_id
            before = self._store.by_source(name)
            if before is None or not before.is_final:
                return name, before
            number += 1

    def _record(
        self,
        source_id: str,
        over: Run,
        place: Place,
        person: Person,
        *,
        how: str,
        changes: dict[str, Any] | None = None,
        words: str = "",
        resume: Resume | None = None,
        replaces: bool = False,
    ) -> Begun:
        run = self._store.record_request(
            source_id,
            place=place,
            requester=person.id,
            request=changed(over.plan.request if over.plan else over.request, changes or {}, words),
            parent=Parent(run_id=over.id, how=how, replaces=replaces),
            resume=resume,
        )
        if run is not None:
            return Begun(run=run, is_new=True)
        before = self._store.by_source(source_id)
        if before is None:
            raise StalePlan("Somebody asked for this before.", "`/finetune runs` lists the newest runs.")
        return Begun(run=before, is_new=False)


def _corrected(over: Run, changes: dict[str, Any]) -> str:
    """Which names were put right of a request that could not be planned; "" where it was something else."""
    if over.status is not _S.REFUSED:
        return ""
    named = ((getattr(over.request, field), changes.get(field)) for field in ("model", "dataset"))
    return ", ".join(f"{new} instead of {old}" for old, new in named if old and new and old != new)


def _without_checkpoint(over: Run) -> str:
    if not over.is_final:
        return "It is not over: to stop it, write `cancel` in its thread."
    if over.status is _S.SUCCEEDED:
        return "Its model is done. To train it further, ask for a run with that model."
    return "Its card shows what can be done; `retry` in its thread starts from the beginning."
