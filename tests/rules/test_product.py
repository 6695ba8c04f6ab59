"""The rule `product`: a declared product has to keep its shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import make
import scenes
from fixture_cases import judge_files, judged, meet

if TYPE_CHECKING:
    from projects import Scratch


def test_a_product_of_another_shape_is_found() -> None:
    found = judged("block/product-reshaped")
    finding = found.the("product")
    assert (finding["severity"], finding["region"]) == ("block", "the product")
    assert finding["value"] > finding["limit"]
    assert meet(finding["box"], scenes.BOXES["product"])


def test_it_says_how_far_the_outline_moved() -> None:
    message = judged("block/product-reshaped").the("product")["message"]
    assert message.startswith("its outline moved by 7 px (95 % of it by less; limit 2 px)")


def test_it_says_the_drift_of_the_headline_behind_its_own_measure() -> None:
    found = judged("block/product-reshaped")
    drift = found.report["images"][0]["drift"]
    assert drift > 10
    assert f"local change, {drift:.3g}x what this picture shows" in found.findings[0]["message"]


def test_a_product_beside_a_change_is_not() -> None:
    found = judged("pass/areas-kept")
    assert found.findings == []
    assert "the product" in [region["name"] for region in found.report["images"][0]["regions"]]


def test_a_product_that_nobody_declared_may_change_inside_the_mask(scratch: Scratch) -> None:
    assert judge_files(scratch, make.window_case(protected=False, waist=-8)).status == 0
