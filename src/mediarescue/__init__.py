"""Rescue photos and videos people thought were lost or spoilt."""
