"""Applications' own logs: who tried to log in, from where, and whether it was let in — text, logfmt, and JSON.

Hundreds of applications write a sentence of their own for a refused login; the sentence is read by its words ("failed",
"invalid", "denied" beside "login", "authentication", "password"), the user and address by what names them. The application is
named only where its line does. Lines of `time=… level=… msg=…` and access lines of small web servers are read too.
Reference: https://github.com/crowdsecurity/hub (which applications write what), the applications' documentation
"""

from __future__ import annotations

import re
from typing import Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers._common import apply, integer, ip, keep, load_object, text
from collectors.parsers._documents import flatten
from collectors.parsers._service import at, close, level, login, opened, peer
from collectors.parsers._text import spaced_pairs
from collectors.parsers._time import stamp
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "app_log"
_MOST: Final = 4000
_BAD: Final = re.compile(
    r"fail|invalid|incorrect|denied|unsuccessful|wrong |\bbad |reject|rate-limited|not found|unknown|could not|"
    r"LOGIN_ERROR|Auth-Failure|"
    r"Can't find user|失败|错误",
    re.IGNORECASE,
)
_ABOUT: Final = re.compile(
    r"log ?(?:ged )?(?:in|on)\b|login|sign-?in|auth|password|credential|account|user |登录|登陆|认证|口令|密码",
    re.IGNORECASE,
)
_GOOD: Final = re.compile(
    r"has succeeded|login success|successfully (?:authenticated|logged in|signed in)|logged in (?:with|from|success)|"
    r"AUTHENTICATION_SUCCESS|login succeeded|登录成功|认证成功",
    re.IGNORECASE,
)
_ADDRESS: Final = re.compile(
    r"(?<![\w.:])(?:::ffff:)?(\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})"
    r"(?:\]?:(\d{1,5})(?!\d))?(?!\w)(?!\.\d)"
)
_KEYED: Final = re.compile(
    r"(?:\bo?ip(?:[ \-]?address)?|IPV[46]/(?:UDP|TCP|TLS|WSS?)|rhost|"
    r"remote[_ ]?(?:ip|addr(?:ess)?)|client[_ ]?(?:ip|addr)?|from|by)"
    r"(?: (?:private|public))?(?: ip)?[^\w:]{0,6}$",
    re.IGNORECASE,
)
_USERS: Final = (
    re.compile(r",AccountID=\"(?P<user>[^\"]{1,256})\""),
    re.compile(
        r"(?:user(?:name)?|account(?:ID)?|email|login|principal|for|attempt by|用户|账号|帐号)"
        r"""\s?[=:]{0,1}"?\s?:?\s?(?:user )?['"`\[](?P<user>[^'"`\]]{1,256})['"`\]]""",
               re.IGNORECASE),
    re.compile(r"\b(?:username|user|email|login|set_id|uname|name)[=:]\s?(?P<user>[^\s,;\"')}\]]{1,256})", re.IGNORECASE),
    re.compile(
        r"(?:for user:?|for|by user|account|password for|user) "
        r"(?P<user>[^\s,'\"(:]{1,256}?)[.:]?(?: from| failed| has been| \(|\. IP|$| details)"),
    re.compile(r"[Ll]ogin failed: (?P<user>\S{1,256}) \("),
    re.compile(r"\] (?P<user>[^\s,'\"(]{1,256}) was not found"),
    re.compile(r"\d\d:\d\d:\d\d (?P<user>\S{1,256}) [0-9A-Fa-f.:]{2,48} failed to login"),
)  # fmt: skip
_TIME: Final = re.compile(
    r"(\d{4}[-/]\d\d[-/]\d\d)(?:T| - | )(\d\d:\d\d:\d\d(?:[.,]\d{1,9})?) ?(Z|UTC|[+-]\d\d:?\d\d)?(?![\d:])"
)
_LEVEL: Final = re.compile(
    r"[\[ |<.({](TRACE|DEBUG|DBG|INFO|INF|NOTICE|WARNING|WARN|WRN|ERROR|ERR|FATAL|CRITICAL)(?=[\] |>:)},])",
    re.IGNORECASE,
)
_GIN: Final = re.compile(
    r"\[GIN\] \d{4}/\d\d/\d\d - \d\d:\d\d:\d\d \| {0,3}(\d{3}) \| {0,16}\S{1,20} \| {0,40}"
    r"(\S{2,48}) \| ([A-Z]{3,7}) {1,8}\"([^\"]{0,2048})\""
)
_UVICORN: Final = re.compile(
    r"([0-9A-Fa-f.:\[\]]{2,48}):(\d{1,5}) - \"([A-Z]{3,8}) (\S{1,2048}) HTTP/([\d.]{1,4})\" (\d{3})"
)
_BRACKETED: Final = re.compile(
    r"\[([0-9A-Fa-f.:]{2,48}):(\d{1,5})\] (\d{3}) [\w ]{2,32} \"([A-Z]{3,8}) (\S{1,2048}) HTTP"
)
_WEBMIN: Final = re.compile(
    r"\d{10}\.\d{1,12}\.\d{1,6} \[(\d\d/[A-Z][a-z]{2}/\d{4} \d\d:\d\d:\d\d)\] (\S{1,256}) (\S{1,64}) (\S{1,255}) "
    r"(\S{1,64}) (\S{1,128}) \"([^\"]{1,64})\""
)
_LOGFMT: Final = re.compile(r"(?:^|[ :])(?:time|t|ts)=\S{8,40}|(?:^| )logger=\S")
_PACKET: Final = re.compile(
    r"(?P<verb>sending|received) packet: from (?P<a>[0-9A-Fa-f.:]{2,48})\[(?P<ap>\d{1,5})\]"
    r" to (?P<b>[0-9A-Fa-f.:]{2,48})\[(?P<bp>\d{1,5})\]"
)
_CHARON: Final = re.compile(r" charon(?:-systemd)?(?:\[\d{1,10}\]:| \d{1,10} - )")
SERVICES: Final = (
    ("org.keycloak.", "keycloak"), ("org.key.events", "keycloak"), ("o.a.g.r.auth", "guacamole"), ("|CAS|", "apereo-cas"),
    ("org.apereo.", "apereo-cas"), ("Jellyfin", "jellyfin"), ("jellyfin[", "jellyfin"), ("homeassistant.", "home-assistant"),
    ("paperless.", "paperless-ngx"), ("vaultwarden::", "vaultwarden"), ("sofia_reg", "freeswitch"), ("SecurityEvent=", "asterisk"),
    ("res_security_log", "asterisk"), ("local.WARNING: AUDIT", "firefly-iii"), ("SignInPost", "gitea"), ("cps.web", "calibre-web"),
    ("Stirling", "stirling-pdf"), ("s.s.S.c.s.", "stirling-pdf"), ("pvedaemon", "proxmox"), ("proxmox-backup", "proxmox-backup"),
    ("Radarr", "radarr"), ("Sonarr", "sonarr"), ("Prowlarr", "prowlarr"), ("WebAPI login", "qbittorrent"), ("LLNG", "lemonldap-ng"),
    ("o.t.s.AccessLogFilter", "thehive"), ("DnsServerCore", "technitium"), ("web_php[", "zoneminder"), ("SoapEngine", "zimbra"),
    ("Overseerr", "overseerr"), ("|Query ", "teamspeak"), ("subsystem=sftp", "pterodactyl-wings"), ("[interface:", "sabnzbd"),
    ("miniserv.pl", "webmin"), ("uname=", "grafana"), ("endlessh", "endlessh"), (" charon", "strongswan"), ("[GIN] ", "gin"),
    ("1FA authentication", "authelia"), ("bitwarden", "bitwarden"), ("POST /api/sessions", "joplin"),
    ("meshcentral", "meshcentral"),
)  # fmt: skip
_OBJECTS: Final = (
    (("reqId", "remoteAddr"), "nextcloud"), (("logger", "client_ip", "auth_via"), "authentik"),
    (("controller", "action", "remote_ip"), "gitlab"), (("cluster_name", "code", "uid"), "teleport"),
    (("sender", "connection_id"), "sftpgo"), (("visitor_id", "visitor_ip"), "ntfy"),
    (("statusCode", "req", "tags"), "opensearch-dashboards"),
    (("levelName", "source", "message"), "audiobookshelf"), (("loggerName", "sequence", "ndc"), "keycloak"),
    (("visitor_id", "http_path"), "ntfy"), (("sender", "level", "time"), "sftpgo"),
    (("http_path", "tag", "level"), "ntfy"), (("uname", "orgId", "userId"), "grafana"),
)  # fmt: skip
_JSON_USER: Final = ("username", "identifier", "user_name", "email", "params.0.value.login", "params.1.value.login", "user.name",
    "params.2.value.login", "details.username", "user.username", "user")  # fmt: skip
