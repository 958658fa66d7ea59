"""The conformance report itself: it must be able to say that something is wrong."""

from __future__ import annotations

from tests.collectors.parsers.conformance import measure, samples
from tests.collectors.parsers.corpus_products import Product
from tests.collectors.parsers.corpus_sources import Line

SSHD = "Oct 11 22:14:15 gw sshd[812]: Failed password for root from 203.0.113.9 port 4022 ssh2"


def test_the_projects_samples_are_read_by_their_own_parsers_and_nothing_is_lost() -> None:
    for product in samples():
        score = measure(product)
        assert score.lost == 0
        assert score.quarantined == 0, score.troubles
        if product.name != "sample generic":
            assert score.own + score.headers == score.lines, score.troubles


def test_agreement_and_its_absence_are_counted() -> None:
    truth = {"source.ip": "203.0.113.9", "user.name": "admin", "destination.ip": "192.0.2.1"}
    score = measure(Product("p", [Line(SSHD, truth)], ("linux",)))
    assert (score.wanted, score.given, score.agreed) == (3, 2, 1)
    assert (score.strict_wanted, score.strict_agreed) == (3, 1)
    assert any("admin" in trouble for trouble in score.troubles)


def test_a_wrong_name_and_a_quarantined_line_are_counted() -> None:
    score = measure(Product("p", [Line(SSHD), Line('{"event_type": "alert", "src_ip": ')], ("acme",)))
    assert score.lines == 2
    assert score.quarantined == 1
    named = measure(
        Product(
            "p",
            [Line('{"event_type":"alert","timestamp":"2026-01-01T00:00:00Z","alert":{"signature":"x"}}')],
            ("acme",),
        )
    )
    assert named.wrong == 1
