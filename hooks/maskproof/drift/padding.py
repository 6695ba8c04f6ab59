"""Padding: whether an editor's own padding explains how the frame moved.

Models take sizes in multiples of 8 to 64 px. An editor that pads the picture to such a size and does not cut the
padding off again moves the frame by the padding or half of it, or squeezes it by as much: easily mended, once named.
"""

from __future__ import annotations

MULTIPLES = (8, 16, 32, 64)
"""px; what image models round sizes to"""
NEAR = 0.6
"""px by which a motion may differ from what padding gives"""
NEAR_SCALE = 8e-4
"""how far a scale may differ from what padding gives: 0.8 px of 1000"""


def explained(dx: float, dy: float, scale: float, size: tuple[int, int]) -> str:
    """What padding would do the same to the frame, in words; empty where none does.

    Args:
        dx: Motion to the right, px of the original.
        dy: Motion downwards, px of the original.
        scale: Enlargement, 1 is none.
        size: Width and height of the original, px.
    """
    width, height = size
    for multiple in MULTIPLES:
        wide, tall = -width % multiple, -height % multiple
        padded = f"padding to multiples of {multiple} ({width + wide} x {height + tall} px)"
        if abs(scale - 1) <= NEAR_SCALE and max(abs(dx), abs(dy)) > NEAR:
            if _moved_by(dx, wide) and _moved_by(dy, tall):
                return f", as {padded} would that was not cut off again"
        elif abs(scale - 1) > NEAR_SCALE and wide + tall:
            squeezed = (width / (width + wide) * height / (height + tall)) ** 0.5
            if abs(scale - squeezed) <= NEAR_SCALE:
                return f", as {padded} and scaling back would"
    return ""


def _moved_by(motion: float, padding: int) -> bool:
    """Not at all, by half of the padding, or by all of it."""
    return min(abs(abs(motion) - part) for part in (0, padding / 2, padding)) <= NEAR
