"""Three services of one process count apart, and each shows its own."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from shared import metrics


def test_a_service_shows_its_own_and_nothing_of_its_neighbours() -> None:
    for service, count in (("tea", 2), ("coffee", 3)):
        metrics.published(service, count)
        metrics.handled(service, count)
        metrics.parked(service, count)
        metrics.outbox_waiting(service, count, 1.5)
        metrics.answered(service, "GET", "/v1/cups", 200, 0.004)
    families = {
        each.name: each for each in text_string_to_metric_families(metrics.render("tea").decode())
    }
    samples = [sample for family in families.values() for sample in family.samples]
    assert {sample.labels["service"] for sample in samples} == {"tea"}
    assert families["doorstep_messages_published"].samples[0].value == 2
    assert families["doorstep_request_seconds"].type == "histogram"
    assert families["doorstep_outbox_lag_seconds"].samples[0].value == 1.5


def test_a_service_that_did_nothing_shows_nothing() -> None:
    assert metrics.render("nobody") == b""


def test_it_can_be_rendered_again_and_again() -> None:
    metrics.published("twice", 1)
    assert metrics.render("twice") == metrics.render("twice")
