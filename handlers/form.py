"""The form: opened by a command, a shortcut or the Edit button; looked up while it is typed; sent once.

What is sent is recorded like a typed request, or like a change in a run's thread, and decides nothing else.
"""

import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.client import HTTPException
from typing import Any

from slack_bolt import Ack, App
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.errors import StalePlan, UserError
from bot.models import Place, Run, TrainingRequest
from bot.runs import changed
from bot.states import RunStatus
from handlers.desk import Desk
from handlers.form_names import Names
from handlers.form_offers import offers
from handlers.form_reading import fill_in
from handlers.views import answers, fields, form, text
from handlers.views.buttons import Pressed
from handlers.views.form import ADVANCED, ELEMENT, FORM, Carried, Form, form_view, read_carried, read_view
from handlers.views.form_fields import BY_NAME, CHANNEL
from handlers.views.form_values import Values, beyond, chosen, fields_of, read_form, to_form
from handlers.wire import UNREACHABLE

log = logging.getLogger(__name__)

#: The fields that are looked up while they are typed.
NAME = re.compile(rf"^{re.escape(ELEMENT)}\.(model|dataset)$")
_S = RunStatus
#: A run that ended like this is what its requester corrects when they ask for an empty form.
_UNDONE = frozenset({_S.DRAFTING, _S.REFUSED, _S.REJECTED, _S.EXPIRED, _S.CANCELED})
#: How long the words of a refused command are worth showing again.
_REMEMBERED = timedelta(hours=1)
#: What is done while nobody waits for it.
_BACKGROUND = 4
#: Runs in which names are looked for that were used lately.
_LATELY = 50


class Forms:
    """Opens forms, and looks behind their back whether they can be sent."""

    def __init__(self, desk: Desk, names: Names, *, team_id: str) -> None:
        self.desk = desk
        self.names = names
        self.team_id = team_id
        self._background = ThreadPoolExecutor(_BACKGROUND, thread_name_prefix="form")

    def note_refused(self, user: str, words: str) -> None:
        """Keep the words of a command that could not be done as typed: a form opened next begins with them."""
        self.desk.store.note_refused(self.team_id, user, words)

    def open_empty(self, client: WebClient, trigger_id: str, user: str, channel: str | None) -> None:
        """Open a form for a new run, with what this person asked for last if nothing came of it."""
        place = Place(team_id=self.team_id, channel=channel) if channel else None
        last = next(iter(self.desk.store.recent(1, requester=user)), None)
        at, words = self.desk.store.refused(self.team_id, user) or (None, "")
        if at and self.desk.store.now() - at < _REMEMBERED and (last is None or last.created_at < at):
            request, note = fill_in(words, whose="You typed", bot_user="")
            self._open(client, trigger_id, user, _filled(place, request, note))
            return
        if last is None or last.status not in _UNDONE:
            self._open(client, trigger_id, user, Form(carried=Carried(place=place)))
            return
        note = f"Filled in with what you asked for last: run {text.code(last.short_id)}, which {last.status.told}."
        self._open(client, trigger_id, user, _filled(place, last.request, note))

    def open_filled(
        self, client: WebClient, trigger_id: str, user: str, place: Place, request: TrainingRequest, note: str
    ) -> None:
        """Open a form for a new run with a request filled in; `note` is mrkdwn."""
        self._open(client, trigger_id, user, _filled(place, request, note))

    def open_edit(self, client: WebClient, trigger_id: str, user: str, pressed: Pressed) -> None:
        """Open the form of a plan that waits.

        Raises:
            StalePlan: it was replaced or decided.
        """
        run = self.desk.runs.find(pressed.run, channel="")
        _check_newest(run, pressed)
        self._open(client, trigger_id, user, _editing(Carried(edits=pressed), run, began(run)))

    def toggle(self, client: WebClient, view: dict[str, Any]) -> None:
        """Show the advanced fields, or hide those that can be read."""
        now = read_view(view)
        if now.is_open:
            _, errors = read_form(now.values)
            wrong = [BY_NAME[name].label for name in errors if BY_NAME[name].advanced]
            note = f"⚠️ Correct this first: {', '.join(wrong)}." if wrong else ""
            now = now.model_copy(update={"carried": now.carried.model_copy(update={"note": note})})
            opened = bool(wrong)
        else:
            opened = True
        client.views_update(view_id=view["id"], view=form_view(self._again(now, is_open=opened)))

    def _again(self, now: Form, *, is_open: bool) -> Form:
        pressed = now.carried.edits
        run = self.desk.runs.find(pressed.run, channel="") if pressed else None
        known = chosen(run.plan) if run and run.plan else {}
        return now.model_copy(update={"is_open": is_open, "chosen": known})

    def _open(self, client: WebClient, trigger_id: str, user: str, shown: Form) -> None:
        view = client.views_open(trigger_id=trigger_id, view=form_view(shown)).data["view"]  # type: ignore[call-overload] # bytes: files only
        self._later(lambda: self._check(client, view["id"], view["hash"], user, shown))

    def _check(self, client: WebClient, view_id: str, view_hash: str, user: str, shown: Form) -> None:
        """Replace a form that could not be sent: by the reason, or by one that asks for another channel."""
        place = shown.carried.place
        try:
            self.desk.runs.policy.check_member(self.desk.people.person(user))
        except UserError as error:
            client.views_update(view_id=view_id, hash=view_hash, view=form.refusal_view(error))
            return
        if place is None or is_member(client, place.channel):
            return
        note = "I am not a member of this channel. Choose one where I am, or type `/invite` with my name there first."
        carried = shown.carried.model_copy(update={"place": None, "note": note})
        asks = form_view(shown.model_copy(update={"carried": carried}))
        client.views_update(view_id=view_id, hash=view_hash, view=asks)

    def tell_on_it(self, client: WebClient, place: Place, user: str) -> None:
        """Say that the plan is being made, to whoever sent the form.

        In the channel: Slack shows nobody what is whispered in a thread that has no reply yet, and the message that a
        form was opened from often has none.
        """

        def tell() -> None:
            words = answers.on_it()
            client.chat_postEphemeral(channel=place.channel, user=user, text=words)

        self._later(tell)

    def _later(self, act: Callable[[], object]) -> None:
        def quietly() -> None:
            try:
                act()
            except (SlackClientError, OSError, HTTPException) as error:
                log.info("doing something for a form: %s", error)  # it was closed, or its submission checks it again

        self._background.submit(quietly)


