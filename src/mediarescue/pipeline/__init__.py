"""What heal, denoise and the like stand on: decode, filter, encode, with everything that is not the picture left alone."""
