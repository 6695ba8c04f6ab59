"""Faces: what is refused, and, with a stand-in for the network, where a hit ends up in the picture.

The real YuNet model is not in the tree and comes with no package this project installs. Set MASKPROOF_YUNET to the path
of one to run it too.
"""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from maskproof import regions
from maskproof.errors import CouldNotJudge
from maskproof.model import Box
from maskproof.regions import faces

if TYPE_CHECKING:
    from pathlib import Path

needs_extra = pytest.mark.skipif(not faces.available(), reason="the extra maskproof[vision] is not installed")
BLANK = np.zeros((64, 64, 3), np.uint8)
STRIDES = (8, 16, 32)
WIDTHS = 4.0, 5.0
"""width and height of every hit of the stand-in, in strides"""


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(scope="session")
def stand_in() -> bytes:
    """A network with YuNet's inputs and outputs that is sure of a face wherever 8 x 8 pixels are pure red."""
    onnx = pytest.importorskip("onnx", reason="onnx makes the stand-in for a face model")
    make, array = onnx.helper, onnx.numpy_helper.from_array
    nodes, weights, outputs = [], [], []
    for stride in STRIDES:
        red = np.zeros((1, 3, stride, stride), np.float32)
        red[0, :, :, :] = np.array([-1, -1, 1], np.float32)[:, None, None] / (stride * stride * 255)
        heads = {
            "cls": (red, [0.0]),
            "obj": (red if stride == STRIDES[0] else red * 0, [0.0]),
            "bbox": (np.zeros((4, 3, stride, stride), np.float32), [0.5, 0.5, *np.log(WIDTHS)]),
            "kps": (np.zeros((10, 3, stride, stride), np.float32), [i / 10 for i in range(10)]),
        }
        for head, (kernel, bias) in heads.items():
            name = f"{head}_{stride}"
            weights += [
                array(kernel, f"{name}w"),
                array(np.array(bias, np.float32), f"{name}b"),
                array(np.array([1, -1, len(bias)], np.int64), f"{name}s"),
            ]
            nodes += [
                make.make_node(
                    "Conv",
                    ["input", f"{name}w", f"{name}b"],
                    [f"{name}c"],
                    kernel_shape=[stride, stride],
                    strides=[stride, stride],
                ),
                make.make_node("Transpose", [f"{name}c"], [f"{name}t"], perm=[0, 2, 3, 1]),
                make.make_node("Reshape", [f"{name}t", f"{name}s"], [name]),
            ]
            shape = [1, (faces.TILE // stride) ** 2, len(bias)]
            outputs.append(make.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape))
    side = faces.TILE
    entry = make.make_tensor_value_info("input", onnx.TensorProto.FLOAT, [1, 3, side, side])
    graph = make.make_graph(nodes, "stand-in", [entry], outputs, weights)
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 13)], ir_version=8)
    return bytes(model.SerializeToString())


def test_another_file_than_the_policy_names_is_not_loaded() -> None:
    with pytest.raises(CouldNotJudge) as caught:
        faces.detect(BLANK, b"another file", digest(b"the file"))
    assert digest(b"another file") in caught.value.reason
    assert digest(b"the file") in caught.value.reason
    assert "policy" in caught.value.advice


def test_the_digest_may_be_written_in_capitals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "available", lambda: False)
    with pytest.raises(CouldNotJudge, match="not installed"):
        faces.detect(BLANK, b"x", f" {digest(b'x').upper()}\n")


def test_a_missing_extra_is_said_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "available", lambda: False)
    with pytest.raises(CouldNotJudge) as caught:
        faces.detect(BLANK, b"", digest(b""))
    assert "pip install 'maskproof[vision]'" in caught.value.advice


