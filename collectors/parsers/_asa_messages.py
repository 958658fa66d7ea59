"""The sentences of Cisco ASA: what each kind of message looks like, and which numbers are logins and VPN sessions."""

from __future__ import annotations

import re
from typing import Final

BUILT: Final = re.compile(
    r"Built (?:(inbound|outbound) )?(?:Probe )?(\w{1,16})(?: state-bypass)? connection (\d+) "
    r"(?:for|from) (\S+) \(([^)]*)\) ?(?:\(([^)]*)\))? ?to (\S+) "
    r"\(([^)]*)\) ?(?:\(([^)]*)\))?(?: \(([^)]*)\))?"
)
TEARDOWN: Final = re.compile(
    r"Teardown (?:Probe )?(\w{1,16})(?: state-bypass)? connection (\d+) "
    r"(?:for|from) ([^\s(]+) ?(?:\(([^)]*)\))? ?to ([^\s(]+) ?(?:\(([^)]*)\))? ?"
    r"duration (\d+):(\d\d):(\d\d)(?: bytes (\d+))?(?: (?!\()([^(]{1,128}))?(?: ?\(([^)]*)\))?"
)
ICMP: Final = re.compile(
    r"(Built|Teardown)(?: (inbound|outbound))? (\w{1,16}) connection for "
    r"faddr ([^\s(]+) ?(?:\(([^)]*)\))? ?gaddr ([^\s(]+) ?laddr ([^\s(]+) ?(?:\(([^)]*)\))?"
)
ACCESS_LIST: Final = re.compile(
    r"access-list (\S+) (permitted|denied|est-allowed) (\w{1,16})(?: for user '?([^'\s]+)'?)? "
    r"([^/\s]+)/([^(\s]+)\((\d+)\) ?(?:\(([^)]*)\))? ?-> "
    r"([^/\s]+)/([^(\s]+)\((\d+)\)"
)
SOURCE: Final = re.compile(
    r"(?:\bsrc|\bfrom(?: IP)?|source-address|\bSRC|\bsource) \(?([^\s(),]+)\)?(?: (\d{1,5})(?= ))?(?: ?\(([^)]*)\))?"
)
TARGET: Final = re.compile(
    r"(?:\bdst|\bdest|\bto(?: PAT address)?|destination-address|\bDEST|\bdestination) \(?([^\s(),]+)\)?(?: (\d{1,5})(?=$| ))?"
)
TRANSPORT: Final = re.compile(
    r"\b(?i:(tcp|udp|icmpv6|icmp6|icmp|igmp|gre|esp|ah|ospf|eigrp|pim|sctp|ip)|protocol (\d{1,3}))\b"
)
GROUP: Final = re.compile(
    r"Group(?: = | <|: | )([^,<>]*?)>?,? (?:User(?:name)?)(?: = | <|: | )([^,<>]*?)>?,? IP(?: = | <|: | )([^,<>\s]+)"
)
USER: Final = re.compile(r"(?:[Uu]ser(?:name)?|Uname)(?: ?= ?|: ?| ')[<'\"]?([^<>'\",\s:)]{1,256})")
FOR_USER: Final = re.compile(r"(?:for user|User) [\"'<]([^\"'>]+)[\"'>]")
LIST: Final = re.compile(r'by access-group "([^"]+)"')
INTERFACE: Final = re.compile(r"on interface (\S+)")
ACCESSED: Final = re.compile(
    r"(?:(\S{1,256})@)?([0-9A-Fa-f.:]{3,45})(?:\([^)]*\))? Accessed (?:JAVA )?URL ([0-9A-Fa-f.:]{3,45}?):(\S+)"
)
REFUSED_URL: Final = re.compile(r"Access denied URL (\S+) SRC ([0-9A-Fa-f.:]{3,45})\S* DEST ([0-9A-Fa-f.:]{3,45})")
FTP: Final = re.compile(r", user (\S{1,256}) (\w{3,16}) file (.{1,1024}?)\.?$")
LADDR: Final = re.compile(r"from laddr (\S+) on interface (\S+) to (\S+?):? ")
PEERS: Final = re.compile(r"Local: ?([0-9A-Fa-f.:]{3,45}?):(\d{1,5}),? Remote: ?([0-9A-Fa-f.:]{3,45}?):(\d{1,5})")
ADDRESS: Final = re.compile(
    r"(?:IP address:|Addr|user IP =|, IP =|^IP =|\bIP|assigned(?: address)?|local-host|with(?: client| server| pee"
    r"r)?|host|peer:?) "
    r"(?:address )?[<\[]?(?:([\w.\-]{1,48}):)?((?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f]{1,4}:[0-9A-Fa-f:.]{2,40})(?:/(\d{1,5}))?"
)
SERVER: Final = re.compile(r"server ?[=:]? {1,3}([0-9A-Fa-f.:]{3,45})(?= |,|$)")
RESOLVED: Final = re.compile(r"resolved from (?:dynamic|local|\S{1,16}) list: ([^\s,]{1,255})")
COMMAND: Final = re.compile(r"executed (?:the |cmd: ?|command:? ?)?['\"]?(.+?)['\"]?(?: command\.?)?$")
CLOCK: Final = re.compile(
    r"Duration: (?:(\d+)d )?(\d+)h:(\d+)m:(\d+)s, Bytes xmt: (\d+), Bytes rcv: (\d+), Reason: (.*)"
)
IN: Final = frozenset({"605005", "611101", "113012", "113004", "113008", "772002", "772003", "308002"})
FAILED: Final = frozenset(
    {
        "605004",
        "611102",
        "113005",
        "113006",
        "113014",
        "113015",
        "113016",
        "113021",
        "772004",
        "716039",
        "109006",
        "109031",
    }
)
VPN_UP: Final = frozenset(
    {"113039", "716001", "716038", "722022", "722051", "722055", "734001", "751025", "713120", "713119", "716059"}
)
VPN_DOWN: Final = frozenset({"113019", "716002", "722023", "722037", "751026", "716058", "713259"})
DAP: Final = re.compile(r"DAP: User ([^,]{1,256}),")