_JSON_IP: Final = ("remoteAddr", "remote_ip", "client_ip", "ip", "visitor_ip", "addr.remote", "remote_addr", "ipAddress",
    "req.headers.x-forwarded-for", "req.remoteAddress", "clientIp")  # fmt: skip
_JSON_TIME: Final = ("time", "timestamp", "@timestamp", "ts", "t")


def _place(event: Event, said: str) -> None:
    """The address that a word names as the client's, else the first one."""
    first: tuple[str, str | None] | None = None
    for index, found in enumerate(_ADDRESS.finditer(said, 0, _MOST)):
        address = ip(found[1])
        if address is None or index > 16:
            continue
        if first is None:
            first = (address, found[2])
        if _KEYED.search(said, max(0, found.start() - 48), found.start()):
            first = (address, found[2])
            break
    if first is not None:
        peer(event, *first)


def _slashed(event: Event, said: str) -> None:
    """Asterisk: `RemoteAddress="IPV4/UDP/1.2.3.4/5060"`."""
    found = _ASTERISK.search(said, 0, _MOST)
    if found is not None:
        peer(event, found[1], found[2])


_ASTERISK: Final = re.compile(r'RemoteAddress="IPV[46]/\w{2,4}/([0-9A-Fa-f.:]{2,48})/(\d{1,5})"')
_CAS: Final = re.compile(r"\|(AUTHENTICATION_\w{4,10})\|([^|\n]{1,256})\|([0-9A-Fa-f.:]{2,48})\|")


