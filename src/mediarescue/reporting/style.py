"""Colours and words of the pictures: readable on light and dark, no font that has to be loaded."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

TRACK_CLASSES = ("t0", "t1", "t2", "t3", "t4", "t5")
STYLE = """<style>
.paper{fill:#ffffff}path{shape-rendering:crispEdges}
text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;font-size:13px;fill:#2b2f36}
.title{font-size:24px;font-weight:600}.said{font-size:15px;fill:#5a6270}.head{font-size:15px;font-weight:600}
.axis{font-size:12px;fill:#6b7280}.end{text-anchor:end}.middle{text-anchor:middle}
.number{font-size:11px;font-weight:700;fill:#c81e3a}
.t0{fill:#3f7fd4}.t1{fill:#2f9e83}.t2{fill:#c9962b}.t3{fill:#8766c4}.t4{fill:#5f7d8c}.t5{fill:#b06a93}
.gap{fill:#e5203f}.unknown{fill:url(#hatch)}.padding{fill:#e3e6ea}.box{fill:#b9c0c9}.header{fill:#8b94a1}
.cut{fill:#f0a35e}.other{fill:#eef0f2}.ground{fill:#f4d35e}.stripe{stroke:#2b2f36}
@media (prefers-color-scheme:dark){
.paper{fill:#15181d}text{fill:#e4e7ec}.said,.axis{fill:#9aa3b0}.number{fill:#ff7088}
.t0{fill:#6aa3ee}.t1{fill:#4fc0a3}.t2{fill:#dfb04d}.t3{fill:#a98ce0}.t4{fill:#8aa6b4}.t5{fill:#cf8db4}
.gap{fill:#ff4d67}.padding{fill:#333a44}.box{fill:#4d5763}.header{fill:#6c7785}.other{fill:#232830}
}
</style>
<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">\
<rect class="ground" width="6" height="6"/><line class="stripe" x1="0" y1="0" x2="0" y2="6" stroke-width="3"/>\
</pattern></defs>
"""
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml(words: str) -> str:
    """Return the words as they stand in XML; what it cannot hold becomes a question mark."""
    return escape(_NOT_XML.sub("?", words), {'"': "&quot;"})


def text(x: float, y: float, words: str, classes: str) -> str:
    """Return a line of text with its baseline at ``y``."""
    return f'<text x="{_short(x)}" y="{_short(y)}" class="{classes}">{xml(words)}</text>'


def box_path(x: float, y: float, width: float, height: float) -> str:
    """Return a rectangle as a part of a path."""
    return f"M{_short(x)} {_short(y)}h{_short(width)}v{_short(height)}h{_short(-width)}z"


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
