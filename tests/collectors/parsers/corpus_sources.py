"""Real logs outside the project, by source: how their files are read, and what is known to be true of each line.

`python -m tests.collectors.parsers.corpus_sources` prints lines, parsed, quarantined, generic and field agreement by
source. The folder is `TAISHI_CORPUS`, else `../shared/corpus` beside the checkout; nothing of it is
part of the project.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collectors import registry
from collectors.parser import Parse, Received
from collectors.syslog_header import read_header
from taishi.errors import ParseError
from taishi.event import Event

RECEIVED = Received(received_at=1_700_000_000.0, timezone="UTC")
ROOT = Path(__file__).resolve().parents[3]


@dataclass(slots=True)
class Line:
    """One record; `truth` holds fields it must give, `group` lines that share a header (a Zeek TSV file)."""

    text: str
    truth: Event = field(default_factory=dict)
    group: str = ""


@dataclass(slots=True)
class Report:
    """What became of a source's lines. `agreement` is the share of true fields that the events hold."""

    lines: int = 0
    parsed: int = 0
    quarantined: int = 0
    generic: int = 0
    fields: int = 0
    agreed: int = 0
    disagreements: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def agreement(self) -> float:
        return self.agreed / self.fields if self.fields else 1.0

    @property
    def own(self) -> float:
        """The share of lines that a product's parser read."""
        return (self.parsed - self.generic) / self.lines if self.lines else 0.0


def _text(path: Path) -> str:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return data.decode("utf-8-sig", "replace")


def _plain(path: Path) -> Iterator[Line]:
    return (Line(text) for text in _text(path).splitlines() if text.strip())


def sage(folder: Path) -> Iterator[Line]:
    """Splunk exports of Suricata alerts; Splunk's own extraction is the truth."""
    for path in sorted((folder / "sage-cptc2017").glob("*.json.gz")):
        for row in json.loads(_text(path)):
            known = row["result"]
            truth = {
                "source.ip": known.get("src_ip"),
                "destination.ip": known.get("dest_ip"),
                "rule.name": known.get("alert.signature"),
                "rule.category": known.get("alert.category"),
                "rule.id": known.get("alert.signature_id"),
                "destination.port": int(known["dest_port"]) if "dest_port" in known else None,
            }
            yield Line(known["_raw"], {name: value for name, value in truth.items() if value})


def zeek(folder: Path) -> Iterator[Line]:
    """BTest baselines, their masked times given a value; files without a header are not as Zeek writes them."""
    for top in ("zeek-btest-baseline", "icsnpp-modbus", "icsnpp-dnp3", "icsnpp-s7comm"):
        for path in sorted((folder / top).rglob("*.log")):
            body = _text(path).replace("XXXXXXXXXX.XXXXXX", "1600000000.123456")
            if "#fields\t" in body and "#separator" in body:
                rows = [line for line in body.splitlines() if line and not line.startswith("###")]
                yield from (Line(row, group=str(path)) for row in rows)


def cef(folder: Path) -> Iterator[Line]:
    for path in sorted((folder / "cef-pycef").glob("testdata*")):
        yield from _plain(path)
    yield from _plain(folder / "crowdsec-hub-tests" / "unifi-cef" / "cef-logs.log")


_PLACES = {
    "mark": "<111>", "bsd": "Nov 14 22:13:20", "iso": "2023-11-14T22:13:20.5", "host": "testhost", "date": "2023-11-14",
    "time": "22:13:20", "epoch": "1700000000", "epochlong": "1700000000000", "tzoffset": "+0000",
    "timestamp": "Nov 14 22:13:20",
    "year": "2023", "tzname": "UTC", "mac": "00:0c:29:aa:bb:cc", "sn": "12345",
}  # fmt: skip


def _sc4s(folder: Path, wanted: Callable[[str], bool]) -> Iterator[Line]:
    """Templates with their placeholders rendered; parts of one event are joined as its test joins them."""
    for path in sorted((folder / "sc4s-vendors").glob("*.jsonl")):
        for row in _plain(path):
            text = _sc4s_text(json.loads(row.text))
            if wanted(text):
                yield Line(text)


def _sc4s_text(row: dict[str, Any]) -> str:
    """A template with its placeholders rendered; parts of one event are joined as its test joins them."""
    text = re.sub(r"{{\s*(\w+)\s*}}", lambda found: _PLACES.get(found[1], "x"), "".join(row["templates"][:2]))
    return text.split("\n")[0]


