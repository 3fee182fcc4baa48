from __future__ import annotations

import numpy as np
import pytest

from mediarescue.bitstream.aac import (
    COUNT_REACHED,
    INVALID,
    NEED_MORE,
    AacFrame,
    AacWalker,
    AudioSpecificConfig,
    FrameColumn,
    parse_audio_specific_config,
    signature_elements,
)
from mediarescue.bitstream.errors import BitstreamError
from tests.support.aac_oracle import AacTrack, decodes, encode_aac
from tests.support.aac_writer import CCE, CPE, DSE, FIL, LFE, PCE, SCE, Bits, FrameWriter

LAYOUTS = {
    "mono": [SCE],
    "stereo": [FIL, CPE],
    "5.1": [SCE, CPE, CPE, LFE, FIL],
    "everything": [FIL, DSE, CPE, CCE, FIL, PCE, SCE, LFE, CCE],
}
NAMES = ("SCE", "CPE", "CCE", "LFE", "DSE", "PCE")


def config_of(object_type: int = 2, index: int = 4, channels: int = 2, frame_length: int = 1024) -> AudioSpecificConfig:
    return AudioSpecificConfig(object_type, index, 44100, channels, frame_length)


def buffer_of(data: bytes, behind: bytes = b"\xa5" * 16) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    return np.frombuffer(data + behind, np.uint8).copy()


def walked(walker: AacWalker, data: bytes) -> AacFrame:
    buf = buffer_of(data)
    frame = walker.frame(buf, 0, len(buf))
    assert isinstance(frame, AacFrame)
    return frame


@pytest.mark.parametrize("frame_length", [1024, 960])
@pytest.mark.parametrize("object_type", [1, 2, 3, 4])
@pytest.mark.parametrize("index", range(13))
def test_every_tool_of_the_syntax_is_stepped_over_exactly(object_type: int, index: int, frame_length: int) -> None:
    config = config_of(object_type, index, 2, frame_length)
    walker = AacWalker(config)
    writer = FrameWriter(config, seed=100 * index + object_type)
    for elements in LAYOUTS.values():
        data = writer.frame(elements)
        frame = walked(walker, data)
        assert frame.size == len(data)
        assert frame.padding_zero
        told = [name for name, _ in signature_elements(frame.element_signature)]
        assert told == [NAMES[element] for element in elements if element != FIL][:7]
        for end in (0, 1, len(data) // 2, len(data) - 1):
            assert walker.frame(buffer_of(data), 0, end) == NEED_MORE


@pytest.mark.parametrize(
    ("index", "channels", "name"), [(3, 1, "mono"), (4, 2, "stereo"), (5, 6, "5.1"), (11, 1, "mono")]
)
@pytest.mark.parametrize("frame_length", [1024, 960])
@pytest.mark.parametrize("object_type", [1, 2, 4])
def test_the_size_is_the_shortest_prefix_a_decoder_takes(
    object_type: int, frame_length: int, index: int, channels: int, name: str
) -> None:
    config = config_of(object_type, index, channels, frame_length)
    head = object_type << 11 | index << 7 | channels << 3 | (frame_length == 960) << 2
    extradata = head.to_bytes(2, "big")
    writer = FrameWriter(config, seed=index)
    for _ in range(3):
        data = writer.frame(LAYOUTS[name])
        assert walked(AacWalker(config), data).size == len(data)
        assert decodes(extradata, data)
        assert not decodes(extradata, data[:-1])


def test_signatures_tell_the_order_and_the_tags_of_elements() -> None:
    config = config_of()
    seen = {}
    for name, elements in {**LAYOUTS, "pair first": [CPE, SCE], "single first": [SCE, CPE]}.items():
        seen[name] = walked(AacWalker(config), FrameWriter(config, 1, quiet=0.9).frame(elements)).element_signature
    assert len(set(seen.values())) == len(seen)
    assert signature_elements(seen["5.1"]) == (("SCE", 0), ("CPE", 0), ("CPE", 1), ("LFE", 0))
    assert signature_elements(seen["stereo"]) == (("CPE", 0),)


def test_more_than_seven_elements_still_count_in_the_signature() -> None:
    config = config_of()
    walker = AacWalker(config)
    writer = FrameWriter(config, 1, quiet=1.0)
    seven = [SCE] * 7
    signatures = [
        walked(walker, writer.frame(elements)).element_signature
        for elements in (seven, [*seven, SCE], [*seven, LFE], [*seven, LFE, SCE], [*seven, SCE, LFE], [SCE] * 15)
    ]
    assert len(set(signatures)) == len(signatures)


def test_a_frame_without_a_channel_is_refused() -> None:
    config = config_of()
    data = FrameWriter(config, 1).frame([FIL, DSE])
    assert AacWalker(config).frame(buffer_of(data), 0, len(data)) == INVALID
    assert AacWalker(config).frame(buffer_of(b"\xe0"), 0, 4) == INVALID


def bits(*fields: tuple[int, int]) -> bytes:
    out = Bits()
    for value, count in fields:
        out.put(value, count)
    out.align()
    return out.to_bytes()


MONO = ((SCE, 3), (0, 4), (100, 8))
SILENT_TOOLS = ((0, 1), (0, 1), (0, 1))


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        (((1, 1), (0, 3), (0, 6), (0, 1)), "ics_reserved_bit"),
        (((0, 4), (50, 6), (0, 1)), "max_sfb above the 49 bands"),
        (((0, 1), (2, 2), (0, 1), (15, 4), (0, 7)), "max_sfb above the 14 short bands"),
        (((0, 4), (4, 6), (1, 1)), "predictor_data in AAC LC"),
        (((0, 4), (4, 6), (0, 1), (12, 4), (4, 5)), "book 12"),
        (((0, 4), (4, 6), (0, 1), (15, 4), (4, 5)), "intensity in a single channel"),
        (((0, 4), (4, 6), (0, 1), (1, 4), (5, 5)), "a section longer than max_sfb"),
        (((0, 4), (0, 6), (0, 1), (1, 1), (0, 2), (49, 6)), "a pulse behind the bands"),
        (((0, 4), (0, 6), (0, 1), (0, 1), (1, 1), (1, 2), (0, 1), (0, 6), (13, 5)), "a TNS order of 13"),
        (((0, 4), (0, 6), (0, 1), (0, 1), (0, 1), (1, 1)), "gain control in AAC LC"),
    ],
)
def test_values_the_syntax_forbids_are_refused(fields: tuple[tuple[int, int], ...], why: str) -> None:
    data = buffer_of(bits(*MONO, *fields), behind=bytes(400))
    assert AacWalker(config_of()).frame(data, 0, len(data)) == INVALID, why


