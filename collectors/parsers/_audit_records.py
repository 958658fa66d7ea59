"""Linux audit records: how a line becomes type and pairs, and what each record type means.

After auditd's and the kernel's record formats (audit.h, the audit documentation's record and field dictionaries); action
names are those of go-libaudit, which Auditbeat and Filebeat give.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from taishi.errors import ParseError

NAME: Final = "auditd"
Pairs = dict[str, str]


@dataclass(slots=True)
class Audit:
    """One audit event: its time (epoch seconds as text), number, node, and records in their order."""

    time: str = ""
    sequence: str = ""
    node: str = ""
    records: list[tuple[str, Pairs]] = field(default_factory=list)

    def first(self, kind: str) -> Pairs:
        return next((pairs for name, pairs in self.records if name == kind), {})


NUMBERS: Final = {
    "1006": "LOGIN", "1100": "USER_AUTH", "1101": "USER_ACCT", "1102": "USER_MGMT", "1103": "CRED_ACQ", "1104": "CRED_DISP",
    "1105": "USER_START", "1106": "USER_END", "1107": "USER_AVC", "1108": "USER_CHAUTHTOK", "1109": "USER_ERR",
    "1110": "CRED_REFR", "1112": "USER_LOGIN", "1113": "USER_LOGOUT", "1114": "ADD_USER", "1115": "DEL_USER",
    "1116": "ADD_GROUP", "1117": "DEL_GROUP", "1123": "USER_CMD", "1124": "USER_TTY", "1127": "SYSTEM_BOOT",
    "1128": "SYSTEM_SHUTDOWN", "1129": "SYSTEM_RUNLEVEL", "1130": "SERVICE_START", "1131": "SERVICE_STOP",
    "1132": "GRP_MGMT", "1300": "SYSCALL", "1302": "PATH", "1303": "IPC", "1304": "SOCKETCALL", "1305": "CONFIG_CHANGE",
    "1306": "SOCKADDR", "1307": "CWD", "1309": "EXECVE", "1319": "TTY", "1320": "EOE", "1321": "BPRM_FCAPS",
    "1325": "NETFILTER_CFG", "1326": "SECCOMP", "1327": "PROCTITLE", "1330": "KERN_MODULE", "1334": "BPF", "1400": "AVC",
    "1401": "SELINUX_ERR", "1403": "MAC_POLICY_LOAD", "1404": "MAC_STATUS", "1405": "MAC_CONFIG_CHANGE",
    "1503": "APPARMOR_DENIED", "1700": "ANOM_PROMISCUOUS", "1701": "ANOM_ABEND", "1702": "ANOM_LINK",
    "2404": "CRYPTO_KEY_USER", "2407": "CRYPTO_SESSION",
}  # fmt: skip
_DENIED: Final = ("AVC", "USER_AVC", "SELINUX_ERR", "SECCOMP", "APPARMOR_DENIED")

MEANINGS: Final[dict[str, tuple[str, str, str]]] = {
    "ADD_GROUP": ("added-group-account-to", "iam", "creation,group"),
    "ADD_USER": ("added-user-account", "iam", "creation,user"),
    "ANOM_ABEND": ("crashed-program", "process", "end"),
    "ANOM_ADD_ACCT": ("added-user-account", "iam", "creation,user"),
    "ANOM_LINK": ("used-suspicious-link", "file", "info"),
    "ANOM_LOGIN_FAILURES": ("failed-log-in-too-many-times-to", "authentication", "info"),
    "ANOM_LOGIN_LOCATION": ("attempted-log-in-from-unusual-place-to", "authentication", "info"),
    "ANOM_LOGIN_SESSIONS": ("opened-too-many-sessions-to", "authentication", "info"),
    "ANOM_LOGIN_TIME": ("attempted-log-in-during-unusual-hour-to", "authentication", "info"),
    "ANOM_PROMISCUOUS": ("changed-promiscuous-mode-on-device", "network", "change"),
    "APPARMOR_DENIED": ("violated-apparmor-policy", "process", "denied"),
    "AVC": ("violated-selinux-policy", "process", "denied"),
    "BPF": ("bpf-program", "process", "info"),
    "CHGRP_ID": ("changed-group", "iam", "change,group"),
    "CHUSER_ID": ("changed-user-id", "iam", "change,user"),
    "CONFIG_CHANGE": ("changed-audit-configuration", "configuration,process", "change"),
    "CRED_ACQ": ("acquired-credentials", "authentication", "info"),
    "CRED_DISP": ("disposed-credentials", "authentication", "info"),
    "CRED_REFR": ("refreshed-credentials", "authentication", "info"),
    "CRYPTO_KEY_USER": ("negotiated-crypto-key", "process", "info"),
    "CRYPTO_LOGIN": ("crypto-officer-logged-in", "process", "info"),
    "CRYPTO_SESSION": ("started-crypto-session", "process", "info"),
    "DAEMON_ABORT": ("aborted-auditd-startup", "process", "stop"),
    "DAEMON_ACCEPT": ("remote-audit-connected", "network", "connection,start"),
    "DAEMON_CLOSE": ("remote-audit-disconnected", "network", "connection,end"),
    "DAEMON_CONFIG": ("changed-auditd-configuration", "configuration", "change"),
    "DAEMON_END": ("shutdown-audit", "process", "end"),
    "DAEMON_ERR": ("audit-error", "process", "error"),
    "DAEMON_RECONFIG": ("reconfigured-auditd", "configuration", "change"),
    "DAEMON_RESUME": ("resumed-audit-logging", "process", "change"),
    "DAEMON_ROTATE": ("rotated-audit-logs", "process", "change"),
    "DAEMON_START": ("started-audit", "process", "start"),
    "DEL_GROUP": ("deleted-group-account-from", "iam", "deletion,group"),
    "DEL_USER": ("deleted-user-account", "iam", "deletion,user"),
    "GRP_AUTH": ("authenticated-to-group", "authentication", "info"),
    "GRP_CHAUTHTOK": ("changed-group-password", "iam", "change,group"),
    "GRP_MGMT": ("modified-group-account", "iam", "change,group"),
    "KERN_MODULE": ("loaded-kernel-module", "driver", "start"),
    "LOGIN": ("changed-login-id-to", "authentication", "start"),
    "MAC_CONFIG_CHANGE": ("changed-selinux-boolean", "configuration", "change"),
    "MAC_POLICY_LOAD": ("loaded-selinux-policy", "configuration", "access"),
    "MAC_STATUS": ("changed-selinux-enforcement", "configuration", "change"),
    "NETFILTER_CFG": ("loaded-firewall-rule-to", "configuration", "change"),
    "ROLE_ASSIGN": ("assigned-user-role-to", "iam", "change,user"),
    "ROLE_MODIFY": ("modified-role", "iam", "change"),
    "ROLE_REMOVE": ("removed-user-role-from", "iam", "change,user"),
    "SECCOMP": ("violated-seccomp-policy", "process", "denied"),
    "SELINUX_ERR": ("caused-mac-policy-error", "process", "error"),
    "SERVICE_START": ("started-service", "process", "start"),
    "SERVICE_STOP": ("stopped-service", "process", "stop"),
    "SYSTEM_BOOT": ("booted-system", "host", "info"),
    "SYSTEM_RUNLEVEL": ("changed-to-runlevel", "host", "change"),
    "SYSTEM_SHUTDOWN": ("shutdown-system", "host", "end"),
    "TTY": ("typed", "process", "info"),
    "USER_ACCT": ("was-authorized", "authentication", "info"),
    "USER_AUTH": ("authenticated", "authentication", "info"),
    "USER_AVC": ("violated-selinux-policy", "process", "denied"),
    "USER_CHAUTHTOK": ("changed-password", "iam", "change,user"),
    "USER_CMD": ("ran-command", "process", "start"),
    "USER_DEVICE": ("changed-configuration", "host", "change"),
    "USER_END": ("ended-session", "session", "end"),
    "USER_ERR": ("error", "authentication", "error"),
    "USER_LOGIN": ("logged-in", "authentication", "start"),
    "USER_LOGOUT": ("logged-out", "authentication", "end"),
    "USER_MAC_CONFIG_CHANGE": ("changed-mac-configuration", "configuration", "change"),
    "USER_MAC_POLICY_LOAD": ("loaded-mac-policy", "configuration", "access"),
    "USER_MGMT": ("modified-user-account", "iam", "change,user"),
    "USER_ROLE_CHANGE": ("changed-role-to", "iam", "change"),
    "USER_SELINUX_ERR": ("access-error", "process", "error"),
    "USER_START": ("started-session", "session", "start"),
    "USER_TTY": ("typed", "process", "info"),
    "VIRT_CONTROL": ("controlled-virtual-machine", "host", "change"),
    "ACCT_LOCK": ("locked-account", "iam", "user,change"),
    "ACCT_UNLOCK": ("unlocked-account", "iam", "user,change"),
}
SYSCALLS: Final[dict[str, tuple[str, str, str]]] = {
    "execve": ("executed", "process", "start"), "execveat": ("executed", "process", "start"),
    "connect": ("connected-to", "network", "connection,start"), "accept": ("accepted-connection-from", "network",
    "connection,start"), "accept4": ("accepted-connection-from", "network", "connection,start"),
    "bind": ("bound-socket", "network", "start"), "listen": ("listen-for-connections", "network", "start"),
    "sendto": ("sent-to", "network", "connection,info"), "recvfrom": ("received-from", "network", "connection,info"),
    "open": ("opened-file", "file", "change"), "openat": ("opened-file", "file", "change"),
    "creat": ("opened-file", "file", "creation"), "truncate": ("opened-file", "file", "change"),
    "unlink": ("deleted", "file", "deletion"), "unlinkat": ("deleted", "file", "deletion"),
    "rmdir": ("deleted", "file", "deletion"), "rename": ("renamed", "file", "change"),
    "renameat": ("renamed", "file", "change"), "renameat2": ("renamed", "file", "change"),
    "mkdir": ("created-directory", "file", "creation"), "mkdirat": ("created-directory", "file", "creation"),
    "link": ("linked", "file", "creation"), "linkat": ("linked", "file", "creation"),
    "symlink": ("symlinked", "file", "creation"), "symlinkat": ("symlinked", "file", "creation"),
    "chmod": ("changed-file-permissions-of", "file", "change"), "fchmod": ("changed-file-permissions-of", "file", "change"),
    "fchmodat": ("changed-file-permissions-of", "file", "change"), "chown": ("changed-file-ownership-of", "file", "change"),
    "fchown": ("changed-file-ownership-of", "file", "change"), "fchownat": ("changed-file-ownership-of", "file", "change"),
    "lchown": ("changed-file-ownership-of", "file", "change"), "setxattr": ("changed-file-attributes-of", "file", "change"),
    "lsetxattr": ("changed-file-attributes-of", "file", "change"), "removexattr": ("changed-file-attributes-of", "file",
    "change"), "mount": ("mounted", "file", "creation"), "umount2": ("unmounted", "file", "deletion"),
    "init_module": ("loaded-kernel-module", "driver", "start"), "finit_module": ("loaded-kernel-module", "driver", "start"),
    "delete_module": ("unloaded-kernel-module", "driver", "end"), "kill": ("killed-pid", "process", "end"),
    "ptrace": ("ptrace", "process", "access"), "setuid": ("changed-identity-of", "process", "change"),
    "setgid": ("changed-identity-of", "process", "change"), "settimeofday": ("changed-system-time", "host", "change"),
    "clock_settime": ("changed-system-time", "host", "change"), "adjtimex": ("changed-system-time", "host", "change"),
    "sethostname": ("changed-system-name", "host", "change"), "fork": ("forked", "process", "start"),
    "clone": ("forked", "process", "start"), "vfork": ("forked", "process", "start"),
}  # fmt: skip
_X86: Final = {
    "2": "open", "21": "access", "41": "socket", "42": "connect", "43": "accept", "44": "sendto", "45": "recvfrom",
    "49": "bind", "50": "listen", "56": "clone", "57": "fork", "58": "vfork", "59": "execve", "62": "kill",
    "76": "truncate", "82": "rename", "83": "mkdir", "84": "rmdir", "85": "creat", "86": "link", "87": "unlink",
    "88": "symlink", "90": "chmod", "91": "fchmod", "92": "chown", "93": "fchown", "94": "lchown", "101": "ptrace",
    "105": "setuid", "106": "setgid", "159": "adjtimex", "164": "settimeofday", "165": "mount", "166": "umount2",
    "170": "sethostname", "175": "init_module", "176": "delete_module", "188": "setxattr", "189": "lsetxattr",
    "197": "removexattr", "227": "clock_settime", "257": "openat", "258": "mkdirat", "260": "fchownat", "263": "unlinkat",
    "264": "renameat", "265": "linkat", "266": "symlinkat", "268": "fchmodat", "288": "accept4", "313": "finit_module",
    "316": "renameat2", "322": "execveat",
}  # fmt: skip
_ARM: Final = {
    "33": "mknodat", "34": "mkdirat", "35": "unlinkat", "36": "symlinkat", "37": "linkat", "38": "renameat", "40": "mount",
    "39": "umount2", "53": "fchmodat", "54": "fchownat", "56": "openat", "105": "init_module", "106": "delete_module",
    "117": "ptrace", "129": "kill", "170": "settimeofday", "200": "bind", "201": "listen", "202": "accept",
    "203": "connect", "206": "sendto", "207": "recvfrom", "220": "clone", "221": "execve", "242": "accept4",
    "273": "finit_module", "276": "renameat2", "281": "execveat",
}  # fmt: skip
ARCHITECTURES: Final = {"c000003e": "x86_64", "40000003": "i386", "c00000b7": "aarch64", "40000028": "arm",
    "c0000015": "ppc64le", "80000016": "s390x", "c0000102": "loongarch64"}  # fmt: skip


def syscall_name(pairs: Pairs) -> str:
    """The call's name, from the enriched name or from its number on the machine's architecture."""
    name = pairs.get("SYSCALL") or pairs.get("syscall", "")
    arch = pairs.get("arch", "").removeprefix("0x")
    if not name.isdecimal():
        return name
    return (_ARM if arch == "c00000b7" else _X86).get(name, name)


_HEAD: Final = re.compile(
    r"(?:node=(\S{1,255}) )?type=(\S{1,64}) (?:msg=)?audit\((\d{1,12}(?:\.\d{1,9})?):(\d{1,20})\)\s?:\s?"
)
_PAIR: Final = re.compile(r"""([A-Za-z_][\w\-]*+)=("[^"]*+"?|\{[^}]*+\}?|[^\s"'\x1d]*+)""")
_NEXT: Final = re.compile(r" [A-Za-z_]{1,32}=")
_HEXED: Final = frozenset(
    {"comm", "exe", "name", "cwd", "cmd", "proctitle", "acct", "data", "grp", "old-name", "new_name"}
)


