"""The composition root: the one module that knows every class and puts them together."""

import logging
import signal
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from apscheduler.executors.pool import ThreadPoolExecutor as PoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from slack_bolt.adapter.socket_mode import SocketModeHandler
from waitress.server import create_server

from bot.errors import Transient, UserError
from bot.hub import HfHub
from bot.hub_http import use_time_limits
from bot.hub_reading import HubLanguageModel
from bot.jobs import HfJobs
from bot.models import Ledger, PastRun
from bot.observe import Observer
from bot.policy import Policy
from bot.ports import LanguageModel
from bot.propose import Proposer
from bot.runs import Runs
from bot.settings import HubSettings, Settings
from bot.watch import Timings, Watcher
from handlers import build_app
from handlers.chat import SlackChat
from handlers.checkup import identify
from handlers.form_names import look_up
from handlers.web import make_web
from handlers.wire import make_client
from storage.store import Store

log = logging.getLogger(__name__)

#: The real clock.
utc_now = partial(datetime.now, UTC)


class Timer:
    """Runs `tick` every `interval_s` seconds and at once after `wake`; never twice at the same time."""

    def __init__(self, tick: Callable[[], object], interval_s: float) -> None:
        self._tick = tick
        self._interval_s = interval_s
        self._lock = threading.Lock()
        self._running = False
        self._again = False
        self._last_end = utc_now()
        # Two instances, because a wake may fall between our last look and APScheduler's own book-keeping;
        # `_run` lets only one of them work.
        self._scheduler = BackgroundScheduler(timezone=UTC, executors={"default": PoolExecutor(2)})
        self._job = self._scheduler.add_job(
            self._run, "interval", seconds=interval_s, next_run_time=utc_now(), max_instances=2, coalesce=True,
            misfire_grace_time=None,
        )  # fmt: skip

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        """Wait for the tick that runs and start no other."""
        self._scheduler.shutdown(wait=True)

    def wake(self) -> None:
        """Tick as soon as possible; when a tick runs already, once more after it."""
        with self._lock:
            self._again = True
            if not self._running:
                self._job.modify(next_run_time=utc_now())

    def is_alive(self) -> bool:
        """Whether a tick ended not too long ago: several intervals, or two minutes for slow ones."""
        return utc_now() - self._last_end < timedelta(seconds=max(120.0, 4 * self._interval_s))

    def _run(self) -> None:
        with self._lock:
            if self._running:
                self._again = True
                return
            self._running = True
        while True:
            with self._lock:
                self._again = False
            try:
                self._tick()
            except Exception:
                # the interval tries again; a wake meanwhile must not keep us from ending
                log.exception("ticking")
                with self._lock:
                    self._running = False
                return
            with self._lock:
                self._last_end = utc_now()
                if not self._again:
                    self._running = False
                    return


def build_proposer(
    settings: HubSettings,
    *,
    team_id: str = "",
    past: Callable[[], Sequence[PastRun]] = tuple,
    ledger: Callable[[], Ledger] | None = None,
) -> tuple[Proposer, HfHub, HfJobs]:
    """Put together what makes plans; needs no Slack and no database.

    `past` are runs that predictions learn from; `ledger` tells what the month's budget holds already.
    """
    use_time_limits(settings.hub_timeout_s)
    token = settings.hf_token.get_secret_value()
    hub = HfHub(
        endpoint=settings.hf_endpoint,
        viewer_url=settings.dataset_viewer_url,
        token=token,
        timeout_s=settings.hub_timeout_s,
    )
    jobs = HfJobs(endpoint=settings.hf_endpoint, token=token, image=settings.job_image)
    proposer = Proposer(
        hub,
        jobs.flavors,
        build_policy(settings, team_id),
        default_namespace=settings.hf_namespace,
        startup_min=settings.job_startup_min,
        examples=settings.examples,
        past=past,
        ledger=ledger,
    )
    return proposer, hub, jobs


def build_policy(settings: HubSettings, team_id: str) -> Policy:
    """Make the rules from the settings."""
    return Policy(
        team_id=team_id,
        approvers=frozenset(settings.approvers),
        self_approve_usd=settings.self_approve_usd,
        max_ceiling_usd=settings.max_ceiling_usd,
        monthly_budget_usd=settings.monthly_budget_usd,
        max_model_billions=settings.max_model_billions,
    )


