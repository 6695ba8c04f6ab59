"""Is a motion of the frame told where the picture shows one, and nowhere else?

Eleven scenes, each moved in eleven ways (not at all among them), each as it is, as a JPEG of quality 85 and with the
residue of an image model: 363 pairs of 1024 x 768 with the middle open to editing. A scene says what of a motion can
be seen in it: all of it, the part across its lines, or nothing. What is told beyond that is invented.

    python tests/bench/motion.py [--scene horizon] [--runs] [--markdown]
"""

from __future__ import annotations

import argparse
import io
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from skimage import data

from maskproof.drift.registration import Motion, motion_between
from tables import Table, show

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Float = NDArray[np.float32]

WIDTH, HEIGHT, MARGIN = 1024, 768, 64
"""px of the pictures, and of what is drawn around them to move in"""
TOLERANCE_PX = 0.5
"""0.05 % of the long side: a tenth of the limit of `shift`"""
RESIDUE_LEVELS = 3.0
"""standard deviation of the residue, levels of 255, as image models leave in texture"""
ACROSS, DOWN = np.array([1.0, 0.0]), np.array([0.0, 1.0])


class Move(NamedTuple):
    """What happened to the frame, around its middle."""

    dx: float = 0.0
    dy: float = 0.0
    scale: float = 1.0
    angle: float = 0.0

    def matrix(self) -> NDArray[np.float64]:
        """2 x 3: where a place of the original lies in the edit."""
        turn = np.radians(self.angle)
        linear = self.scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        middle = np.array([WIDTH / 2, HEIGHT / 2])
        return np.column_stack([linear, middle - linear @ middle + np.array([self.dx, self.dy])])

    @property
    def shift_only(self) -> bool:
        """Nothing was scaled or turned."""
        return self.scale == 1 and self.angle == 0

    def __str__(self) -> str:
        if self.shift_only:
            return f"({self.dx:g}, {self.dy:g})"
        return f"x{self.scale:g}" if self.angle == 0 else f"turned {self.angle:g}"


MOVES = (
    Move(),
    Move(0.3),
    Move(0.5, 0.3),
    Move(1),
    Move(2, 1),
    Move(2.5, 1.5),
    Move(-6, 4),
    Move(20),
    Move(scale=0.98),
    Move(scale=1.02),
    Move(angle=0.5),
)


@dataclass(frozen=True)
class Scene:
    """What is drawn, and which part of its motion can be seen."""

    draw: Callable[[Float, Float], Float]
    """levels at the places x, y, px of the original"""
    seen: tuple[NDArray[np.float64], ...] = (ACROSS, DOWN)
    """directions along which a motion shows"""
    period: float = 0.0
    """px after which the scene repeats itself to the right and downwards; 0: never"""


def _levels(picture: Image.Image, blur: float = 0.0) -> Float:
    picture = picture.convert("L")
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(blur)) if blur else picture, np.float32)


def _photo(name: str) -> Callable[[Float, Float], Float]:
    return lambda x, _y: _levels(
        Image.fromarray(getattr(data, name)()).convert("RGB").resize(x.shape[::-1], Image.Resampling.BICUBIC)
    )


def _clouds(x: Float, _y: Float) -> Float:
    chance = np.random.default_rng(3)
    total = np.zeros(x.shape, np.float32)
    for cell in (240, 120, 60, 30):
        small = chance.normal(0, 0.8 * cell**0.6, (x.shape[0] // cell + 2, x.shape[1] // cell + 2))
        total += np.asarray(Image.fromarray(small.astype(np.float32)).resize(x.shape[::-1], Image.Resampling.BICUBIC))
    return 150 + total


def _page(x: Float, _y: Float) -> Float:
    page = Image.new("L", x.shape[::-1], 250)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(18)
    for row, top in enumerate(range(90, x.shape[0] - 90, 32)):
        pen.text((110, top), f"{row} The quick brown fox jumps over the lazy dog while {row * 7919} wait", 20, font)
    return _levels(page, 0.5)


def _grain(x: Float) -> Float:
    noise = np.random.default_rng(5).normal(0, 1, x.shape) * 60 + 128
    return _levels(Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8)), 2.0) * 3 - 256


