"""Huawei USG firewalls: VRP syslog. Reference: https://support.huawei.com/enterprise/en/doc/EDOC1100149309"""

from __future__ import annotations

from simulator.formats.moments import local, words


def _head(at: float, name: str, priority: int) -> str:
    return f"<{priority}>{words(at)} {name} %%01"


def policy(
    at: float, name: str, source: tuple[str, int], target: tuple[str, int], *, permit: bool, proto: int = 6, number: int = 1,
    zones: tuple[str, str] = ("untrust", "dmz"), rule: str = "default", app: str = "",
) -> str:  # fmt: skip
    """A security policy hit."""
    moment = local(at)
    stamp = f"{moment.year}/{moment.month}/{moment.day} {moment.hour}:{moment:%M:%S}"
    brief = "POLICYPERMIT" if permit else "POLICYDENY"
    return (
        f"{_head(at, name, 190)}POLICY/6/{brief}(l)[{number}]:vsys=public, protocol={proto}, source-ip={source[0]}, "
        f"source-port={source[1]}, destination-ip={target[0]}, destination-port={target[1]}, time={stamp}, "
        f"source-zone={zones[0]}, destination-zone={zones[1]}, application-name={app}, rule-name={rule}."
    )


def session(
    at: float, name: str, source: tuple[str, int], target: tuple[str, int], *, sent: int, got: int, seconds: int,
    proto: str = "tcp", zones: tuple[str, str] = ("trust", "untrust"), rule: str = "out",
) -> str:  # fmt: skip
    """The end of a session, with its bytes."""
    return (
        f"{_head(at, name, 190)}SECLOG/6/SESSION_TEARDOWN(l):IPVer=4,Protocol={proto},SourceIP={source[0]},"
        f"DestinationIP={target[0]},SourcePort={source[1]},DestinationPort={target[1]},BeginTime={int(at) - seconds},"
        f"EndTime={int(at)},SendPkts={max(1, sent // 600)},SendBytes={sent},RcvPkts={got // 900},RcvBytes={got},"
        f"SourceVpnID=0,DestinationVpnID=0,SourceZone={zones[0]},DestinationZone={zones[1]},PolicyName={rule},"
        "CloseReason=tcp-fin."
    )


def threat(
    at: float, name: str, source: tuple[str, int], target: tuple[str, int], signature: str, *, sign_id: int, severity: str,
    category: str, blocked: bool, brief: str = "DETECT", app: str = "HTTP", victim: str = "server", number: int = 1,
) -> str:  # fmt: skip
    """An intrusion prevention log; `victim` says which side the signature protects: server | client."""
    text = {"DETECT": "An intrusion was detected.", "TROJAN": "A trojan horse was detected.",
            "WORM": "A worm was detected.", "BOTNET": "A botnet was detected."}[brief]  # fmt: skip
    return (
        f'{_head(at, name, 188)}IPS/4/{brief}(l)[{number}]:{text} (SyslogId={number}, VSys="public", '
        f'Policy="untrust-dmz", SrcIp={source[0]}, DstIp={target[0]}, SrcPort={source[1]}, DstPort={target[1]}, '
        f'SrcZone=untrust, DstZone=dmz, User="unknown", Protocol=TCP, Application="{app}", Profile="strict", '
        f'SignName="{signature}", SignId={sign_id}, EventNum=1, Target={victim}, Severity={severity}, Os=all, '
        f"Category={category}, Action={'Block' if blocked else 'Alert'})"
    )


def attack(at: float, name: str, kind: str, source: str, target: str, count: int) -> str:
    """Attack defence: `kind` such as "Port scan attack", "IP sweep attack"."""
    moment = local(at)
    stamp = f"{moment:%Y-%m-%d %H:%M:%S}"
    return (
        f'{_head(at, name, 188)}ATK/4/FIREWALLATCK(l):AttackType="{kind}", slot="1", cpu="0", receive interface="GE1/0/1", '
        f'proto="TCP", src="{source}:0", dst="{target}:0", begin time="{stamp}", end time="{stamp}", '
        f'total packets="{count}", max speed="{count}", User="", Action="discard"'
    )


def login(at: float, name: str, user: str, address: str, *, success: bool) -> str:
    """An administrator on the device's SSH or web service."""
    brief, words_ = ("SSHLOGIN", "succeeded") if success else ("SSHFAIL", "failed")
    return (
        f"{_head(at, name, 189)}SSH/5/{brief}(s)[1]:The SSH user {words_} in logging in. (UserName={user}, "
        f"IpAddress={address}, VpnInstanceName=)"
    )
