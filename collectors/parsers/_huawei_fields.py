"""Keys of Huawei firewall logs (lower-case, without punctuation) → ECS, and what each log module is.

After "USG6000, USG9500 and NGFW Module Log Reference": POLICY, SECLOG, IPS, AV, URL, ATK, SSH, SHELL, AAA modules.
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parsers._common import Fields, integer, ip, lower, mac, port, text, transport


def _user(value: Any) -> str | None:
    """Threat logs write `unknown` where no user is signed on."""
    found = text(value)
    return None if found in {None, "unknown"} else found


FIELDS: Final[Fields] = {
    "srcip": ("source.ip", ip), "sourceip": ("source.ip", ip), "attackip": ("source.ip", ip), "ip": ("source.ip", ip),
    "ipaddress": ("source.ip", ip), "userip": ("source.ip", ip), "useripaddress": ("source.ip", ip),
    "remoteip": ("source.ip", ip),
    "clientip": ("source.ip", ip), "useraddress": ("source.ip", ip), "sourceaddress": ("source.ip", ip),
    "accessip": ("source.ip", ip),
    "peeripaddress": ("source.ip", ip), "srcport": ("source.port", port), "sourceport": ("source.port", port),
    "remoteport": ("source.port", port), "dstip": ("destination.ip", ip), "destinationip": ("destination.ip", ip),
    "destip": ("destination.ip", ip), "destinationaddress": ("destination.ip", ip), "serverip": ("destination.ip", ip),
    "dstport": ("destination.port", port), "destinationport": ("destination.port", port),
    "destport": ("destination.port", port),
    "srcnatip": ("source.nat.ip", ip), "sourcenatip": ("source.nat.ip", ip), "natsrcip": ("source.nat.ip", ip),
    "srcnatport": ("source.nat.port", port), "sourcenatport": ("source.nat.port", port),
    "dstnatip": ("destination.nat.ip", ip),
    "destinationnatip": ("destination.nat.ip", ip), "dstnatport": ("destination.nat.port", port),
    "destinationnatport": ("destination.nat.port", port), "mac": ("source.mac", mac), "srcmac": ("source.mac", mac),
    "protocol": ("network.transport", transport), "proto": ("network.transport", transport),
    "application": ("network.application", lower), "applicationname": ("network.application", lower),
    "app": ("network.application", lower),
    "srczone": ("observer.ingress.zone", text), "sourcezone": ("observer.ingress.zone", text),
    "dstzone": ("observer.egress.zone", text), "destinationzone": ("observer.egress.zone", text),
    "receiveinterface": ("observer.ingress.interface.name", text),
    "ininterface": ("observer.ingress.interface.name", text),
    "sendbytes": ("source.bytes", integer), "rcvbytes": ("destination.bytes", integer),
    "sendpkts": ("source.packets", integer),
    "rcvpkts": ("destination.packets", integer), "policy": ("rule.ruleset", text), "policyname": ("rule.ruleset", text),
    "rulename": ("rule.ruleset", text), "profile": ("huawei.usg.profile", text), "signname": ("rule.name", text),
    "signid": ("rule.id", text),
    "virusname": ("rule.name", text), "virusid": ("rule.id", text), "threatname": ("rule.name", text),
    "attacktype": ("rule.name", text),
    "category": ("rule.category", text), "subcategory": ("huawei.usg.subcategory", text),
    "reason": ("event.reason", text),
    "closereason": ("event.reason", text), "user": ("source.user.name", _user), "username": ("source.user.name", _user),
    "loginname": ("source.user.name", text), "account": ("source.user.name", text), "filename": ("file.name", text),
    "filetype": ("file.type", text), "filemd5": ("file.hash.md5", lower), "md5": ("file.hash.md5", lower),
    "command": ("process.command_line", text), "domainname": ("dns.question.name", lower),
    "useragent": ("user_agent.original", text),
    "referer": ("http.request.referrer", text), "vlan": ("network.vlan.id", text), "vlanid": ("network.vlan.id", text),
    "srclocation": ("source.geo.country_name", text), "dstlocation": ("destination.geo.country_name", text),
    "os": ("huawei.usg.os", text), "cve": ("huawei.usg.cve", text),
    "sender": ("email.from.address", lambda value: [value]),
    "receiver": ("email.to.address", lambda value: [value]),
}  # fmt: skip

THREATS: Final = {
    "IPS": ("intrusion_detection", "intrusion"), "ASSOC": ("intrusion_detection", "associated intrusion"),
    "AV": ("malware", "virus"),
    "URL": ("web", "url filtering"), "UF": ("web", "url filtering"), "APT": ("malware", "apt"),
    "CNC": ("malware", "command and control"),
    "FILEBLOCK": ("intrusion_detection", "file blocking"), "DATAFILTER": ("intrusion_detection", "data filtering"),
    "FILTER": ("web", "filter"), "MAILFILTER": ("email", "mail filtering"), "RBL": ("email", "mail filtering"),
    "DNSFILTER": ("network", "dns filtering"), "WAF": ("web", "waf"), "ADVANCEDTHREAT": ("malware", "apt"),
    "AAPT": ("malware", "apt"),
    "CLOUDSANDBOX": ("malware", "apt"), "ENCTRAFFIC": ("intrusion_detection", "encrypted threat"),
    "DECEPTION": ("intrusion_detection", "deception"),
    "DECOY": ("intrusion_detection", "deception"), "BLACKLIST": ("intrusion_detection", "blacklist"),
    "IPREPUTATION": ("intrusion_detection", "reputation"),
}  # fmt: skip
"""Module → ECS category and rule category of threat logs."""
ATTACKS: Final = frozenset({"ATK", "DDOS", "SECURITYATK", "ANTIATTACK", "ATTACK"})
LOGINS: Final = frozenset(
    {"SSH", "LINE", "SHELL", "CM", "AAA", "UM", "WEB", "TELNET", "HTTPD", "VTY", "LOGIN", "SSHS", "FTPS", "USERMANAGE"}
)
BRIEFS: Final = {
    "CNC": "command and control", "TROJAN": "trojan", "BOTNET": "botnet", "WORM": "worm", "EXPLOIT": "exploit",
    "BRUTEFORCE": "brute force", "VIRUS": "virus", "MALWARE": "malware", "SCANNER": "scan",
}  # fmt: skip
"""What the mnemonic of an IPS log says where the log names no category."""
