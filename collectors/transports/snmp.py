"""SNMP traps and informs: v1, v2c by community, v3 by user (USM). Each becomes one JSON record that the parser `snmp_trap` reads.

Only datagrams of registered addresses are decoded. An inform is answered when its record is durable, so its sender repeats what we
could not take; a trap has no answer, and what cannot be taken is counted as refused. Passwords and communities reach no record.

Source: RFC 3416 (4.2.6, 4.2.7), RFC 3414 (USM), RFC 2576 (v1 traps as v2 notifications)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson
import structlog
from pyasn1.codec.ber import decoder
from pyasn1.error import PyAsn1Error
from pysnmp.entity import config, engine
from pysnmp.entity.rfc3413 import ntfrcv
from pysnmp.error import PySnmpError
from pysnmp.proto import rfc1902
from pysnmp.proto.api import verdec
from pysnmp.proto.mpmod.rfc3412 import SNMPv3Message
from pysnmp.proto.secmod.rfc3414.service import UsmSecurityParameters

from collectors.framing import Frame
from collectors.transports.datagrams import Datagrams
from collectors.transports.intake import Intake
from taishi.settings import SnmpSettings, SnmpUser

log = structlog.get_logger()

DOMAIN: Final = (1, 3, 6, 1, 6, 1, 1, 99)
"""Of our own transport: datagrams are handed to the engine one by one, and its answers are taken back."""

AUTH: Final = {
    "": config.USM_AUTH_NONE, "MD5": config.USM_AUTH_HMAC96_MD5, "SHA": config.USM_AUTH_HMAC96_SHA,
    "SHA224": config.USM_AUTH_HMAC128_SHA224, "SHA256": config.USM_AUTH_HMAC192_SHA256,
    "SHA384": config.USM_AUTH_HMAC256_SHA384, "SHA512": config.USM_AUTH_HMAC384_SHA512,
}  # fmt: skip
PRIVACY: Final = {
    "": config.USM_PRIV_NONE, "DES": config.USM_PRIV_CBC56_DES, "AES": config.USM_PRIV_CFB128_AES,
    "AES192": config.USM_PRIV_CFB192_AES, "AES256": config.USM_PRIV_CFB256_AES,
}  # fmt: skip

V3: Final = 3
MAX_ENGINES: Final = 5000
"""Senders of v3 whose keys are kept."""
NEW_ENGINE_SECONDS: Final = 0.25
_V3: Final = SNMPv3Message()
_USM: Final = UsmSecurityParameters()
MAX_BINDINGS: Final = 256
MAX_VALUE: Final = 4096
_COMMUNITY: Final = (1, 3, 6, 1, 6, 3, 18, 1, 4)
"""snmpTrapCommunity: a password, which a v1 trap is given on its way to v2."""


class _Dispatcher:
    """What the engine sends through: kept until we know what it answers."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.tick: Callable[[float], None] = lambda _: None

    def register_timer_callback(self, tick: Callable[[float], None]) -> None:
        """The engine forgets what it cached when it is told of the time."""
        self.tick = tick

    def send_message(self, message: bytes, _domain: Any, _address: Any) -> None:
        self.sent.append(bytes(message))

    def get_timer_resolution(self) -> float:
        return 1.0

    def __getattr__(self, name: str) -> Any:
        """Timers and registrations of a real dispatcher, of which there are none here."""
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_, **__: None


