"""How much people want to hear of runs."""

from enum import StrEnum

from bot.models.value import Value


class Verbosity(StrEnum):
    """How much a run's thread says. Questions, plans, alerts and the end are said always."""

    #: Nothing beside the card, whatever needs somebody, and the end.
    QUIET = "quiet"
    #: The approval, the start, the first value, the first checkpoint too.
    MILESTONES = "milestones"
    #: Each tenth of the way, each checkpoint and each evaluation too.
    ALL = "all"


class Preferences(Value):
    """What a person set for runs that they ask for."""

    verbosity: Verbosity = Verbosity.MILESTONES
    #: A direct message when a run of theirs ends.
    direct: bool = False
