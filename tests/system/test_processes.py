"""The story of the house, told to separate processes on PostgreSQL and RabbitMQ.

The same code tells it in the embedded house and through the containers' gateway.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import children
import httpx
import psycopg
import pytest
from credentials import Keys
from databases import SERVICES, Databases
from process_house import ProcessHouse, process_house
from sqlalchemy import make_url

STORY_SECONDS = 180


@pytest.fixture
def house(
    tmp_path: Path, databases: Databases, rabbit_url: str, keys: Keys
) -> Iterator[ProcessHouse]:
    with process_house(tmp_path, databases, rabbit_url, keys) as running:
        yield running


def count(house: ProcessHouse, service: str, query: str) -> int:
    with psycopg.connect(house.database_urls[service]) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


def has_heard_more(
    house: ProcessHouse, service: str, than: int, story: subprocess.Popen[bytes]
) -> bool:
    heard = count(house, service, "SELECT count(*) FROM inbox")
    assert story.poll() is None or heard > than, f"it ended first: {house.said('story')}"
    return heard > than


def assert_told(house: ProcessHouse, story: subprocess.Popen[bytes]) -> None:
    code = story.wait(STORY_SECONDS)
    assert code == 0, "\n".join([house.said("story"), *parked(house), *troubles(house)])


def parked(house: ProcessHouse) -> list[str]:
    """What the workers could not handle, and why."""
    found = []
    for service in SERVICES:
        with psycopg.connect(house.database_urls[service]) as connection:
            rows = connection.execute("SELECT type, key, error FROM parked ORDER BY seq").fetchall()
        found += [f"parked by {service}: {' '.join(row)}" for row in rows]
    return found


def troubles(house: ProcessHouse) -> list[str]:
    """What the processes logged as an error."""
    return [
        f"{name}: {line}"
        for name in house.names
        for line in house.said(name).splitlines()
        if '"level": "error"' in line or '"level":"error"' in line
    ]


def assert_everything_arrived(house: ProcessHouse) -> None:
    """Each event left its outbox, and none was parked on the way."""

    def unpublished() -> int:
        return sum(
            count(house, service, "SELECT count(*) FROM outbox WHERE published_at IS NULL")
            for service in SERVICES
        )

    children.wait_until(lambda: unpublished() == 0, seconds=30, what="the outboxes to empty")
    assert parked(house) == []


def test_separate_processes_tell_the_story_and_end_when_asked(house: ProcessHouse) -> None:
    assert_same_paths_as_in_the_embedded_house(house)
    assert_told(house, house.tell_story())
    assert_everything_arrived(house)
    codes = house.stop_all()
    assert codes == dict.fromkeys(house.names, 0)
    assert_logs_are_json_without_secrets(house)


def assert_same_paths_as_in_the_embedded_house(house: ProcessHouse) -> None:
    for prefix in ("/cases", "/contact-rules", "/plans", ""):
        assert httpx.get(f"{house.url}{prefix}/readyz").json() == {"status": "ready"}
    for prefix in ("/cases", "/contact-rules", "/plans"):
        assert httpx.get(f"{house.url}{prefix}/openapi.json").json()["servers"] == [{"url": prefix}]
        assert f"{prefix}/openapi.json" in httpx.get(f"{house.url}{prefix}/docs").text


def assert_logs_are_json_without_secrets(house: ProcessHouse) -> None:
    secrets = [make_url(url).password or "?" for url in house.database_urls.values()]
    for name in house.names:
        lines = house.said(name).splitlines()
        assert lines, f"{name} said nothing"
        for line in lines:
            json.loads(line)
            assert not any(secret in line for secret in secrets)


def test_the_story_survives_the_death_of_workers(house: ProcessHouse) -> None:
    story = house.tell_story()
    victims = {"contact_rules worker": "contact_rules", "cases worker": "cases"}
    for victim, service in victims.items():
        # in the middle: it has begun to hear, and more is on its way
        heard = count(house, service, "SELECT count(*) FROM inbox")
        children.wait_until(
            partial(has_heard_more, house, service, heard, story),
            seconds=STORY_SECONDS,
            what=f"{victim} to hear of something",
            pause=0.01,
        )
        house.kill(victim)
        house.start(victim)
    assert_told(house, story)
    assert_everything_arrived(house)
    for victim in victims:
        house.wait_until_ready(victim)


def test_a_worker_asked_to_end_finishes_what_it_began(house: ProcessHouse) -> None:
    story = house.tell_story()
    for name in ("cases worker", "contact_rules worker", "plans worker", "cases api"):
        assert house.stop(name) == 0, house.said(name)
        house.start(name)
    assert_told(house, story)
    assert_everything_arrived(house)