class SnmpTraps(Datagrams):
    protocol = "snmp"

    def __init__(self, intake: Intake, section: SnmpSettings) -> None:
        super().__init__(intake)
        self._engine: Any = engine.SnmpEngine()
        self._dispatcher = _Dispatcher()
        self._engine.register_transport_dispatcher(self._dispatcher)
        for number, community in enumerate(section.communities):
            config.add_v1_system(self._engine, f"c{number}", community.get_secret_value())
        self._users = {user.name: user for user in section.users}
        self._known: dict[tuple[str, bytes], None] = {}
        self._introduced = self._ticked = 0.0
        for user in section.users:
            self._add(user)
        self._records: list[bytes] = []
        ntfrcv.NotificationReceiver(self._engine, self._notified)
        self._peers: dict[tuple[str, bytes], Any] = {}
        self._answers: dict[str, list[tuple[bytes, Any]]] = {}

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        waiting = len(self._queue)
        super().datagram_received(data, addr)
        if len(self._queue) > waiting:  # each that waits is looked at, and its sender's port with it
            self._peers[str(addr[0]), data] = addr

    def frames(self, sender: str, datagrams: list[bytes]) -> list[Frame]:
        if not self.intake.sources.by_address(sender):
            for data in datagrams:
                self._peers.pop((sender, data), None)
            return [Frame(b"snmp")] * len(datagrams)  # counted as unknown by the caller, and not decoded
        self._pass_time()
        found = []
        for data in datagrams:
            peer = self._peers.pop((sender, data), None)
            records, sent = self.decode(data, sender)
            if not records:
                for message in sent:  # a report: the sender asks for our engine's name or clock
                    self._answer(message, peer)
                if not sent:
                    self.refuse(sender, 1, "snmp")
                continue
            found += [Frame(record) for record in records]
            self._answers.setdefault(sender, []).extend((message, peer) for message in sent)
        return found

    def _pass_time(self) -> None:
        now = time.monotonic()
        if now - self._ticked >= 1.0:
            self._ticked = now
            self._dispatcher.tick(now)

    def taken(self, sender: str) -> None:
        for message, peer in self._answers.pop(sender, []):
            self._answer(message, peer)

    def refused(self, sender: str) -> None:
        self._answers.pop(sender, None)

    def _answer(self, message: bytes, peer: Any) -> None:
        if peer is not None and self._transport is not None:
            self._transport.sendto(message, peer)

    def _add(self, user: SnmpUser, engine_id: bytes = b"") -> None:
        """Keys are made for one engine: ours, which informs go to, or that of a sender, in whose name its traps are."""
        config.add_v3_user(
            self._engine, user.name, AUTH[user.auth], user.auth_password.get_secret_value() or None,
            PRIVACY[user.privacy], user.privacy_password.get_secret_value() or None,
            securityEngineId=rfc1902.OctetString(engine_id) if engine_id else None,
        )  # fmt: skip

    def _introduce(self, data: bytes) -> None:
        """Make a known user's keys for an engine that is seen for the first time; the oldest is forgotten beyond the limit."""
        message, _ = decoder.decode(data, asn1Spec=_V3)
        secured, _ = decoder.decode(bytes(message.getComponentByPosition(2)), asn1Spec=_USM)
        engine_id, name = bytes(secured.getComponentByPosition(0)), str(secured.getComponentByPosition(3))
        user = self._users.get(name)
        if user is None or not 5 <= len(engine_id) <= 32 or (name, engine_id) in self._known:
            return
        if time.monotonic() - self._introduced < NEW_ENGINE_SECONDS:
            raise ValueError(
                "too many new engines at once"
            )  # their keys take work: a flood of names is not answered with it
        self._introduced = time.monotonic()
        if len(self._known) >= MAX_ENGINES:
            old_name, old_engine = next(iter(self._known))
            del self._known[old_name, old_engine]
            config.delete_v3_user(self._engine, old_name, rfc1902.OctetString(old_engine))
        self._known[name, engine_id] = None
        if engine_id != bytes(self._engine.snmpEngineID):
            self._add(user, engine_id)

    def decode(self, data: bytes, sender: str) -> tuple[list[bytes], list[bytes]]:
        """Records in a datagram, and what is to be answered; nothing for one that cannot be read or is not allowed."""
        self._records, self._dispatcher.sent = [], []
        try:
            if int(verdec.decode_message_version(data)) == V3:
                self._introduce(data)
            self._engine.message_dispatcher.receive_message(self._engine, DOMAIN, _Address((sender, 0)), data)
        except (
            PySnmpError,
            PyAsn1Error,
            ValueError,
            IndexError,
            KeyError,
            TypeError,
            AttributeError,
            OverflowError,
            RecursionError,
        ) as error:
            # the library trusts the inner structure of a message that begins well, and stumbles in many ways
            log.debug("A datagram is no SNMP message.", sender=sender, reason=str(error)[:200])
            return [], []
        return self._records, self._dispatcher.sent

    def _notified(
        self, _engine: Any, state: Any, engine_id: Any, context: Any, bindings: Sequence[Any], _context: Any
    ) -> None:
        point = self._engine.observer.get_execution_context("rfc3412.receiveMessage:request")
        model = int(point.get("securityModel", 0)) if point else 0
        version = {1: "1", 2: "2c", 3: "3"}.get(model, "")
        said: dict[str, Any] = {
            "version": version,
            "varbinds": [_binding(*one) for one in bindings[:MAX_BINDINGS] if _shown(one[0])],
        }
        if version == "3":
            said["user"] = str(point.get("securityName", ""))
            said["engine"] = bytes(engine_id).hex()
        if name := str(context):
            said["context"] = name
        self._records.append(orjson.dumps({"snmp": said}))


class _Address(tuple[Any, ...]):
    """An address as the engine's transports have them."""

    __slots__ = ()

    def get_local_address(self) -> None:
        return None

    def clone(self, _local: Any = None) -> _Address:
        return self


def _shown(oid: Any) -> bool:
    return tuple(oid)[: len(_COMMUNITY)] != _COMMUNITY


def _binding(oid: Any, value: Any) -> dict[str, Any]:
    return {"oid": ".".join(map(str, tuple(oid))), "type": type(value).__name__, "value": _plain(value)}


def _plain(value: Any) -> Any:
    """A JSON scalar: numbers as they are, addresses and ids in their text, octets as text where they are one, else in hex."""
    if type(value).__name__ == "IpAddress":  # of SMIv1 as well as of v2
        return ".".join(map(str, bytes(value)))
    if isinstance(value, rfc1902.ObjectIdentifier):
        return ".".join(map(str, tuple(value)))
    if isinstance(value, rfc1902.OctetString):
        raw = bytes(value)[:MAX_VALUE]
        for charset in ("utf-8", "gb18030"):
            try:
                text = raw.decode(charset)
            except UnicodeDecodeError:
                continue
            if (
                text.isprintable()
                or text.replace("\r", "").replace("\n", "").replace("\t", "").rstrip("\0").isprintable()
            ):
                return text.rstrip("\0")
        return raw.hex()
    try:
        return int(value)
    except (TypeError, ValueError):
        return str(value)[:MAX_VALUE]
