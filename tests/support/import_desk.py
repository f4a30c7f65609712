"""The imports of cases behind a real HTTP server, with the loop in the test's own hands."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from cases.api.import_loop import ImportLoop
from cases.api.served import CasesService
from cases.service import build
from cases.settings import CasesSettings
from credentials import Keys, TokenMint
from shared.auth import Role
from shared.bus import LocalBus
from shared.clock import Clock
from sqlalchemy import Engine, text
from toy_service import served

NDJSON = "application/x-ndjson"
CSV = "text/csv"
JSON = "application/json"
PATH = "/v1/imports"


@dataclass
class Desk:
    """Push a file, work it off, look at what became of it."""

    client: httpx.Client
    service: CasesService
    loop: ImportLoop
    tokens: TokenMint
    address: tuple[str, int]

    @property
    def engine(self) -> Engine:
        return self.service.engine

    def another_loop(self) -> ImportLoop:
        """As another worker has it."""
        return ImportLoop(self.engine, self.service.clock, self.service.identities)

    def push(
        self, content: Any, media_type: str = NDJSON, *, lender: str | None = None, **options: Any
    ) -> httpx.Response:
        """POST a file; `headers` and `params` go on top."""
        headers = {
            "Content-Type": media_type,
            **self.tokens.header(Role.LENDER, lender=lender),
            **options.pop("headers", {}),
        }
        return self.client.post(PATH, content=content, headers=headers, **options)

    def get(self, path: str, *, lender: str | None = None, **options: Any) -> httpx.Response:
        headers = {**self.tokens.header(Role.LENDER, lender=lender), **options.pop("headers", {})}
        return self.client.get(path, headers=headers, **options)

    def work_off(self) -> None:
        """Run the loop until nothing waits."""
        while self.loop.run_once():
            pass

    def import_all(self, content: Any, media_type: str = NDJSON, **options: Any) -> dict[str, Any]:
        """Push, work off, and return the import as it stands then."""
        answer = self.push(content, media_type, **options)
        assert answer.status_code == 202, answer.text
        self.work_off()
        done: dict[str, Any] = self.get(f"{PATH}/{answer.json()['id']}").json()
        return done

    def errors(self, import_id: str, **options: Any) -> list[dict[str, Any]]:
        """All refused rows, page by page."""
        found: list[dict[str, Any]] = []
        params = {"limit": "50"}
        while True:
            page = self.get(f"{PATH}/{import_id}/errors", params=params, **options).json()
            found += page["items"]
            if page["next"] is None:
                return found
            params["cursor"] = page["next"]

    def count(self, table: str) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())

    def value(self, sql: str) -> Any:
        with self.engine.connect() as connection:
            return connection.execute(text(sql)).scalar_one()


@contextmanager
def open_desk(database_url: str, keys: Keys, clock: Clock) -> Iterator[Desk]:
    """A desk on a database of cases."""
    settings = CasesSettings(
        database_url=database_url,
        token_keys=str(keys.token_jwks),
        approval_keys=str(keys.approval_jwks),
        identity_key="an identity key that only tests may know",
        contact_rules_url="http://127.0.0.1:1",  # imports ask it nothing
        service_token_file=keys.service_token,
        database_pool=10,
    )
    service = build(settings, LocalBus(), clock)
    (loop,) = (loop for loop in service.loops if isinstance(loop, ImportLoop))
    try:
        with (
            served(service.app) as (host, port),
            httpx.Client(base_url=f"http://{host}:{port}", timeout=60) as client,
        ):
            yield Desk(client, service, loop, TokenMint(keys, clock), (host, port))
    finally:
        service.close()


def account(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A row that is taken; `changes` replace fields, None takes one out."""
    row: dict[str, Any] = {
        "external_id": f"CARD-{number:04d}",
        "as_of": "2026-11-20T00:00:00+08:00",
        "product": "credit_card",
        "currency": "TWD",
        "balance": {"principal": "42000", "interest": "1830", "fees": "600"},
        "overdue": "9300",
        "due_since": "2026-08-15",
        "debtor": {"name": "Ms Late-Payer", "id_number": f"A12{number:07d}"},
        "addresses": [{"kind": "home", "text": f"{number} Lane of Lost Bills", "country": "TW"}],
    }
    return {name: value for name, value in (row | changes).items() if value is not None}


def ndjson(*rows: Any) -> bytes:
    """Rows as NDJSON; text stands as it is."""
    return "".join(
        (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)) + "\n"
        for row in rows
    ).encode()


def as_csv(*rows: dict[str, str]) -> bytes:
    """Rows under all the columns that any of them has."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def csv_row(number: int = 1, **changes: str) -> dict[str, str]:
    """The account of this number as a row of CSV; `changes` replace cells or add columns."""
    row = {
        "external_id": f"CARD-{number:04d}",
        "as_of": "2026-11-20T00:00:00+08:00",
        "product": "credit_card",
        "currency": "TWD",
        "balance.principal": "42000",
        "balance.interest": "1830",
        "balance.fees": "600",
        "overdue": "9300",
        "due_since": "2026-08-15",
        "debtor.name": "Ms Late-Payer",
        "debtor.id_number": f"A12{number:07d}",
        "addresses.0.kind": "home",
        "addresses.0.text": f"{number} Lane of Lost Bills",
        "addresses.0.country": "TW",
    }
    return row | changes