def sc4s_cef(folder: Path) -> Iterator[Line]:
    return _sc4s(folder, lambda text: "CEF:0|" in text)


def sc4s_forti(folder: Path) -> Iterator[Line]:
    return _sc4s(folder, lambda text: "device_id=F" in text or "devid=" in text)


def beats_auth(folder: Path) -> Iterator[Line]:
    """Expected ECS documents, compared by the fields that ECS 9 still has."""
    path = folder / "beats-oss" / "system" / "auth" / "secure-rhel7.log"
    expected = json.loads(path.with_name(path.name + "-expected.json").read_text("utf-8"))
    kept = {"process.name", "process.pid", "user.name", "source.ip", "source.port", "event.outcome", "event.action",
            "event.category", "event.kind", "related.ip", "related.user", "related.hosts", "host.hostname"}  # fmt: skip
    for line, truth in zip(_plain(path), expected, strict=False):
        yield Line(line.text, {name: value for name, value in truth.items() if name in kept})


def sshd(folder: Path) -> Iterator[Line]:
    for name in (
        "sshd-logs",
        "sshd-success-logs",
        "pam-logs",
        "ssh-bf",
        "ssh-time-based-bf",
        "sshd-bad-keyexchange-bf",
    ):
        for path in sorted((folder / "crowdsec-hub-tests" / name).glob("*.log")):
            for line in _plain(path):
                address = re.search(r"\b\d{1,3}(?:\.\d{1,3}){3}\b", line.text.partition(": ")[2])
                yield Line(line.text, {"source.ip": address[0]} if address else {})


def suricata(folder: Path) -> Iterator[Line]:
    return _plain(folder / "crowdsec-hub-tests" / "suricata-logs-evelog" / "suricata-logs-evelog.log")


def botuq(folder: Path, *vendors: str) -> Iterator[Line]:
    for vendor in vendors:
        for path in sorted((folder / "botuq-cn-vendors" / vendor).glob("*.jsonl")):
            yield from (Line(json.loads(row.text)["raw"]) for row in _plain(path))


def huawei(folder: Path) -> Iterator[Line]:
    """Firewall and IPS lines; the neighbouring controllers and boards of the vendor are other products."""
    yield from _plain(folder / "wp-motor-cn" / "huawei_zhuru.log")
    yield from (line for line in botuq(folder, "huawei") if re.search(r"%% ?01|/\d/", line.text))


def fortinet(folder: Path) -> Iterator[Line]:
    return botuq(folder, "fortinet")


def chinese(folder: Path) -> Iterator[Line]:
    """Products without a parser of their own: what the fallback makes of them."""
    vendors = sorted(path.name for path in (folder / "botuq-cn-vendors").iterdir() if path.is_dir())
    return botuq(folder, *[name for name in vendors if name not in {"huawei", "fortinet"}])


def otrf(folder: Path) -> Iterator[Line]:
    """Every 40th event of each dataset; Channel and EventID are the truth."""
    for path in sorted((folder / "otrf-security-datasets").rglob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".json") and "__MACOSX" not in name:
                    with archive.open(name) as opened:
                        for number, row in enumerate(io.TextIOWrapper(opened, "utf-8", "replace")):
                            if number % 40 == 0 and row.strip():
                                yield Line(row.strip(), _windows_truth(json.loads(row)))


def _windows_truth(raw: dict[str, Any]) -> Event:
    names = {"Channel": "winlog.channel", "EventID": "winlog.event_id", "CommandLine": "process.command_line"}
    return {name: str(raw[key]) for key, name in names.items() if raw.get(key)}


def sigma_regression(folder: Path) -> Iterator[Line]:
    """Pretty-printed evtx_dump JSON, one or more objects a file."""
    decoder = json.JSONDecoder()
    for path in sorted((folder / "sigma-regression").rglob("*.json")):
        body = _text(path).strip()
        while body:
            found, end = decoder.raw_decode(body)
            system = found["Event"]["System"]
            number = system["EventID"]
            number = number.get("#text") if isinstance(number, dict) else number
            yield Line(json.dumps(found), {"winlog.channel": system["Channel"], "winlog.event_id": str(number)})
            body = body[end:].strip()


