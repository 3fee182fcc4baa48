from __future__ import annotations

import subprocess
import sys

import av
import pytest

from mediarescue.bitstream.aac import parse_audio_specific_config
from mediarescue.bitstream.descriptors import parse_es_descriptor
from mediarescue.bitstream.errors import BitstreamError


def packed(*fields: tuple[int, int]) -> bytes:
    """Return (value, bits) fields as bytes, zeros behind."""
    text = "".join(f"{value:0{bits}b}" for value, bits in fields)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")


def test_two_bytes_of_a_phone_are_lc_stereo() -> None:
    config = parse_audio_specific_config(bytes.fromhex("1210"))
    assert (config.audio_object_type, config.sampling_frequency_index, config.sampling_frequency) == (2, 4, 44100)
    assert (config.channel_configuration, config.channels, config.frame_length) == (2, 2, 1024)
    assert not config.sbr_present
    assert not config.ps_present
    assert config.extension_sampling_frequency == 0
    assert config.program_config_channels is None


def test_zeros_behind_the_configuration_mean_nothing() -> None:
    assert parse_audio_specific_config(bytes.fromhex("1190000000")) == parse_audio_specific_config(b"\x11\x90")


def test_a_sync_extension_without_sbr_stays_plain() -> None:
    config = parse_audio_specific_config(bytes.fromhex("119056e500"))
    assert config.audio_object_type == 2
    assert not config.sbr_present


def test_backward_compatible_sbr_and_ps_are_found_behind_the_core() -> None:
    config = parse_audio_specific_config(
        packed((2, 5), (7, 4), (1, 4), (0, 3), (0x2B7, 11), (5, 5), (1, 1), (4, 4), (0x548, 11), (1, 1))
    )
    assert (config.audio_object_type, config.sampling_frequency, config.extension_sampling_frequency) == (
        2,
        22050,
        44100,
    )
    assert config.sbr_present
    assert config.ps_present


@pytest.mark.parametrize(("kind", "ps"), [(5, False), (29, True)])
def test_hierarchical_signalling_names_the_core_behind_the_extension(kind: int, ps: bool) -> None:
    config = parse_audio_specific_config(packed((kind, 5), (6, 4), (2, 4), (3, 4), (2, 5), (0, 3)))
    assert (config.audio_object_type, config.sampling_frequency, config.extension_sampling_frequency) == (
        2,
        24000,
        48000,
    )
    assert config.sbr_present
    assert config.ps_present is ps


def test_a_written_out_frequency_selects_the_nearest_tables() -> None:
    config = parse_audio_specific_config(packed((2, 5), (15, 4), (46000, 24), (2, 4), (0, 3)))
    assert (config.sampling_frequency_index, config.sampling_frequency) == (4, 46000)
    assert parse_audio_specific_config(packed((2, 5), (15, 4), (5000, 24), (2, 4), (0, 3))).sampling_frequency == 5000


def test_the_frame_length_flag_means_960() -> None:
    assert parse_audio_specific_config(packed((2, 5), (3, 4), (2, 4), (1, 1), (0, 2))).frame_length == 960
    assert parse_audio_specific_config(packed((23, 5), (3, 4), (2, 4), (1, 1), (0, 2), (0, 5))).frame_length == 480


def test_an_escaped_object_type_is_read() -> None:
    config = parse_audio_specific_config(packed((31, 5), (7, 6), (3, 4), (2, 4), (0, 5)))
    assert (config.audio_object_type, config.frame_length) == (39, 512)


def test_a_program_config_counts_its_channels() -> None:
    encoder = av.CodecContext.create("aac", "w")
    assert isinstance(encoder, av.AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = 48000, "6.1(front)", "fltp"
    encoder.open()
    config = parse_audio_specific_config(bytes(encoder.extradata or b""))
    assert config.channel_configuration == 0
    assert config.program_config_channels == config.channels == 7


@pytest.mark.parametrize(
    "data", [b"", b"\x12", packed((2, 5), (13, 4), (2, 4), (0, 3)), packed((5, 5), (6, 4), (2, 4))]
)
def test_cut_and_reserved_configurations_are_refused(data: bytes) -> None:
    with pytest.raises(BitstreamError):
        parse_audio_specific_config(data)


def descriptor(tag: int, body: bytes, size_bytes: int = 1) -> bytes:
    size = len(body)
    coded = bytes((size >> 7 * i) & 0x7F | (0x80 if i else 0) for i in range(size_bytes - 1, -1, -1))
    return bytes([tag]) + coded + body


def decoder_config(info: bytes, size_bytes: int) -> bytes:
    fields = bytes([0x40, 0x15, 0, 6, 0]) + (256000).to_bytes(4, "big") + (128000).to_bytes(4, "big")
    return descriptor(4, fields + descriptor(5, info, size_bytes), size_bytes)


@pytest.mark.parametrize("size_bytes", [1, 2, 4])
@pytest.mark.parametrize(("flags", "extra"), [(0, b""), (0x80, b"\0\1"), (0x40, b"\3url"), (0x20, b"\0\1")])
def test_an_es_descriptor_gives_the_config_and_bit_rates(size_bytes: int, flags: int, extra: bytes) -> None:
    body = b"\0\2" + bytes([flags]) + extra + decoder_config(b"\x12\x10", size_bytes) + descriptor(6, b"\2", size_bytes)
    es = parse_es_descriptor(descriptor(3, body, size_bytes))
    assert (es.object_type_indication, es.decoder_specific_info) == (0x40, b"\x12\x10")
    assert (es.max_bitrate, es.avg_bitrate) == (256000, 128000)


def test_a_descriptor_size_beyond_the_box_is_cut() -> None:
    whole = bytearray(descriptor(3, b"\0\2\0" + decoder_config(b"\x12\x10", 1)))
    whole[1] = 100
    assert parse_es_descriptor(bytes(whole)).decoder_specific_info == b"\x12\x10"


def test_every_cut_of_an_es_descriptor_is_refused_or_loses_only_its_end() -> None:
    whole = descriptor(3, b"\0\2\0" + decoder_config(b"\x12\x10", 4), 4)
    for size in range(len(whole)):
        try:
            info = parse_es_descriptor(whole[:size]).decoder_specific_info
        except BitstreamError:
            continue
        assert b"\x12\x10".startswith(info)


def test_a_bare_decoder_config_as_quicktime_wrote_it_is_read() -> None:
    assert parse_es_descriptor(decoder_config(b"\x11\x90", 1)).decoder_specific_info == b"\x11\x90"


def test_reading_a_configuration_does_not_import_numba() -> None:
    code = "import mediarescue.bitstream.aac, sys; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