def test_a_reserved_ms_mask_is_refused() -> None:
    data = buffer_of(bits((CPE, 3), (0, 4), (1, 1), (0, 4), (4, 6), (0, 1), (3, 2)))
    assert AacWalker(config_of()).frame(data, 0, len(data)) == INVALID


def test_an_escape_prefix_of_nine_ones_is_refused() -> None:
    band = ((0, 4), (1, 6), (0, 1), (11, 4), (1, 5), (0, 1), *SILENT_TOOLS)
    valid = bits(*MONO, *band, (4, 5), (3, 2), (0x1FE, 9), (0, 12), (0x1FE, 9), (0, 12), (0, 4), (7, 3))
    assert walked(AacWalker(config_of()), valid).size == len(valid)
    broken = buffer_of(bits(*MONO, *band, (4, 5), (3, 2), (0x1FF, 9)), behind=bytes(40))
    assert AacWalker(config_of()).frame(broken, 0, len(broken)) == INVALID


def test_a_scale_factor_below_zero_is_refused() -> None:
    fields = ((SCE, 3), (0, 4), (0, 8), (0, 4), (1, 6), (0, 1), (1, 4), (1, 5), (0b100, 3))
    data = buffer_of(bits(*fields), behind=bytes(40))
    assert AacWalker(config_of()).frame(data, 0, len(data)) == INVALID


SILENCE = bits(*MONO, (0, 4), (0, 6), (0, 1), *SILENT_TOOLS, (7, 3))


def test_a_silent_frame_is_four_bytes() -> None:
    frame = walked(AacWalker(config_of()), SILENCE)
    assert (frame.size, frame.global_gain, frame.max_sfb, frame.window_sequence, frame.fill_size) == (4, 100, 0, 0, 0)


def test_the_row_describes_the_first_channel() -> None:
    fields = ((CPE, 3), (0, 4), (0, 1))
    left = ((77, 8), (0, 1), (3, 2), (0, 1), (5, 6), (0, 1), (0, 4), (5, 5), *SILENT_TOOLS)
    right = ((99, 8), (0, 1), (2, 2), (0, 1), (3, 4), (127, 7), (0, 4), (3, 3), *SILENT_TOOLS)
    data = bits((FIL, 3), (2, 4), (0, 16), *fields, *left, *right, (FIL, 3), (15, 4), (6, 8), (0, 160), (7, 3))
    frame = walked(AacWalker(config_of()), data)
    assert frame == AacFrame(len(data), 0x90, True, 77, 5, 3, 22)


def test_limits_refuse_what_the_reference_does_not_have() -> None:
    config = config_of()
    writer = FrameWriter(config, 3)
    data = writer.frame([CPE])
    end = len(data) + 16
    frame = walked(AacWalker(config), data)
    walker = AacWalker(config)
    same = walker.with_limits(min_size=frame.size, max_size=frame.size, signatures=[frame.element_signature, 1])
    assert same.frame(buffer_of(data), 0, end) == frame
    for limits in (
        walker.with_limits(min_size=frame.size + 1),
        walker.with_limits(max_size=frame.size - 1),
        walker.with_limits(signatures=[0x80, 0x90 | 0x80 << 8]),
        walker.with_limits(signatures=[0x80]),
    ):
        assert limits.frame(buffer_of(data), 0, end) == INVALID
    assert walker.with_limits(max_size=frame.size - 1).frame(buffer_of(data), 0, frame.size - 2) == NEED_MORE
    assert walker.frame(buffer_of(data), 0, end) == frame, "the first walker keeps no limits"


