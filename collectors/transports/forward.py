"""Fluentd's and Fluent Bit's Forward protocol, version 1: Message, Forward, PackedForward and CompressedPackedForward modes.

A chunk that asks for it is acknowledged when its records are durable, and counts once however often it is sent. Senders are
known by address or client certificate; the shared-key handshake is not offered, because no key is kept here in the clear.

Source: Fluentd wiki, "Forward Protocol Specification v1".
"""

from __future__ import annotations

import asyncio
import struct
import zlib
from typing import Any, Final

import msgpack

from collectors.framing import Frame
from collectors.transports.choice import Choice
from collectors.transports.documents import record_of, time_known
from collectors.transports.tcp import Incoming, Malformed, TcpListener

MAX_MESSAGE: Final = 64 * 1024 * 1024
MAX_DEPTH_BYTES: Final = 1 << 20
_TIME: Final = struct.Struct(">II")


class Forward(TcpListener):
    protocol = "forward"

    async def serve(self, incoming: Incoming, writer: asyncio.StreamWriter, choice: Choice) -> None:
        unpacker = _unpacker()
        while not self.stopping.is_set():
            chunk = await incoming.some()
            if not chunk:
                return
            frames: list[Frame] = []
            for entry in _entries(unpacker, chunk):
                own, option = records_of(entry)
                name = option.get("chunk")
                if not isinstance(name, str | bytes) or not name:
                    frames += own
                    continue
                await choice.send(frames)
                frames = []
                identity = name if isinstance(name, str) else name.hex()
                await choice.send(own, f"forward:{identity[:256]}")
                writer.write(msgpack.packb({"ack": name}) or b"")
                await writer.drain()
            await choice.send(frames)


def _unpacker() -> msgpack.Unpacker:
    return msgpack.Unpacker(
        raw=False,
        strict_map_key=False,
        unicode_errors="replace",
        ext_hook=_extension,
        max_buffer_size=MAX_MESSAGE,
    )


def _extension(code: int, data: bytes) -> Any:
    """EventTime (type 0) as epoch seconds; other extensions as nothing."""
    if code == 0 and len(data) == 8:
        seconds, nanoseconds = _TIME.unpack(data)
        return seconds + nanoseconds / 1e9
    return None


def _entries(unpacker: msgpack.Unpacker, chunk: bytes) -> list[Any]:
    try:
        unpacker.feed(chunk)
        return list(unpacker)
    except (msgpack.exceptions.UnpackException, ValueError, TypeError, RecursionError) as error:
        # TypeError: a map or an array as the key of a map
        raise Malformed(f"this is not the Forward protocol: {type(error).__name__}") from error


def records_of(entry: Any) -> tuple[list[Frame], dict[str, Any]]:
    """The records of one message of any mode, and its option. Raises Malformed."""
    if not isinstance(entry, list) or len(entry) < 2 or not isinstance(entry[0], str):
        raise Malformed("a Forward message is an array that begins with its tag")
    body = entry[1]
    if isinstance(body, bytes | str):
        option = _option(entry, 2)
        data = body if isinstance(body, bytes) else body.encode("utf-8", "surrogateescape")
        pairs = _packed(data, packed=option.get("compressed") == "gzip")
    elif isinstance(body, list):
        option, pairs = _option(entry, 2), body
    else:
        if len(entry) < 3:
            raise Malformed("a Forward message lacks its record")
        option, pairs = _option(entry, 3), [[body, entry[2]]]
    return [_frame(pair) for pair in pairs], option


def _option(entry: list[Any], at: int) -> dict[str, Any]:
    return entry[at] if len(entry) > at and isinstance(entry[at], dict) else {}


def _packed(data: bytes, *, packed: bool) -> list[Any]:
    if packed:
        data = _gunzipped(data)
    unpacker = _unpacker()
    return _entries(unpacker, data)


def _gunzipped(data: bytes) -> bytes:
    """One or more gzip members, as buffers that were joined have."""
    found = b""
    while data:
        unpacking = zlib.decompressobj(wbits=31)
        try:
            found += unpacking.decompress(data, MAX_MESSAGE - len(found) + 1)
        except zlib.error as error:
            raise Malformed(f"a compressed chunk cannot be unpacked: {error}") from error
        if not unpacking.eof or len(found) > MAX_MESSAGE:
            raise Malformed(f"a compressed chunk is cut short, or unpacks to more than {MAX_MESSAGE} bytes")
        data = unpacking.unused_data
    return found


def _frame(pair: Any) -> Frame:
    if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[1], dict):
        raise Malformed("a Forward entry is a time and a record")
    moment, document = pair
    if isinstance(moment, list):  # Fluent Bit 2 sends [time, metadata]
        moment = moment[0] if moment else None
    frame = record_of({str(key): value for key, value in document.items()})
    return Frame(frame.data, known={**time_known(moment), **(frame.known or {})})
