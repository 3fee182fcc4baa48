"""Clocks in metadata that comes once a frame; a format of stamps is a file and a line here."""

from __future__ import annotations

from mediarescue.recover.timing.telemetry.fields import FixedFields
from mediarescue.recover.timing.telemetry.form import StampFormat
from mediarescue.recover.timing.telemetry.messages import MessageFields

FORMATS: tuple[StampFormat, ...] = (FixedFields(), MessageFields())
"""Asked in this order; of clocks that fit the reference alike, the first stays."""
