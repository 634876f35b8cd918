"""Reads words again with a language model, after Slack was acknowledged; without one there is no second reading.

Decides nothing: what comes out is served like typed words, and when nothing comes out the reader's own answer is given.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from bot.errors import Transient, UserError
from bot.intake.assisted import accept, instructions, is_unsure, schema
from bot.intake.commands import Command, ThreadContext
from bot.intake.slack_text import read_slack
from bot.ports import LanguageModel

log = logging.getLogger(__name__)

#: Messages that are read again side by side.
_PARALLEL = 4


class SecondReader:
    """One language model, and the threads in which it is waited for."""

    def __init__(self, model: LanguageModel, *, bot_user_id: str) -> None:
        self._model = model
        self._bot = bot_user_id
        self._pool = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="second-reading")

    def wants(self, words: str, command: Command) -> bool:
        """Whether these words to the bot are worth it, after the reader made `command` of them."""
        return is_unsure(words, command, bot_user=self._bot)

    def later(self, work: Callable[[], None]) -> Future[None]:
        """Do this where it may wait for the model."""
        return self._pool.submit(work)

    def read(self, words: str, thread: ThreadContext | None) -> Command | None:
        """Read again, now; None: nothing that counts came out."""
        text = read_slack(words, bot_user=self._bot).text
        try:
            answer = self._model.complete(instructions(thread), text, schema())
        except (UserError, Transient) as error:
            log.warning("no second reading: %s", error)
            return None
        except Exception:  # whatever a server answers, the reader's own answer is owed
            log.exception("no second reading")
            return None
        command = accept(answer, words, thread=thread, name=self._model.name, bot_user=self._bot)
        log.info("a second reading found %s", type(command).__name__ if command else "nothing that counts")
        return command
