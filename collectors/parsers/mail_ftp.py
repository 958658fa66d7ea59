"""Mail and file servers through syslog: Postfix, Dovecot, Exim, Sendmail, amavis, OpenSMTPD; vsftpd, ProFTPD, Pure-FTPd, SFTP.

Each program writes its own words; what matters is who logged in from where and whether it was let in, what mail was
refused, which file went where.
Reference: https://www.postfix.org/postconf.5.html, https://doc.dovecot.org/, http://www.proftpd.org/docs/
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import integer, ip
from collectors.parsers._endpoint import file
from collectors.parsers._service import at, close, login, opened, peer
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "mail_ftp"
_CLIENT: Final = re.compile(r"(?P<host>[\w.\-]{1,255})\[(?P<ip>[0-9A-Fa-f.:]{2,48})\](?::(?P<port>\d{1,5}))?")
_SASL: Final = re.compile(
    r"warning: \S{1,300}: SASL (?P<method>\S{1,32}) authentication failed(?:: (?P<reason>[^,]{0,200}))?"
)
_SASL_USER: Final = re.compile(r"sasl_username=(\S{1,255})")
_REJECT: Final = re.compile(r"(?:NOQUEUE|[0-9A-F]{6,12}|\w{8,20}): (?:milter-)?reject: (\w{2,16}) from ")
_ANGLE: Final = re.compile(r"\b(from|to|helo)=<([^>]{0,320})>")
_DOVE: Final = re.compile(r"\b(user|method|rip|lip|rport|lport|session|mpid)=(?:<([^>]{0,255})>|([^,\s]{0,255}))")
_WORKER: Final = re.compile(
    r"\w{2,16}\((?P<user>[^,)\s]{0,255}),(?P<ip>[0-9A-Fa-f.:]{2,48})(?:,[^)]{0,64})?\): ?(?P<said>.{0,300})"
)
_EXIM: Final = re.compile(
    r"(?:(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d{1,6})?(?: (?P<zone>[+-]\d{4}))? )(?:\[\d{1,10}\] )?(?P<said>.*)",
    re.DOTALL,
)
_EXIM_AUTH: Final = re.compile(
    r"(?P<method>\w{2,32}) authenticator failed for (?:(?P<helo>[\w.\-]{1,255}) )?"
    r"(?:\(\[?[^)]{0,255}\]?\) )?\[(?P<ip>[0-9A-Fa-f.:]{2,48})\](?::(?P<port>\d{1,5}))?"
)
_EXIM_IP: Final = re.compile(r"\[(?P<ip>[0-9A-Fa-f.:]{2,48})\](?::(?P<port>\d{1,5}))?")
_EXIM_HOST: Final = re.compile(r"\d\d:\d\d:\d\d(?: [+-]\d{4})? (?:\S{16,23} (?:<=|=>|->|==|\*\*) |H=)[^\n]{0,300}")
_SET_ID: Final = re.compile(r"set_id=([^)\s]{1,255})")
_AMAVIS: Final = re.compile(r"(?P<verdict>Blocked|Passed) (?P<kind>[A-Z\-]{3,32})(?: \((?P<name>[^)]{1,255})\))?")
_AMAVIS_IP: Final = re.compile(r"\[([0-9A-Fa-f.:]{2,48})\](?::(\d{1,5}))?")
_MAILS: Final = re.compile(r"<([^>]{0,320})> -> <([^>]{1,320})>")
_PURE: Final = re.compile(
    r"\((?P<user>[^@)]{0,255})@(?P<host>[^)]{1,255})\) \[(?P<level>\w{3,10})\] (?P<said>.*)", re.DOTALL
)
_PURE_USER: Final = re.compile(r"\[([^\]]{0,255})\]")
_PROFTPD: Final = re.compile(
    r"(?:(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) (?P<box>\S{1,255}) proftpd\[(?P<pid>\d{1,10})\]:? )?"
    r"(?P<server>\S{1,255}) \((?P<host>\S{1,255}?)\[(?P<ip>[0-9A-Fa-f.:]{2,48})\]\)(?::| -|) ?(?P<said>.*)", re.DOTALL
)  # fmt: skip
_FTP_USER: Final = re.compile(r"(?:USER|user|ANON) '?(?P<user>[^\s:'(]{1,255})'?[: ]")
_VSFTPD: Final = re.compile(
    r"(?:[A-Z][a-z]{2} (?P<time>[A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d \d{4}) )?"
    r"\[pid (?P<pid>\d{1,10})\] (?:\[(?P<user>[^\]]{0,255})\] )?"
    r"(?P<result>OK|FAIL)? ?(?P<verb>[A-Z][A-Z ]{2,24}): Client \"(?P<ip>[^\"]{2,64})\"(?P<rest>.*)", re.DOTALL
)  # fmt: skip
_QUOTED: Final = re.compile(r'"([^"]{1,1024})"')


def _postfix(event: Event, said: str) -> bool:
    _client(event, said)
    for key, value in _ANGLE.findall(said[:4000]):
        if key in {"from", "to"} and value:
            event[f"email.{key}.address"] = [value]
    if (failed := _SASL.match(said)) is not None:
        name = _SASL_USER.search(said, 0, 2000)
        login(event, good=False, user=name[1] if name else None, reason=failed["reason"], action="smtp-login")
    elif (rejected := _REJECT.match(said)) is not None:
        event["event.action"], event["event.category"], event["event.type"] = "mail-rejected", ["email"], ["denied"]
        event["event.outcome"], event["event.reason"] = "failure", said[rejected.end() :][:300]
        event["mail.stage"] = rejected[1]
    elif "sasl_username=" in said and "client=" in said:
        name = _SASL_USER.search(said, 0, 2000)
        login(event, good=True, user=name[1] if name else None, action="smtp-login")
    elif said.startswith(("connect from ", "disconnect from ", "lost connection ", "timeout after ")):
        kind = "start" if said.startswith("connect ") else "end"
        event["event.action"], event["event.category"] = "smtp-connection", ["email", "network"]
        event["event.type"] = ["connection", kind]
    elif " status=" in said:
        event["event.action"] = "mail-delivery"
        event["event.outcome"] = "success" if " status=sent" in said else "failure"
    return True


def _client(event: Event, said: str) -> None:
    found = _CLIENT.search(said, 0, 500)
    if found is not None:
        peer(event, found["ip"], found["port"])
        if found["host"] != "unknown":
            event["source.domain"] = found["host"]


def _dovecot(event: Event, said: str) -> bool:
    values = {key: angle or word for key, angle, word in _DOVE.findall(said[:2000])}
    if user := values.get("user"):
        event["user.name"] = user
    if rip := values.get("rip"):
        peer(event, rip, values.get("rport"))
    if lip := values.get("lip"):
        peer(event, lip, values.get("lport"), "destination")
    if method := values.get("method"):
        event["mail.method"] = method
    worker = _WORKER.search(said, 0, 300)
    if worker is not None:
        _worker(event, worker)
    else:
        _mailbox(event, said.lower())
    return True


_BAD: Final = ("unknown user", "failed", "mismatch", "invalid", "not found", "denied")


def _worker(event: Event, found: re.Match[str]) -> None:
    """`pam(user,address): what went wrong`."""
    peer(event, found["ip"])
    if found["user"]:
        event["user.name"] = found["user"]
    if any(word in found["said"].lower() for word in _BAD):
        login(event, good=False, reason=found["said"][:200], action="mail-login")


def _mailbox(event: Event, lower: str) -> None:
    if ": login:" in lower or lower.startswith("login:"):
        login(event, good=True, action="mail-login")
    elif any(word in lower for word in ("auth failed", "authentication failed", "password mismatch")):
        login(event, good=False, reason="auth failed", action="mail-login")
    elif any(word in lower for word in ("disconnected", "aborted login", "connection closed")):
        event["event.action"], event["event.category"] = "mail-disconnect", ["session"]
        event["event.type"] = ["end"]
        if "aborted login" in lower or "no auth attempts" in lower:
            event["event.outcome"] = "failure"


def _exim(event: Event, said: str, received: Received) -> bool:
    found = _EXIM.match(said)
    if found is not None:
        at(event, found["time"], found["zone"] or "", received)
        said = found["said"]
    event["message"] = said
    failed = _EXIM_AUTH.search(said, 0, 700)
    if failed is not None:
        name = _SET_ID.search(said, 0, 2000)
        login(event, good=False, user=name[1] if name else None, action="smtp-login")
        event["mail.method"] = failed["method"]
        peer(event, failed["ip"], failed["port"])
        return True
    place = _EXIM_IP.search(said, 0, 2000)
    if place is not None and ip(place["ip"]):
        peer(event, place["ip"], place["port"])
    if "rejected" in said or " denied" in said or "refused" in said:
        event["event.action"], event["event.type"], event["event.outcome"] = "mail-rejected", ["denied"], "failure"
    return True


def _amavis(event: Event, said: str) -> bool:
    found = _AMAVIS.search(said, 0, 200)
    if found is None:
        return True
    place = _AMAVIS_IP.search(said, found.end(), found.end() + 400)
    if place is not None:
        peer(event, place[1], place[2])
    mails = _MAILS.search(said, 0, 2000)
    if mails is not None:
        event["email.from.address"], event["email.to.address"] = [mails[1]], [mails[2]]
    event["event.action"] = f"mail-{found['verdict'].lower()}"
    event["event.reason"] = found["kind"] + (f" ({found['name']})" if found["name"] else "")
    event["event.type"] = ["denied" if found["verdict"] == "Blocked" else "allowed"]
    event["event.severity"] = 60 if found["kind"] == "INFECTED" else 25
    return True


def _pure(event: Event, said: str) -> bool:
    found = _PURE.match(said)
    if found is None:
        return False
    if found["user"] not in {"?", ""}:
        event["user.name"] = found["user"]
    peer(event, found["host"])
    text = event["message"] = found["said"]
    if "uthentication failed" in text:
        name = _PURE_USER.search(text, 0, 400)
        login(event, good=False, user=name[1] if name else None, action="ftp-login")
    elif text.endswith("is now logged in"):
        login(event, good=True, user=text.split(" ")[0], action="ftp-login")
    elif text.endswith(("downloaded", "uploaded")) or " downloaded " in text or " uploaded " in text:
        _transfer(event, text.split(" ")[0], "access" if "downloaded" in text else "creation")
    return True


def _transfer(event: Event, path: str, kind: str) -> None:
    event["event.action"], event["event.category"], event["event.type"] = "ftp-transfer", ["file"], [kind]
    if path:
        file(event, path)


def _proftpd(event: Event, said: str, received: Received) -> bool:
    found = _PROFTPD.match(said)
    if found is None:
        return False
    if found["time"]:
        at(event, found["time"].replace(",", "."), "", received)
        event["host.name"] = event["host.hostname"] = found["box"]
        if (pid := integer(found["pid"])) is not None:
            event["process.pid"] = pid
    peer(event, found["ip"])
    text = event["message"] = found["said"]
    name = _FTP_USER.search(text + " ", 0, 300)
    user = name["user"] if name else None
    lower = text.lower()
    if "login failed" in lower or "no such user" in lower or "incorrect password" in lower or "maximum login" in lower:
        login(event, good=False, user=user, reason=text[:200], action="ftp-login")
    elif "login successful" in lower:
        login(event, good=True, user=user, action="ftp-login")
    elif "session closed" in lower or "session opened" in lower:
        kind = "end" if "closed" in lower else "start"
        event["event.action"], event["event.category"], event["event.type"] = "ftp-session", ["session"], [kind]
    return True


def _vsftpd(event: Event, said: str, received: Received) -> bool:
    found = _VSFTPD.match(said)
    if found is None:
        return False
    if found["time"]:
        at(event, found["time"], "", received)
    if (pid := integer(found["pid"])) is not None:
        event["process.pid"] = pid
    peer(event, found["ip"])
    if found["user"]:
        event["user.name"] = found["user"]
    verb = found["verb"].strip()
    if verb == "LOGIN":
        login(event, good=found["result"] == "OK", user=found["user"], action="ftp-login")
    elif verb == "CONNECT":
        event["event.action"], event["event.category"] = "ftp-connection", ["network"]
        event["event.type"] = ["connection", "start"]
    else:
        paths = _QUOTED.search(found["rest"])
        kind = {"DOWNLOAD": "access", "UPLOAD": "creation", "DELETE": "deletion", "MKDIR": "creation"}.get(
            verb, "change"
        )
        _transfer(event, paths[1] if paths else "", kind)
        event["event.action"] = f"ftp-{verb.lower()}"
        event["event.outcome"] = "failure" if found["result"] == "FAIL" else "success"
    return True


_PROGRAMS: Final = {
    "postfix": "postfix", "dovecot": "dovecot", "exim": "exim", "exim4": "exim", "amavis": "amavis", "amavisd": "amavis",
    "pure-ftpd": "pure", "proftpd": "proftpd", "vsftpd": "vsftpd", "sendmail": "sendmail", "smtpd": "sendmail",
    "sm-mta": "sendmail", "sftp-server": "sftp", "internal-sftp": "sftp", "auth": "dovecot",
}  # fmt: skip


def _program(event: Event) -> str:
    name = str(event.get("process.name", ""))
    return "postfix" if name.startswith("postfix") else _PROGRAMS.get(name.split("/", maxsplit=1)[0], "")


def _read(event: Event, kind: str, said: str, received: Received) -> bool:
    if kind == "postfix":
        return _postfix(event, said)
    if kind == "dovecot":
        return _dovecot(event, said)
    if kind == "exim":
        return _exim(event, said, received)
    if kind in {"amavis", "pure"}:
        return (_amavis if kind == "amavis" else _pure)(event, said)
    if kind in {"proftpd", "vsftpd"}:
        return (_proftpd if kind == "proftpd" else _vsftpd)(event, said, received)
    _client(event, said)
    return bool(kind)


def _bare(text: str) -> str:
    """Files without a syslog header name no program: the form does."""
    head = text[:300]
    if " proftpd[" in head and _PROFTPD.match(text):
        return "proftpd"
    if "[pid " in head[:40] and ': Client "' in head:
        return "vsftpd"
    if head[:4].isdecimal() and (_EXIM_AUTH.search(text, 0, 700) or _EXIM_HOST.search(text, 0, 400)):
        return "exim"
    return ""


def parse(framed: Framed, received: Received) -> list[Event]:
    bare = _bare(framed.text)
    event, said = opened(NAME, "mail.log", Framed(framed.text) if bare else framed, received, "email", iso=not bare)
    if bare and framed.text[:3].isalpha():
        event, said = {**event}, framed.text
    kind = bare or _program(event)
    if not kind:
        raise ParseError("no mail or file server wrote this", NAME)
    if kind in {"proftpd", "vsftpd", "pure", "sftp"}:
        event["event.dataset"], event["event.category"] = "ftp.log", ["file"]
    event["service.type"] = kind if kind != "pure" else "pure-ftpd"
    event["message"] = said.strip()
    event["observer.type"] = "host"
    if not _read(event, kind, said.strip(), received):
        event["event.action"] = "log"
    return close(event, received)


def sniff(framed: Framed) -> float:
    name = str(framed.syslog.get("process.name") or "")
    if name:
        if name.startswith(("postfix/", "postfix-")) or name.split("/", maxsplit=1)[0] in _PROGRAMS:
            return 0.93 if name != "auth" else 0.0
    elif _SYSLOG.search(framed.text, 0, 200):
        return 0.92
    return 0.9 if _bare(framed.text) else 0.0


_SYSLOG: Final = re.compile(
    r" (?:postfix(?:/[\w/\-]{1,32})?|dovecot|exim4?|amavisd?|pure-ftpd|proftpd|vsftpd|sendmail|sm-mta|sftp-server|internal-sftp)"
    r"(?:\[\d{1,10}\])?: "
)

PARSER = Parser(
    name=NAME,
    product="Mail and file servers (Postfix, Dovecot, Exim, amavis, vsftpd, ProFTPD, Pure-FTPd)",
    data_kind="platform",
    reference="https://www.postfix.org/postconf.5.html",
    parse=parse,
    sniff=sniff,
    markers=(
        "postfix",
        "dovecot",
        "exim",
        "amavis",
        "pure-ftpd",
        "proftpd",
        "vsftpd",
        "sendmail",
        "sm-mta",
        "sftp",
        "smtpd",
        "[pid ",
        "authenticator failed",
        " H=",
        " <= ",
        " => ",
        " -> ",
        " == ",
        " ** ",
    ),
)
