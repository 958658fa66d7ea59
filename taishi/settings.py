"""Settings: one TOML file and the environment, read once by the composition root and by nothing else.

`TAISHI_CONFIG` names the TOML file (default: taishi.toml in the working directory, may be absent). A variable such as
`TAISHI_SYSLOG__TCP_PORT=6514` overrides `[syslog] tcp_port`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

Port = int


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StreamSettings(Section):
    url: str = Field(
        default="", description="Empty: SQLite log under data_dir. kafka://host:9092,host:9092, or kafkas:// for TLS."
    )
    partitions: int = Field(default=12, ge=1, le=1024, description="Partitions of the event topic when it is created.")
    replication: int = Field(default=3, ge=1, le=7, description="Copies of each partition when it is created on Kafka.")
    compression: Literal["none", "gzip", "zstd"] = Field(default="zstd", description="Of messages on Kafka.")
    ca: Path | None = Field(default=None, description="PEM of who signed the brokers' certificates.")
    certificate: Path | None = Field(default=None, description="PEM, where the brokers ask for one.")
    private_key: Path | None = Field(default=None, description="PEM.")
    username: str = Field(default="", description="For SASL.")
    password: SecretStr = Field(
        default=SecretStr(""), description="For SASL; better in the environment than in a file."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="Used where a username is given."
    )


class StoreSettings(Section):
    url: str = Field(
        default="",
        description="Empty: tantivy indexes under data_dir. https://host:9200,https://host:9200 for Elasticsearch.",
    )
    username: str = Field(default="", description="Of Elasticsearch.")
    password: SecretStr = Field(default=SecretStr(""), description="Better in the environment than in a file.")
    api_key: SecretStr = Field(default=SecretStr(""), description="Instead of username and password.")
    ca: Path | None = Field(default=None, description="PEM of who signed the servers' certificates.")
    prefix: str = Field(default="taishi", pattern=r"^[a-z][a-z0-9-]*$", description="Names of indices begin with it.")
    shards: int = Field(default=1, ge=1, description="Shards of one day's index.")
    replicas: int = Field(default=1, ge=0, description="Copies of each shard beside the first.")
    events_days: int = Field(default=180, ge=1, description="Days that events are kept.")
    alerts_days: int = Field(default=365, ge=1, description="Days that alerts are kept.")


class RecordsSettings(Section):
    url: str = Field(
        default="", description="Empty: SQLite under data_dir. postgresql+psycopg://user@host/database for PostgreSQL."
    )
    password: SecretStr = Field(default=SecretStr(""), description="Of PostgreSQL, where it is not in the URL.")
    days: int = Field(
        default=400,
        ge=30,
        description="Days of what was only counted: meta-alerts and incidents that nobody had to see, balances, risk history.",
    )


class SyslogSettings(Section):
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    udp_port: int | None = Field(default=5514, description="`off` switches the listener off, as with every port.")
    tcp_port: int | None = Field(default=5514, description="Newline and octet-counted framing, told apart by itself.")
    tls_port: int | None = Field(default=None, description="Needs certificate and private_key.")
    certificate: Path | None = Field(default=None, description="PEM, with its chain.")
    private_key: Path | None = Field(default=None, description="PEM.")
    client_ca: Path | None = Field(default=None, description="Where given, TLS clients must present its certificate.")
    max_line: int = Field(default=256 * 1024, description="Bytes of one record; longer ones are quarantined, cut.")
    max_connections: int = Field(default=2000, description="Open TCP and TLS connections together.")
    idle_timeout: float = Field(default=600.0, description="Seconds without a byte after which a connection is closed.")


class ShippersSettings(Section):
    """Protocols that existing shippers speak, each on its own port. HTTP ones (Elasticsearch `_bulk`, Splunk HEC, OTLP, GELF)
    are on `http.port`."""

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    lumberjack_port: int | None = Field(default=None, description="Beats, Elastic Agent, Logstash; by custom 5044.")
    relp_port: int | None = Field(default=None, description="rsyslog's RELP; by custom 2514.")
    forward_port: int | None = Field(default=None, description="Fluentd, Fluent Bit; by custom 24224.")
    gelf_tcp_port: int | None = Field(default=None, description="GELF over TCP; by custom 12201.")
    gelf_udp_port: int | None = Field(default=None, description="GELF over UDP; by custom 12201.")
    certificate: Path | None = Field(default=None, description="PEM; with private_key the TCP listeners speak TLS.")
    private_key: Path | None = Field(default=None, description="PEM.")
    client_ca: Path | None = Field(default=None, description="Where given, TLS clients must present its certificate.")


class SnmpUser(Section):
    """One `[[snmp.users]]` section: a user of SNMPv3 traps and informs (USM)."""

    name: str = Field(description="Of the user.")
    auth: Literal["", "MD5", "SHA", "SHA224", "SHA256", "SHA384", "SHA512"] = Field(
        default="SHA256", description="Empty: messages are not authenticated."
    )
    auth_password: SecretStr = Field(default=SecretStr(""), description="At least 8 characters.")
    privacy: Literal["", "DES", "AES", "AES192", "AES256"] = Field(
        default="AES", description="Empty: messages are not encrypted."
    )
    privacy_password: SecretStr = Field(default=SecretStr(""), description="At least 8 characters.")


class SnmpSettings(Section):
    """Traps and informs."""

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int | None = Field(default=None, description="UDP; by custom 162.")
    communities: tuple[SecretStr, ...] = Field(default=(), description="Of SNMPv1 and v2c; others are refused.")
    users: tuple[SnmpUser, ...] = Field(default=(), description="Of SNMPv3.")


class KafkaInputSettings(Section):
    """One `[[kafka_input]]` section: topics of an enterprise's own Kafka that are read for one of its sources."""

    servers: tuple[str, ...] = Field(description="host:port of the brokers.")
    topics: tuple[str, ...] = Field(description="Names of the topics.")
    source: str = Field(description="Id of the source the records belong to.")
    group: str = Field(default="taishi", description="Consumer group; collectors of one group share the partitions.")
    tls: bool = Field(default=False, description="Whether the brokers speak TLS.")
    ca: Path | None = Field(default=None, description="PEM of who signed the brokers' certificates.")
    certificate: Path | None = Field(default=None, description="PEM, where the brokers ask for one.")
    private_key: Path | None = Field(default=None, description="PEM.")
    username: str = Field(default="", description="For SASL.")
    password: SecretStr = Field(default=SecretStr(""), description="For SASL.")
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="Used where a username is given."
    )

    def client(self) -> dict[str, Any]:
        """The settings as kafka-python names them."""
        found: dict[str, Any] = {
            "bootstrap_servers": list(self.servers),
            "security_protocol": ("SASL_" if self.username else "") + ("SSL" if self.tls else "PLAINTEXT"),
            "request_timeout_ms": 20_000,
        }
        files = {"ssl_cafile": self.ca, "ssl_certfile": self.certificate, "ssl_keyfile": self.private_key}
        if self.tls:
            found |= {name: str(path) for name, path in files.items() if path}
        if self.username:
            found |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password.get_secret_value(),
            }
        return found