def pairs_of(text: str) -> Pairs:
    """`key=value key="value" msg='key=value …'` with an enriched tail → dict; hexadecimal text is decoded."""
    text = text.replace("old auid=", "old_auid=").replace("new auid=", "new_auid=")
    text = text.replace("old ses=", "old_ses=").replace("new ses=", "new_ses=")
    text = text.replace("msg='", " ", 1)
    pairs: Pairs = {}
    for key, value in _PAIR.findall(text):
        if value[:1] == '"':
            value = value[1:].removesuffix('"')  # noqa: PLW2901 - the same value without its quotes
        elif key in _HEXED or (key[0] == "a" and key[1:2].isdecimal()):
            value = unhex(value, key)  # noqa: PLW2901 - the same value decoded
        if value not in {"?", "(null)", ""}:
            pairs.setdefault(key, value)
    at = text.find("op=")
    if at >= 0 and text[at + 3 : at + 4] not in {'"', ""}:
        follows = _NEXT.search(text, at + 3, at + 300)
        pairs["op"] = text[at + 3 : follows.start() if follows else at + 300].strip().strip("'")
    if "avc:" in text[:16]:
        pairs["avc"] = text[: text.find("}") + 1][:256]
    return pairs


def unhex(value: str, key: str = "cmd") -> str:
    """Audit writes text with unsafe bytes as upper-case hexadecimal, NUL between arguments."""
    if len(value) < 2 or len(value) % 2 or (key[0] == "a" and key[1:].isdecimal() and len(value) < 6):
        return value
    try:
        found = bytes.fromhex(value)
    except ValueError:
        return value
    if value != value.upper() or (value.isdecimal() and len(value) < 8):
        return value
    return found.decode("utf-8", "replace").replace("\0", " ").strip()


