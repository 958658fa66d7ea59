"""What industrial sensors share: names of industrial protocols and, from the words of a finding, its ATT&CK for ICS technique.

Protocol names are those that Zeek's industrial packages give (`modbus`, `s7comm`, `dnp3` …), so that rules and screens
speak of one
thing. The reading of words is ours, deliberately the broadest that is safe.

Reference: MITRE ATT&CK for ICS (https://attack.mitre.org/matrices/ics/)
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from collectors.parsers._attack import KEPT, TACTICS
from taishi.event import Event

_PROTOCOLS: Final = {
    "modbus": "modbus", "modbustcp": "modbus", "modbusrtu": "modbus", "mbap": "modbus", "s7": "s7comm", "s7comm": "s7comm",
    "s7commplus": "s7comm_plus", "s7plus": "s7comm_plus", "s7communication": "s7comm", "siemenss7": "s7comm", "dnp3": "dnp3",
    "enip": "enip", "ethernetip": "enip", "cip": "cip", "eip": "enip", "opcua": "opcua", "opcuabinary": "opcua", "opcda": "opcda",
    "opcclassic": "opcda", "opc": "opcda", "iec104": "iec104", "iec608705104": "iec104", "60870": "iec104", "iec61850": "mms",
    "mms": "mms", "goose": "goose", "bacnet": "bacnet", "bacnetip": "bacnet", "profinet": "profinet", "profinetio": "profinet",
    "pniodcp": "profinet", "ethercat": "ecat", "ecat": "ecat", "omronfins": "omron_fins", "fins": "omron_fins", "gesrtp":
    "ge_srtp",
    "srtp": "ge_srtp", "hartip": "hart_ip", "synchrophasor": "synchrophasor", "c37118": "synchrophasor", "umas": "umas",
    "melsec": "melsec", "slmp": "melsec", "codesys": "codesys", "pcom": "pcom", "triconex": "tristation", "tristation":
    "tristation",
    "hostlink": "omron_fins", "egd": "egd", "fox": "fox", "niagarafox": "fox", "knx": "knx", "mqtt": "mqtt", "bsap": "bsap",
    "rocplus": "roc_plus", "deltav": "deltav", "vnetip": "vnetip", "ads": "ads", "beckhoffads": "ads",
}  # fmt: skip

_SIGNS: Final = (
    (("program download", "download program", "program change", "logic download", "programming", "程序下载", "程序下装",
    "组态下装", "下装"),
     "T0843", "TA0109"),
    (("program upload", "upload program", "logic upload", "程序上传", "程序上载", "上载"), "T0845", "TA0100"),
    (("firmware", "固件"), "T0857", "TA0107"),
    (("mode change", "operating mode", "run mode", "stop mode", "key switch", "模式切换", "模式变更", "运行模式",
    "停止cpu", "plc stop",
      "cpu stop", "plc停止", "plc stopped", "stop plc", "启停"), "T0858", "TA0104"),
    (("restart", "reboot", "reset device", "cold start", "warm start", "重启", "冷启动"), "T0816", "TA0107"),
    (("variable", "parameter", "setpoint", "set point", "configuration change", "参数修改", "点值", "阈值"), "T0836", "TA0106"),
    (("write command", "illegal write", "function code", "unauthorized command", "invalid command", "new function",
    "写操作", "非法写",
      "非法功能码", "功能码", "控制命令", "异常指令", "关键操作"), "T0855", "TA0106"),
    (("port scan", "network scan", "address scan", "scan", "扫描"), "T0846", "TA0102"),
    (("device identification", "read device", "enumerat", "system information"), "T0888", "TA0102"),
    (("new node", "new asset", "new device", "rogue", "新设备", "非法接入", "未知设备", "unknown device"), "T0848", "TA0108"),
    (("man in the middle", "man-in-the-middle", "arp spoof", "duplicate ip", "中间人"), "T0830", "TA0100"),
    (("brute", "password guess", "口令猜测", "暴力"), "T0806", "TA0106"),
    (("default password", "default credential", "weak password", "cleartext", "弱口令"), "T0812", "TA0109"),
    (("denial of service", "flood", "拒绝服务"), "T0814", "TA0107"),
    (("remote access", "rdp", "vnc", "teamviewer", "远程访问", "远程运维"), "T0886", "TA0108"),
    (("internet", "public ip", "外网", "违规外联"), "T0883", "TA0108"),
    (("exploit", "漏洞利用", "buffer overflow"), "T0866", "TA0109"),
    (("usb", "removable", "u盘", "移动存储"), "T0847", "TA0108"),
    (("malware", "worm", "ransom", "病毒", "木马", "蠕虫"), "T0863", "TA0104"),
)  # fmt: skip


def protocol(value: Any) -> str | None:
    """The usual name of an industrial protocol; None where it is none, or not known."""
    if type(value) is not str or len(value) > 64:
        return None
    return _PROTOCOLS.get("".join(char for char in value.lower() if char.isalnum()))


def technique(words: str) -> tuple[str, str] | None:
    """(technique, tactic) of the first sign in the words of a finding."""
    return (_technique if len(words) <= KEPT else _technique.__wrapped__)(words)


@lru_cache(maxsize=8192)
def _technique(words: str) -> tuple[str, str] | None:
    low = words.lower()
    return next(((found, tactic) for signs, found, tactic in _SIGNS if any(sign in low for sign in signs)), None)


def enrich(event: Event, *words: str | None) -> None:
    """The protocol's usual name and, where the product names no technique, one from its words. Before `alert`."""
    found = protocol(event.get("network.protocol")) or protocol(event.get("network.application"))
    if found is not None:
        event.setdefault("taishi.ics.protocol", found)
    if "threat.technique.id" in event:
        return
    known = technique(" ".join(word for word in words if word))
    if known is not None:
        event["threat.technique.id"] = [known[0]]
        event.setdefault("threat.tactic.id", [known[1]])
        event.setdefault("threat.tactic.name", [TACTICS[known[1]]])


VENDORS: Final = (
    "nozomi", "claroty", "dragos", "tenable.ot", "tenable ot", "indegy", "cyberx", "defender for iot",
    "azure iot defender", "armis",
    "tofino", "hirschmann", "belden", "siemens", "rockwell", "schneider", "otorio", "radiflow", "scadafence", "cyberbit",
    "forescout",
    "securitymatters", "silentdefense", "winicssec", "威努特", "天地和兴", "六方云", "长扬", "珞安", "圣博润", "安帝",
    "立思辰", "木链",
    "网藤", "工控", "工业防火墙", "industrial",
)  # fmt: skip


@lru_cache(maxsize=1024)
def is_sensor(vendor: str, product: str) -> bool:
    """Whether a product watches or guards industrial networks."""
    words = f"{vendor} {product}".lower()
    return any(name in words for name in VENDORS)
