"""Scripts for people who work in a checkout."""
