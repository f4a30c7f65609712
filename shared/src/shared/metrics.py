"""Prometheus metrics of all services of this process, each with the label of its service.

One registry serves the process, so a house of three services in one process registers nothing
twice; `render` shows one service only its own, so scraping all three counts nothing twice.
"""

from collections.abc import Iterator
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    generate_latest,
)
from prometheus_client.registry import Collector

REGISTRY: Final = CollectorRegistry(auto_describe=True)

_REQUESTS: Final = Counter(
    "doorstep_requests", "Requests answered.", ["service", "method", "route", "status"],
    registry=REGISTRY,
)  # fmt: skip
_REQUEST_SECONDS: Final = Histogram(
    "doorstep_request_seconds", "Time from a request's first byte to its answer's last.",
    ["service", "method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    registry=REGISTRY,
)  # fmt: skip
_PUBLISHED: Final = Counter(
    "doorstep_messages_published", "Messages whose publishing was confirmed.", ["service"],
    registry=REGISTRY,
)  # fmt: skip
_HANDLED: Final = Counter(
    "doorstep_messages_handled", "Messages that had their effect.", ["service"],
    registry=REGISTRY,
)  # fmt: skip
_PARKED: Final = Counter(
    "doorstep_messages_parked", "Messages parked because their handler kept failing.", ["service"],
    registry=REGISTRY,
)  # fmt: skip
_PARKED_NOW: Final = Gauge(
    "doorstep_messages_parked_now", "Messages parked now, with those waiting behind.", ["service"],
    registry=REGISTRY,
)  # fmt: skip
_OUTBOX_WAITING: Final = Gauge(
    "doorstep_outbox_waiting", "Messages written and not yet confirmed.", ["service"],
    registry=REGISTRY,
)  # fmt: skip
_OUTBOX_LAG: Final = Gauge(
    "doorstep_outbox_lag_seconds", "Age of the oldest message not yet confirmed.", ["service"],
    registry=REGISTRY,
)  # fmt: skip
_LOOP_FAILURES: Final = Counter(
    "doorstep_loop_failures", "Rounds of a loop that raised.", ["service", "loop"],
    registry=REGISTRY,
)  # fmt: skip

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST


def answered(service: str, method: str, route: str, status: int, seconds: float) -> None:
    """One request was answered. ``route`` is the template, so that ids make no new series."""
    _REQUESTS.labels(service, method, route, str(status)).inc()
    _REQUEST_SECONDS.labels(service, method, route).observe(seconds)


def published(service: str, count: int) -> None:
    """``count`` messages of the service's outbox are confirmed."""
    _PUBLISHED.labels(service).inc(count)


def handled(service: str, count: int) -> None:
    """``count`` messages had their effect in the service (a queue is named like its service)."""
    _HANDLED.labels(service).inc(count)


def parked(service: str, count: int) -> None:
    """``count`` messages were parked in the service."""
    _PARKED.labels(service).inc(count)


def parked_now(service: str, count: int) -> None:
    """How many messages are parked in the service, those that wait behind others included."""
    _PARKED_NOW.labels(service).set(count)


def outbox_waiting(service: str, count: int, oldest_seconds: float) -> None:
    """What is in the outbox and not confirmed, and how old the oldest of it is."""
    _OUTBOX_WAITING.labels(service).set(count)
    _OUTBOX_LAG.labels(service).set(oldest_seconds)


def loop_failed(service: str, loop: str) -> None:
    """One round of a loop raised; it will be tried again."""
    _LOOP_FAILURES.labels(service, loop).inc()


class _OneService(Collector):
    def __init__(self, service: str) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        for metric in REGISTRY.collect():
            mine = [each for each in metric.samples if each.labels.get("service") == self._service]
            if mine:
                shown = Metric(metric.name, metric.documentation, metric.type, metric.unit)
                shown.samples = mine
                yield shown


def render(service: str) -> bytes:
    """The metrics of one service in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_OneService(service))
    return generate_latest(registry)
