"""Camera raw files that are TIFF by their form, and must not be taken for pictures."""

from __future__ import annotations

from mediarescue.media.stills.ifd import Ifd, IfdError, IfdReader

_DNG_VERSION, _SUB_IFDS, _CR2_SLICES = 50706, 330, 50752
_CFA, _LINEAR_RAW = 32803, 34892
_RAW_COMPRESSIONS = {
    34713: "Nikon NEF", 32767: "Sony ARW", 65535: "Pentax PEF", 65000: "Kodak", 32770: "Samsung SRW",
    32769: "Epson ERF", 34316: "Panasonic",
}  # fmt: skip
_MOST_SUB_IFDS = 16


def raw_kind(reader: IfdReader, first: Ifd) -> str | None:
    """Say what raw format a TIFF structure is, or return None for a picture.

    Notes
    -----
    Raw files carry a small picture in the first directory; the sensor's samples are in a SubIFD or a later directory,
    as a colour filter array, as linear raw, or in a compression of the maker's own (DNG 1.7 chapters 2 and 4).
    """
    if reader.read(8, 2) == b"CR" and not reader.big:
        return "Canon CR2"
    if _DNG_VERSION in first.fields:
        return "DNG"
    directories = []
    try:
        directories += list(reader.directories())
    except IfdError:
        directories.append(first)
    for parent in directories[:_MOST_SUB_IFDS]:
        for offset in reader.numbers(parent.fields.get(_SUB_IFDS))[:_MOST_SUB_IFDS]:
            try:
                directories.append(reader.directory(offset))
            except IfdError:
                continue
    for ifd in directories:
        if _CR2_SLICES in ifd.fields:
            return "Canon CR2"
        photometric, compression = reader.number(ifd.fields.get(262)), reader.number(ifd.fields.get(259))
        if compression in _RAW_COMPRESSIONS:
            return _RAW_COMPRESSIONS[compression]
        if photometric in (_CFA, _LINEAR_RAW):
            return "a sensor's samples"
    return None
