"""What Slack says about our tokens, at start and for `tunesmith doctor`."""

from datetime import datetime
from email.utils import parsedate_to_datetime

from slack_sdk.errors import SlackApiError

from bot.errors import UserError
from bot.models import Value
from handlers.wire import make_client


class Identity(Value):
    """Who the bot token is, and what Slack's answer said beside it."""

    user: str
    user_id: str
    team: str
    team_id: str
    #: The workspace's own address: "https://acme.slack.com/".
    url: str
    #: Granted scopes; empty: Slack did not list them.
    scopes: frozenset[str]
    #: Slack's clock at the answer; None: it did not say.
    at: datetime | None


def identify(token: str, api_url: str) -> Identity:
    """Ask Slack who the bot token is.

    Raises:
        UserError: the token is refused, or Slack does not answer.
    """
    try:
        me = make_client(token, api_url).auth_test()
    except SlackApiError as error:
        raise UserError(
            f"Slack refuses SLACK_BOT_TOKEN ({error.response['error']}).",
            "Install the app to your workspace again and copy its Bot User OAuth Token.",
        ) from None
    except OSError as error:
        raise UserError(
            f"Slack does not answer at {api_url} ({error}).", "Check the network and SLACK_API_URL."
        ) from None
    headers = {name.lower(): value for name, value in me.headers.items()}
    scopes = str(headers.get("x-oauth-scopes", ""))
    return Identity(
        user=me["user"],
        user_id=me["user_id"],
        team=me["team"],
        team_id=me["team_id"],
        url=me.get("url", ""),
        scopes=frozenset(scope.strip() for scope in scopes.split(",") if scope.strip()),
        at=parsedate_to_datetime(str(headers["date"])) if "date" in headers else None,
    )


def open_socket(app_token: str, api_url: str) -> None:
    """Ask for a Socket Mode address, as the bot will, and do not use it.

    Raises:
        UserError: the app token is refused, or Slack does not answer.
    """
    try:
        make_client("", api_url).apps_connections_open(app_token=app_token)
    except SlackApiError as error:
        raise UserError(
            f"Slack refuses SLACK_APP_TOKEN ({error.response['error']}).",
            "Create an app-level token with the scope connections:write on the page Basic Information of your app.",
        ) from None
    except OSError as error:
        raise UserError(
            f"Slack does not answer at {api_url} ({error}).", "Check the network and SLACK_API_URL."
        ) from None
