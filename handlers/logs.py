"""A job's log in its run's thread: the end of it as text, all of it as a file without secrets and installer noise.

Reads the Hub in threads of its own: neither the watcher nor a listener waits for a log, and no log moves a run.
"""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.errors import Transient, UserError
from bot.models import Log, Run
from bot.training import clean_tail
from handlers.views import answers, text
from handlers.views.messages import fingerprint
from storage.store import Store

log = logging.getLogger(__name__)

#: Lines of a log that are read and uploaded at most: a day of training prints fewer.
WHOLE_LINES = 20_000
#: Lines of its end that are told beside the file.
_TOLD = 30
#: The same log is not sent again for so long; then the file may be far up in the thread.
AGAIN = timedelta(hours=1)
#: Logs that are fetched side by side.
_PARALLEL = 2

#: Namespace, job id, lines at most -> all that was printed; bot.jobs.HfJobs.whole_log.
ReadLog = Callable[[str, str, int], Log]


class Logs:
    """Fetches and uploads logs. Safe to call from several threads; returns at once."""

    def __init__(self, client: WebClient, store: Store, read: ReadLog | None) -> None:
        """`read` None: only the end that the watcher saw is shown."""
        self._client = client
        self._store = store
        self._read = read
        self._pool = ThreadPoolExecutor(_PARALLEL, thread_name_prefix="log")

    def send(self, run: Run) -> bool:
        """Put the log into the run's thread, soon; False: it was put there already and nothing was printed since."""
        name = _name(run, int(self._store.now().timestamp() // AGAIN.total_seconds()))
        if not self._store.remember(name):
            return False
        self._pool.submit(self._send, run, name)
        return True

    def _send(self, run: Run, name: str) -> None:
        done = False
        try:
            whole = self._whole(run)
            if whole is None or not self._upload(run, whole):
                self._say(run)
            else:
                done = not whole.ends_early
        except (SlackClientError, OSError):
            log.exception("showing the log of run %s", run.id)
        except Exception:
            log.exception("reading the log of run %s", run.id)
        if not done:
            self._store.forget(name)  # whoever asks again may have more luck

    def _whole(self, run: Run) -> Log | None:
        """All telling lines; None where nothing can be read."""
        if run.job is None or self._read is None:
            return None
        try:
            found = self._read(run.job.namespace, run.job.id, WHOLE_LINES)
        except (Transient, UserError) as error:
            log.warning("reading the log of run %s: %s", run.id, error)
            return None
        lines = clean_tail(found.lines, WHOLE_LINES)
        return found.model_copy(update={"lines": lines}) if lines else None

    def _upload(self, run: Run, whole: Log) -> bool:
        """Upload the file with the end as its comment; False: Slack takes no file from us there."""
        # where the time was up the watcher has seen a later end than the file has
        told = run if whole.ends_early and run.log_tail else run.model_copy(update={"log_tail": whole.lines[-_TOLD:]})
        try:
            self._client.files_upload_v2(
                channel=run.place.channel,
                thread_ts=run.place.thread_ts,
                content="\n".join(whole.lines),
                filename=f"{run.short_id}.log",
                title=f"Log of run {run.short_id}",
                initial_comment="\n".join([answers.logs_text(told), *_missing(whole)]),
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


def _name(run: Run, hour: int) -> str:
    """What was printed, as far as the watcher has seen it, and when it was asked for."""
    return f"log:{run.id}:{hour}:{fingerprint(run.status, *run.log_tail)}"


def _missing(whole: Log) -> list[str]:
    """Which part the file lacks, for the comment beside it."""
    said = []
    if whole.starts_late:
        said.append(f"The file holds the last {text.count(WHOLE_LINES)} lines; what was printed before is not in it.")
    if whole.ends_early:
        said.append(
            f"The Hub sent the log so slowly that I stopped: the file ends with line {text.count(len(whole.lines))},"
            " and what was printed after that is not in it. Press Log again later, or read it on the job's page."
        )
    return said
