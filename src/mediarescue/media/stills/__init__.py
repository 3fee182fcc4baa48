"""Photos whose pixels change while every other byte stays: one module a format."""