class MqttInputSettings(Section):
    """One `[[mqtt_input]]` section: topics of an MQTT 5 broker that are read for one source."""

    host: str = Field(description="Of the broker.")
    port: int = Field(default=1883, description="By custom 8883 with TLS.")
    topics: tuple[str, ...] = Field(description="Topic filters, may hold + and #.")
    source: str = Field(description="Id of the source the messages belong to.")
    client_id: str = Field(default="taishi", description="The broker keeps messages for this name while we are away.")
    tls: bool = Field(default=False, description="Whether the broker speaks TLS.")
    ca: Path | None = Field(default=None, description="PEM of who signed the broker's certificate.")
    certificate: Path | None = Field(default=None, description="PEM, where the broker asks for one.")
    private_key: Path | None = Field(default=None, description="PEM.")
    username: str = Field(default="", description="Where the broker asks for one.")
    password: SecretStr = Field(default=SecretStr(""), description="Better in the environment than in a file.")


class ImapInputSettings(Section):
    """One `[[imap_input]]` section: a mailbox folder whose unread messages are reports of one source."""

    host: str = Field(description="Of the mail server.")
    port: int = Field(default=993, description="By custom 143 without TLS.")
    tls: bool = Field(default=True, description="Whether to speak TLS from the beginning.")
    ca: Path | None = Field(default=None, description="PEM of who signed the server's certificate.")
    username: str = Field(description="Of the mailbox.")
    password: SecretStr = Field(description="Better in the environment than in a file.")
    folder: str = Field(default="INBOX", description="Its unread messages are read and marked as read.")
    source: str = Field(description="Id of the source the records belong to.")
    every_seconds: float = Field(default=30.0, ge=0.1, description="Between two looks.")