def _border(x: Float, y: Float) -> Float:
    away = np.minimum(np.minimum(x, WIDTH - x), np.minimum(y, HEIGHT - y))
    return np.where(away < 0.05 * WIDTH, _grain(x), 128).astype(np.float32)


def _corner(x: Float, y: Float) -> Float:
    return np.where((x < 0.2 * WIDTH) & (y < 0.2 * WIDTH), _grain(x), 128).astype(np.float32)


def _checker(x: Float, y: Float) -> Float:
    sign = np.sign(np.sin(2 * np.pi * x / 40) * np.sin(2 * np.pi * y / 40))
    return _levels(Image.fromarray((128 + 60 * sign).astype(np.uint8)), 1.0)


def _stripes(x: Float, _y: Float) -> Float:
    return (128 + 60 * np.sin(2 * np.pi * x / 20)).astype(np.float32)


def _horizon(_x: Float, y: Float) -> Float:
    return _levels(Image.fromarray(np.where(y < 0.45 * HEIGHT, 170, 90).astype(np.uint8)), 1.5)


def _gradient(x: Float, y: Float) -> Float:
    return 75 + 0.09 * x + 0.06 * y


def _wall(x: Float, y: Float) -> Float:
    return 150 - 60 * np.square((x - 300) / WIDTH) - 40 * np.square((y - 500) / HEIGHT)


SCENES = {
    "photo": Scene(_photo("astronaut")),
    "cat": Scene(_photo("chelsea")),
    "text page": Scene(_page),
    "clouds": Scene(_clouds),
    "textured border": Scene(_border),
    "textured corner": Scene(_corner),
    "checker of 40 px": Scene(_checker, period=20),
    "stripes of 20 px": Scene(_stripes, (ACROSS,), 20),
    "horizon": Scene(_horizon, (DOWN,)),
    "gradient": Scene(_gradient, ()),
    "smooth wall": Scene(_wall, ()),
}


@cache
def _canvas(name: str) -> Image.Image:
    y, x = np.mgrid[-MARGIN : HEIGHT + MARGIN, -MARGIN : WIDTH + MARGIN].astype(np.float32) + np.float32(0.5)
    return Image.fromarray(SCENES[name].draw(x, y).astype(np.float32))


def pictured(name: str, move: Move) -> Image.Image:
    """The scene, 8-bit grey, its frame moved."""
    a, b, c, d, e, f = np.linalg.inv(np.vstack([move.matrix(), [0, 0, 1]]))[:2].ravel()
    matrix = (a, b, c + MARGIN, d, e, f + MARGIN)
    plane = _canvas(name).transform((WIDTH, HEIGHT), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
    return Image.fromarray(np.clip(np.rint(np.asarray(plane)), 0, 255).astype(np.uint8))


def _jpeg(picture: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85)
    return Image.open(buffer)


def _residue(picture: Image.Image) -> Image.Image:
    chance = np.random.default_rng(11)
    levels = np.asarray(picture.filter(ImageFilter.GaussianBlur(0.6)), np.float32)
    down, across = np.gradient(levels)
    noise = np.asarray(
        Image.fromarray(chance.normal(0, 2.0, levels.shape).astype(np.float32)).reduce(2).resize(picture.size)
    )
    noise = noise / noise.std() * RESIDUE_LEVELS * (0.3 + np.minimum(np.hypot(across, down) / 10, 1))
    return Image.fromarray(np.clip(np.rint(levels + noise), 0, 255).astype(np.uint8))


PROCESSINGS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "clean": lambda picture: picture,
    "JPEG 85": _jpeg,
    "residue": _residue,
}


def luma(picture: Image.Image) -> Float:
    """0 to 100."""
    return np.asarray(picture, np.float32) * np.float32(100 / 255)


