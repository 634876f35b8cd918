"""A job's log in its run's thread: the end of it as text, all of it as a file without secrets and installer noise.

Reads the Hub in threads of its own: neither the watcher nor a listener waits for a log, and no log moves a run.
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.errors import Transient, UserError
from bot.models import Run
from bot.training import clean_tail
from handlers.views import answers

log = logging.getLogger(__name__)

#: Lines of a log that are read and uploaded at most: a day of training prints fewer.
WHOLE_LINES = 20_000
#: Logs that are fetched side by side.
_PARALLEL = 2

#: Namespace, job id, lines at most -> the last lines; bot.ports.JobRunner.log_tail.
ReadLog = Callable[[str, str, int], Sequence[str]]


class Logs:
    """Fetches and uploads logs. Safe to call from several threads; returns at once."""

    def __init__(self, client: WebClient, read: ReadLog | None) -> None:
        """`read` None: only the end that the watcher saw is shown."""
        self._client = client
        self._read = read
        self._pool = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="log")

    def send(self, run: Run) -> None:
        """Put the log into the run's thread, soon."""
        self._pool.submit(self._send, run)

    def _send(self, run: Run) -> None:
        try:
            lines = self._whole(run)
            if lines:
                run = run.model_copy(update={"log_tail": lines[-30:]})
            if not (lines and self._upload(run, lines)):
                self._say(run)
        except (SlackClientError, OSError):
            log.exception("showing the log of run %s", run.id)
        except Exception:
            log.exception("reading the log of run %s", run.id)

    def _whole(self, run: Run) -> tuple[str, ...]:
        """All telling lines; empty where nothing can be read."""
        if run.job is None or self._read is None:
            return ()
        try:
            return clean_tail(self._read(run.job.namespace, run.job.id, WHOLE_LINES), WHOLE_LINES)
        except (Transient, UserError) as error:
            log.warning("reading the log of run %s: %s", run.id, error)
            return ()

    def _upload(self, run: Run, lines: Sequence[str]) -> bool:
        """Upload the file with the end as its comment; False: Slack takes no file from us there."""
        try:
            self._client.files_upload_v2(
                channel=run.place.channel,
                thread_ts=run.place.thread_ts,
                content="\n".join(lines),
                filename=f"{run.short_id}.log",
                title=f"Log of run {run.short_id}",
                initial_comment=answers.logs_text(run),
            )
        except SlackApiError as error:
            log.warning("uploading the log of run %s: %s", run.id, error.response.get("error"))
            return False
        return True

    def _say(self, run: Run) -> None:
        self._client.chat_postMessage(
            channel=run.place.channel,
            thread_ts=run.place.thread_ts,
            text=answers.logs_text(run),
            unfurl_links=False,
            unfurl_media=False,
        )
