"""A camera profile read back: the film that it stands for, with nothing in it but what was learned from."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import lzma
import struct
from contextlib import ExitStack
from typing import Any

import numpy as np

from mediarescue.errors import InputError
from mediarescue.isobmff import ByteSource
from mediarescue.isobmff.sparse import SparseSource

KIND = "mediarescue camera profile"
SCHEMA_VERSION = 1
_FILM_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip")
_LARGEST_DOCUMENT = 96 << 20
LARGEST_DATA = 64 << 20
"""Bytes that a profile may unpack to: tables and heads of hours of film are less."""


def is_camera_profile(source: ByteSource) -> bool:
    """Whether a file is meant as a JSON document: no film begins with a brace."""
    return source.read(0, 64).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"


def open_camera_profile(stack: ExitStack, source: ByteSource) -> ByteSource:
    """Return the film that a profile stands for.

    Raises
    ------
    InputError
        The document is no camera profile, of a later version, or damaged.
    """
    document = read_document(source)
    film = _sparse(source, _unpacked(document, str(source.path)))
    if film is None:
        raise InputError(
            f"{source.path} is a damaged camera profile: its ranges are not sound; save it again from the film"
        )
    return stack.enter_context(film)


def read_document(source: ByteSource) -> dict[str, Any]:
    """Return the document of a camera profile; raises InputError where it is none of a known version."""
    where = f"{source.path}"
    if source.read(4, 4) in _FILM_BOXES:
        raise InputError(
            f"{where} is a film, no camera profile; save one of it: mediarescue profile save {where} -o PROFILE.json"
        )
    if source.size > _LARGEST_DOCUMENT:
        raise InputError(f"{where} is too large for a camera profile ({source.size} bytes)")
    try:
        document = json.loads(source.read(0, source.size))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} is no camera profile: it does not read as JSON ({error})") from None
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise InputError(
            f"{where} is JSON, but no camera profile; make one: mediarescue profile save GOOD -o camera.json"
        )
    version = document.get("schema_version")
    if version != SCHEMA_VERSION:
        raise InputError(
            f"{where} is a camera profile of version {version}; this mediarescue reads version {SCHEMA_VERSION}: "
            "save it again from the film, or use the mediarescue that made it"
        )
    size = document.get("film_bytes")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise InputError(
            f"{where} is a damaged camera profile: its film_bytes are no size; save it again from the film"
        )
    return document


def _unpacked(document: dict[str, Any], where: str) -> bytes:
    damaged = InputError(f"{where} is a damaged camera profile: its data do not unpack; save it again from the film")
    data = document.get("data")
    if not isinstance(data, str) or document.get("encoding") != "lzma+base64":
        raise damaged
    try:
        unpacker = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=1 << 28)
        packed = unpacker.decompress(base64.b64decode(data, validate=True), max_length=LARGEST_DATA)
    except (binascii.Error, lzma.LZMAError, ValueError):
        raise damaged from None
    if not unpacker.eof and len(packed) >= LARGEST_DATA:
        raise InputError(f"{where} unpacks to more than {LARGEST_DATA >> 20} MiB, which no camera profile does")
    if not unpacker.eof or hashlib.sha256(packed).hexdigest() != document.get("sha256"):
        raise damaged
    return packed


def _sparse(source: ByteSource, packed: bytes) -> SparseSource | None:
    if len(packed) < 16:
        return None
    size, count = struct.unpack_from("<QQ", packed)
    if size >= 1 << 62 or count > (len(packed) - 16) // 16:
        return None
    starts = np.frombuffer(packed, "<i8", count, 16).astype(np.int64)
    sizes = np.frombuffer(packed, "<i8", count, 16 + 8 * count).astype(np.int64)
    data = packed[16 + 16 * count :]
    if count and (sizes.min() <= 0 or starts[0] < 0 or sizes.max() > size or starts.max() > size):
        return None
    ends = starts + sizes
    if int(sizes.sum()) != len(data) or (starts[1:] < ends[:-1]).any() or (count and int(ends[-1]) > size):
        return None
    return SparseSource(source.file, source.path, size, starts, sizes, data)
