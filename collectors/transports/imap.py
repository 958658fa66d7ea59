"""Reports that come by mail: an IMAP folder's unread messages, read once and marked as read when they are durable.

Attachments that hold records (text, CSV, JSON, XML, also gzip and zip) are taken record by record; a message without one
is taken by its text. A message's deliveries are named by its content, so one that is read again after a crash, or was sent
twice, counts once.

Source: RFC 9051 (IMAP4rev2), 6.4.4 (SEARCH UNSEEN), 6.4.6 (STORE); RFC 2045, RFC 2046 (MIME)
"""

from __future__ import annotations

import contextlib
import email.policy
import hashlib
import imaplib
import io
import ssl
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Final

import structlog

from collectors.framing import Frame, split_body
from collectors.inflate import Broken, Inflater
from collectors.transports.intake import Intake
from collectors.transports.pull import Puller, Stopped
from taishi.errors import TooLarge
from taishi.event import delivery_id
from taishi.settings import ImapInputSettings

log = structlog.get_logger()

SECONDS: Final = 60.0
"""Of patience with a server that does not answer."""
MOST_MESSAGES: Final = 500
"""Of one look: the oldest first."""
MOST_MEMBERS: Final = 200
RECORDS: Final = ("text/", "application/json", "application/xml", "application/x-ndjson", "application/csv", "application/gzip",
                  "application/x-gzip", "application/zip", "application/x-zip-compressed", "application/octet-stream",
                  "application/stix+json", "application/taxii+json")  # fmt: skip
PACKED: Final = (b"\x1f\x8b", b"PK\x03\x04")


class ImapFolder(Puller):
    name = "imap"
    failures = (OSError, imaplib.IMAP4.error, imaplib.IMAP4.abort, ssl.SSLError)

    def __init__(self, intake: Intake, section: ImapInputSettings) -> None:
        super().__init__(intake, section.source)
        self._section = section
        self._most = intake.settings.collect.batch_records
        self._longest = intake.settings.syslog.max_line
        self._largest = intake.settings.http.max_inflated

    def fetch(self) -> None:
        client = self._client()
        try:
            client.login(self._section.username, self._section.password.get_secret_value())
            _sure(client.select(_quoted(self._section.folder)))
            while not self.stopping.is_set():
                for number in self._unread(client):
                    self.source()
                    self._take(client, number)
                if self.stopping.wait(self._section.every_seconds):
                    break
                client.noop()  # the server tells of new messages in its answer
        finally:
            _leave(client)
        raise Stopped

    def _client(self) -> imaplib.IMAP4:
        section = self._section
        if not section.tls:
            return imaplib.IMAP4(section.host, section.port, timeout=SECONDS)
        context = ssl.create_default_context(cafile=str(section.ca) if section.ca else None)
        return imaplib.IMAP4_SSL(section.host, section.port, ssl_context=context, timeout=SECONDS)

    def _unread(self, client: imaplib.IMAP4) -> list[str]:
        found = _sure(client.uid("SEARCH", "UNSEEN"))
        numbers = found[0].split() if found and isinstance(found[0], bytes) else []
        return [number.decode("ascii") for number in numbers[:MOST_MESSAGES]]

    def _take(self, client: imaplib.IMAP4, number: str) -> None:
        """PEEK leaves it unread until its records are durable."""
        parts = _sure(client.uid("FETCH", number, "(BODY.PEEK[])"))
        raw = next((bytes(part[1]) for part in parts if isinstance(part, tuple)), b"")
        if not raw:
            return  # somebody deleted it between the two questions
        name, start = hashlib.sha256(raw).hexdigest(), 0
        frames = list(self._frames(raw))
        while start < len(frames):
            some = frames[start : start + self._most]
            self.deliver(some, delivery_id(self._source, "imap", name, start))
            start += len(some)
        _sure(client.uid("STORE", number, "+FLAGS.SILENT", r"(\Seen)"))

    def _frames(self, raw: bytes) -> Iterator[Frame]:
        """Records of the attachments, or the text where there are none; what cannot be unpacked says so, for quarantine to show."""
        message = BytesParser(policy=email.policy.default).parsebytes(raw)
        found = False
        for name, content in attachments(message):
            try:
                for piece in self._unpacked(content):
                    found = True
                    yield from split_body(piece, 1 << 31, self._longest)
            except (
                Broken,
                TooLarge,
                zipfile.BadZipFile,
                zlib.error,
                OSError,
                RuntimeError,
                NotImplementedError,
            ) as error:
                # RuntimeError: an encrypted member; NotImplementedError: a compression that zipfile does not know
                found = True
                log.warning(
                    "An attachment cannot be unpacked.", transport=self.name, source=self._source, reason=str(error)
                )
                yield Frame(f"{name}: {error}".encode(), cut=True)
        if not found and (text := body_text(message)).strip():
            yield Frame(text.strip().encode("utf-8", "replace")[: self._longest])

    def _inflated(self, content: bytes) -> bytes:
        inflater, whole = Inflater("gzip"), bytearray()
        for piece in inflater.feed(content):
            whole += piece
            if len(whole) > self._largest:
                raise TooLarge(f"more than {self._largest} bytes once unpacked")
        inflater.finish()
        return bytes(whole)

    def _unpacked(self, content: bytes) -> Iterator[bytes]:
        if content[:2] == PACKED[0]:
            yield self._inflated(content)
        elif content[:4] == PACKED[1]:
            with zipfile.ZipFile(io.BytesIO(content)) as packed:
                members = [one for one in packed.infolist() if not one.is_dir()][:MOST_MEMBERS]
                if sum(one.file_size for one in members) > self._largest:
                    raise TooLarge(f"more than {self._largest} bytes once unpacked")
                for one in members:
                    yield packed.read(one)
        else:
            yield content


def attachments(message: EmailMessage) -> Iterator[tuple[str, bytes]]:
    """Names and contents of the attachments that may hold records."""
    for part in message.walk():
        name = part.get_filename()
        if not name or part.is_multipart() or not part.get_content_type().startswith(RECORDS):
            continue
        content = part.get_payload(decode=True)
        if isinstance(content, bytes) and content.strip():
            yield name, content


def body_text(message: EmailMessage) -> str:
    """Subject and plain text, as one record."""
    part = message.get_body(preferencelist=("plain", "html"))
    content = part.get_payload(decode=True) if part is not None else b""
    charset = (part.get_content_charset() if part is not None else None) or "utf-8"
    try:
        said = content.decode(charset, "replace") if isinstance(content, bytes) else ""
    except LookupError:
        said = content.decode("utf-8", "replace") if isinstance(content, bytes) else ""
    return f"{message.get('subject', '')}\n{said}"


def _quoted(folder: str) -> str:
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _sure(answer: tuple[str, Sequence[object]]) -> Sequence[object]:
    """The data of an answer that is OK; an error that says what the server said otherwise."""
    state, data = answer
    if state != "OK":
        raise imaplib.IMAP4.error(str(data[0] if data else state))
    return data


def _leave(client: imaplib.IMAP4) -> None:
    with contextlib.suppress(OSError, imaplib.IMAP4.error):  # it may be gone already
        client.logout()
