"""What can go wrong, by who has to do something about it.

::

    UserError            a person can mend it: `problem` says what happened, `fix` what to do
    ├── HubRefusal       the Hub said no for good (401, 402, 403, 404, 422)
    ├── Unclear          one question would mend it: `field` is what to ask for
    ├── StalePlan        a button of a plan that was replaced
    └── NotAllowed       this person may not do this
    InvalidTransition    somebody else moved the run first, or our bug
    Transient            a timeout, a 5xx, a 429: the next tick tries again

Does not know HTTP or Slack: the seams translate into these.
"""

from collections.abc import Iterable


class UserError(Exception):
    """A problem that a person can mend.

    `problem` says what happened in the person's own words, as one sentence; `fix` says what to do next. Both are
    plain text: whoever shows them escapes them. `who` are Slack user ids of people who can help; they are shown as
    mentions after the fix.
    """

    def __init__(self, problem: str, fix: str, *, who: Iterable[str] = ()) -> None:
        super().__init__(f"{problem} {fix}")
        self.problem = problem
        self.fix = fix
        self.who = tuple(sorted(who))


class HubRefusal(UserError):
    """The Hub refused for good. `status` is the HTTP status that said so."""

    def __init__(self, problem: str, fix: str, *, status: int) -> None:
        super().__init__(problem, fix)
        self.status = status


class Unclear(UserError):
    """Something is missing or has several meanings; the answer to one question mends it.

    `problem` is the question, `fix` how to answer, `field` the field of TrainingRequest that it is about, `choices`
    the likely answers, best first.
    """

    def __init__(self, problem: str, fix: str, *, field: str, choices: Iterable[str] = ()) -> None:
        super().__init__(problem, fix)
        self.field = field
        self.choices = tuple(choices)


class StalePlan(UserError):
    """The button belongs to a plan that was replaced or already decided."""


class NotAllowed(UserError):
    """The policy does not let this person do this."""


class InvalidTransition(Exception):
    """A move that TRANSITIONS does not have, or a race that was lost."""


class Transient(Exception):
    """Nothing is known to have failed for good: try again, not before `retry_after_s` seconds.

    After a call with an effect (a submission, a post) this means that the effect may have happened.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