def read_text(text: str) -> Audit:
    """One or several raw lines of one event."""
    audit = Audit()
    for line in text.split("\n")[:64]:
        at = line.find("type=")
        node = line.find("node=")
        found = _HEAD.match(line, node if 0 <= node < at else max(at, 0))
        if found is None:
            continue
        name = NUMBERS.get(found[2], found[2])
        unknown = name.startswith("UNKNOWN[")
        audit.node = audit.node or found[1] or ""
        audit.time, audit.sequence = audit.time or found[3], audit.sequence or found[4]
        rest = line[found.end() :]
        pairs = pairs_of(rest)
        if rest[:64].find("=") < 0:
            pairs["text"] = rest[:256]
        kind = NUMBERS.get(name[8:-1], name) if unknown else name
        audit.records.append((kind, pairs))
    if not audit.records:
        raise ParseError("no audit record (type=… msg=audit(time:number)) in the line", NAME)
    return audit


def _as_pairs(value: Any) -> Pairs:
    """Laurel's objects: scalars to text, ARGV to a joined command."""
    pairs: Pairs = {}
    if isinstance(value, str):
        return pairs_of(value)
    if not isinstance(value, dict):
        return pairs
    for key, inner in list(value.items())[:256]:
        if isinstance(inner, list):
            pairs[key] = " ".join(str(item) for item in inner[:1024])
        elif isinstance(inner, dict):
            for name, found in list(inner.items())[:64]:
                if isinstance(found, str | int):
                    pairs[f"{key}.{name}"] = str(found)
        elif inner is not None and not isinstance(inner, bool):
            pairs[key] = str(inner)
    return pairs