@needs_extra
@pytest.mark.parametrize("what", ["empty", "text", "cut", "another network"])
def test_a_file_that_is_no_face_model(what: str, stand_in: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    data = {"empty": b"", "text": b"version https://git-lfs.example\n" * 9, "cut": stand_in[:2000]}.get(what)
    if data is None:
        import onnx

        model = onnx.load_from_string(stand_in)
        for node in model.graph.node:
            node.output[0] = node.output[0].replace("kps_8", "other")
            node.input[0] = node.input[0].replace("kps_8", "other")
        model.graph.output[3].name = "other"
        data = model.SerializeToString()
    with pytest.raises(CouldNotJudge) as caught:
        faces.detect(BLANK, data, digest(data))
    assert "the face model cannot be used: OpenCV" in caught.value.reason
    assert "opencv_zoo" in caught.value.advice
    assert capfd.readouterr() == ("", "")


@needs_extra
def test_a_hit_lies_where_it_was_seen(stand_in: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    picture = np.zeros((200, 300, 3), np.uint8)
    picture[80:88, 160:168, 0] = 255
    (face,) = faces.detect(picture, stand_in, digest(stand_in))
    # The middle of the cell at 160, 80 is 164, 84; the hit is 32 x 40 px around it.
    assert face.box == Box(148, 64, 32, 40)
    assert face.confidence == pytest.approx(1, abs=1e-5)
    assert capfd.readouterr() == ("", "")


@needs_extra
def test_blue_is_not_taken_for_red(stand_in: bytes) -> None:
    picture = np.zeros((200, 300, 3), np.uint8)
    picture[80:88, 160:168, 2] = 255
    assert faces.detect(picture, stand_in, digest(stand_in)) == ()


@needs_extra
def test_faces_of_all_tiles_and_sizes_are_found_once(stand_in: bytes) -> None:
    picture = np.zeros((960, 1280, 3), np.uint8)
    places = [(80, 80), (1200, 80), (80, 880), (1200, 880), (560, 480)]
    for x, y in places:
        picture[y : y + 32, x : x + 32, 0] = 255
    found = faces.detect(picture, stand_in, digest(stand_in))
    for x, y in places:
        near = [f for f in found if abs(f.box.x + f.box.width / 2 - x - 16) < 40 and abs(f.box.y - y) < 120]
        assert near
    pairs = [(a, b) for i, a in enumerate(found) for b in found[i + 1 :]]
    assert all(regions.iou(a.box, b.box) < faces.SAME_FACE for a, b in pairs)
    assert found == faces.detect(picture, stand_in, digest(stand_in))


@needs_extra
def test_a_box_is_cut_at_the_border(stand_in: bytes) -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:8, :8, 0] = 255
    (face,) = faces.detect(picture, stand_in, digest(stand_in))
    assert (face.box.x, face.box.y) == (0, 0)
    assert face.box.width < 32


@pytest.mark.parametrize(
    ("own", "expected"), [(100, (100,)), (640, (320, 640)), (900, (320, 640, 900)), (4000, (320, 640, 1280))]
)
def test_nothing_is_enlarged(own: int, expected: tuple[int, ...]) -> None:
    assert faces._sizes(own) == expected


@pytest.mark.parametrize("length", [1, 160, 639, 640, 641, 800, 1119, 1120, 1121, 1280])
def test_tiles_cover_a_side_and_share_the_overlap(length: int) -> None:
    starts = list(faces._starts(length))
    assert starts[0] == 0
    assert starts[-1] + faces.TILE >= length
    assert all(b - a == faces.TILE - faces.OVERLAP for a, b in pairwise(starts))


@needs_extra
def test_the_real_model_finds_the_astronaut(shared: Path) -> None:
    from skimage import data

    model = next((shared / "models").glob("face_detection_yunet_*.onnx")).read_bytes()
    (face,) = faces.detect(data.astronaut(), model, digest(model))
    box = face.box
    # Her face, by hand: x 175 to 275, y 65 to 190.
    assert 150 < box.x < 200
    assert 30 < box.y < 95
    assert 70 < box.width < 140