def _user(said: str) -> str | None:
    for pattern in _USERS:
        found = pattern.search(said, 0, _MOST)
        if found is not None and found["user"].lower() not in {"null", "none", "unknown", "-", "user"}:
            return found["user"].strip().rstrip(".")
    return None


def _sentence(event: Event, said: str) -> None:
    """A sentence about a login, if it is one."""
    cas = _CAS.search(said, 0, _MOST)
    if cas is not None:
        login(event, good=cas[1].endswith("SUCCESS"), user=cas[2], reason=cas[1])
        peer(event, cas[3])
        return
    good = _GOOD.search(said, 0, _MOST) is not None
    bad = not good and _BAD.search(said, 0, _MOST) is not None
    if (good or bad) and _ABOUT.search(said, 0, _MOST):
        login(event, good=good, user=_user(said), reason=None if good else said[:200])
    if "source.ip" not in event:
        (_slashed if "SecurityEvent=" in said else _place)(event, said)


def _web(event: Event, said: str, received: Received) -> bool:
    """Access lines: gin, uvicorn, webmin."""
    if (gin := _GIN.search(said, 0, 400)) is not None:
        peer(event, gin[2])
        _http(event, gin[3], gin[4], gin[1])
    elif (line := _UVICORN.search(said, 0, 400)) is not None:
        peer(event, line[1].strip("[]"), line[2])
        _http(event, line[3], line[4], line[6])
        event["http.version"] = line[5]
    elif (entry := _BRACKETED.search(said, 0, 400)) is not None:
        peer(event, entry[1], entry[2])
        _http(event, entry[4], entry[5], entry[3])
    elif (entry := _WEBMIN.match(said)) is not None:
        peer(event, entry[4] if entry[3] == "-" else entry[3])
        at(event, entry[1], "", received)
        if entry[7] in {"failed", "login", "logout"}:
            login(event, good=entry[7] != "failed", user=entry[2])
        event["event.action"] = f"webmin-{entry[7]}"[:64]
    else:
        return False
    return True