def read_object(raw: dict[str, Any]) -> Audit:
    """Laurel (`ID` + records), structured items (`eventid`, `items`) and go-audit (`messages`)."""
    if isinstance(identity := raw.get("ID"), str):
        time, _, number = identity.partition(":")
        audit = Audit(time, number, str(raw.get("NODE") or ""))
        _records(audit, {key: value for key, value in raw.items() if key not in {"ID", "NODE"}})
    elif isinstance(items := raw.get("items"), dict):
        part = str(raw.get("timestampfractional") or "0")
        audit = Audit(f"{raw.get('timestamp')}.{part}", str(raw.get("eventid") or ""), str(raw.get("node") or ""))
        _records(audit, items)
    elif isinstance(messages := raw.get("messages"), list):
        audit = Audit(str(raw.get("timestamp") or ""), str(raw.get("sequence") or ""))
        for message in messages[:64]:
            if isinstance(message, dict):
                kind = NUMBERS.get(str(message.get("type")), str(message.get("type")))
                audit.records.append((kind, _as_pairs(message.get("data"))))
    else:
        raise ParseError("a JSON object without audit records", NAME)
    if not audit.records:
        raise ParseError("an audit event without records", NAME)
    return audit


def _records(audit: Audit, found: dict[str, Any]) -> None:
    for kind, value in list(found.items())[:64]:
        if kind.isupper() and kind not in {"COMMENT", "PARENT_INFO"}:
            for one in (value if isinstance(value, list) else [value])[:64]:
                audit.records.append((kind, _as_pairs(one)))
