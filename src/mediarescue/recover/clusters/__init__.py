"""Recordings that lie in one file by turns of whole clusters: found out, and dealt back to where they belong."""
