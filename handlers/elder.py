"""Words that are meant for an older run of a thread, whose newest run the thread speaks for otherwise.

Reads the store and decides nothing.
"""

import re

from bot.intake import parse
from bot.intake.about import asked_about
from bot.intake.commands import Command, Nothing, Retry
from bot.intake.slack_text import SlackText
from bot.models import Run
from bot.ways import checkpoint, ways_out
from handlers.heard import context_of
from handlers.views import answers
from storage.store import Store

#: How words begin that can only mean a run that is over.
_AGAIN = re.compile(
    r"(?i)^\W*(?:(?:please|pls|ok(?:ay)?|can you|could you|now|then|and|so|let'?s|just)[\s,]+)*"
    r"(?:resume|retry|re-?run|re-?start|try (?:it |this |that )?again|once more|continue|nochmal|noch einmal)\b"
)
#: What is asked of a model that is there.
_OF_A_MODEL = frozenset({"using", "result", "quality", "poor", "deletion"})


class Elder:
    """The older runs of a thread."""

    def __init__(self, store: Store, *, bot_user: str) -> None:
        self._store = store
        self._bot = bot_user

    def meant(self, command: Command, spoken: str, said: SlackText, newest: Run) -> tuple[Command, Run]:
        """Say which run is meant, with the command as it is for that one."""
        if isinstance(command, Retry) and command.resume and command.run is None and checkpoint(newest) is None:
            return command, next((run for run in self._older(newest) if checkpoint(run)), newest)
        if newest.report is None and (about := asked_about(said.text)) and about.topic in _OF_A_MODEL:
            return command, next((run for run in self._older(newest) if run.report), newest)
        if isinstance(command, Nothing) and _AGAIN.match(said.text):
            for run in self._older(newest):
                wanted = parse(spoken, thread=context_of(run), bot_user=self._bot)
                if isinstance(wanted, Retry) and wanted.resume and checkpoint(run):
                    return wanted, run
        return command, newest

    def in_the_way(self, command: Command, spoken: str, said: SlackText, newest: Run) -> str | None:
        """Answer who wants an older run again, while a newer one of the thread is not over; None: nobody does."""
        if not isinstance(command, Nothing) or newest.is_final or not _AGAIN.match(said.text):
            return None
        for run in self._older(newest):
            if ways_out(run) and isinstance(parse(spoken, thread=context_of(run), bot_user=self._bot), Retry):
                return answers.waits_here(newest)
        return None

    def _older(self, newest: Run) -> list[Run]:
        place = newest.place
        if place.thread_ts is None:
            return []
        return [run for run in self._store.in_thread(place.channel, place.thread_ts) if run.id != newest.id]