def _http(event: Event, method: str, path: str, status: str) -> None:
    event["event.category"], event["event.type"] = ["web"], ["access"]
    event["http.request.method"], event["url.original"] = method, path
    code = integer(status) or 0
    event["http.response.status_code"] = code
    event["event.outcome"] = "failure" if code >= 400 else "success"
    if code in {401, 403} and any(word in path.lower() for word in ("login", "auth", "client", "session", "token")):
        login(event, good=False, action="login")


def _named(event: Event, said: str) -> None:
    for literal, name in SERVICES:
        if literal in said[:_MOST]:
            event["service.name"] = name
            return


def _time(event: Event, said: str, received: Received) -> None:
    found = _TIME.search(said, 0, 160)
    if found is not None:
        at(
            event,
            f"{found[1].replace('/', '-')} {found[2].replace(',', '.')}",
            (found[3] or "").replace("UTC", "Z"),
            received,
        )


def _object(event: Event, framed: Framed, received: Received) -> None:
    raw = load_object(framed, NAME)
    flat = flatten(raw)
    if (name := next((name for keys, name in _OBJECTS if all(key in raw for key in keys)), None)) is not None:
        event["service.name"] = name
    stamp(event, next((flat[key] for key in _JSON_TIME if key in flat), None), received)
    said = text(raw.get("message")) or text(raw.get("msg")) or text(raw.get("event")) or ""
    event["message"] = said
    if (word := text(raw.get("level") if isinstance(raw.get("level"), str) else raw.get("levelName"))) is not None:
        level(event, word)
    _sentence(event, said + " " + (text(raw.get("error")) or text(raw.get("action")) or ""))
    user = next(
        (found for key in _JSON_USER if (found := text(flat.get(key))) and found not in {"--", "anonymous"}), None
    )
    if user:
        event.setdefault("user.name", user)
    address = next((found for key in _JSON_IP if (found := text(flat.get(key)))), None)
    if address:
        host, _, number = address.rpartition(":") if ip(address) is None else (address, "", "")
        event.pop("source.ip", None)
        peer(event, host.strip("[]") or address, number or None)
    if isinstance(good := raw.get("success"), bool):
        login(event, good=good, action=said or "login") if "login" in said else event.update(
            {"event.outcome": "success" if good else "failure"}
        )
    status = integer(flat.get("statusCode") or flat.get("status") or flat.get("http_status"))
    if status and 100 <= status < 600:
        _http(
            event,
            str(raw.get("method", "GET")).upper(),
            str(flat.get("req.url") or flat.get("path") or "/"),
            str(status),
        )
    keep(event, "app.", flat, frozenset({"message", "msg", *_JSON_TIME}))


_LOGFMT_FIELDS: Final = {
    "remote_ip": ("source.ip", ip), "remote_addr": ("source.ip", ip), "remoteAddr": ("source.ip", ip),
    "client_ip": ("source.ip", ip),
    "ip": ("source.ip", ip), "username": ("user.name", text), "user": ("user.name", text), "uname": ("user.name", text),
    "method": ("http.request.method", text), "path": ("url.original", text), "user_agent": ("user_agent.original", text),
    "httpStatus": ("http.response.status_code", integer), "status": ("http.response.status_code", integer),
    "userAgent": ("user_agent.original", text), "error": ("event.reason", text), "err": ("event.reason", text),
    "logger": ("log.logger", text),
}  # fmt: skip


