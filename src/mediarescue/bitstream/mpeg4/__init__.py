"""H.263 and MPEG-4 Visual: pictures that do not tell their size, walked macroblock by macroblock."""
