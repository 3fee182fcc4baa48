"""Codecs of editing: ProRes, DNxHD and DNxHR, CineForm, DV. Their quality is that of their profile."""

from __future__ import annotations

from mediarescue.media.encoders.available import encoder_formats
from mediarescue.media.encoders.choice import Choice, EncoderFamily, QualityScale, UnsuitableError, Wish
from mediarescue.media.encoders.pixel_formats import format_note, nearest_format, sample_layout
from mediarescue.media.encoders.quantised import quality_flag

PRORES_TAGS = {"apco": "proxy", "apcs": "lt", "apcn": "standard", "apch": "hq", "ap4h": "4444", "ap4x": "4444xq"}
PRORES_NAMES = {"Proxy": "proxy", "LT": "lt", "Standard": "standard", "HQ": "hq", "4444": "4444", "XQ": "4444xq"}
PRORES_SCALE = QualityScale(1, 224)
DNXHR_NAMES = {
    "DNXHR 444": "dnxhr_444", "DNXHR HQX": "dnxhr_hqx", "DNXHR HQ": "dnxhr_hq", "DNXHR SQ": "dnxhr_sq",
    "DNXHR LB": "dnxhr_lb",
}  # fmt: skip
DNXHD_RATES = {8: (120, 145, 185, 220), 10: (185, 220)}
"""Megabits a second of interlaced 1920 x 1080 (SMPTE ST 2019-1)."""
DNXHR_BITS = ((1.3, "dnxhr_lb"), (2.9, "dnxhr_sq"))
"""Bits a pixel below which DNxHD is DNxHR's LB or SQ."""
CINEFORM_SCALE = QualityScale(0, 12)
CINEFORM_BLOCK = 16
DV_SIZES = {(720, 480): ("yuv411p", "yuv422p"), (720, 576): ("yuv420p", "yuv411p", "yuv422p")}
DV_BITS_OF_50 = 40_000_000
"""DV with 4:2:2 has 50 megabits a second, the others 25."""


def choose_prores(wish: Wish) -> Choice:
    """Settle on ProRes of the source's profile, with its transparency."""
    pix_fmt = nearest_format(wish.pix_fmt, encoder_formats("prores_ks"))
    layout = sample_layout(pix_fmt)
    profile = PRORES_TAGS.get(wish.info.codec_tag) or PRORES_NAMES.get(wish.info.profile or "")
    if profile is None or (layout.chroma == (0, 0)) != profile.startswith("4444"):
        profile = "4444" if layout.chroma == (0, 0) else "hq"
    settings = {"profile": profile, "vendor": "apl0"}
    if layout.alpha:
        settings["alpha_bits"] = "16"
    if wish.options.crf is not None:
        settings |= quality_flag(PRORES_SCALE.checked(wish.options.crf, "prores_ks"))
    if wish.interlaced:
        settings["flags"] = settings.get("flags", "") + "+ildct"
    # Decoders give ProRes 4444 as 12 bits; encoders are given 10, which is what its quantisers leave.
    note = "" if wish.info.codec == "prores" else format_note(wish.pix_fmt, pix_fmt)
    return Choice("prores_ks", pix_fmt, settings).noting(note, wish.unused("ProRes"))


def choose_dnxhd(wish: Wish) -> Choice:
    """Settle on DNxHR of the source's profile; DNxHD where it is interlaced, which DNxHR is not."""
    info = wish.info
    if wish.interlaced:
        if (info.width, info.height) != (1920, 1080):
            raise UnsuitableError("DNxHD has interlaced pictures of 1920 x 1080 only")
        pix_fmt = "yuv422p10le" if info.bit_depth > 8 else "yuv422p"
        rates = DNXHD_RATES[sample_layout(pix_fmt).depth]
        rate = min(rates, key=lambda rate: abs(rate * 1_000_000 - (wish.bit_rate or 10**9)))
        settings = {"profile": "dnxhd", "b": f"{rate}M", "flags": "+ildct"}
        return Choice("dnxhd", pix_fmt, settings).noting(
            format_note(wish.pix_fmt, pix_fmt), wish.unused("DNxHD", crf=True)
        )
    profile = DNXHR_NAMES.get(info.profile or "")
    note = ""
    if profile is None:
        bits = wish.bits_per_pixel
        profile = next((name for most, name in DNXHR_BITS if bits is not None and bits < most), "dnxhr_hq")
        if sample_layout(wish.pix_fmt).chroma == (0, 0):
            profile = "dnxhr_444"
        elif info.bit_depth > 8:
            profile = "dnxhr_hqx"
        if info.codec == "dnxhd":
            note = f"DNxHD is encoded as its successor DNxHR {profile.removeprefix('dnxhr_').upper()}"
    formats = {"dnxhr_444": ("yuv444p10le", "gbrp10le"), "dnxhr_hqx": ("yuv422p10le",)}.get(profile, ("yuv422p",))
    pix_fmt = nearest_format(wish.pix_fmt, formats)
    return Choice("dnxhd", pix_fmt, {"profile": profile}).noting(
        format_note(wish.pix_fmt, pix_fmt), note, wish.unused("DNxHR", crf=True)
    )


def choose_cineform(wish: Wish) -> Choice:
    """Settle on CineForm at its finest."""
    if wish.info.width % CINEFORM_BLOCK:
        raise UnsuitableError(f"FFmpeg writes CineForm only of widths that are multiples of {CINEFORM_BLOCK}")
    pix_fmt = nearest_format(wish.pix_fmt, encoder_formats("cfhd"))
    quality = int(CINEFORM_SCALE.checked(wish.options.crf or 0, "cfhd"))
    return Choice("cfhd", pix_fmt, {"quality": f"{quality}"}).noting(
        format_note(wish.pix_fmt, pix_fmt), wish.unused("CineForm")
    )


def choose_dv(wish: Wish) -> Choice:
    """Settle on DV of the source's system; its rate is fixed."""
    info = wish.info
    formats = DV_SIZES.get((info.width, info.height))
    if formats is None or wish.pix_fmt not in formats:
        raise UnsuitableError(f"FFmpeg writes no DV of {info.width} x {info.height} in {wish.pix_fmt}")
    return Choice("dvvideo", wish.pix_fmt).noting(wish.unused("DV", crf=True))


PRORES = EncoderFamily("prores", "ProRes", ("prores_ks",), choose_prores)
DNXHD = EncoderFamily("dnxhd", "DNxHD", ("dnxhd",), choose_dnxhd, selective=True)
CINEFORM = EncoderFamily("cfhd", "CineForm", ("cfhd",), choose_cineform, selective=True)
DV = EncoderFamily("dvvideo", "DV", ("dvvideo",), choose_dv, selective=True)
