"""The direct message to whoever asked for a run that is over. Pure."""

from bot.models import Run
from bot.models.run import ITSELF
from bot.states import RunStatus
from handlers.views import card, text
from handlers.views import messages as m
from handlers.views.messages import Message
from handlers.views.thread import thread

#: Its key among the messages of a run.
DIRECT = "direct"
#: Channels that are a conversation with the bot begin like this.
_ALONE = "D"


def wants_direct(run: Run) -> bool:
    """Whether whoever asked has to be told: not what they did themselves, nor where they are told already."""
    if not (run.direct and run.is_final) or run.status is RunStatus.REFUSED or run.place.channel.startswith(_ALONE):
        return False
    last = next((event for event in reversed(run.events) if event.status is run.status), None)
    stopped_by = run.cancel_requested_by if run.status is RunStatus.CANCELED else None
    ended_by = stopped_by or (last.actor if last else ITSELF)
    return ended_by != run.requester


def direct_message(run: Run, address: str) -> Message:
    """How it ended, and the way to its thread. `address`: the thread's; "": it is not known."""
    said = thread(run)[0].text
    where = f"<#{run.place.channel}>"
    way = text.link(address, "Open its thread") if address else "Its thread is"
    off = f"You asked for this message: {text.code('/finetune settings')} turns it off."
    spoken = [f"Your run is over: {card.title(run)}.", said]
    blocks = [
        m.section(f"*Your run is over:* {text.escape(card.title(run), 200)}\n{text.shorten(said, 2600)}"),
        m.context(f"{way} in {where}.", off),
    ]
    return m.make_message(DIRECT, [text.shorten(" ".join(spoken), 3900)], blocks)
