"""The tone of the whole protected area."""

from __future__ import annotations

import numpy as np
from PIL import Image

from comparisons import PHOTO, judge, picture, rules, value


def test_tone_that_was_lifted_is_a_finding_of_its_own() -> None:
    lifted = Image.fromarray(np.clip(np.asarray(PHOTO, np.float32) * 0.9 + 38, 0, 255).astype(np.uint8))
    report = judge(picture(PHOTO), picture(lifted))
    assert "tone" in rules(report)
    assert value(report, "frame", "tone_light") > 5
