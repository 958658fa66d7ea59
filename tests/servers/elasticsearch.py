"""One Elasticsearch node from the server's published jars: no security, no x-pack, one machine.

What such a node lacks of the shipped product: the field types wildcard, match_only_text, constant_keyword and
scaled_float, lifecycle management, scripts, delete_by_query. The adapter's plain template is what runs here.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.request
import zipfile
from pathlib import Path

from tests.servers.maven import HERE, install, java_home
from tests.servers.process import Server

HEAP = os.environ.get("TAISHI_TEST_ELASTICSEARCH_HEAP", "768m")
"""Enough for every test; benchmarks over a million events want 2g."""

LEAST_JAVA = 21
NETTY = "transport-netty4"

CONFIGURATION = """\
cluster.name: taishi-test
node.name: node
network.host: 127.0.0.1
http.port: {port}
transport.port: 0
discovery.type: single-node
cluster.routing.allocation.disk.threshold_enabled: false
"""


class Elasticsearch(Server):
    name = "Elasticsearch"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _prepare(self) -> None:
        self._java = java_home(LEAST_JAVA)
        self._home = install("elasticsearch", self._finish)
        for name in ("config", "data", "logs", "tmp", "plugins"):
            (self.folder / name).mkdir(exist_ok=True)
        for name in ("lib", "modules"):
            (self.folder / name).unlink(missing_ok=True)
            (self.folder / name).symlink_to(self._home / name)
        (self.folder / "config" / "elasticsearch.yml").write_text(CONFIGURATION.format(port=self.port))
        shutil.copy(HERE / "log4j2.properties", self.folder / "config" / "log4j2.properties")

    def _finish(self, home: Path) -> None:
        """Lay the jars out as the server expects them, and compile the launcher."""
        module, launcher = home / "modules" / NETTY, home / "launcher"
        platform = home / "lib" / "platform" / "linux-x64"
        for folder in (module, launcher, platform):
            folder.mkdir(parents=True)
        subprocess.run(
            [self._java / "bin" / "javac", "-nowarn", "-d", launcher, "-cp", f"{home}/lib/*", HERE / "Node.java"],
            check=True, capture_output=True,
        )  # fmt: skip
        for jar in [*home.glob("lib/netty-*.jar"), *home.glob(f"lib/{NETTY}-*.jar")]:
            jar.rename(module / jar.name)
        with zipfile.ZipFile(next(module.glob(f"{NETTY}-*.jar"))) as jar_file:
            for name in ("plugin-descriptor.properties", "entitlement-policy.yaml"):
                (module / name).write_bytes(jar_file.read(f"META-INF/es-plugins/{NETTY}/{name}"))
        # The server's own native libraries are not published; the system's zstd serves for compressed stored fields.
        for library in ("/lib/x86_64-linux-gnu/libzstd.so.1", "/usr/lib64/libzstd.so.1"):
            if Path(library).exists():
                shutil.copy(library, platform / "libzstd.so")
                break

    def _command(self) -> list[str]:
        return [
            str(self._java / "bin" / "java"), f"-Xms{HEAP}", f"-Xmx{HEAP}", "-XX:+UseSerialGC",
            f"-Djava.io.tmpdir={self.folder}/tmp", "-Dio.netty.noUnsafe=true", "-Dlog4j2.disable.jmx=true",
            "-Dorg.elasticsearch.nativeaccess.enableVectorLibrary=false",
            "--module-path", f"{self._home}/lib", "--add-modules", "ALL-MODULE-PATH,jdk.net,jdk.incubator.vector",
            "--add-opens=org.apache.lucene.core/org.apache.lucene.store=ALL-UNNAMED",
            "--enable-native-access=ALL-UNNAMED,org.elasticsearch.nativeaccess,org.elasticsearch.foreign,org.apache.lucene.core",
            "-cp", f"{self._home}/launcher", "Node", str(self.folder),
        ]  # fmt: skip

    def _ready(self) -> bool:
        """It answers, and every primary shard of what was there before is back."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{self.url}/_cluster/health", timeout=2) as answer:
                return bool(json.load(answer)["status"] != "red")
        except OSError:
            return False
