"""The gate: what judges a change, image by image; `check.py` is the place to start reading."""
