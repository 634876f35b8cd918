"""How the local Slack behaves: what a visitor or a test can switch while it runs."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SlackSettings(BaseModel):
    """Switches; `POST /_slack/settings` changes them."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    #: How the app is reached: through its Socket Mode connections, or by signed requests to `request_url`.
    delivery: Literal["socket", "http"] = "socket"
    #: HTTP delivery: events, commands, interactivity and options all go here.
    request_url: str = ""
    #: One message a second and channel, 50 updates a minute, as the real one.
    rate_limits: bool = False
    #: How many times faster the clock of the rate limits runs, to replay an hour in a minute.
    rate_speed: float = Field(1.0, gt=0, le=1000)
    #: Whether messages may hold charts: a workspace that does not know the block refuses the whole message.
    charts: bool = True
    #: Send every event a second time although it was acknowledged (the acknowledgement got lost).
    redeliver_every_event: bool = False
    #: Seconds before each further try of an event that was not acknowledged. The real Slack: nearly at once, 60, 300.
    retry_delays_s: tuple[float, ...] = (0.5, 5.0, 30.0)
    #: Seconds that an app has to acknowledge.
    ack_timeout_s: float = Field(3.0, gt=0, le=60)
    #: Seconds that a trigger_id lives.
    trigger_s: float = Field(3.0, gt=0, le=3600)
