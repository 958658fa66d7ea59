"""Jars from Maven's central repository into the cache, and the Java that runs them."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.servers.process import Absent, cache

HERE = Path(__file__).parent / "java"


def java_home(least: int) -> Path:
    """A JDK of at least this version: JAVA_HOME, else what the system has installed. Raises Absent."""
    for home in [Path(os.environ.get("JAVA_HOME", "/nonexistent")), *sorted(Path("/usr/lib/jvm").glob("*"))]:
        release = home / "release"
        if not (home / "bin" / "javac").exists() or not release.exists():
            continue
        found = re.search(r'^JAVA_VERSION="(\d+)', release.read_text(), re.MULTILINE)
        if found and int(found[1]) >= least:
            return home
    raise Absent(f"no JDK {least} or newer is installed: install one, or set JAVA_HOME")


def install(name: str, finish: Callable[[Path], None]) -> Path:
    """The folder with `lib/` filled from `java/<name>.pom.xml`, made by whoever comes first; others wait for it.

    `finish` gets the new folder before it takes its name, so that a half-made one is never used."""
    pom = HERE / f"{name}.pom.xml"
    version = re.search(r"<version>([\d.]+)</version>\s*</dependency>", pom.read_text())
    target = cache() / f"{name}-{version[1] if version else 'unknown'}"
    target.parent.mkdir(parents=True, exist_ok=True)
    with (cache() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        newest = max(file.stat().st_mtime for file in HERE.iterdir())
        if (target / "complete").exists() and (target / "complete").stat().st_mtime >= newest:
            return target
        fresh = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=cache()))
        try:
            _copy_jars(pom, fresh / "lib")
            finish(fresh)
            (fresh / "complete").touch()
            shutil.rmtree(target, ignore_errors=True)
            fresh.rename(target)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return target


def _copy_jars(pom: Path, into: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise Absent("Maven is not installed (apt-get install maven)")
    done = subprocess.run(
        [maven, "-B", "-q", "-f", str(pom), "dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={into}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Absent(f"Maven could not fetch the jars of {pom.name}: {done.stdout[-500:]}{done.stderr[-500:]}")
