"""The collector role: all listeners, the publisher, and the small loops beside them.

transport → framing → parser → stream, with the ledger of refusals, the source registry and the replay of quarantine.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from collectors.publisher import Publisher
from collectors.quota import Quotas
from collectors.refusals import Refusals
from collectors.replay_quarantine import QuarantineReplay
from collectors.sources import SourceRegistry
from collectors.spool import Spool
from collectors.transports.drop import DropFolder
from collectors.transports.follow import FileFollower
from collectors.transports.forward import Forward
from collectors.transports.gelf_sockets import GelfTcp, GelfUdp
from collectors.transports.http import HttpPush
from collectors.transports.imap import ImapFolder
from collectors.transports.intake import Intake, Listener, Transport
from collectors.transports.lumberjack import Lumberjack
from collectors.transports.positions import Positions
from collectors.transports.pull import Puller
from collectors.transports.relp import Relp
from collectors.transports.syslog import SyslogTcp, SyslogUdp
from taishi.errors import ConfigError, RecordsError, TaishiError, Unavailable
from taishi.event import TOPIC_EVENTS
from taishi.observe import Health
from taishi.records.port import Records
from taishi.settings import Settings, ShippersSettings, SyslogSettings
from taishi.stream.port import Stream

log = structlog.get_logger()

SOURCES_SECONDS = 2.0
"""How old the view of the sources may be: a new key works within this time."""

LEDGER_SECONDS = 1.0
REPLAY_SECONDS = 2.0


class Collector:
    """`run` serves until `stop` is set. `ready` is set when every listener is bound, `ports` tells where."""

    def __init__(self, settings: Settings, stream: Stream, records: Records) -> None:
        self.ports: dict[str, int] = {}
        self.ready = asyncio.Event()
        self._settings = settings
        self._stream = stream
        self._records = records

    async def run(self, stop: asyncio.Event) -> None:
        await asyncio.to_thread(self._stream.ensure_topic, TOPIC_EVENTS, self._settings.stream.partitions)
        sources = SourceRegistry(self._records)
        await asyncio.to_thread(sources.refresh)
        collect = self._settings.collect
        spool = Spool(self._settings.data_dir / "spool", collect.spool_bytes)
        publisher = Publisher(self._stream, spool, collect.batch_wait, collect.max_pending)
        refusals = Refusals(self._records)
        intake = Intake(self._settings, sources, publisher, refusals, Quotas())
        replay = QuarantineReplay(self._records, sources, publisher, collect.max_depth)
        health = Health({"stream": lambda: publisher.problem})
        publishing = asyncio.create_task(publisher.run(), name="publisher")
        loops = [
            self._every("sources", SOURCES_SECONDS, lambda: asyncio.to_thread(sources.refresh)),
            self._every("refusals", LEDGER_SECONDS, lambda: asyncio.to_thread(refusals.flush)),
            self._every("replay", REPLAY_SECONDS, lambda: _replay(replay)),
        ]
        transports: list[Transport] = []
        try:
            await self._listen(transports, intake, health)
            self.ready.set()
            log.info("The collectors listen.", **{name: str(port) for name, port in self.ports.items()})
            tasks = [task for transport in transports for task in transport.tasks()]
            await _until(stop, [publishing, *loops, *tasks])
        finally:
            for transport in transports:
                await transport.stop()
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)
            publisher.stop()
            await asyncio.gather(publishing, return_exceptions=True)
            await asyncio.to_thread(refusals.flush)

    async def _listen(self, transports: list[Transport], intake: Intake, health: Health) -> None:
        """Start all transports into `transports`, so that a failure leaves what runs to be stopped."""
        try:
            for name, host, port, make in self._listeners(intake):
                if port is not None:
                    listener = make()
                    self.ports[name] = await listener.start(host, port)
                    transports.append(listener)
            http = self._settings.http
            if http.port is not None:
                push = HttpPush(intake, health)
                self.ports["http"] = await push.start(http.host, http.port, http.certificate, http.private_key)
                transports.append(push)
        except OSError as error:
            raise ConfigError(f"a listener cannot be bound: {error}; choose another port in the settings") from error
        positions = Positions(self._settings.data_dir / "followed.json")
        for source in dict.fromkeys(follow.source for follow in self._settings.follow):
            sections = [follow for follow in self._settings.follow if follow.source == source]
            follower = FileFollower(intake, source, sections, positions)
            await follower.start()
            transports.append(follower)
        for puller in self._pullers(intake):
            await puller.start()
            transports.append(puller)

    def _pullers(self, intake: Intake) -> list[Puller]:
        """What fetches records itself, each for one source; the clients' libraries are loaded where one is wanted."""
        found: list[Puller] = [DropFolder(intake, section) for section in self._settings.drop]
        found += [ImapFolder(intake, section) for section in self._settings.imap_input]
        if self._settings.kafka_input:
            from collectors.transports.kafka_topic import KafkaTopic  # noqa: PLC0415  loads a second of tables

            found += [KafkaTopic(intake, section) for section in self._settings.kafka_input]
        if self._settings.mqtt_input:
            from collectors.transports.mqtt import MqttTopics  # noqa: PLC0415  for those who have a broker

            found += [MqttTopics(intake, section) for section in self._settings.mqtt_input]
        return found

    def _listeners(self, intake: Intake) -> list[tuple[str, str, int | None, Callable[[], Listener]]]:
        """(name, address, port or None for none, what listens there)."""
        syslog, shippers = self._settings.syslog, self._settings.shippers
        at = shippers.host

        def secured() -> ssl.SSLContext | None:
            return tls_context(shippers, "shippers") if shippers.certificate or shippers.private_key else None

        def traps() -> Listener:
            from collectors.transports.snmp import SnmpTraps  # noqa: PLC0415  a second of tables, for those who have traps

            return SnmpTraps(intake, self._settings.snmp)

        return [
            ("snmp", self._settings.snmp.host, self._settings.snmp.port, traps),
            ("udp", syslog.host, syslog.udp_port, lambda: SyslogUdp(intake)),
            ("tcp", syslog.host, syslog.tcp_port, lambda: SyslogTcp(intake)),
            ("tls", syslog.host, syslog.tls_port, lambda: SyslogTcp(intake, tls_context(syslog, "syslog"))),
            ("lumberjack", at, shippers.lumberjack_port, lambda: Lumberjack(intake, secured())),
            ("relp", at, shippers.relp_port, lambda: Relp(intake, secured())),
            ("forward", at, shippers.forward_port, lambda: Forward(intake, secured())),
            ("gelf", at, shippers.gelf_tcp_port, lambda: GelfTcp(intake, secured())),
            ("gelf-udp", at, shippers.gelf_udp_port, lambda: GelfUdp(intake)),
        ]

    def _every(self, name: str, seconds: float, action: Callable[[], Awaitable[Any]]) -> asyncio.Task[None]:
        async def repeat() -> None:
            while True:
                await asyncio.sleep(seconds)
                try:
                    await action()
                except (RecordsError, Unavailable) as error:
                    log.warning("A background task could not finish and is tried again.", task=name, reason=str(error))

        return asyncio.create_task(repeat(), name=name)


async def _until(stop: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """Wait for `stop`. A part that ends by itself ends the process, which is started again whole: a listener that is
    quietly gone is worse. Raises what the part raised."""
    stopped = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({stopped, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    for task in tasks:
        if task in done:
            await task
            raise TaishiError(f"the {task.get_name()} ended by itself")


async def _replay(replay: QuarantineReplay) -> None:
    batches = await asyncio.to_thread(replay.prepare)
    await replay.publish(batches)


def tls_context(settings: SyslogSettings | ShippersSettings, section: str) -> ssl.SSLContext:
    """TLS 1.2 or newer; with `client_ca` a client must present a certificate of it."""
    if settings.certificate is None or settings.private_key is None:
        raise ConfigError(f"TLS needs {section}.certificate and {section}.private_key")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.certificate, settings.private_key)
        if settings.client_ca is not None:
            context.load_verify_locations(settings.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"the TLS files of {section} cannot be used: {error}") from error
    return context
