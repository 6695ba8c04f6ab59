"""Images: bytes in, samples out, and back; the only part that decodes and encodes pictures."""
