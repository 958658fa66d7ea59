"""Apache Kafka brokers in KRaft mode, each broker and controller in one process: one by itself, or several together.

Each listens three times: plain, TLS with a password (SASL/SCRAM), and TLS with a client certificate.
"""

from __future__ import annotations

import base64
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.certificates import authority, issue
from tests.servers.maven import HERE, install, java_home
from tests.servers.process import Failed, Server

HEAP = "512m"
USER = "taishi"
PASSWORD = "correct-horse"

PROPERTIES = """\
process.roles=broker,controller
node.id={number}
listeners=PLAINTEXT://127.0.0.1:{port},PASSWORD://127.0.0.1:{password},CERTIFICATE://127.0.0.1:{certificate},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},PASSWORD://127.0.0.1:{password},CERTIFICATE://127.0.0.1:{certificate}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,PASSWORD:SASL_SSL,CERTIFICATE:SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.voters={voters}
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.password.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.certificate.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location={folder}/keystore.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/ca.pem
log.dirs={data}
offsets.topic.replication.factor={replication}
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
    """`number` and `voters` are a broker's place among several; alone it is the first and only one."""

    name = "Kafka"

    def __init__(self, folder: Path, number: int = 1) -> None:
        super().__init__(folder)
        self.number = number
        self.controller = self._kept_port("controller")
        self.voters = f"{number}@127.0.0.1:{self.controller}"
        self.cluster = "taishi-test-cluster-00"
        self.replication = 1

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"kafka://{self.bootstrap}"

    @property
    def with_password(self) -> str:
        """host:port of the listener that asks for USER and PASSWORD over TLS."""
        return f"127.0.0.1:{self._kept_port('password')}"

    @property
    def with_certificate(self) -> str:
        """host:port of the listener that asks for a certificate; `client.pem` and `client.key` have one."""
        return f"127.0.0.1:{self._kept_port('certificate')}"

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    def _prepare(self) -> None:
        self._java = java_home(17) / "bin" / "java"
        self._home = install("kafka", lambda fresh: None)
        self._certify()
        data = self.folder / "data"
        self._properties.write_text(
            PROPERTIES.format(
                number=self.number, port=self.port, password=self._kept_port("password"),
                certificate=self._kept_port("certificate"), controller=self.controller, voters=self.voters,
                replication=self.replication, folder=self.folder, data=data,
            )
        )  # fmt: skip
        if not (data / "meta.properties").exists():
            self._format()

    def _certify(self) -> None:
        if (self.folder / "keystore.pem").exists():
            return
        signer = authority(self.folder, "ca")
        issue(self.folder, "server", signer)
        issue(self.folder, "client", signer)
        parts = [(self.folder / name).read_text() for name in ("server.key", "server.pem", "ca.pem")]
        (self.folder / "keystore.pem").write_text("".join(parts))

    def _format(self) -> None:
        identity = base64.urlsafe_b64encode(self.cluster.encode()[:16].ljust(16)).decode().rstrip("=")
        done = subprocess.run(
            [
                *self._jvm(), "kafka.tools.StorageTool", "format", "-t", identity, "-c", str(self._properties),
                "--add-scram", f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]",
            ],
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


class Brokers:
    """Several brokers that are one cluster."""

    name = Kafka.name

    def __init__(self, folder: Path, count: int = 3) -> None:
        self.members = [Kafka(folder / str(number), number) for number in range(1, count + 1)]
        voters = ",".join(member.voters for member in self.members)
        for member in self.members:
            member.voters, member.replication = voters, count

    @property
    def url(self) -> str:
        return "kafka://" + ",".join(member.bootstrap for member in self.members)

    def start(self) -> None:
        """All at once: none is ready before most of them are there."""
        java_home(17)
        install("kafka", lambda fresh: None)
        with ThreadPoolExecutor(len(self.members)) as pool:
            for started in [pool.submit(member.start) for member in self.members]:
                started.result()

    def kill(self) -> None:
        for member in self.members:
            member.kill()
