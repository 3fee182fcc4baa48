"""What the encoder gives, and what the pieces get."""

from __future__ import annotations

import av
import pytest

from mediarescue.media.segment_writer import with_plausible_dts


@pytest.mark.parametrize(("pts", "dts"), [(0, 0), (0, -2), (4, -1), (600, 597), (0, -64)])
def test_times_that_an_encoder_means_are_left_alone(pts: int, dts: int) -> None:
    packet = av.Packet(b"picture")
    packet.pts, packet.dts = pts, dts
    assert with_plausible_dts(packet).dts == dts


@pytest.mark.parametrize("dts", [None, -9288815967535137, -244813135929, 9288815967535137])
def test_a_dts_that_the_encoder_never_set_becomes_the_pts(dts: int | None) -> None:
    packet = av.Packet(b"picture")
    packet.pts, packet.dts = 1, dts
    assert with_plausible_dts(packet).dts == 1
