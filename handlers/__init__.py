"""The Slack edge: it acknowledges, records and shows. Nothing here decides."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

from slack_bolt import App
from slack_sdk import WebClient

from bot.models import Examples, Flavor
from bot.ports import Clock, LanguageModel
from bot.runs import Runs
from handlers import actions, acts, commands, form, home, messages, modals, settings, shortcuts
from handlers.acts import Acts
from handlers.desk import Desk
from handlers.form import Forms
from handlers.form_names import Names
from handlers.gate import check_team, quiet_verification, tell_error
from handlers.logs import Logs, ReadLog
from handlers.looks import Looks
from handlers.messages import Messages
from handlers.people import People
from handlers.second import SecondReader
from handlers.wire import make_client
from storage.store import Store

#: Bolt's own pool of five makes the sixth command late when five are slow.
THREADS = 20
#: Seconds for a call inside a listener: Slack waits three in all.
QUICK_S = 2

_utc_now = partial(datetime.now, UTC)


def build_app(
    *,
    client: WebClient,
    runs: Runs,
    store: Store,
    wake: Callable[[], None],
    clock: Clock = _utc_now,
    team_id: str,
    bot_user_id: str,
    signing_secret: str | None = None,
    language_model: LanguageModel | None = None,
    verify_token: bool = True,
    examples: Examples | None = None,
    names: Names | None = None,
    read_log: ReadLog | None = None,
    workspace_url: str = "",
    flavors: Callable[[], Sequence[Flavor]] = tuple,
) -> App:
    """Put the Bolt app together. `signing_secret` None: Socket Mode only, where Slack signs nothing.

    `names` None: the form offers no names of the Hub, only those that were used before. `read_log` None: no log is
    read but the end that the watcher saw. `workspace_url`: what auth.test names, for links to threads. `flavors`: as
    for Desk.
    What an earlier process left unanswered is answered.
    Listeners run to the end before Slack hears anything: what is acknowledged is in the database.
    """
    quick = make_client(client.token or "", client.base_url, QUICK_S)
    quiet_verification()
    app = App(
        client=quick,
        signing_secret=signing_secret or "",
        request_verification_enabled=True,
        token_verification_enabled=verify_token,
        process_before_response=True,
        listener_executor=ThreadPoolExecutor(THREADS, thread_name_prefix="listener"),
    )
    app.use(check_team(team_id))
    app.error(tell_error)
    examples = examples or Examples()
    logs = Logs(client, store, read_log)
    send_log = logs.send if read_log else None
    desk = Desk(runs, store, People(quick, clock), wake, examples, send_log, workspace_url, flavors)
    forms = Forms(desk, names or {}, team_id=team_id)
    done = Acts(desk, quick, logs, team_id=team_id)
    looks = Looks(desk, done)
    commands.register(app, desk, forms, looks)
    acts.register(app, done, forms)
    shortcuts.register(app, forms, bot_user_id=bot_user_id)
    second = SecondReader(language_model, bot_user_id=bot_user_id) if language_model else None
    heard = Messages(desk, looks, quick, team_id=team_id, bot_user_id=bot_user_id, second=second)
    messages.register(app, heard, desk, team_id=team_id, bot_user_id=bot_user_id)
    actions.register(app, desk, forms)
    form.register(app, forms)
    modals.register(app, desk)
    settings.register(app, store, team_id=team_id)
    home.register(app, runs, store, examples, forms, looks, workspace_url=workspace_url)
    heard.owed.catch_up()
    return app
