"""`doorstep token`: prints a bearer token and nothing else."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from shared.auth import Role, mint
from shared.clock import utc_now
from shared.keys import BadKeys, Signer

from doorstep.commands.options import DEFAULT_HOME, HomeOption
from doorstep.home import existing_home
from doorstep.trouble import Trouble

_LONGEST_DAYS = 3660


def token(
    role: Annotated[Role, typer.Option(help="What the caller is.")],
    home: HomeOption = DEFAULT_HOME,
    lender: Annotated[
        str | None, typer.Option(help="Bind the token to this lender's rows.", metavar="ID")
    ] = None,
    agent: Annotated[
        UUID | None, typer.Option(help="The agent's id, for role agent.", metavar="ID")
    ] = None,
    subject: Annotated[
        str | None,
        typer.Option(
            help="Who that is: what needs two persons tells them apart by it."
            " Left out: doorstep-ROLE, one for all.",
            metavar="NAME",
        ),
    ] = None,
    days: Annotated[int, typer.Option(help="How long it is valid.", min=1, max=_LONGEST_DAYS)] = 30,
    key: Annotated[
        Path | None,
        typer.Option(help="Sign with this private key (PEM), not the home's.", metavar="FILE"),
    ] = None,
) -> None:
    """Print a bearer token for a role.

    Whoever holds it is that caller until it expires. To end one before, write its `jti` into
    keys/revoked-tokens in the home.
    """
    try:
        signer = Signer(key or existing_home(home).token_key)
        bearer = mint(
            signer,
            subject=f"doorstep-{role.value}" if subject is None else subject,
            role=role,
            now=utc_now(),
            lifetime=timedelta(days=days),
            lender=lender,
            agent=agent,
        )
    except BadKeys as error:
        raise Trouble(f"No token: {error}.") from error
    except ValueError as error:
        option = {Role.LENDER: "--lender ID", Role.AGENT: "--agent ID"}.get(role)
        raise Trouble(f"No token: {error}.", option and f"Add {option}.") from error
    typer.echo(bearer)
