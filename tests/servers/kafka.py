"""One Apache Kafka broker in KRaft mode, broker and controller in one process."""

from __future__ import annotations

import base64
import socket
import subprocess
import uuid
from pathlib import Path

from tests.servers.maven import HERE, install, java_home
from tests.servers.process import Failed, Server

HEAP = "512m"

PROPERTIES = """\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller}
log.dirs={data}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.cleaner.dedupe.buffer.size=16777216
message.max.bytes=33554432
# A broker that was killed is known as dead after two seconds instead of nine: its restart is that much quicker.
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
"""


class Kafka(Server):
    name = "Kafka"

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"kafka://{self.bootstrap}"

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    def _prepare(self) -> None:
        self._java = java_home(17) / "bin" / "java"
        self._home = install("kafka", lambda fresh: None)
        data = self.folder / "data"
        self._properties.write_text(
            PROPERTIES.format(port=self.port, controller=self._kept_port("controller"), data=data)
        )
        if not (data / "meta.properties").exists():
            self._format()

    def _format(self) -> None:
        identity = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "a", 1)
        done = subprocess.run(
            [*self._jvm(), "kafka.tools.StorageTool", "format", "-t", identity, "-c", str(self._properties)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise Failed(f"Kafka's storage was not formatted: {done.stdout[-2000:]}{done.stderr[-2000:]}")

    def _jvm(self) -> list[str]:
        log = HERE / "log4j2.properties"
        return [
            str(self._java), f"-Xms{HEAP}", f"-Xmx{HEAP}", "-XX:+UseSerialGC", f"-Dlog4j2.configurationFile={log}",
            "-cp", f"{self._home}/lib/*",
        ]  # fmt: skip

    def _command(self) -> list[str]:
        return [*self._jvm(), "kafka.Kafka", str(self._properties)]

    def _ready(self) -> bool:
        """The listener opens when the broker has recovered its logs."""
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
