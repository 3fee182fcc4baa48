"""Films and photos in and out through FFmpeg and Pillow: the only owner of both for the picture commands."""
