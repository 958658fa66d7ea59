"""Linux authentication log as rsyslog forwards it (RFC 3164: no year, no zone): sshd, sudo, su, cron, accounts.

Reference: OpenSSH's auth.c and auth2.c, sudo's LOG FORMAT in sudoers(5), shadow-utils.
"""

from __future__ import annotations

from simulator.formats.moments import bsd


def line(at: float, host: str, program: str, pid: int, message: str, *, priority: int = 86) -> str:
    """Facility authpriv (10); priority 86 is informational."""
    tag = f"{program}[{pid}]" if pid else program
    return f"<{priority}>{bsd(at)} {host} {tag}: {message}"


def failed(at: float, host: str, user: str, source: tuple[str, int], *, pid: int, invalid: bool = False) -> str:
    who = f"invalid user {user}" if invalid else user
    return line(at, host, "sshd", pid, f"Failed password for {who} from {source[0]} port {source[1]} ssh2")


def accepted(at: float, host: str, user: str, source: tuple[str, int], *, pid: int, method: str = "publickey") -> str:
    key = ": ED25519 SHA256:0DemoKeyFingerprintForSimulation00000000000" if method == "publickey" else ""
    return line(at, host, "sshd", pid, f"Accepted {method} for {user} from {source[0]} port {source[1]} ssh2{key}")


def probe(at: float, host: str, source: tuple[str, int], *, pid: int) -> str:
    """A scanner that opens the port and says nothing."""
    return line(at, host, "sshd", pid, f"Connection closed by {source[0]} port {source[1]} [preauth]")


def sudo(at: float, host: str, user: str, command: str, *, tty: str = "pts/0") -> str:
    return line(
        at, host, "sudo", 0, f"{user:>8} : TTY={tty} ; PWD=/home/{user} ; USER=root ; COMMAND={command}", priority=85
    )


def cron(at: float, host: str, user: str, command: str, *, pid: int) -> str:
    return line(at, host, "CRON", pid, f"({user}) CMD ({command})", priority=78)


def useradd(at: float, host: str, user: str, number: int, *, pid: int) -> str:
    return line(at, host, "useradd", pid,
                f"new user: name={user}, UID={number}, GID={number}, home=/home/{user}, shell=/bin/bash, "
                "from=/dev/pts/0")  # fmt: skip