def register(app: App, forms: Forms) -> None:
    desk = forms.desk

    @app.options(NAME)
    def names(ack: Ack, body: dict[str, Any]) -> None:
        if groups := _offered(forms, body["action_id"].removeprefix(f"{ELEMENT}."), body):
            ack(option_groups=groups)
        else:
            ack(options=[])

    @app.action(ADVANCED)
    def advanced(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        forms.toggle(client, body["view"])
        ack()

    @app.view(FORM)
    def sent(ack: Ack, body: dict[str, Any], view: dict[str, Any], client: WebClient) -> None:
        now = read_view(view)
        user, source_id = body["user"]["id"], f"form:{view['id']}"
        changes, errors = read_form(now.values)
        place = now.carried.place
        if place is None and now.carried.edits is None:
            place = Place(team_id=forms.team_id, channel=now.values.get(CHANNEL, ""))
            if not is_member(client, place.channel):
                errors[CHANNEL] = "I cannot write there: type /invite with my name in that channel, or choose another."
        if errors:
            ack(response_action="errors", errors=errors)
            return
        person = desk.people.person(user)
        if now.carried.edits is not None:
            _revise(desk, now, changes, source_id=source_id, user=user)
        else:
            assert place is not None
            desk.runs.policy.check_member(person)
            request = TrainingRequest.model_validate(now.carried.beyond | changes)
            if desk.runs.request(source_id=source_id, place=place, user=user, request=request):
                forms.tell_on_it(client, place, user)
        desk.wake()
        ack()


def _revise(desk: Desk, now: Form, changes: dict[str, Any], *, source_id: str, user: str) -> None:
    """Change the request of the run whose plan was edited, if that plan still waits.

    Raises:
        StalePlan: somebody changed or decided it meanwhile.
        UserError: the run is decided, or a value makes no sense.
    """
    pressed = now.carried.edits
    assert pressed is not None

    def make(run: Run) -> TrainingRequest:
        if run.changed_by == source_id:
            return run.request  # sent twice: the store drops the second one
        _check_newest(run, pressed)
        before = began(run)
        other = _different(before, now.values)
        filled: dict[str, Any] = {}
        for name in other:
            filled |= fields_of(name, changes)
        return changed(run.request, filled, _words(other, before, now.values))

    run = desk.runs.find(pressed.run, channel="")
    if _is_newest(run, pressed) and not _different(began(run), now.values):
        return
    desk.runs.correct(source_id=source_id, run_id=pressed.run, person=desk.people.person(user), make=make)


def began(run: Run) -> Values:
    """What the form of a plan shows before anybody types: what was said, with the names that were found for it."""
    return to_form(run.plan.request if run.plan else run.request)


def _different(before: Values, after: Values) -> list[str]:
    return [name for name in before if after.get(name, "") != before[name]]


def _words(names: list[str], before: Values, after: Values) -> str:
    """What a change in the form says, for the card: "epochs 1 → 2"."""
    parts = (f"{BY_NAME[name].label.lower()} {_said(before[name])} → {_said(after.get(name, ''))}" for name in names)
    return f"in the form: {', '.join(parts)}"


def _said(value: str) -> str:
    return value or "automatic"


def _is_newest(run: Run, pressed: Pressed) -> bool:
    digest = run.plan.digest if run.plan else ""
    return (run.revision, digest, run.needs_plan) == (pressed.revision, pressed.digest, False)


def _check_newest(run: Run, pressed: Pressed) -> None:
    if run.resume is not None:
        raise StalePlan(
            f"Run {run.short_id} goes on from a checkpoint, which fits only the settings that it was made with.",
            "Approve or reject it as it is; for other settings ask for a new run.",
        )
    if run.status is not _S.PROPOSED:
        raise StalePlan(
            f"Run {run.short_id} {run.status.told}: plan {pressed.revision} can no longer be changed.",
            "Ask for a new run with the change in it." if run.status is not _S.DRAFTING else "Answer in its thread.",
        )
    if not _is_newest(run, pressed):
        raise StalePlan(
            f"Somebody changed plan {pressed.revision} of run {run.short_id} meanwhile, so nothing is changed by this.",
            "Read the newest plan on the card and press Edit there.",
        )


def _filled(place: Place | None, request: TrainingRequest, note: str) -> Form:
    values, more = to_form(request), beyond(request)
    kept = fields.said_line(TrainingRequest.model_validate(more), 200)
    carried = Carried(place=place, beyond=more, note=f"{note} Kept beside the fields: {kept}." if kept else note)
    return Form(carried=carried, values=values, is_open=_any_advanced(values))


def _editing(carried: Carried, run: Run, values: Values) -> Form:
    known = chosen(run.plan) if run.plan else {}
    return Form(carried=carried, values=values, chosen=known, is_open=_any_advanced(values))


def _any_advanced(values: Values) -> bool:
    return any(value and BY_NAME[name].advanced for name, value in values.items() if name in BY_NAME)


def is_member(client: WebClient, channel: str) -> bool:
    """Whether the bot can write there; in doubt it can, and the card tells otherwise."""
    try:
        client.conversations_history(channel=channel, limit=1)
    except SlackApiError as error:
        return error.response.get("error") not in UNREACHABLE
    except (SlackClientError, OSError, HTTPException):
        return True
    return True


def _offered(forms: Forms, field: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    carried = read_carried(body["view"])
    user = body["user"]["id"]
    here = carried.place.channel if carried.place else None
    lately = [
        getattr(run.plan.request if run.plan else run.request, field)
        for run in forms.desk.store.recent(_LATELY)
        if run.requester == user or run.place.channel == here
    ]
    example = getattr(forms.desk.examples, field)
    words = str(body.get("value") or "")
    return offers(words, lately=[name for name in lately if name], example=example, finder=forms.names.get(field))
