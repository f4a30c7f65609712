"""`doorstep story`: tells the story to a house that runs, wherever and however it runs."""

from pathlib import Path
from typing import Annotated

import typer
from shared.clock import utc_now

from doorstep.commands.options import (
    DEFAULT_HOME,
    DEFAULT_URL,
    HomeOption,
    LanguageOption,
    UrlOption,
)
from doorstep.home import existing_home
from doorstep.screen import Screen
from doorstep.trouble import Trouble


def story(
    url: UrlOption = DEFAULT_URL,
    home: HomeOption = DEFAULT_HOME,
    key: Annotated[
        Path | None,
        typer.Option(help="Sign the story's tokens with this private key (PEM), not the home's."),
    ] = None,
    lender_token: Annotated[
        str | None, typer.Option(envvar="DOORSTEP_LENDER_TOKEN", help="A lender's token.")
    ] = None,
    ops_token: Annotated[
        str | None, typer.Option(envvar="DOORSTEP_OPS_TOKEN", help="A token of role ops.")
    ] = None,
    lang: LanguageOption = "en",
) -> None:
    """Tell the story to a running house; fails if it goes otherwise.

    Tokens are signed with the home's key, or with --key; or give both ready-made, best through
    the environment (DOORSTEP_LENDER_TOKEN, DOORSTEP_OPS_TOKEN) so that no process list shows them.
    """
    # Here: the sample's generator of persons is not installed where only services run.
    from doorstep.story import callers, story_tokens, tell

    if lender_token and ops_token:
        tokens = (lender_token, ops_token)
    elif lender_token or ops_token:
        raise Trouble("The story has two callers: give both tokens, a lender's and one of ops.")
    else:
        tokens = story_tokens(key or existing_home(home).token_key)
    with callers(url, tokens, lang) as both:
        tell(both, Screen(), utc_now())
