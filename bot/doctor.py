"""`tunesmith doctor`: look at everything the bot needs before it runs, and say how to mend what is wrong.

It asks Slack who we are and what we may, the Hub what the token may, and the database how it stands. It changes
nothing; where a language model is set to read messages, it has it read one, which costs a fraction of a cent.
"""

import logging
from collections.abc import Callable, Iterator

from pydantic import ValidationError

from bot.amounts import money
from bot.app import build_language_model, build_proposer, utc_now
from bot.errors import Transient, UserError
from bot.intake.assisted import Reading, instructions, schema
from bot.manifest import read_manifest
from bot.models import Value
from bot.settings import Settings, read_settings
from handlers.checkup import Identity, identify, open_socket
from storage.revision import form_of

log = logging.getLogger(__name__)

#: What the reading model is given to read.
_WORDS = "it would be lovely if tiny-qwen3 could speak like tiny-chat"

#: Slack refuses requests whose time is off by five minutes; we warn much earlier. Seconds.
CLOCK_TOLERANCE_S = 60.0


class Finding(Value):
    """One thing that was looked at."""

    what: str
    ok: bool
    #: What was seen; with `fix` when it is not fine.
    seen: str
    fix: str = ""


def examine() -> list[Finding]:
    """Look at settings, database, Slack and the Hub, in this order; without settings there is nothing more to see."""
    try:
        settings = read_settings(Settings)
    except UserError as error:
        return [Finding(what="settings", ok=False, seen=error.problem, fix=error.fix)]
    findings = [Finding(what="settings", ok=True, seen="complete")]
    for look in (_database, _slack, _socket, _hub, _reading_model):
        findings.extend(_guarded(look, settings))
    return findings


def report(findings: list[Finding]) -> str:
    """Write the findings for a terminal."""
    lines = []
    for finding in findings:
        lines.append(f"{'ok  ' if finding.ok else 'FIX '} {finding.what}: {finding.seen}")
        if finding.fix:
            lines.append(f"     what to do: {finding.fix}")
    wrong = sum(not finding.ok for finding in findings)
    lines.append(f"{wrong} to mend." if wrong else "Everything is in place: start with `tunesmith run`.")
    return "\n".join(lines)


def _guarded(look: Callable[[Settings], Iterator[Finding]], settings: Settings) -> Iterator[Finding]:
    """Turn an error in one look into its finding, so that the others are still made."""
    what = look.__name__.strip("_").replace("_", " ")
    try:
        yield from look(settings)
    except UserError as error:
        yield Finding(what=what, ok=False, seen=error.problem, fix=error.fix)
    except Transient as error:
        yield Finding(what=what, ok=False, seen=str(error), fix="Check the network and try again.")
    except Exception as error:
        # a mistake of ours in one look must not hide the others
        log.debug("looking at %s", what, exc_info=True)
        yield Finding(
            what=what,
            ok=False,
            seen=f"this look ended in an unforeseen {type(error).__name__}",
            fix="Check the settings that it needs; if they are right, report this name as a mistake of ours.",
        )


def _database(settings: Settings) -> Iterator[Finding]:
    kind = "PostgreSQL" if settings.database.startswith("postgresql") else "SQLite"
    yield Finding(what="database", ok=True, seen=f"the {kind} database {form_of(settings.database)}")


def _slack(settings: Settings) -> Iterator[Finding]:
    me = identify(settings.slack_bot_token.get_secret_value(), settings.slack_api_url)
    yield Finding(what="slack bot token", ok=True, seen=f"{me.user} in {me.team}")
    yield _clock(me)
    yield _scopes(me)


def _clock(me: Identity) -> Finding:
    if me.at is None:
        return Finding(what="clock", ok=True, seen="Slack does not tell its time here")
    off = abs((me.at - utc_now()).total_seconds())
    fine = off <= CLOCK_TOLERANCE_S
    fix = "" if fine else "Set this machine's clock by NTP: Slack refuses requests that are five minutes off."
    return Finding(what="clock", ok=fine, seen=f"{off:.0f} s off Slack's", fix=fix)


def _scopes(me: Identity) -> Finding:
    wanted = frozenset(read_manifest()["oauth_config"]["scopes"]["bot"])
    if not me.scopes:
        return Finding(what="slack scopes", ok=True, seen="Slack does not list them here")
    missing = sorted(wanted - me.scopes)
    if missing:
        fix = "Paste manifest.yml into your app's page App Manifest, then install the app again."
        return Finding(what="slack scopes", ok=False, seen=f"missing: {', '.join(missing)}", fix=fix)
    return Finding(what="slack scopes", ok=True, seen=f"all {len(wanted)} are granted")


def _socket(settings: Settings) -> Iterator[Finding]:
    if settings.slack_app_token is None:
        yield Finding(what="slack way in", ok=True, seen="HTTP with a signing secret (SLACK_APP_TOKEN is not set)")
        return
    open_socket(settings.slack_app_token.get_secret_value(), settings.slack_api_url)
    yield Finding(what="slack way in", ok=True, seen="Socket Mode opens")


def _hub(settings: Settings) -> Iterator[Finding]:
    _, hub, jobs = build_proposer(settings)
    names = hub.namespaces()
    yield Finding(what="hub token", ok=True, seen=f"belongs to {names[0]}; namespaces: {', '.join(names)}")
    payer = settings.hf_namespace or names[0]
    if payer not in names:
        fix = f"Set HF_NAMESPACE to one of {', '.join(names)}, or use a token of a member of {payer}."
        yield Finding(what="hub wallet", ok=False, seen=f"the token is no member of {payer}", fix=fix)
        return
    flavors = jobs.flavors()
    yield Finding(
        what="hub hardware", ok=True, seen=f"{len(flavors)} flavors, from {money(flavors[0].price_usd_hour)} an hour"
    )
    jobs.sweep(payer)
    yield Finding(what="hub jobs", ok=True, seen=f"the jobs of {payer} can be listed")
    rights = hub.rights()
    if rights.missing:
        fix = "Edit the token at https://huggingface.co/settings/tokens and give it these rights."
        yield Finding(what="hub rights", ok=False, seen=f"the token lacks {', '.join(rights.missing)}", fix=fix)
    else:
        yield Finding(what="hub rights", ok=True, seen=f"the token's role is {rights.role}")


def _reading_model(settings: Settings) -> Iterator[Finding]:
    model = build_language_model(settings)
    if model is None:
        yield Finding(what="reading model", ok=True, seen="none is set (READING_MODEL): the bot reads by its own rules")
        return
    answer = model.complete(instructions(None), _WORDS, schema())
    try:
        Reading.model_validate_json(answer)
    except ValidationError:
        fix = "Name a model in READING_MODEL whose provider supports structured outputs (a JSON schema)."
        yield Finding(what="reading model", ok=False, seen=f"{model.name} answers otherwise than asked", fix=fix)
        return
    yield Finding(what="reading model", ok=True, seen=f"{model.name} answers as asked")
