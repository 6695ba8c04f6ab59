"""Crossing: on which sides a change goes on past a mask's edge, and which areas the mask opens."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from maskproof.gate.crossing import crossing
from maskproof.model import Kind, Region
from projects import OPENED, SPRING, png, texture

MASK = (slice(80, 160), slice(100, 220))
"""rows and columns that are open, of 240 x 320"""
PAST = {
    "on the left": np.s_[100:140, 60:140],
    "on the right": np.s_[100:140, 180:260],
    "at the top": np.s_[40:120, 140:180],
    "at the bottom": np.s_[120:200, 140:180],
}
"""a bar that begins inside the mask and ends outside of it, on each side"""


def pictures(*bars: tuple[slice, slice], scale: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    before = np.asarray(texture(3))
    after, editable = before.copy(), np.zeros(before.shape[:2], np.bool_)
    editable[MASK] = True
    for bar in bars:
        after[bar] = 255 - after[bar] // 2
    return tuple(np.repeat(np.repeat(one, scale, 0), scale, 1) for one in (before, after, editable))


@pytest.mark.parametrize("scale", [1, 3])
@pytest.mark.parametrize("side", PAST)
def test_each_side_is_told_with_its_place(side, scale):
    before, after, editable = pictures(PAST[side], scale=scale)
    ((found, box),) = crossing(before, after, editable).sides
    rows, columns = PAST[side]
    assert found == side
    assert rows.start * scale - 4 * scale <= box.y <= rows.stop * scale
    assert columns.start * scale - 4 * scale <= box.x <= columns.stop * scale


def test_several_sides_and_all_of_them():
    two = crossing(*pictures(PAST["on the left"], PAST["at the top"]))
    assert "on the left (x " in two.where
    assert " and at the top (x " in two.where or two.where.startswith("at the top (x ")
    three = crossing(*pictures(*(bar for side, bar in PAST.items() if side != "at the top")))
    assert sorted(three.where.replace(" and ", ", ").split(", ")) == ["at the bottom", "on the left", "on the right"]
    assert crossing(*pictures(*PAST.values())).where == "all around"


@pytest.mark.parametrize(
    "bar",
    [np.s_[100:140, 120:200], np.s_[10:60, 10:60], np.s_[80:160, 100:220]],
    ids=["well inside", "far outside", "up to the edge"],
)
def test_what_ends_at_the_edge_or_begins_elsewhere_does_not_cross(bar):
    assert crossing(*pictures(bar)).sides == ()


def test_what_was_pasted_back_is_cut_where_it_ran_into_the_edge():
    assert [side for side, _ in crossing(*pictures(np.s_[100:140, 180:220]), pasted=True).sides] == ["on the right"]
    assert crossing(*pictures(np.s_[100:140, 120:200]), pasted=True).sides == ()


@given(lift=st.integers(-40, 40))
@settings(max_examples=10, deadline=None)
def test_another_tone_of_the_whole_picture_crosses_nothing(lift):
    before, _, editable = pictures()
    before = before // 2 + 64
    assert crossing(before, (before.astype(int) + lift).astype(np.uint8), editable).sides == ()


def test_areas_that_the_mask_opens_are_told_with_their_share():
    before, after, editable = pictures()

    def area(name: str, *box: slice) -> Region:
        mask = np.zeros(editable.shape, np.bool_)
        mask[box] = True
        return Region(name, Kind.BRAND, mask, "policy")

    areas = (area("half", np.s_[100:120], np.s_[200:240]), area("out", np.s_[0:20], np.s_[0:20]))
    found = crossing(before, after, editable, areas)
    assert found.areas == (("half", 0.5),)
    assert "The mask opens 50% of the area half" in found.hint


class TestInAChange:
    """What the report and `restore` say of it."""

    @pytest.fixture
    def reaching(self, project):
        _, top, right, bottom = OPENED
        project.edit("held")
        image = Image.open(project.root / SPRING).convert("RGB")
        middle = (top + bottom) // 2
        image.paste((250, 240, 30), (right - 30, middle - 15, right + 50, middle + 15))
        data = png(image)
        project.write(SPRING, data)
        project.write(f"{SPRING}.maskproof.json", project.record(data))
        project.stage()
        return project

    def test_the_advice_names_the_side(self, reaching):
        said = " ".join(reaching.check().text.split())
        assert "It goes on past the mask's edge on the right (x " in said

    def test_restore_names_it_too(self, reaching):
        said = " ".join(reaching.maskproof("restore", SPRING).stdout.split())
        assert "what the model drew went on past the mask's edge on the right (x " in said