def _logfmt(event: Event, said: str, received: Received) -> None:
    pairs = spaced_pairs(said)
    message = pairs.get("msg") or pairs.get("message") or ""
    event["message"] = message
    stamp(event, pairs.get("time") or pairs.get("t") or pairs.get("ts"), received)
    if word := pairs.get("level") or pairs.get("lvl"):
        level(event, word)
    apply(event, pairs, _LOGFMT_FIELDS)
    if event.get("http.response.status_code", 200) > 999:
        del event["http.response.status_code"]
    _sentence(event, f"{message} {pairs.get('error', '')}")
    if "authentication_failed" in pairs or (
        event.get("http.response.status_code") in {401, 403} and "login" in message.lower()
    ):
        login(event, good=False, user=event.get("user.name"))
    keep(event, "app.", pairs, frozenset({*_LOGFMT_FIELDS, "time", "t", "ts", "level", "lvl", "msg"}))


def _vpn(event: Event, said: str) -> None:
    """strongSwan: packets between peers, and failed or finished authentications."""
    found = _PACKET.search(said, 0, 400)
    if found is not None:
        peer(event, found["a"], found["ap"])
        peer(event, found["b"], found["bp"], "destination")
        event["event.category"], event["event.type"] = ["network"], ["connection"]
        event["event.action"] = f"{found['verb']}-packet"
    else:
        _sentence(event, said)


def parse(framed: Framed, received: Received) -> list[Event]:
    body = framed.body or framed.text
    head = framed.text[:1] not in "0123456789" and not framed.text.startswith("[")
    event, said = opened(
        NAME,
        "app.log",
        framed if head else Framed(framed.text),
        received,
        "process",
        iso=_SYSLOG.match(framed.text) is not None,
    )
    event["observer.type"] = "application"
    for name in ("process.name",):
        if name in event and " " in str(event[name]):
            del event[name]
    _named(event, framed.text)
    event["message"] = said.strip()[:8192]
    if (
        "{" in body[:120]
        and body.rstrip().endswith("}")
        and any(f'"{key}"' in body for keys, _ in _OBJECTS for key in keys[:1])
        and _loads(framed)
    ):
        _object(event, framed, received)
    elif _logs(said):
        _logfmt(event, said, received)
    elif _CHARON.search(framed.text, 0, 200):
        _vpn(event, said)
    else:
        _time(event, said, received)
        if (word := _LEVEL.search(said, 0, 160)) is not None:
            level(event, word[1])
        if not _web(event, said, received):
            _sentence(event, said)
            if event["event.category"] == ["process"] and "source.ip" not in event and "service.name" not in event:
                raise ParseError("no login, address or application in the line", NAME)
    return close(event, received)


_SYSLOG: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d) [\w.\-]{1,255} [\w.\-/]{1,64}(?:\[\d{1,10}\])?: "
)


def _loads(framed: Framed) -> bool:
    body = framed.body or framed.text
    return body[:1] == "{" or body[max(body.find("{") - 2, 0) : body.find("{")] == ": "


def _logs(said: str) -> bool:
    return (
        "level=" in said[:600]
        and ("msg=" in said[:1200] or "message=" in said[:1200])
        and _LOGFMT.search(said, 0, 300) is not None
    )


def sniff(framed: Framed) -> float:
    """Below every product's parser: only what none of them claims, and the generic parser would not understand."""
    source = framed.text
    body = framed.body or source
    head = source[:1200]
    if "{" in body[:120] and _loads(framed):
        if any(all(f'"{key}"' in body for key in keys) for keys, _ in _OBJECTS):
            return 0.5
        return 0.3 if '"level":"' in body and '"msg":"' in body else 0.0
    if "CEF:" in head[:200] or "LEEF:" in head[:200] or (body[:1] in {"<", "{"} and source[:1] != "<"):
        return 0.0
    if any(literal in head for literal, _ in SERVICES):
        return 0.5
    if _logs(source):
        return 0.4
    if _GIN.search(head, 0, 200) or _UVICORN.search(head, 0, 200) or _BRACKETED.search(head, 0, 200):
        return 0.4
    if (
        _ABOUT.search(head)
        and (_BAD.search(head) or _GOOD.search(head))
        and _ADDRESS.search(head)
        and "=" not in head[:40]
    ):
        return 0.35
    return 0.0


PARSER = Parser(
    name=NAME,
    product="applications' own logs (logins, logfmt)",
    data_kind="platform",
    reference="https://brandur.org/logfmt",
    parse=parse,
    sniff=sniff,
)
