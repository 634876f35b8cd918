"""Does what a typed command asks for, whichever way it came in, and says what to answer.

Records decisions through `Runs` and wakes the watcher; does not post. Each Slack id has one effect: what decides claims
its id first, so that a delivery that comes again never decides on what came after it.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any, assert_never

from bot.errors import NotAllowed, StalePlan, UserError
from bot.intake import changing
from bot.intake.commands import (
    Approve,
    Cancel,
    Command,
    CostQuestion,
    Explain,
    Help,
    Logs,
    NewRequest,
    Nothing,
    Refusal,
    Reject,
    Retry,
    Revise,
    Status,
)
from bot.intake.looking import WORTH_LISTING
from bot.intake.slack_text import read_slack
from bot.models import Examples, Flavor, Run, TrainingRequest
from bot.planning import switch_to
from bot.policy import Person
from bot.runs import Runs
from bot.states import RunStatus
from bot.successors import Successors
from handlers.heard import Heard, way_granting
from handlers.people import People
from handlers.views import answers, facts, fields, questions, text
from handlers.views.again import command_for
from handlers.views.buttons import Pressed
from handlers.views.help import help_message
from storage.store import REVISABLE, Store

_S = RunStatus
#: Runs that `status` lists.
_LISTED = 8


class AlreadyServed(Exception):
    """The same words came twice, and the other delivery answers them."""


class Desk:
    """One clerk for slash commands, mentions, replies and direct messages."""

    def __init__(
        self,
        runs: Runs,
        store: Store,
        people: People,
        wake: Callable[[], None],
        examples: Examples,
        send_log: Callable[[Run], bool] | None = None,
        workspace_url: str = "",
        flavors: Callable[[], Sequence[Flavor]] = tuple,
    ) -> None:
        """`send_log` puts a job's whole log into its run's thread, or says that it is there; None: its end is told.

        `workspace_url` as for SlackChat. `flavors` are the hardware and prices of today, as far as they are known
        without asking the Hub.
        """
        self.runs = runs
        self.successors = Successors(runs)
        self.workspace_url = workspace_url
        self.store = store
        self.people = people
        self.wake = wake
        self.examples = examples
        self.send_log = send_log
        self.flavors = flavors
        self._lock = threading.Lock()
        #: Source ids that are worked on: Slack delivers a mention as two events at once.
        self._at_work: set[str] = set()

    def serve(self, command: Command, heard: Heard) -> str | None:
        """Do it and return what to answer; None: nothing, because a card says it or it was done before.

        Raises:
            UserError: it cannot be done; told once for each Slack id.
        """
        with self._lock:
            if heard.source_id in self._at_work:
                return None
            self._at_work.add(heard.source_id)
        try:
            return self._serve(command, heard)
        except AlreadyServed:
            return None
        except UserError:
            if self.store.remember(f"told:{heard.source_id}"):
                raise
            return None
        finally:
            with self._lock:
                self._at_work.discard(heard.source_id)

    def _serve(self, command: Command, heard: Heard) -> str | None:
        match command:
            case NewRequest():
                return self._request(command.request, heard)
            case CostQuestion() if heard.run is None and command.request.model and command.request.dataset:
                # A plan is the price; it costs nothing until somebody approves it.
                return self._request(command.request, heard)
            case Retry() if heard.run and not command.changes and changing.is_vague_order(heard.words):
                # "use a bigger gpu" below a failure is no wish for the same again
                about = changing.setting_of(heard.words)
                return self._once(heard, questions.what_to_change(about, heard.words, heard.run))
            case Retry() if command.unread and not command.resume:
                return self._wished(command, heard)
            case Retry():
                return self._retry(command, heard)
            case Revise():
                if heard.run is None:
                    return self._once(heard, answers.only_in_thread())
                if not command.changes:
                    return self._once(heard, questions.what_to_change(command.about, heard.words, heard.run))
                return self._revise(heard.run, command.changes, heard)
            case Approve() | Reject():
                return self._decide(command, heard)
            case Cancel():
                return self._cancel(command, heard)
            case Refusal():
                raise UserError(command.problem, command.fix)
            case _:
                return self._once(heard, self._look(command, heard))

    def switch(self, pressed: Pressed, person: Person, *, source_id: str) -> None:
        """Plan the run in another of the ways that its plan offers.

        Raises:
            StalePlan: the plan was replaced or decided, so the offer is no longer one.
        """
        run = self.runs.find(pressed.run, channel="")
        if run.plan is None or run.needs_plan or run.status is not _S.PROPOSED or pressed.digest != run.plan.digest:
            raise StalePlan(
                f"This offer belongs to plan {pressed.revision} of run {run.short_id}, which no longer waits.",
                "The card shows how the run stands now.",
            )
        option = run.plan.options[int(pressed.choice)]
        where = f"{option.max_length:,} tokens a row" if option.max_length else option.flavor
        self.runs.revise(
            source_id=source_id,
            run_id=run.id,
            person=person,
            changes=switch_to(run.plan, option),
            words=f"switch to {where}",
        )
        self.wake()

    def check_rejection(self, pressed: Pressed, person: Person) -> None:
        """Refuse before a form is opened that could not be sent; `Runs.reject` checks all of it again.

        Raises:
            StalePlan: the plan was replaced or decided.
            NotAllowed: the policy refuses this person.
        """
        run = self.runs.find(pressed.run, channel="")
        if run.status is not _S.PROPOSED or run.revision != pressed.revision:
            raise StalePlan(
                f"This button belongs to plan {pressed.revision} of run {run.short_id}, which no longer waits.",
                "The card shows how the run stands now.",
            )
        self.runs.policy.check_stop(person, run)

    def _request(self, request: TrainingRequest, heard: Heard) -> str | None:
        self.runs.policy.check_member(self._who(heard))
        run = self.runs.request(source_id=heard.source_id, place=heard.place, user=heard.user, request=request)
        self.wake()
        return answers.on_it() if run and not heard.quiet else None

    def _revise(self, run: Run, changes: dict[str, Any], heard: Heard) -> str | None:
        """Change a plan that waits; whoever is too late gets what asks for the same with the change in it."""
        person = self._who(heard)
        try:
            self.runs.revise(
                source_id=heard.source_id, run_id=run.id, person=person, changes=changes, words=heard.words
            )
        except NotAllowed:
            raise
        except UserError as error:
            again = command_for(run, changes) if self.runs.get(run.id).status not in REVISABLE else ""
            if not again:
                raise
            raise UserError(error.problem, f"{error.fix} Ready to send: `{again}`") from error
        self.wake()
        self._told(heard)
        return None

    def concerns(self, user: str, run: Run) -> bool:
        """Whether they asked for this run or may decide on it."""
        return user in self.runs.policy.approvers | run.authors | {run.requester}

    def _retry(self, command: Retry, heard: Heard, *, how: str = "") -> str | None:
        """Go on from a run that is over, or ask for it again: a new run, whose plan needs an approval of its own."""
        if command.resume:
            person = self._claim(heard)
            over = self._run(command.run, heard, person)
            if command.changes:
                raise UserError(
                    "A checkpoint fits only the settings that it was made with, so what is resumed cannot be changed.",
                    "Write `resume` alone to go on as it was, or `retry` with the changes to start from the beginning.",
                )
            begun = self.successors.resume(over=over, place=heard.place, person=person, step=command.step)
            already = None if begun.is_new else self.planned_already(begun.run)
        else:
            begun = self.successors.retry(
                source_id=heard.source_id,
                over=self._run(command.run, heard),
                place=heard.place,
                person=self._who(heard),
                changes=command.changes,
                words=heard.words,
                how=how,
            )
            # a second delivery of the same words finds the run that the first one made
            already = None if begun.is_new else self._once(heard, self.planned_already(begun.run))
        self.wake()
        self._told(heard)
        return answers.on_it() if begun.is_new and not heard.quiet else already

    def _wished(self, command: Retry, heard: Heard) -> str | None:
        """Ask again with words beside it that no value was read from: by the way on that grants them, if there is one.

        Without one and without any value the same would only be planned again, so nothing is.
        """
        over = self._run(command.run, heard)
        way = way_granting(over, command.unread)
        if way is not None:
            granted: dict[str, Any] = way.changes | command.changes | {"unread": None}
            return self._retry(command.model_copy(update={"changes": granted, "unread": ()}), heard, how=way.label)
        if command.changes:
            return self._retry(command, heard)
        return self._once(heard, questions.not_read(command.unread, over))

    def planned_already(self, run: Run) -> str:
        """Say which run does what was asked for, with the way to it."""
        url = text.permalink(self.workspace_url, run.place.channel, run.place.thread_ts)
        return answers.planned_already(run, url)

    def _decide(self, command: Approve | Reject, heard: Heard) -> str | None:
        if heard.run is None:
            return self._once(heard, answers.only_in_thread())
        person = self._claim(heard)
        if isinstance(command, Approve):
            self.runs.approve_current(run_id=heard.run.id, person=person, ts=heard.ts)
        else:
            self.runs.reject(run_id=heard.run.id, person=person, reason=command.reason)
        self.wake()
        self._told(heard)
        return None

    def _cancel(self, command: Cancel, heard: Heard) -> str | None:
        person = self._claim(heard)
        run = self._run(command.run, heard, person)
        canceled = self.runs.cancel(run_id=run.id, person=person)
        self.wake()
        self._told(heard)
        return None if heard.run and heard.run.id == run.id else answers.canceled_text(canceled)

    def _look(self, command: Status | Logs | Explain | CostQuestion | Help | Nothing, heard: Heard) -> str:
        """What only reads."""
        words = heard.words or read_slack(heard.typed, bot_user="").text
        if told := questions.answer(command, words, heard.run):
            return told
        match command:
            case Status():
                if command.run is None and heard.run is None:
                    newest = self._recent(heard)
                    told = answers.status_list(newest, self.workspace_url)
                    return told if newest else self.examples.fit(told)
                return answers.status_text(self._shown(command.run, heard))
            case Logs():
                self.runs.policy.check_member(self._who(heard))
                run = self._shown(command.run, heard)
                if self.send_log is None or run.job is None:
                    return answers.logs_text(run)
                return answers.log_comes(run) if self.send_log(run) else answers.log_is_there(run)
            case Explain():
                return answers.explain_text(self._shown(command.run, heard))
            case CostQuestion():
                if heard.run is None:
                    return answers.ask_for_plan()
                wanted = command.request.model_copy(update={"text": ""})
                return facts.cost_elsewhere(heard.run, wanted) if fields.said(wanted) else facts.cost(heard.run)
            case Help():
                return self.examples.fit(help_message(command, self.flavors()))
            case Nothing():
                return self.examples.fit(answers.not_understood(heard.run, words))
            case _:
                assert_never(command)

    def _who(self, heard: Heard) -> Person:
        """Say who wrote it.

        Raises:
            UserError: Slack does not say. The id is spent: whoever is asked to try again does not expect that a
                second delivery of the same words is acted upon.
            AlreadyServed: another delivery of the same words was.
        """
        try:
            return self.people.person(heard.user)
        except UserError as error:
            if not self.store.remember(heard.source_id):
                raise AlreadyServed from error
            raise UserError(error.problem, _with_words(error.fix, heard)) from error

    def _claim(self, heard: Heard) -> Person:
        """Spend the id before anything is decided, and say who decides.

        Raises:
            UserError: the id is spent already, which `serve` tells only if nobody was told how that went: then this
                program was stopped in between. Or Slack does not say who it is.
        """
        if not self.store.remember(heard.source_id):
            raise UserError(
                "I was interrupted when I first read this, so I do not act on it now.",
                "Look at the card: if it does not say that it is done, say it again.",
            )
        return self.people.person(heard.user)

    def _told(self, heard: Heard) -> None:
        """The card and its thread say it: a redelivery, which finds it done already, is not answered."""
        self.store.remember(f"told:{heard.source_id}")

    def _once(self, heard: Heard, answer: str) -> str | None:
        return answer if self.store.remember(heard.source_id) else None

    def _run(self, words: str | None, heard: Heard, person: Person | None = None) -> Run:
        if words is not None:
            return self.runs.find_for(person or self._who(heard), words, channel=heard.place.channel)
        if heard.run is not None:
            return heard.run
        return self.runs.find(None, channel=heard.place.channel, thread_ts=heard.place.thread_ts)

    def _shown(self, words: str | None, heard: Heard) -> Run:
        """The run that is meant, where the answer may tell of it.

        Raises:
            UserError: it lives elsewhere, and others read here.
        """
        run = self._run(words, heard)
        if run.place.channel != heard.place.channel and not heard.alone:
            raise UserError(
                f"Run {run.short_id} lives in another channel, and others read along here.",
                f"Type `/finetune status {run.short_id}`: only you read the answer.",
            )
        return run

    def _recent(self, heard: Heard) -> list[Run]:
        """The newest runs that may be named here: those of this channel, and their own where nobody else reads."""
        newest = self.store.recent(50, statuses=WORTH_LISTING)
        channel = heard.place.channel
        return [run for run in newest if run.place.channel == channel or (heard.alone and run.requester == heard.user)][
            :_LISTED
        ]


def _with_words(fix: str, heard: Heard) -> str:
    return f"{fix} You typed: {heard.typed}" if heard.typed else fix
