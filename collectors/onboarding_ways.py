"""The ways that any record can take: from a file through a shipper, by syslog, by HTTP. Snippets are whole files.

Source: the manuals of rsyslog (imfile, omfwd), Filebeat (filestream, Elasticsearch output), Fluent Bit (tail, es), Vector
(file, elasticsearch sink), curl.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from taishi.onboarding import KEY, Endpoints, Way

SETTINGS: Final = {
    "syslog_udp": "syslog.udp_port",
    "syslog_tcp": "syslog.tcp_port",
    "syslog_tls": "syslog.tls_port",
    "http": "http.port",
    "lumberjack": "shippers.lumberjack_port",
}
"""What the operator sets, by the name that snippets use."""

_WORD = re.compile(r"\{(host|key|http_url|syslog_udp|syslog_tcp|syslog_tls|http|lumberjack)\}")

_RSYSLOG = """\
module(load="imfile")
{inputs}
ruleset(name="taishi") {{
  action(type="omfwd" target="{{host}}" port="{{syslog_tcp}}" protocol="tcp" TCP_Framing="octet-counted"
    template="RSYSLOG_SyslogProtocol23Format" action.resumeRetryCount="-1"
    queue.type="LinkedList" queue.filename="taishi" queue.saveOnShutdown="on" queue.maxDiskSpace="1g")
}}
"""
_RSYSLOG_INPUT = 'input(type="imfile" File="{path}" Tag="taishi" ruleset="taishi")'

_FILEBEAT = """\
filebeat.inputs:
  - type: filestream
    id: taishi
    paths:
{paths}
output.elasticsearch:
  hosts: ["{{http_url}}"]
  username: taishi
  password: "{{key}}"
setup.template.enabled: false
setup.ilm.enabled: false
"""

_FLUENT_BIT = """\
[SERVICE]
    storage.path /var/lib/fluent-bit/
{inputs}
[OUTPUT]
    Name es
    Match *
    Host {{host}}
    Port {{http}}
    HTTP_User taishi
    HTTP_Passwd {{key}}
    Suppress_Type_Name On
    Retry_Limit False
"""
_FLUENT_INPUT = """\
[INPUT]
    Name tail
    Path {path}
    Key message
    DB /var/lib/fluent-bit/taishi-{number}.db
    storage.type filesystem"""

_VECTOR = """\
sources:
  files:
    type: file
    include: [{paths}]
sinks:
  taishi:
    type: elasticsearch
    inputs: [files]
    endpoints: ["{{http_url}}"]
    auth: {{strategy: basic, user: taishi, password: "{{key}}"}}
    healthcheck: {{enabled: false}}
    buffer: {{type: disk, max_size: 1073741824, when_full: block}}
"""

_CURL = """\
curl --fail-with-body -H "Authorization: Bearer {key}" -H "X-Batch-Id: $(date +%s)-1" \\
     --data-binary @records.log {http_url}/v1/ingest
"""


def filled(way: Way, endpoints: Endpoints) -> Way:
    """The way with addresses and ports in its texts; what is off is named in `lacking`."""
    lacking: dict[str, None] = {}

    def put(text: str) -> str:
        def one(match: re.Match[str]) -> str:
            word = match[1]
            if word == "host":
                return endpoints.host
            if word == "key":
                return KEY
            port = endpoints.ports.get("http" if word == "http_url" else word)
            if port is None:
                lacking[SETTINGS["http" if word == "http_url" else word]] = None
                return "0"
            if word == "http_url":
                return f"{'https' if endpoints.https else 'http'}://{endpoints.host}:{port}"
            return str(port)

        return _WORD.sub(one, text)

    return replace(
        way,
        steps_zh=tuple(map(put, way.steps_zh)),
        steps_en=tuple(map(put, way.steps_en)),
        snippet=put(way.snippet),
        lacking=tuple(lacking),
    )


def by_syslog(endpoints: Endpoints) -> Way:
    """For whatever can send syslog and has no guide of its own."""
    return filled(
        Way(
            "syslog", "syslog", "Syslog 外发", "Send syslog",
            (
                "在产品的“日志外发”中填写：服务器 {host}，TCP 端口 {syslog_tcp}（不支持 TCP 时用 UDP {syslog_udp}）。",
                "勾选全部安全与审计类日志，级别取信息（6）及以上；格式用缺省，不要自定义模板。",
            ),
            (
                "Under log export: server {host}, TCP port {syslog_tcp} (UDP {syslog_udp} where TCP is not offered).",
                "Send all security and audit logs, informational (6) and above, in the default format without own templates.",
            ),
        ),
        endpoints,
    )  # fmt: skip


def by_http(endpoints: Endpoints) -> Way:
    return filled(
        Way(
            "http", "http", "HTTP 推送", "Push by HTTP",
            (
                "每行一条记录（JSON、键值或原文均可，可用 gzip 或 zstd 压缩），一次至多 10 万条。",
                "X-Batch-Id 相同的批次只计一次，失败后原样重发即可。",
            ),
            (
                "One record a line (JSON, key=value or text; gzip or zstd may be used), at most 100,000 at once.",
                "A batch of the same X-Batch-Id counts once: after a failure send it again as it was.",
            ),
            _CURL.rstrip("\n"),
        ),
        endpoints,
    )  # fmt: skip


def by_file(paths: Sequence[str], endpoints: Endpoints) -> list[Way]:
    """Shippers that follow the product's files; those that run on its system."""
    quoted = [path.replace("\\", "\\\\") for path in paths]
    windows = any("\\" in path for path in paths)
    filebeat = _FILEBEAT.format(paths="\n".join(f'      - "{path}"' for path in quoted))
    found = [_file_way("filebeat", "http", "Filebeat", "filebeat.yml", filebeat)]
    if not windows:
        inputs = "\n".join(_RSYSLOG_INPUT.format(path=path) for path in paths)
        rsyslog = _RSYSLOG.format(inputs=inputs)
        found.insert(0, _file_way("rsyslog", "syslog", "rsyslog", "/etc/rsyslog.d/taishi.conf", rsyslog))
        inputs = "\n".join(_FLUENT_INPUT.format(path=path, number=number) for number, path in enumerate(paths))
        found.append(
            _file_way("fluent_bit", "http", "Fluent Bit", "fluent-bit.conf", _FLUENT_BIT.format(inputs=inputs))
        )
    vector = _VECTOR.format(paths=", ".join(f'"{path}"' for path in quoted))
    found.append(_file_way("vector", "http", "Vector", "vector.yaml", vector))
    return [filled(way, endpoints) for way in found]


def _file_way(key: str, sends: str, name: str, file: str, snippet: str) -> Way:
    return Way(
        key, "http" if sends == "http" else "syslog", f"文件经 {name}", f"From its file, by {name}",
        (f"写入 {file}，路径按实际修改，重启 {name}；断线时本机缓存，恢复后续传。",),
        (f"Into {file} with the paths as they are there; restart {name}. It keeps what it cannot send yet.",),
        snippet.rstrip("\n"),
    )  # fmt: skip
