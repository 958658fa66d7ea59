"""Reports by mail, from a real IMAP server: read once, marked when durable, counted once however often they are read."""

from __future__ import annotations

import gzip
import imaplib
import io
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.harness import Flaky, collector, wait_for
from tests.collectors.test_pull import LINE, free_port

PASSWORD = "not-a-secret"


@contextmanager
def dovecot(port: int) -> Iterator[None]:
    program = shutil.which("dovecot") or "/usr/sbin/dovecot"
    if not Path(program).exists():
        pytest.skip("dovecot: `apt-get install dovecot-imapd` to run this")
    if os.geteuid() != 0:
        pytest.skip("dovecot: only root can start it")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    if not version.startswith("2.3"):
        pytest.skip(f"dovecot: this configuration is for 2.3, here is {version.strip()}")
    home = Path(
        tempfile.mkdtemp(prefix="dovecot-")
    )  # its sockets' paths may have 100 characters, pytest's folders are longer
    (home / "mail").mkdir()
    home.chmod(0o755)
    shutil.chown(home / "mail", "nobody", "nogroup")
    config = home / "dovecot.conf"
    config.write_text(
        f"""
protocols = imap
base_dir = {home}/run
log_path = {home}/log
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{home}/mail/%u
first_valid_uid = 1
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={home}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""
    )
    run = subprocess.Popen([program, "-F", "-c", str(config)])
    try:
        wait_for(lambda: _answers(port), "dovecot")
        yield
    finally:
        run.terminate()
        run.wait(30)
        shutil.rmtree(home, ignore_errors=True)


def _answers(port: int) -> bool:
    try:
        imaplib.IMAP4("127.0.0.1", port, timeout=5).logout()
    except (OSError, imaplib.IMAP4.error):
        return False
    return True


@contextmanager
def mailbox(port: int) -> Iterator[imaplib.IMAP4]:
    client = imaplib.IMAP4("127.0.0.1", port, timeout=20)
    client.login("soc", PASSWORD)
    client.select("INBOX")
    try:
        yield client
    finally:
        client.logout()


def put(port: int, *messages: EmailMessage) -> None:
    with mailbox(port) as client:
        for message in messages:
            assert client.append("INBOX", "", "", bytes(message))[0] == "OK"


def unread(port: int) -> int:
    with mailbox(port) as client:
        return len(client.uid("SEARCH", "UNSEEN")[1][0].split())


def mail(text: str = "see attachment", **files: bytes) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "csirt@plant.example", "soc@taishi.example", "每日告警 daily"
    made.set_content(text)
    for name, content in files.items():
        made.add_attachment(content, maintype="application", subtype="octet-stream", filename=name.replace("_", "."))
    return made


def packed(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return out.getvalue()


def section(port: int) -> tuple[dict[str, Any], ...]:
    return ({"host": "127.0.0.1", "port": port, "tls": False, "username": "soc", "password": PASSWORD, "source": "push",
             "every_seconds": 0.2},)  # fmt: skip


def test_attachments_are_taken_record_by_record_and_the_mail_is_marked(data_dir: Path) -> None:
    port = free_port()
    with dovecot(port):
        put(
            port,
            mail(lines_log=f"{LINE} one\n{LINE} two\n".encode()),
            mail(alerts_json=b'[{"message": "from an array", "n": 1}, {"message": "its second", "n": 2}]'),
            mail(old_gz=gzip.compress(f"{LINE} packed\n".encode())),
            mail(many_zip=packed(a=f"{LINE} first member\n".encode(), b=f"{LINE} second member\n".encode())),
            mail("主机 10.1.1.4 发现木马\n请处置"),
        )
        with collector(data_dir, imap_input=section(port)) as running:
            wait_for(lambda: unread(port) == 0, "all mails to be read")
            got = running.originals()
    for word in ("one", "two", "packed", "first member", "second member"):
        assert f"{LINE} {word}" in got
    assert sum("from an array" in text or "its second" in text for text in got) == 2
    assert any("发现木马" in text and "请处置" in text for text in got)


def test_what_was_not_durable_stays_unread_and_counts_once(data_dir: Path) -> None:
    port = free_port()
    with dovecot(port):
        put(port, *[mail(lines_log=f"{LINE} mail {number}\n".encode()) for number in range(5)])
        with closing(Flaky(data_dir / "flaky.sqlite")) as stream:
            stream.down = True
            with collector(data_dir, stream=stream, imap_input=section(port), collect={"spool_bytes": 1}):
                assert unread(port) == 5
            assert unread(port) == 5
        with collector(data_dir, imap_input=section(port)) as running:
            wait_for(lambda: unread(port) == 0, "all mails to be read")
            with mailbox(port) as client:  # somebody marks one as unread: its delivery is known
                number = client.uid("SEARCH", "ALL")[1][0].split()[0].decode()
                client.uid("STORE", number, "-FLAGS", r"(\Seen)")
            wait_for(lambda: unread(port) == 0, "the mail to be read again")
            batches = running.batches()
    ids = [event["event.id"] for batch in batches for event in batch.events]
    assert len(set(ids)) == 5
    assert len(ids) == 6


def test_what_cannot_be_unpacked_is_told_in_quarantine(data_dir: Path) -> None:
    port = free_port()
    with dovecot(port):
        put(
            port,
            mail(bad_zip=b"PK\x03\x04 no archive"),
            mail(cut_gz=gzip.compress(LINE.encode())[:-9]),
            mail(fine_log=LINE.encode()),
        )
        with collector(data_dir, imap_input=section(port)) as running:
            wait_for(lambda: unread(port) == 0, "all mails to be read")
            assert LINE in running.originals()
            quarantined = [one for batch in running.batches() for one in batch.quarantined]
    assert {one.original.split(":")[0] for one in quarantined} == {"bad.zip", "cut.gz"}


def test_a_server_that_is_away_is_tried_again(data_dir: Path) -> None:
    port = free_port()
    with collector(data_dir, imap_input=section(port)) as running, dovecot(port):
        put(port, mail(lines_log=LINE.encode()))
        wait_for(lambda: LINE in running.originals(), "the record, once the server is there")