XP: dict[str, str | tuple[str, ...]] = {
    "src.ip": "source.ip", "dst.ip": "destination.ip", "src.port": "source.port", "dst.port": "destination.port",
    "event_src.host": "host.name", "msgid": "winlog.event_id", "logon_service": "winlog.event_data.LogonProcessName",
    "object.process.fullpath": "process.executable", "object.process.cmdline": "process.command_line",
    "object.process.parent.fullpath": "process.parent.executable",
    "subject.account.name": ("user.name", "user.target.name"),
}  # fmt: skip
"""Names of that taxonomy that say the same as an ECS field; where it parts subject and object, either side counts."""


def xp_windows(folder: Path) -> Iterator[Line]:
    base = folder / "open-xp-rules" / "windows_open_package"
    for path in sorted(base.rglob("raw_events_*.json")):
        yield from _plain(path)


def xp_normalised(folder: Path) -> Iterator[Line]:
    """Raw Windows events with the normalised document beside them."""
    for path in sorted((folder / "open-xp-rules").rglob("raw_*.txt")):
        wanted = path.with_name(path.name.replace("raw_", "norm_")).with_suffix(".json")
        raw = _text(path).strip()
        if wanted.exists() and raw.startswith("{") and '"Event"' in raw:
            truth = json.loads(wanted.read_text("utf-8-sig"))
            yield Line(raw, {name: truth[name] for name in XP if truth.get(name) is not None})


SOURCES: dict[str, Callable[[Path], Iterator[Line]]] = {
    "sage-cptc2017": sage, "suricata (crowdsec)": suricata, "zeek + icsnpp": zeek, "cef": cef, "cef (sc4s)": sc4s_cef,
    "fortinet (sc4s)": sc4s_forti, "fortinet (botuq)": fortinet, "huawei": huawei, "sshd and PAM (crowdsec)": sshd,
    "system auth (beats)": beats_auth, "otrf": otrf, "sigma-regression": sigma_regression,
    "windows (open-xp)": xp_windows,
    "windows normalised (open-xp)": xp_normalised, "other Chinese vendors (botuq)": chinese,
}  # fmt: skip


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, list):
        return isinstance(found, list) and {str(item) for item in wanted} <= {str(item) for item in found}
    return str(found).lower() == str(wanted).lower()


def _compare(report: Report, event: Event, truth: Event) -> None:
    for name, wanted in truth.items():
        target = XP.get(name, name)
        names = (target,) if isinstance(target, str) else target
        report.fields += 1
        if any(_same(event.get(each), wanted) for each in names):
            report.agreed += 1
        else:
            report.disagreements[f"{name}: {wanted!r} but {event.get(names[0])!r}"[:160]] += 1


def measure(name: str, folder: Path) -> Report:
    """Read a source as the collectors do: header, sniff, parse."""
    report = Report()
    sessions: dict[str, Parse] = {}
    for line in SOURCES[name](folder):
        record = read_header(line.text, RECEIVED)
        report.lines += 1
        try:
            if line.group:
                session = registry.by_name("zeek").session
                assert session is not None
                parse = sessions.setdefault(line.group, session())
                parser = registry.by_name("zeek")
                events = parse(record, RECEIVED)
            else:
                parser = registry.sniff(record)
                events = parser.parse(record, RECEIVED)
        except ParseError as error:
            report.quarantined += 1
            report.reasons[f"{error.reason}: {line.text[:80]}"] += 1
            continue
        report.parsed += 1
        report.generic += parser.name == registry.GENERIC
        if parser.name == registry.GENERIC:
            report.reasons[f"generic: {line.text[:100]}"] += 1
        if events:
            _compare(report, events[0], line.truth)
    return report


def main() -> None:
    folder = Path(os.environ.get("TAISHI_CORPUS", ROOT.parent / "shared" / "corpus")) / "given"
    write = sys.stdout.write
    write(f"{'source':32}{'lines':>8}{'parsed':>8}{'quarant.':>9}{'generic':>8}{'fields':>8}{'agree':>8}\n")
    for name in sys.argv[1:] or SOURCES:
        found = measure(name, folder)
        write(
            f"{name:32}{found.lines:8}{found.parsed:8}{found.quarantined:9}{found.generic:8}{found.fields:8}{found.agreement:8.3f}\n"
        )
        if len(sys.argv) > 1:
            for each in (found.reasons, found.disagreements):
                write("".join(f"    {count:6} {text}\n" for text, count in each.most_common(40)))


if __name__ == "__main__":
    main()
