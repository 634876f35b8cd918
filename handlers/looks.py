"""Looks at several runs, at the month's money and at what people want to hear, whichever way they are asked for.

Finds out who may see what through `Acts` and `Runs`; the words are read in bot.intake.looking.
"""

from typing import assert_never

from slack_sdk import WebClient

from bot.intake.looking import Compare, Listing, Looking, SayHowMuch, Settings, Spend, read_looking
from bot.intake.slack_text import SlackText
from bot.models import Verbosity
from handlers.acts import Acts
from handlers.desk import Desk
from handlers.edits import post
from handlers.heard import Heard
from handlers.views import answers
from handlers.views.spending import Spending, spending_text

#: Ids of direct messages begin like this: what is said there nobody else reads.
_ALONE = "D"


class Looks:
    """One clerk for `/finetune compare` and the like, typed as a command or as a message."""

    def __init__(self, desk: Desk, acts: Acts) -> None:
        self._desk = desk
        self._acts = acts

    def spending(self, user: str) -> Spending:
        """This month's money.

        Raises:
            NotAllowed: no member of the team.
        """
        policy, store = self._desk.runs.policy, self._desk.store
        policy.check_member(self._desk.people.person(user))
        return Spending(
            everybody=store.ledger(),
            mine=store.ledger(requester=user),
            budget_usd=policy.monthly_budget_usd,
            shares=store.shares() if user in policy.approvers else (),
        )

    def typed(self, wanted: Compare | Listing | Spend | SayHowMuch, user: str, channel: str) -> str:
        """Do what a slash command asks for and say what to answer.

        Raises:
            UserError: it cannot be done.
        """
        match wanted:
            case Compare():
                return self._acts.compare(wanted, user, channel)
            case Listing():
                return self._acts.listing(wanted, user, channel)
            case Spend():
                return spending_text(self.spending(user))
            case SayHowMuch():
                return answers.say_how_much_where()
            case _:
                assert_never(wanted)

    def answers(self, said: SlackText, heard: Heard, client: WebClient, *, aloud: bool) -> bool:
        """Answer a message that is such a look, once; False: it is none. `aloud`: it is said to the bot.

        Raises:
            UserError: it cannot be done.
        """
        wanted = None if said.to_somebody or said.people else _meant(read_looking(said.text), heard, aloud=aloud)
        if wanted is None:
            return False
        if self._desk.store.remember(heard.source_id):
            self._answer(wanted, heard, client)
        return True

    def _answer(self, wanted: Looking, heard: Heard, client: WebClient) -> None:
        channel = heard.place.channel
        match wanted:
            case SayHowMuch() if heard.run is not None:
                self._say_how_much(wanted.verbosity, heard, client)
                return
            case Settings():
                told = answers.settings_where()
            case Compare():
                self._acts.compare(
                    wanted,
                    heard.user,
                    channel,
                    thread_ts=heard.place.thread_ts,
                    whispered_in=heard.whispered_in,
                    alone=channel.startswith(_ALONE),
                )
                return
            case _:
                told = self.typed(wanted, heard.user, channel)
        if channel.startswith(_ALONE):
            post(client, heard.place, told)
        else:
            # their own runs and money are nobody else's business
            client.chat_postEphemeral(channel=channel, user=heard.user, text=told, thread_ts=heard.whispered_in)

    def _say_how_much(self, verbosity: Verbosity, heard: Heard, client: WebClient) -> None:
        assert heard.run is not None
        person = self._desk.people.person(heard.user)
        run = self._desk.runs.set_verbosity(run_id=heard.run.id, person=person, verbosity=verbosity)
        self._desk.wake()
        post(client, heard.place, answers.says_how_much(run))


def _meant(wanted: Looking | None, heard: Heard, *, aloud: bool) -> Looking | None:
    """What of it was meant, here: in a thread without a mention people mostly talk to each other."""
    match wanted:
        case Listing(unknown=unknown) if unknown:
            return None
        case Compare(runs=()):
            return wanted if aloud else None
        case Compare(runs=(one,)) if heard.run is not None:
            # "compare with b9qwen4u": this run with that one
            return Compare(runs=(heard.run.short_id, one)) if one != heard.run.short_id else None
        case Spend() if heard.run is not None:
            return None  # its own price is asked for
        case Compare() | None:
            return wanted
        case _:
            return wanted if aloud else None