def test_padding_bits_are_reported_and_refused_on_request() -> None:
    config = config_of(channels=1)
    writer = FrameWriter(config, 5)
    datas = [writer.frame([SCE], padding_bit=1) for _ in range(20)]
    data = next(data for data in datas if not walked(AacWalker(config), data).padding_zero)
    assert AacWalker(config).with_limits(require_zero_padding=True).frame(buffer_of(data), 0, len(data)) == INVALID


def test_a_batch_walk_gives_a_row_for_each_frame_and_says_why_it_stops() -> None:
    config = config_of()
    walker = AacWalker(config)
    writer = FrameWriter(config, 7)
    datas = [writer.frame([CPE]) for _ in range(6)]
    stream = b"".join(datas)
    buf = buffer_of(b"\0\0" + stream, behind=b"\xff" * 32)
    out = walker.rows(9)
    assert walker.frames(buf, 2, 2 + len(stream), 9, out) == (6, NEED_MORE)
    assert out[:6, FrameColumn.SIZE].tolist() == [len(data) for data in datas]
    assert walker.frames(buf, 2, len(buf), 9, out) == (6, INVALID)
    assert walker.frames(buf, 2, len(buf), 4, out) == (4, COUNT_REACHED)
    assert walker.frames(buf, 2, len(stream), 9, out) == (5, NEED_MORE)
    pos = 2
    for row in out[:4].tolist():
        frame = walker.frame(buf, pos, len(buf))
        assert isinstance(frame, AacFrame)
        assert [frame.size, frame.element_signature, frame.padding_zero, frame.global_gain] == row[:4]
        pos += frame.size


def test_wrong_positions_and_outputs_are_errors() -> None:
    walker = AacWalker(config_of())
    buf = buffer_of(SILENCE)
    with pytest.raises(ValueError, match="do not lie in"):
        walker.frame(buf, 0, len(buf) + 1)
    with pytest.raises(ValueError, match="do not lie in"):
        walker.frame(buf, -1, len(buf))
    with pytest.raises(ValueError, match="writable and contiguous"):
        walker.frame(np.frombuffer(SILENCE, np.uint8), 0, len(SILENCE))
    with pytest.raises(ValueError, match="is needed"):
        walker.frames(buf, 0, len(buf), 3, walker.rows(2))


@pytest.mark.parametrize("config", [config_of(object_type=23, frame_length=512), config_of(object_type=5)])
def test_streams_that_cannot_be_walked_are_refused_at_once(config: AudioSpecificConfig) -> None:
    with pytest.raises(BitstreamError, match="cannot be walked"):
        AacWalker(config)


def sound(kind: str, channels: int, rate: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    samples = 24 * 1024
    random = np.random.default_rng(7)
    time = np.arange(samples) / rate
    if kind == "noise":
        data = random.uniform(-0.7, 0.7, (channels, samples))
    elif kind == "sines":
        data = np.stack([0.4 * np.sin(2 * np.pi * (300 + 170 * c) * time) for c in range(channels)])
    elif kind == "clicks":
        data = 0.001 * random.uniform(-1, 1, (channels, samples))
        data[:, 3000::5000] = 0.9
    else:
        data = np.zeros((channels, samples))
    return data.astype(np.float32)


def assert_sizes(track: AacTrack) -> list[int]:
    """Walk a track's samples one behind the other; return the window sequences."""
    walker = AacWalker(parse_audio_specific_config(track.config))
    count = len(track.packets)
    out = walker.rows(count)
    stream = track.stream
    assert walker.frames(stream, 0, len(stream), count, out) == (count, COUNT_REACHED), track.name
    assert out[:, FrameColumn.SIZE].tolist() == [len(packet) for packet in track.packets], track.name
    return [int(value) for value in out[:, FrameColumn.WINDOW_SEQUENCE]]


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 32000, 44100, 48000, 96000])
@pytest.mark.parametrize(("layout", "channels"), [("mono", 1), ("stereo", 2), ("5.1", 6)])
def test_encoded_sounds_have_the_sizes_of_their_packets(layout: str, channels: int, rate: int) -> None:
    for kind in ("silence", "noise", "sines"):
        for bit_rate in (24000, 96000) if kind == "noise" else (64000,):
            assert_sizes(
                encode_aac(sound(kind, channels, rate), rate=rate, layout=layout, bit_rate=bit_rate * channels)
            )


@pytest.mark.parametrize("coder", ["fast", "twoloop"])
def test_clicks_make_short_windows_and_exact_sizes(coder: str) -> None:
    track = encode_aac(
        sound("clicks", 2, 48000), rate=48000, layout="stereo", bit_rate=128000, options={"aac_coder": coder}
    )
    assert 2 in assert_sizes(track)