def build_language_model(settings: Settings) -> LanguageModel | None:
    """Make what reads again what was not understood; None: the settings name no model."""
    if not settings.reading_model:
        return None
    token = settings.reading_token if settings.reading_url else settings.hf_token
    return HubLanguageModel(
        name=settings.reading_model,
        url=settings.reading_url,
        token=token.get_secret_value() or "none",  # without one the client would send the token of this machine
        timeout_s=settings.reading_timeout_s,
    )


class Service:
    """The whole bot, ready to start."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        client = make_client(settings.slack_bot_token.get_secret_value(), settings.slack_api_url)
        me = identify(settings.slack_bot_token.get_secret_value(), settings.slack_api_url)
        self._store = Store(settings.database, utc_now)
        self._store.migrate()
        if settings.database.startswith("sqlite"):
            self._store.release_all()  # one process has the file: what a killed one had claimed is ours now
        policy = build_policy(settings, me.team_id)
        proposer, hub, jobs = build_proposer(
            settings, team_id=me.team_id, past=self._store.past_runs, ledger=self._store.ledger
        )
        watcher = Watcher(
            store=self._store,
            chat=SlackChat(client, self._store, self._store.now, workspace_url=me.url),
            jobs=jobs,
            propose=proposer.propose,
            go_on=proposer.go_on,
            exists=hub.repo_exists,
            check_budget=policy.check_budget,
            observer=Observer(
                store=self._store,
                hub=hub,
                jobs=jobs,
                clock=self._store.now,
                max_ceiling_usd=settings.max_ceiling_usd,
            ),
            clock=self._store.now,
            timings=Timings(
                expires=timedelta(hours=settings.plan_expires_h),
                visibility=timedelta(seconds=settings.submit_visibility_s + settings.hub_timeout_s),
                backoff=timedelta(seconds=settings.watch_interval_s),
            ),
        )
        self._watcher = watcher
        self._proposer = proposer
        self._timer = Timer(watcher.tick, settings.watch_interval_s)
        secret = settings.slack_signing_secret
        app = build_app(
            client=client,
            runs=Runs(self._store, policy),
            store=self._store,
            wake=self._timer.wake,
            clock=self._store.now,
            team_id=me.team_id,
            bot_user_id=me.user_id,
            signing_secret=secret.get_secret_value() if secret else None,
            language_model=build_language_model(settings),
            examples=settings.examples,
            names=look_up(hub.search_models, hub.search_datasets),
            flavors=jobs.known_flavors,
            read_log=jobs.whole_log,
            workspace_url=me.url,
        )
        self._socket: SocketModeHandler | None = None
        if settings.slack_app_token is not None:
            # a connection that was cut hard is given up after five pings: half a minute
            token = settings.slack_app_token.get_secret_value()
            self._socket = SocketModeHandler(app, token, ping_interval=5)
        self._web = create_server(
            make_web(None if self._socket else app, self.is_healthy),
            host=settings.host,
            port=settings.port,
            threads=16,
            clear_untrusted_proxy_headers=True,
        )

    def is_healthy(self) -> bool:
        """Whether the watcher ticks and, in Socket Mode, Slack is connected."""
        return self._timer.is_alive() and (self._socket is None or self._socket.client.is_connected())

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then finish the tick that runs and stop."""
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        threading.Thread(target=self._web.run, name="web", daemon=True).start()
        threading.Thread(target=self._get_ready, name="ready", daemon=True).start()
        if self._socket is not None:
            self._socket.connect()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
        self._timer.start()
        log.info("tunesmith is up: %s, port %s", "Socket Mode" if self._socket else "HTTP", self._web.effective_port)
        stop.wait()
        log.info("tunesmith stops")
        if self._socket is not None:
            self._socket.close()  # type: ignore[no-untyped-call]  # Bolt leaves it untyped
        self._watcher.stop()
        self._timer.stop()
        self._store.release_mine()
        self._web.close()
        self._store.close()

    def _get_ready(self) -> None:
        """Ask for wallets and prices while nobody waits for a plan yet."""
        try:
            self._proposer.get_ready()
        except (UserError, Transient) as error:
            log.warning("asking the Hub for wallets and prices: %s", error)  # the first plan asks again
