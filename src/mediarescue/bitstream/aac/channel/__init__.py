"""One channel of an AAC frame: kernels only, used by those of the frame."""
