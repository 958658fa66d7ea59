"""Names that products give to common facts → ECS field and converter. Keys: lower-case without punctuation, or ECS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from collectors.parsers._chinese_names import CHINESE
from collectors.parsers._common import integer, ip, lower, mac, port, text, texts, transport


def _hash(length: int) -> Callable[[Any], str | None]:
    def convert(value: Any) -> str | None:
        found = lower(value)
        return found if found and len(found) == length and all(char in "0123456789abcdef" for char in found) else None

    return convert


def _severity(value: Any) -> int | None:
    found = integer(value)
    return found if found is not None and 0 <= found <= 100 else None


_OUTCOMES: Final = {
    "success": "success", "failure": "failure", "failed": "failure", "fail": "failure",
    "成功": "success", "失败": "failure",
}  # fmt: skip


def _outcome(value: Any) -> str | None:
    return _OUTCOMES.get(str(value).strip().lower())


_NAMES: Final[dict[str, tuple[Callable[[Any], Any], str]]] = {
    "source.ip": (ip, """src srcip srcaddr srcaddress sourceip sourceaddress sip saddr clientip client cip remoteip
        remoteaddr remoteaddress attackip attackerip ipsrc srcipv4 srcipaddr idorigh rhost
        源ip 源地址 攻击源ip 攻击ip 来源ip"""),
    "source.port": (port, "srcport sport sourceport spt idorigp clientport 源端口"),
    "destination.ip": (ip, """dst dstip dstaddr dstaddress dest destip destaddress destinationip dip daddr
        serverip targetip destinationaddress victimip ipdst idresph dstipaddr 目的ip 目的地址 目标ip 受害ip"""),
    "destination.port": (port, "dstport dport destport destinationport dpt idrespp serverport 目的端口 目标端口"),
    "source.mac": (mac, "srcmac sourcemac smac 源mac"),
    "destination.mac": (mac, "dstmac destmac destinationmac dmac 目的mac"),
    "source.bytes": (integer, "sentbyte sentbytes bytessent bytesout srcbytes origbytes sendbytes"),
    "destination.bytes": (integer, "rcvdbyte rcvdbytes bytesreceived bytesin dstbytes respbytes recvbytes"),
    "network.transport": (transport, "proto protocol ipproto transport l4proto 协议 传输协议"),
    "network.protocol": (lower, "app appproto appprotocol application service 应用协议"),
    "network.direction": (lower, "direction"),
    "user.name": (text, "user username usr account accountname loginuser login suser uname 用户 用户名 账号"),
    "user.domain": (text, "userdomain domainname"),
    "destination.user.name": (text, "dstuser duser targetuser targetusername"),
    "host.name": (text, "host hostname computer computername devicename machine 主机名"),
    "event.action": (text, "action act eventaction operation 动作 处置动作 操作"),
    "event.code": (text, "eventid eventcode"),
    "event.outcome": (_outcome, "outcome result status 结果"),
    "event.reason": (text, "reason"),
    "event.severity": (_severity, ""),
    "rule.name": (text,
        """rulename signature signaturename attackname threatname alertname eventname
        规则名称 事件名称 攻击名称 告警名称"""),
    "rule.id": (text, "ruleid signatureid sid attackid 规则id"),
    "rule.category": (text, "category attacktype threattype eventtype alerttype classtype 攻击类型 事件类型 威胁类型"),
    "message": (text, "message msg log description desc 描述 详情"),
    "process.name": (text, "processname process proc program"),
    "process.executable": (text, "image exe processpath executable"),
    "process.pid": (integer, "pid processid"),
    "process.command_line": (text, "commandline cmdline cmd command"),
    "process.parent.executable": (text, "parentimage parentprocesspath"),
    "process.parent.pid": (integer, "ppid parentprocessid"),
    "file.path": (text, "filepath path 文件路径"),
    "file.name": (text, "filename file 文件名"),
    "file.size": (integer, "filesize"),
    "file.hash.md5": (_hash(32), "md5 filemd5 hashmd5"),
    "file.hash.sha1": (_hash(40), "sha1 filesha1"),
    "file.hash.sha256": (_hash(64), "sha256 filesha256"),
    "url.original": (text, "url uri requesturl requesturi 网址"),
    "url.domain": (text, "domain vhost httphost 域名"),
    "http.request.method": (text, "method httpmethod requestmethod verb"),
    "http.response.status_code": (integer, "statuscode httpstatus responsecode httpcode"),
    "http.request.referrer": (text, "referer referrer httpreferer"),
    "user_agent.original": (text, "useragent httpuseragent agent ua"),
    "dns.question.name": (text, "qname dnsquery query"),
    "threat.technique.id": (texts, "techniqueid mitretechniqueid attackid"),
}  # fmt: skip

ALIASES: Final = {
    **{name.lower(): (field, convert) for field, (convert, words) in CHINESE.items() for name in words.split()},
} | {
    name: (field, convert)
    for field, (convert, words) in _NAMES.items()
    for name in (*words.split(), field, field.replace(".", "").replace("_", ""))
}
TIMES: Final = frozenset(
    {
        "timestamp", "time", "ts", "datetime", "date", "eventtime", "logtime", "createtime", "createdat", "occurtime",
        "occurredat", "starttime", "happentime", "alerttime", "attacktime", "rt", "gentime",
        "时间", "发生时间", "告警时间", "攻击时间", "时间戳",
    }
)  # fmt: skip
"""Keys that hold the time of the event."""