def protected() -> NDArray[np.bool_]:
    """All but the middle."""
    mask = np.ones((HEIGHT, WIDTH), np.bool_)
    mask[HEIGHT * 3 // 10 : HEIGHT * 7 // 10, WIDTH * 3 // 10 : WIDTH * 7 // 10] = False
    return mask


class Told(NamedTuple):
    """How what was told compares with what can be seen, px."""

    error: float
    """95 % quantile over the protected area, along the directions that show"""
    invented: float
    """along those that do not"""
    nothing: bool
    """no motion was told"""


def compared(scene: Scene, move: Move, motion: Motion) -> Told:
    """The told motion beside the true one."""
    matrix = np.reshape(motion.matrix, (2, 3)) if motion.trusted else np.eye(2, 3)
    rows, columns = (one[::2000] for one in np.nonzero(protected()))
    places = np.column_stack([columns + 0.5, rows + 0.5, np.ones(len(rows))])
    told, true = places @ matrix.T - places[:, :2], places @ move.matrix().T - places[:, :2]
    if len(scene.seen) == 1:
        # A scene of parallel lines shows the mean motion across them.
        true = np.broadcast_to([move.dx, move.dy], told.shape)
    off = told - true
    if scene.period and move.shift_only:
        # A repeated scene cannot tell a motion from a shorter one: whole periods are no error, if that made it shorter.
        away = np.rint(off.mean(0) / scene.period)
        if np.hypot(*told.mean(0)) <= np.hypot(*true.mean(0)) + TOLERANCE_PX and (
            len(scene.seen) == 1 or away.sum() % 2 == 0
        ):
            off = off - away * scene.period
    seen = np.linalg.norm([np.zeros(len(off)), *(off @ way for way in scene.seen)], axis=0)
    unseen = [told @ way for way in (ACROSS, DOWN) if not any(way is one for one in scene.seen)]
    invented = np.max(np.abs(unseen)) if unseen else (np.hypot(*told.T).max() if move == Move() else 0.0)
    return Told(float(np.quantile(seen, 0.95)), float(invented), not motion.trusted)


def measured(names: list[str], *, runs: bool) -> Table:
    """A row for each scene."""
    rows = []
    inside = protected()
    for name in names:
        scene, found, took = SCENES[name], [], []
        original = luma(pictured(name, Move()))
        for move in MOVES:
            for kind, process in PROCESSINGS.items():
                edit = luma(process(pictured(name, move)))
                start = time.process_time()
                motion = motion_between(original, edit, inside)
                took.append((time.process_time() - start) * 1000)
                told = compared(scene, move, motion)
                counts = bool(scene.seen) and (len(scene.seen) == 2 or move.shift_only)
                found.append((told, counts))
                if runs:
                    says = (
                        f"{motion.dx:.2f} {motion.dy:.2f} x{motion.scale:.4f} {motion.angle:.2f}"
                        if motion.trusted
                        else "none"
                    )
                    print(
                        f"{name:18} {move!s:12} {kind:8} {says:32} off {told.error:6.2f} invented {told.invented:6.2f}"
                    )
        counted = [told for told, counts in found if counts]
        right = [told for told in counted if told.error <= TOLERANCE_PX]
        rows.append(
            (
                name,
                f"{len(right)} of {len(counted)}" if counted else "",
                f"{max(one.error for one in right):.2f}" if right else "",
                str(sum(told.nothing for told in counted if told.error > TOLERANCE_PX)) if counted else "",
                f"{max(told.invented for told, _ in found):.2f}",
                f"{np.median(took):.0f}",
            )
        )
    return Table(
        f"Motion: {len(names)} scenes, {len(MOVES)} motions, {len(PROCESSINGS)} processings",
        (
            "scene",
            f"told within {TOLERANCE_PX:g} px",
            "largest error of these, px",
            "not told",
            "largest invented, px",
            "ms",
        ),
        tuple(rows),
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scene", choices=SCENES, action="append")
    parser.add_argument("--runs", action="store_true", help="each pair on a line of its own")
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()
    show([measured(args.scene or list(SCENES), runs=args.runs)], markdown=args.markdown)


if __name__ == "__main__":
    main()
