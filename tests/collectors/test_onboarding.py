"""Guides: every parser is there, every sample is read by its own parser, every snippet is whole and names what is off."""

from __future__ import annotations

import re
import tomllib

import pytest
import yaml

from collectors import registry
from collectors.onboarding import Guides, guide_of
from collectors.trial import CollectorTrial
from taishi.onboarding import KEY, Endpoints, Way

ALL = Endpoints(
    "collect.example.com",
    {"syslog_udp": 514, "syslog_tcp": 601, "syslog_tls": 6514, "http": 8089, "lumberjack": 5044},
    https=True,
)
GUIDES = Guides()
PRODUCTS = GUIDES.products()


def way(key: str, name: str, endpoints: Endpoints = ALL) -> Way:
    return next(one for one in GUIDES.ways(key, endpoints) if one.key == name)


def test_every_parser_can_be_connected() -> None:
    assert {one.parser for one in PRODUCTS} == {one.name for one in registry.all()}
    assert len({one.key for one in PRODUCTS}) == len(PRODUCTS)
    assert PRODUCTS[-1].parser == "generic"


@pytest.mark.parametrize("key", [one.key for one in PRODUCTS])
def test_a_product_has_ways_and_a_sample_that_its_parser_reads(key: str) -> None:
    product = next(one for one in PRODUCTS if one.key == key)
    ways = GUIDES.ways(key, ALL)
    assert ways
    for one in ways:
        assert len(one.steps_zh) == len(one.steps_en) >= 1
        assert one.lacking == ()
        for text in (*one.steps_zh, *one.steps_en, one.snippet):
            assert not re.search(r"\{(host|key|http|syslog)\w*\}", text)
        if one.sends == "http" and one.key != "own":
            assert KEY in one.snippet
    sample = GUIDES.sample(key)
    found = CollectorTrial().read(sample)
    assert not sample or [(one.parser, one.reason) for one in found.records] == [(product.parser, "")]


def test_nearly_every_format_has_a_sample() -> None:
    assert sum(GUIDES.sample(one.key) != "" for one in PRODUCTS) >= 0.95 * len(PRODUCTS)


def test_what_is_off_is_named() -> None:
    off = Endpoints("h", {"syslog_udp": 514})
    assert way("fortigate", "own", off).lacking == ("syslog.tcp_port",)
    assert way("zeek", "filebeat", off).lacking == ("http.port",)
    assert way("meraki" if "meraki" in {p.key for p in PRODUCTS} else "cisco_meraki", "own", off).lacking == ()
    assert way("generic", "syslog", off).lacking == ("syslog.tcp_port",)


def test_shippers_configurations_can_be_read() -> None:
    beats = yaml.safe_load(way("iis", "filebeat").snippet)
    assert beats["filebeat.inputs"][0]["paths"] == ["C:\\inetpub\\logs\\LogFiles\\W3SVC*\\*.log"]
    assert beats["output.elasticsearch"]["hosts"] == ["https://collect.example.com:8089"]
    vector = yaml.safe_load(way("zeek", "vector").snippet)
    assert vector["sinks"]["taishi"]["auth"] == {"strategy": "basic", "user": "taishi", "password": KEY}
    assert vector["sources"]["files"]["include"] == ["/opt/zeek/logs/current/*.log"]
    assert {one.key for one in GUIDES.ways("iis", ALL)} == {"own", "filebeat", "vector", "http"}
    kubernetes = yaml.safe_load(way("kubernetes_audit", "own").snippet)
    assert kubernetes["users"][0]["user"]["token"] == KEY


def test_a_guide_with_a_word_that_is_none_is_refused() -> None:
    table = tomllib.loads('key="a"\nparser="zeek"\nzh="a"\nen="a"\nsteps_zh=["a"]\nsteps_en=["a"]\nstep=1')
    with pytest.raises(TypeError, match="step"):
        guide_of(table, {"zeek": "network"})


def test_an_unknown_product_is_no_product() -> None:
    with pytest.raises(KeyError):
        GUIDES.ways("nothing", ALL)
