"""Decoding: bytes of frames to columns, by kernels that know nothing of files."""
