"""Messages of Linux authentication programs: how each begins, what stands in it, and what it means.

After the sources that print them: OpenSSH 5–10 (auth.c, auth2.c, packet.c, sshd.c), sudo's logging.c, shadow-utils,
Linux-PAM modules, systemd-logind, polkit, cronie and Debian's cron.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Message:
    """`lead` is a literal the message begins with (a cheap test before the expression). Named groups are ECS roles:
    user, ip, port, method, target, uid, gid, home, shell, tty, pwd, command, group, reason, host, name."""

    lead: str
    pattern: re.Pattern[str]
    action: str
    category: str
    kind: str
    outcome: str


def _make(lead: str, pattern: str, action: str, category: str, kind: str, outcome: str) -> Message:
    return Message(lead, re.compile(pattern), action, category, kind, outcome)


_AUTH: Final = "authentication"
_NET: Final = "network"
_FROM: Final = r"(?P<ip>[0-9A-Fa-f.:%\w\-]{2,255})(?: port (?P<port>\d{1,5}))?"
_USER: Final = r"(?P<user>.{0,256}?)"

SSHD: Final = (
    _make("Accepted ", rf"Accepted (?P<method>\S+) for (?:invalid user )?{_USER} from {_FROM}", "ssh_login", _AUTH,
        "start", "success"),
    _make("Failed ", rf"Failed (?P<method>\S+) for (?P<reason>invalid user |illegal user )?{_USER} from {_FROM}",
          "ssh_login", _AUTH, "start", "failure"),
    _make("Partial ", rf"Partial (?P<method>\S+) for {_USER} from {_FROM}", "ssh_login", _AUTH, "info", "unknown"),
    _make("Postponed ", rf"Postponed (?P<method>\S+) for (?:invalid user )?{_USER} from {_FROM}", "ssh_login", _AUTH,
        "info", "unknown"),
    _make("Invalid user", rf"(?P<reason>Invalid user) {_USER} ?from {_FROM}", "ssh_login", _AUTH, "start", "failure"),
    _make("Illegal user", rf"(?P<reason>Illegal user) {_USER} ?from {_FROM}", "ssh_login", _AUTH, "start", "failure"),
    _make("input_userauth_request", r"input_userauth_request: (?P<reason>invalid user) (?P<user>\S{0,256})",
        "ssh_login", _AUTH, "info", "failure"),
    _make("User ", rf"User {_USER} from {_FROM} (?P<reason>not allowed because .{{1,256}})", "ssh_login", _AUTH,
        "start", "failure"),
    _make("User ", r"User (?P<user>\S{1,256}) (?P<reason>not allowed because .{1,256})", "ssh_login", _AUTH, "start",
        "failure"),
    _make("User child", r"User child is on pid (?P<target>\d{1,10})", "session_child", "session", "info", "success"),
    _make("error: maximum authentication",
        rf"error: (?P<reason>maximum authentication attempts exceeded) for (?:invalid user )?{_USER} from {_FROM}",
          "ssh_login", _AUTH, "start", "failure"),
    _make("Disconnecting",
        rf"Disconnecting(?: (?:invalid|authenticating) user (?P<user>\S{{0,256}}))? {_FROM}: (?P<reason>.{{1,256}})",
          "ssh_disconnect", _NET, "connection,end", "failure"),
    _make("Disconnecting: ", r"Disconnecting: (?P<reason>.{1,256})", "ssh_disconnect", _NET, "connection,end",
        "failure"),
    _make("Disconnected from ", rf"Disconnected from (?:(?P<state>\S{{1,32}}) )?user (?P<user>.{{0,256}}?) {_FROM}",
          "ssh_disconnect", _NET, "connection,end", ""),
    _make("Disconnected from ", rf"Disconnected from {_FROM}", "ssh_disconnect", _NET, "connection,end", ""),
    _make("Received disconnect",
        rf"Received disconnect from {_FROM}:\s?(?:(?P<code>\d{{1,3}}): ?)?(?P<reason>.{{0,256}})",
          "ssh_disconnect", _NET, "connection,end", ""),
    _make("Connection closed by",
        rf"Connection closed by (?:(?P<state>invalid|authenticating) user (?P<user>.{{0,256}}?) )?{_FROM}",
          "ssh_connection_closed", _NET, "connection,end", ""),
    _make("Connection reset by",
        rf"Connection reset by (?:(?P<state>invalid|authenticating) user (?P<user>.{{0,256}}?) )?{_FROM}",
          "ssh_connection_reset", _NET, "connection,end", ""),
    _make("Connection from", rf"Connection from {_FROM}", "ssh_connection", _NET, "connection,start", ""),
    _make("Did not receive identification", rf"(?P<reason>Did not receive identification string) from {_FROM}",
        "ssh_probe", _NET, "connection,denied", "failure"),
    _make("Bad protocol version", rf"(?P<reason>Bad protocol version identification) .{{0,512}}? from {_FROM}$",
        "ssh_probe", _NET, "connection,denied", "failure"),
    _make("banner exchange", rf"banner exchange: Connection from {_FROM}: (?P<reason>.{{1,256}})", "ssh_probe", _NET,
        "connection,denied", "failure"),
    _make("Unable to negotiate",
        rf"(?:Unable to negotiate) (?:with|a key exchange method with) {_FROM}: (?P<reason>[^.]{{1,256}})",
          "ssh_negotiation", _NET, "connection,denied", "failure"),
    _make("error: kex_exchange", r"error: kex_exchange_identification: (?P<reason>.{1,256})", "ssh_probe", _NET,
        "connection,denied", "failure"),
    _make("fatal: Timeout before", rf"fatal: (?P<reason>Timeout before authentication) for {_FROM}", "ssh_timeout",
        _NET, "connection,denied", "failure"),
    _make("Timeout before", rf"(?P<reason>Timeout before authentication) for (?:connection from )?{_FROM}",
        "ssh_timeout", _NET, "connection,denied", "failure"),
    _make("fatal: ",
        r"fatal: (?P<reason>.{1,200}?) (?:from|for|with) (?P<ip>[0-9A-Fa-f.:]{2,45})(?: port "
          r"(?P<port>\d{1,5}))?", "ssh_fatal", _NET, "connection,denied", "failure"),
    _make("ssh_dispatch_run_fatal",
        rf"ssh_dispatch_run_fatal: Connection (?:from|to) (?:(?:invalid|authenticating) user "
          rf"(?P<user>\S{{0,256}}) )?{_FROM}: (?P<reason>.{{1,256}})",
          "ssh_fatal", _NET, "connection,denied", "failure"),
    _make("Magic value check failed",
        rf"(?P<reason>Magic value check failed) \(\d{{1,12}}\) on obfuscated handshake from {_FROM}",
          "ssh_probe", _NET, "connection,denied", "failure"),
    _make("refused connect from",
        r"(?P<reason>refused connect) from (?P<host>\S{1,255}) \((?P<ip>[0-9A-Fa-f.:]{2,45})\)", "ssh_refused", _NET,
            "connection,denied", "failure"),
    _make("drop connection", rf"drop connection #\d{{1,6}} from \[?{_FROM}\]?.{{0,200}} (?P<reason>\S{{1,64}})$",
        "ssh_refused", _NET, "connection,denied", "failure"),
    _make("reverse mapping",
        r"(?P<reason>reverse mapping checking getaddrinfo) for (?P<host>\S{1,255}) \[(?P<ip>[0-9A-Fa-f.:]{2,45})\]",
            "ssh_reverse_mapping", _NET, "info", ""),
    _make("Address ",
        r"Address (?P<ip>[0-9A-Fa-f.:]{2,45}) maps to (?P<host>\S{1,255}), (?P<reason>but this does not map back)",
            "ssh_reverse_mapping", _NET, "info", ""),
    _make("Server listening", r"Server listening on (?P<ip>\S{1,64}) port (?P<port>\d{1,5})", "ssh_server_start",
        "process", "start", "success"),
    _make("Starting session",
        rf"Starting session: (?P<reason>.{{1,256}}?) (?:on (?P<tty>\S{{1,32}}) )?for (?P<user>\S{{1,256}}) from"
          rf" {_FROM}", "ssh_session", "session", "start", "success"),
    _make("Close session", rf"Close session: user (?P<user>\S{{1,256}}) from {_FROM}", "ssh_session", "session", "end",
        "success"),
    _make("subsystem request", r"subsystem request for (?P<reason>\S{1,64}) (?:by user (?P<user>\S{1,256}))?",
        "ssh_subsystem", "session", "info", "success"),
    _make("Found matching", r"Found matching (?P<method>\S{1,32}) key: (?P<reason>\S{1,128})", "ssh_key", _AUTH, "info",
        "success"),
    _make("ROOT LOGIN REFUSED", rf"(?P<reason>ROOT LOGIN REFUSED) FROM {_FROM}", "ssh_login", _AUTH, "start",
        "failure"),
    _make("Authentication refused", r"(?P<reason>Authentication refused: .{1,256})", "ssh_login", _AUTH, "info",
        "failure"),
)  # fmt: skip

SUDO: Final = (
    _make("", r"\s*(?P<user>[^:\s]{1,256}) : (?:(?P<reason>[^;]{1,200}?) ; )?(?:HOST=\S{1,255} ; )?TTY="
          r"(?P<tty>[^;]{1,64}?) ; PWD=(?P<pwd>[^;]{0,1024}?) ; USER=(?P<target>[^;]{1,256}?)"
          r"(?: ; GROUP=(?P<group>[^;]{1,256}?))?(?: ; TSID=\S{1,64})?(?: ; ENV=[^;]{0,1024}?)? ; COMMAND="
          r"(?P<command>.*)", "sudo", "process", "start", "success"),
    _make("", r"\s*(?P<user>\S{1,256}) : (?P<reason>(?:\d{1,3} incorrect password attempts?|user NOT in"
          r" sudoers|a password is required|command not allowed).{0,200})",
          "sudo", "process", "denied", "failure"),
)  # fmt: skip

SU: Final = (
    _make("FAILED SU", r"FAILED SU \(to (?P<target>\S{1,256})\) (?P<user>\S{1,256}) on (?P<tty>\S{1,64})", "su", _AUTH,
        "start", "failure"),
    _make("FAILED su", r"FAILED su for (?P<target>\S{1,256}) by (?P<user>\S{1,256})", "su", _AUTH, "start", "failure"),
    _make("Successful su", r"Successful su for (?P<target>\S{1,256}) by (?P<user>\S{1,256})", "su", _AUTH, "start",
        "success"),
    _make("(to ", r"\(to (?P<target>\S{1,256})\) (?P<user>\S{1,256}) on (?P<tty>\S{1,64})", "su", _AUTH, "start",
        "success"),
    _make("+ ", r"\+ (?P<tty>\S{1,64}) (?P<user>[^:\s]{1,256})[:\-](?P<target>\S{1,256})", "su", _AUTH, "start",
        "success"),
    _make("- ", r"- (?P<tty>\S{1,64}) (?P<user>[^:\s]{1,256})[:\-](?P<target>\S{1,256})", "su", _AUTH, "start",
        "failure"),
)  # fmt: skip

ACCOUNTS: Final = (
    _make("new user",
        r"new user: name=(?P<target>[^,]{1,256}), UID=(?P<uid>\d{1,10}), GID=(?P<gid>\d{1,10}), home="
          r"(?P<home>[^,]{0,512}), shell=(?P<shell>[^,]{0,256})(?:, from=(?P<tty>\S{1,64}))?",
          "added-user-account", "iam", "user,creation", "success"),
    _make("new group", r"new group: name=(?P<group>[^,]{1,256}), GID=(?P<gid>\d{1,10})", "added-group-account", "iam",
        "group,creation", "success"),
    _make("group added", r"group added to \S{1,64}: name=(?P<group>[^,]{1,256})(?:, GID=(?P<gid>\d{1,10}))?",
        "added-group-account", "iam", "group,creation", "success"),
    _make("add '", r"add '(?P<target>[^']{1,256})' to (?:shadow )?group '(?P<group>[^']{1,256})'",
        "added-member-to-group", "iam", "group,change", "success"),
    _make("remove",
        r"removed? '?(?P<target>[^'\s]{1,256})'? (?:from|owned by) (?:shadow )?(?:group )?'?(?P<group>[^'\s]{1,256})'?",
            "removed-member-from-group", "iam", "group,change", "success"),
    _make("user ", r"user (?P<user>\S{1,256}) added by \S{1,256} to group (?P<group>\S{1,256})",
        "added-member-to-group", "iam", "group,change", "success"),
    _make("delete user", r"delete user '(?P<target>[^']{1,256})'", "deleted-user-account", "iam", "user,deletion",
        "success"),
    _make("delete '", r"delete '(?P<target>[^']{1,256})' from (?:shadow )?group '(?P<group>[^']{1,256})'",
        "removed-member-from-group", "iam", "group,change", "success"),
    _make("group '", r"group '(?P<group>[^']{1,256})' removed", "deleted-group-account", "iam", "group,deletion",
        "success"),
    _make("removed group", r"removed group '(?P<group>[^']{1,256})'", "deleted-group-account", "iam", "group,deletion",
        "success"),
    _make("change user", r"change user '(?P<target>[^']{1,256})' (?P<reason>.{1,256})", "modified-user-account", "iam",
        "user,change", "success"),
    _make("lock user", r"lock user '(?P<target>[^']{1,256})' password", "disabled-user-account", "iam", "user,change",
        "success"),
    _make("unlock user", r"unlock user '(?P<target>[^']{1,256})' password", "enabled-user-account", "iam",
        "user,change", "success"),
    _make("password for", r"password for '?(?P<target>[^'\s]{1,256})'? changed by '?(?P<user>[^'\s]{1,256})'?",
        "changed-password", "iam", "user,change", "success"),
    _make("changed password expiry", r"changed password expiry for (?P<target>\S{1,256})", "modified-user-account",
        "iam", "user,change", "success"),
    _make("changed user", r"changed user '(?P<target>[^']{1,256})' information", "modified-user-account", "iam",
        "user,change", "success"),
    _make("failed adding user", r"failed adding user '(?P<target>[^']{1,256})'", "added-user-account", "iam",
        "user,creation", "failure"),
    _make("gkr-pam", r"gkr-pam: (?P<reason>.{1,256})", "keyring", _AUTH, "info", ""),
)  # fmt: skip

LOGIND: Final = (
    _make("New session", r"New session '?(?P<name>[^\s']{1,64})'? of user '?(?P<user>[^\s'.]{1,256})'?",
        "session_started", "session", "start", "success"),
    _make("Removed session", r"Removed session (?P<name>[^\s.]{1,64})", "session_ended", "session", "end", "success"),
    _make("Session ", r"Session (?P<name>\S{1,64}) logged out", "session_ended", "session", "end", "success"),
    _make("FAILED LOGIN",
        r"FAILED LOGIN (?:\(?\d{0,4}\)? ?)?(?:SESSION )?(?:on '?(?P<tty>[^\s']{1,64})'?|FROM "
          r"(?P<host>\S{1,255})) (?:FOR|from) '?(?P<user>[^',]{1,256})'?[,:]? ?(?P<reason>.{0,200})", "login", _AUTH,
              "start", "failure"),
    _make("ROOT LOGIN", r"ROOT LOGIN\s{1,4}(?:on|ON) '?(?P<tty>[^\s']{1,64})'?(?: FROM (?P<host>\S{1,255}))?", "login",
        _AUTH, "start", "success"),
    _make("LOGIN ON", r"LOGIN ON (?P<tty>\S{1,64}) BY (?P<user>\S{1,256})(?: FROM (?P<host>\S{1,255}))?", "login",
        _AUTH, "start", "success"),
    _make("Power key", r"(?P<reason>Power key pressed)", "power", "host", "change", ""),
    _make("System is", r"System is (?P<reason>\S{1,64})", "power", "host", "end", "success"),
)  # fmt: skip

POLKIT: Final = (
    _make("Operator of",
        r"Operator of (?P<name>\S{1,128}) (?P<state>successfully authenticated|FAILED to authenticate).{0,64}?"
          r" as (?P<target>\S{1,256}) to gain .{0,64}?authorization for action (?P<reason>\S{1,128})",
          "polkit_authorization", _AUTH, "start", ""),
    _make("Registered Authentication", r"Registered Authentication Agent for (?P<name>\S{1,128})", "polkit_agent",
        "process", "start", "success"),
    _make("Unregistered Authentication", r"Unregistered Authentication Agent for (?P<name>\S{1,128})", "polkit_agent",
        "process", "end", "success"),
    _make("", r"(?P<user>[^:\s]{1,256}): Executing command \[USER=(?P<target>[^\]]{1,256})\] \[TTY="
          r"(?P<tty>[^\]]{1,64})\] \[CWD=(?P<pwd>[^\]]{1,1024})\] \[COMMAND=(?P<command>.{1,4096})\]",
          "pkexec", "process", "start", "success"),
)  # fmt: skip

CRON: Final = (
    _make("(", r"\((?P<user>[^)\s]{1,256})\) CMD \((?P<command>.*)\)", "cron_command", "process", "start", "success"),
    _make("(", r"\((?P<user>[^)\s]{1,256})\) (?P<state>REPLACE|BEGIN EDIT|END"
          r" EDIT|LIST|DELETE|RELOAD|ORPHAN|WRONG FILE OWNER|FAILED.{0,64}|AUTH) \((?P<target>[^)]{1,512})\)",
          "crontab", "configuration", "change", ""),
    _make("(", r"\((?P<user>[^)\s]{1,256})\) (?P<reason>[A-Z][A-Za-z ]{1,32})\b", "cron", "process", "info", ""),
)  # fmt: skip

PAM: Final = (
    _make("pam_",
        r"pam_\w{1,32}\((?P<name>[\w.@\-]{1,64}):session\): session opened for user (?P<user>[^\s(]{1,256})"
          r"(?:\(uid=(?P<uid>\d{1,10})\))?(?: by (?P<by>[^\s(]{0,256})\(uid=(?P<byuid>\d{1,10})\))?",
          "session_opened", "session", "start", "success"),
    _make("pam_", r"pam_\w{1,32}\((?P<name>[\w.@\-]{1,64}):session\): session closed for user (?P<user>[^\s(]{1,256})",
        "session_closed", "session", "end", "success"),
    _make("pam_", r"pam_\w{1,32}\((?P<name>[\w.@\-]{1,64}):auth\): (?P<reason>check pass; user unknown)", "pam_auth",
        _AUTH, "info", "failure"),
    _make("pam_",
        r"pam_tally2?\((?P<name>[\w.@\-]{1,64}):auth\): user (?P<user>\S{1,256}) \((?P<uid>\d{1,10})\) "
          r"(?P<reason>tally \d{1,6}, deny \d{1,6})", "account_locked", _AUTH, "denied", "failure"),
    _make("pam_",
        r"pam_faillock\((?P<name>[\w.@\-]{1,64}):auth\): (?P<reason>Consecutive login failures) for user "
          r"(?P<user>\S{1,256})", "account_locked", _AUTH, "denied", "failure"),
    _make("pam_",
        r"pam_succeed_if\((?P<name>[\w.@\-]{1,64}):auth\): (?P<reason>requirement .{1,128}? not met) by user \""
          r"(?P<user>[^\"]{0,256})\"", "pam_requirement", _AUTH, "info", "failure"),
    _make("pam_", r"pam_\w{1,32}\((?P<name>[\w.@\-]{1,64}):chauthtok\): password changed for (?P<target>\S{1,256})",
        "changed-password", "iam", "user,change", "success"),
    _make("pam_",
        r"pam_\w{1,32}\((?P<name>[\w.@\-]{1,64}):account\): (?P<reason>.{1,200}?) for user (?P<user>\S{1,256})",
            "pam_account", _AUTH, "denied", "failure"),
    _make("pam_", r"pam_\w{1,32}\((?P<name>[\w.@\-]{1,64}):\w{1,16}\): (?P<reason>.{1,256})", "pam", _AUTH, "info", ""),
)  # fmt: skip

PROGRAMS: Final = {
    "sshd": SSHD, "sshd-session": SSHD, "sshd-auth": SSHD, "dropbear": (), "sudo": SUDO, "su": SU, "useradd": ACCOUNTS,
    "adduser": ACCOUNTS,
    "groupadd": ACCOUNTS, "addgroup": ACCOUNTS, "usermod": ACCOUNTS, "groupmod": ACCOUNTS, "userdel": ACCOUNTS,
    "deluser": ACCOUNTS,
    "groupdel": ACCOUNTS, "gpasswd": ACCOUNTS, "passwd": ACCOUNTS, "chage": ACCOUNTS, "chfn": ACCOUNTS,
    "chsh": ACCOUNTS,
    "chpasswd": ACCOUNTS, "newusers": ACCOUNTS, "systemd-logind": LOGIND, "login": LOGIND, "polkitd": POLKIT,
    "pkexec": POLKIT,
    "polkit-agent-helper-1": POLKIT, "cron": CRON, "CRON": CRON, "crond": CRON, "CROND": CRON, "crontab": CRON,
    "anacron": CRON,
    "gdm-password]": (), "gdm-password": (), "lightdm": (), "systemd": (), "vsftpd": (), "runuser": (), "sddm": (),
    "doas": (),
    "unix_chkpwd": (), "atd": (), "xrdp-sesman": (),
}  # fmt: skip
"""Program name → its messages. Programs with none of their own are read for their PAM lines."""