class DropSettings(Section):
    """One `[[drop]]` section: a folder into which files are put whole (SFTP, a mounted bucket) and that we empty."""

    path: Path = Field(description="The folder; its subfolders are looked into too.")
    source: str = Field(description="Id of the source the records belong to.")
    quiet_seconds: float = Field(default=5.0, ge=0, description="A file is read when it was left alone for so long.")
    keep_days: float = Field(default=7.0, ge=0, description="Days that a file that was read stays below .done.")


class HttpSettings(Section):
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int | None = Field(default=8089, description="POST /v1/ingest, /metrics and /health.")
    certificate: Path | None = Field(default=None, description="PEM; with private_key the listener speaks TLS.")
    private_key: Path | None = Field(default=None, description="PEM.")
    max_body: int = Field(default=16 * 1024 * 1024, description="Bytes of one body as sent.")
    max_inflated: int = Field(default=128 * 1024 * 1024, description="Bytes of one body after decompression.")
    max_records: int = Field(default=100_000, description="Records of one body.")


class FollowSettings(Section):
    """One `[[follow]]` section: files that a device or an agent writes on this machine."""

    path: str = Field(description="Absolute path, may hold * and **.")
    source: str = Field(description="Id of the source the lines belong to.")
    begin: Literal["start", "end"] = Field(default="start", description="Where to begin at the first start.")


class CollectSettings(Section):
    public_host: str = Field(
        default="",
        description="How senders reach the collectors; where empty, onboarding names the host of the dashboards.",
    )
    batch_records: int = Field(default=500, ge=1, description="Records of one stream message.")
    batch_wait: float = Field(default=0.02, description="Seconds a record waits for company: the fsync group.")
    spool_bytes: int = Field(default=1 << 30, description="Disk used while the stream is down; then refuse.")
    max_depth: int = Field(default=64, description="Nesting of JSON and XML.")
    max_pending: int = Field(default=64 * 1024 * 1024, description="Bytes in memory that the stream has not confirmed.")


class ProcessSettings(Section):
    checkpoint_seconds: float = Field(default=1.0, gt=0, description="Work between two commits.")
    lateness: float = Field(default=3600.0, description="Seconds that an event may lag behind its enterprise's newest.")


class IntelSettings(Section):
    secrets: dict[str, SecretStr] = Field(
        default={},
        description="Passwords, keys and tokens of feeds, by the name that a feed gives; better in the environment.",
    )
    health_port: int | None = Field(default=None, description="Where `intel keep` serves /metrics and /health.")
    retro_days: float = Field(
        default=30.0, ge=0, description="Stored days that new indicators are looked for in; 0: none."
    )


class ApiSettings(Section):
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8080, description="API and dashboards.")
    public_url: str = Field(default="", description="How people reach it, where a proxy stands before it.")
    dashboards_dir: Path = Field(default=Path("dashboards/dist"), description="Where the built dashboards are.")
    session_hours: float = Field(default=12.0, description="After which everybody signs in again.")
    secure_cookies: bool = Field(default=False, description="Set where the platform is reached over TLS.")


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="TAISHI_",
        env_nested_delimiter="__",
        env_parse_none_str="off",
        extra="forbid",
        frozen=True,
    )

    data_dir: Path = Field(default=Path("var"), description="All state is below it; back it up as a whole.")
    region: str = Field(default="330000", pattern=r"^\d{6}$", description="The division this platform serves.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Least level logged.")
    log_format: Literal["console", "json"] = Field(default="console", description="console or json, one object a line.")
    metrics_host: str = Field(default="127.0.0.1", description="Address of metrics_port; for a Prometheus elsewhere.")
    metrics_port: int | None = Field(default=None, description="Where `process` serves /metrics and /health.")
    stream: StreamSettings = StreamSettings()
    store: StoreSettings = StoreSettings()
    records: RecordsSettings = RecordsSettings()
    syslog: SyslogSettings = SyslogSettings()
    http: HttpSettings = HttpSettings()
    shippers: ShippersSettings = ShippersSettings()
    snmp: SnmpSettings = SnmpSettings()
    follow: tuple[FollowSettings, ...] = ()
    kafka_input: tuple[KafkaInputSettings, ...] = ()
    mqtt_input: tuple[MqttInputSettings, ...] = ()
    imap_input: tuple[ImapInputSettings, ...] = ()
    drop: tuple[DropSettings, ...] = ()
    collect: CollectSettings = CollectSettings()
    process: ProcessSettings = ProcessSettings()
    intel: IntelSettings = IntelSettings()
    api: ApiSettings = ApiSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = TomlConfigSettingsSource(settings_cls, os.environ.get("TAISHI_CONFIG", "taishi.toml"))
        return init_settings, env_settings, file
