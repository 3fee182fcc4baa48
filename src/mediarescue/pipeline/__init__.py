"""What heal and denoise stand on: decode, filter, encode, and all that is not the picture left alone."""
