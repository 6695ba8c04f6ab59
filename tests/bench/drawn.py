"""Pictures drawn by script, as designers hand them in: line art, interfaces, pages, pixel art, packaging, products.

Every function draws one picture of a given size, the same at every run.
"""

from __future__ import annotations

import random
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

if TYPE_CHECKING:
    from collections.abc import Callable

    Size = tuple[int, int]
    Color = str | tuple[int, int, int]

FINE = 3
"""drawn at three times the size and brought down: edges as a renderer leaves them"""
TEXT = (
    "river stone keeps the light of morning and a small boat waits under old trees while people of the town walk "
    "along the harbour with bread salt letters and news about weather prices ships families who left last winter"
)
WORDS = TEXT.split()


def font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font that Pillow brings."""
    return ImageFont.load_default(size)


def sentence(rng: random.Random, words: int) -> str:
    """Some plain words, the first with a capital."""
    return " ".join(rng.choice(WORDS) for _ in range(words)).capitalize() + "."


def paragraph(
    draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], size: int, ink: Color, rng: random.Random
) -> None:
    """Words set ragged right, until the box (left, top, right, bottom) is full."""
    left, top, right, bottom = box
    face, line = font(size), round(size * 1.42)
    for y in range(top, bottom - line, line):
        x = float(left)
        last = (y - top) // line % 7 == 6
        end = left + (right - left) * (rng.uniform(0.3, 0.7) if last else 1)
        while True:
            word = rng.choice(WORDS) + ("." if rng.random() < 0.1 else "")
            width = draw.textlength(word + " ", font=face)
            if x + width > end:
                break
            draw.text((x, y), word, fill=ink, font=face)
            x += width


def field(size: Size, cell: int, seed: int) -> np.ndarray:
    """Smooth noise, 0 to 1, H x W; `cell` px from hill to hill."""
    grid = np.random.default_rng(seed).integers(0, 256, (size[1] // cell + 3, size[0] // cell + 3)).astype(np.uint8)
    grown = Image.fromarray(grid).resize((grid.shape[1] * cell, grid.shape[0] * cell), Image.Resampling.BICUBIC)
    made = np.asarray(grown, np.float32)[: size[1], : size[0]]
    low, high = float(made.min()), float(made.max())
    return (made - low) / (high - low)


def grain(picture: Image.Image, sigma: float, seed: int, where: Image.Image | None = None) -> Image.Image:
    """With the noise of a sensor, in levels of 255, where `where` (L) says so."""
    samples = np.asarray(picture, np.float32)
    noise = np.random.default_rng(seed).normal(0, sigma, samples.shape)
    noise += np.random.default_rng(seed + 1).normal(0, sigma, samples.shape[:2])[..., None]
    share = 1.0 if where is None else np.asarray(where, np.float32)[..., None] / 255
    return Image.fromarray((samples + noise * share).round().clip(0, 255).astype(np.uint8))


# --- line art


def gears(size: Size) -> Image.Image:
    """A technical drawing: wheels, hatching, measures."""
    rng = random.Random("gears")
    canvas = Image.new("RGB", (size[0] * FINE, size[1] * FINE), "white")
    draw = ImageDraw.Draw(canvas)
    w, h = canvas.size
    for fx, fy, fr, teeth in ((0.26, 0.36, 0.2, 24), (0.62, 0.52, 0.27, 36), (0.86, 0.22, 0.11, 14)):
        x, y, r = fx * w, fy * h, fr * min(w, h)
        turns = np.linspace(0, 2 * np.pi, teeth * 4, endpoint=False)
        out = [(r if number % 4 < 2 else r * 0.9) for number in range(len(turns))]
        rim = [(x + o * np.cos(t), y + o * np.sin(t)) for t, o in zip(turns, out, strict=True)]
        draw.polygon(rim, outline="black", width=2 * FINE)
        for share in (0.78, 0.4, 0.16):
            k = r * share
            draw.ellipse((x - k, y - k, x + k, y + k), outline="black", width=FINE)
        for spoke in range(0, 360, 60):
            a = np.radians(spoke + teeth)
            ends = [(x + k * r * np.cos(a), y + k * r * np.sin(a)) for k in (0.16, 0.4)]
            draw.line(ends, fill="black", width=2 * FINE)
        draw.line((x - 1.2 * r, y, x + 1.2 * r, y), fill=(90, 90, 90), width=FINE)
        draw.line((x, y - 1.2 * r, x, y + 1.2 * r), fill=(90, 90, 90), width=FINE)
        draw.text((x + 0.5 * r, y + 1.02 * r), f"r {rng.randint(20, 90)}.{teeth}", fill="black", font=font(14 * FINE))
    for step in range(0, round(0.3 * w), 8 * FINE):
        x = 0.05 * w + step
        draw.line((x, 0.92 * h, x + 0.05 * w, 0.78 * h), fill="black", width=FINE)
    draw.rectangle((0.03 * w, 0.03 * h, 0.97 * w, 0.97 * h), outline="black", width=3 * FINE)
    paragraph(draw, (round(0.7 * w), round(0.85 * h), round(0.95 * w), round(0.96 * h)), 12 * FINE, "black", rng)
    return canvas.resize(size, Image.Resampling.LANCZOS)


def contours(size: Size) -> Image.Image:
    """A map: contour lines of hills, a river, names."""
    big = size[0] * 2, size[1] * 2
    height = field(big, 260, 11) * 0.75 + field(big, 90, 12) * 0.25
    slope = np.hypot(*np.gradient(height)) + 1e-6
    canvas = np.full((big[1], big[0], 3), 250, np.float32)
    for every, width, ink in ((1 / 28, 1.3, (150, 110, 70)), (1 / 7, 2.6, (110, 70, 40))):
        away = np.abs((height / every + 0.5) % 1 - 0.5) * every / slope
        canvas = np.where((away < width)[..., None], np.array(ink, np.float32), canvas)
    made = Image.fromarray(canvas.astype(np.uint8))
    draw, rng = ImageDraw.Draw(made), random.Random("contours")
    path = [(x, big[1] * (0.72 + 0.12 * np.sin(x / 190) + 0.05 * np.sin(x / 61))) for x in range(0, big[0] + 8, 8)]
    draw.line(path, fill=(40, 100, 190), width=9, joint="curve")
    for _ in range(26):
        place = rng.randrange(big[0]), rng.randrange(big[1])
        draw.text(place, rng.choice(WORDS).capitalize(), fill=(30, 30, 30), font=font(rng.choice((26, 34, 48))))
    return made.resize(size, Image.Resampling.LANCZOS)


def plant(size: Size) -> Image.Image:
    """An ink drawing: stems, leaves with veins, hatching, all by pen."""
    rng = random.Random("plant")
    canvas = Image.new("RGB", (size[0] * FINE, size[1] * FINE), (252, 251, 247))
    draw = ImageDraw.Draw(canvas)
    w, h = canvas.size
    for stem in range(9):
        foot = w * (0.12 + 0.095 * stem)
        lean, top = rng.uniform(-0.12, 0.12) * w, h * rng.uniform(0.06, 0.3)
        path = [(foot + lean * t * t, 0.93 * h - (0.93 * h - top) * t) for t in np.linspace(0, 1, 60)]
        draw.line(path, fill=(20, 20, 24), width=2 * FINE, joint="curve")
        for at in range(8, 58, 5):
            _leaf(draw, path[at], rng.uniform(0.05, 0.09) * h, rng.uniform(0.2, 1.1) * rng.choice((-1, 1)))
    for _ in range(500):
        x, y = rng.uniform(0.03, 0.95) * w, rng.uniform(0.92, 0.97) * h
        draw.line((x, y, x + 9 * FINE, y - rng.uniform(4, 14) * FINE), fill=(20, 20, 24), width=FINE)
    return canvas.resize(size, Image.Resampling.LANCZOS)


def _leaf(draw: ImageDraw.ImageDraw, foot: tuple[float, float], length: float, lean: float) -> None:
    t = np.linspace(0, 1, 24)
    along, across = np.array([np.sin(lean), -np.cos(lean)]), np.array([np.cos(lean), np.sin(lean)])
    middle = np.array(foot) + t[:, None] * length * along
    bulge = (np.sin(np.pi * t) * 0.24 * length)[:, None] * across
    outline = [(float(x), float(y)) for x, y in [*(middle + bulge), *(middle - bulge)[::-1]]]
    draw.polygon(outline, fill=(252, 251, 247), outline=(20, 20, 24), width=FINE)
    for number in range(3, 21, 3):
        for side in (0.75, -0.75):
            end = middle[min(number + 2, 23)] + side * bulge[min(number + 2, 23)]
            draw.line([tuple(middle[number]), tuple(end)], fill=(20, 20, 24), width=FINE)


# --- user interfaces


def dashboard(size: Size) -> Image.Image:
    """Cards, a bar chart, a table, a menu at the side, on light ground."""
    rng, (w, h) = random.Random("dashboard"), size
    made = Image.new("RGB", size, (245, 246, 250))
    draw, side = ImageDraw.Draw(made), round(0.16 * w)
    draw.rectangle((0, 0, side, h), fill=(28, 36, 58))
    draw.text((22, 22), "Harbour", fill="white", font=font(24))
    for row in range(12):
        y = 84 + row * 44
        if row == 2:
            draw.rounded_rectangle((10, y - 11, side - 10, y + 27), 8, fill=(66, 92, 196))
        draw.rectangle((22, y, 36, y + 14), outline=(190, 200, 220), width=2)
        draw.text((48, y - 1), rng.choice(WORDS).capitalize(), fill=(214, 220, 235), font=font(14))
    gap, wide = 18, (w - side - 5 * 18) // 4
    for card in range(4):
        x = side + gap + card * (wide + gap)
        draw.rounded_rectangle((x, 24, x + wide, 128), 10, fill="white", outline=(224, 227, 236))
        draw.text((x + 16, 38), rng.choice(WORDS).capitalize(), fill=(110, 118, 138), font=font(13))
        draw.text((x + 16, 60), f"{rng.randint(100, 9999):,}", fill=(24, 28, 40), font=font(30))
        draw.text((x + 16, 100), f"+{rng.randint(1, 40)} %", fill=(30, 150, 90), font=font(13))
    top, middle = 146, round(0.56 * h)
    draw.rounded_rectangle((side + gap, top, w - gap, middle), 10, fill="white", outline=(224, 227, 236))
    for row in range(6):
        y = top + 24 + row * (middle - top - 60) // 5
        draw.line((side + gap + 50, y, w - gap - 20, y), fill=(233, 235, 242))
        draw.text((side + gap + 14, y - 8), str(500 - 100 * row), fill=(130, 136, 150), font=font(12))
    for bar in range(30):
        x = side + gap + 62 + bar * (w - side - 120) // 30
        high = rng.uniform(0.15, 0.95) * (middle - top - 60)
        draw.rectangle((x, middle - 36 - high, x + 12, middle - 36), fill=(66, 92, 196) if bar % 5 else (240, 150, 60))
    _table(draw, (side + gap, middle + 18, w - gap, h - 18), rng)
    return made


def _table(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], rng: random.Random) -> None:
    left, top, right, bottom = box
    draw.rounded_rectangle(box, 10, fill="white", outline=(224, 227, 236))
    columns = [left + 18 + column * (right - left) // 6 for column in range(6)]
    for row, y in enumerate(range(top + 14, bottom - 24, 32)):
        for column, x in enumerate(columns):
            text = rng.choice(WORDS) if column % 2 == 0 else f"{rng.uniform(1, 900):.2f}"
            draw.text((x, y), text.capitalize(), fill=(110, 118, 138) if row == 0 else (36, 40, 52), font=font(14))
        if row:
            color = rng.choice(((30, 150, 90), (210, 70, 60), (240, 170, 40)))
            draw.ellipse((right - 34, y + 3, right - 24, y + 13), fill=color)
        draw.line((left + 12, y + 24, right - 12, y + 24), fill=(238, 240, 245))


def editor(size: Size) -> Image.Image:
    """A program's source in colours on dark ground, with line numbers and a list of files."""
    rng, (w, h) = random.Random("editor"), size
    made = Image.new("RGB", size, (30, 31, 38))
    draw, side = ImageDraw.Draw(made), round(0.2 * w)
    draw.rectangle((0, 0, side, h), fill=(23, 24, 30))
    draw.rectangle((side, 0, w, 34), fill=(40, 42, 52))
    draw.rectangle((0, h - 24, w, h), fill=(0, 110, 190))
    draw.text((12, h - 21), "main  0 errors  UTF-8  spaces: 4", fill="white", font=font(13))
    for row, y in enumerate(range(14, h - 60, 24)):
        name = f"{rng.choice(WORDS)}_{rng.choice(WORDS)}.py"
        draw.text((20 + 14 * (row % 4 > 0), y), name, fill=(160, 166, 180), font=font(14))
    inks = ((200, 120, 220), (110, 180, 240), (152, 200, 120), (220, 224, 232), (230, 170, 100), (110, 116, 130))
    depth = 0
    for number, y in enumerate(range(44, h - 50, 20)):
        draw.text((side + 12, y), f"{number + 1:4}", fill=(90, 94, 108), font=font(14))
        depth = max(0, min(4, depth + rng.choice((-1, 0, 0, 1))))
        x = side + 60 + 26.0 * depth
        for _ in range(rng.randint(0, 9)):
            word = rng.choice(WORDS) + rng.choice(("", "()", ":", " =", "_", "[0]", "."))
            draw.text((x, y), word, fill=rng.choice(inks), font=font(14))
            x += draw.textlength(word + " ", font=font(14))
    return made


def phone(size: Size) -> Image.Image:
    """A telephone's screen: settings with switches, and a conversation below."""
    rng, (w, h) = random.Random("phone"), size
    made = Image.new("RGB", size, (242, 242, 247))
    draw = ImageDraw.Draw(made)
    draw.rectangle((0, 0, w, 110), fill=(250, 250, 252))
    draw.text((24, 12), "9:41", fill="black", font=font(24))
    draw.text((24, 54), "Settings", fill="black", font=font(40))
    y = 136
    for row in range(7):
        draw.rounded_rectangle((20, y, w - 20, y + 78), 14, fill="white")
        color = tuple(rng.randint(40, 230) for _ in range(3))
        draw.rounded_rectangle((38, y + 16, 84, y + 62), 10, fill=color)  # type: ignore[arg-type]
        draw.text((104, y + 24), sentence(rng, 2)[:-1], fill=(20, 20, 24), font=font(25))
        on = row % 3 != 0
        draw.rounded_rectangle((w - 120, y + 20, w - 48, y + 58), 19, fill=(52, 199, 89) if on else (214, 214, 220))
        knob = w - 84 if on else w - 118
        draw.ellipse((knob, y + 22, knob + 34, y + 56), fill="white")
        y += 88
    while y < h - 130:
        mine, words = rng.random() < 0.5, rng.randint(2, 5)
        text = sentence(rng, words)
        wide = round(draw.textlength(text, font=font(23))) + 40
        x = w - 20 - wide if mine else 20
        draw.rounded_rectangle((x, y, x + wide, y + 54), 24, fill=(0, 122, 255) if mine else (229, 229, 234))
        draw.text((x + 20, y + 13), text, fill="white" if mine else "black", font=font(23))
        y += 64
    draw.rounded_rectangle((20, h - 84, w - 20, h - 24), 30, fill="white", outline=(200, 200, 206), width=2)
    draw.text((44, h - 68), "Message", fill=(160, 160, 168), font=font(24))
    return made


# --- text pages


def letter(size: Size) -> Image.Image:
    """A letter, one column, black on white."""
    rng, (w, h) = random.Random("letter"), size
    made = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(made)
    draw.text((0.1 * w, 0.05 * h), "Harbour Trading Company", fill=(20, 50, 110), font=font(w / 26))
    draw.line((0.1 * w, 0.1 * h, 0.9 * w, 0.1 * h), fill=(20, 50, 110), width=2)
    paragraph(draw, (round(0.1 * w), round(0.13 * h), round(0.9 * w), round(0.9 * h)), round(w / 52), "black", rng)
    draw.text((0.1 * w, 0.93 * h), "12 Quay Street, telephone 555 0142", fill=(90, 90, 90), font=font(w / 70))
    return made


def paper(size: Size) -> Image.Image:
    """A scientific page: two columns of small type, a table, a graph."""
    rng, (w, h) = random.Random("paper"), size
    made = Image.new("RGB", size, "white")
    draw, small = ImageDraw.Draw(made), round(w / 88)
    draw.text((0.12 * w, 0.04 * h), "On the light of harbours in winter", fill="black", font=font(w / 26))
    for column in range(2):
        left, right = (round((0.07 + 0.44 * column + edge) * w) for edge in (0, 0.41))
        paragraph(draw, (left, round(0.1 * h), right, round(0.6 * h)), small, "black", rng)
        paragraph(draw, (left, round(0.86 * h), right, round(0.97 * h)), small, "black", rng)
    for row in range(10):
        y = 0.62 * h + row * 0.022 * h
        draw.line((0.07 * w, y, 0.48 * w, y), fill="black", width=2 if row in {0, 1, 9} else 1)
        for column in range(5 if row < 9 else 0):
            text = f"{rng.uniform(0, 1):.3f}" if row and column else rng.choice(WORDS)
            draw.text(((0.075 + 0.08 * column) * w, y + 4), text, fill="black", font=font(small))
    draw.rectangle((0.53 * w, 0.62 * h, 0.92 * w, 0.83 * h), outline="black")
    for ink in ((200, 30, 30), (20, 90, 180), (20, 140, 60)):
        heights = np.cumsum([rng.uniform(-1, 1.25) for _ in range(80)])
        points = [
            (w * (0.535 + 0.38 * at / 79), h * (0.82 - 0.19 * (high - heights.min()) / np.ptp(heights)))
            for at, high in enumerate(heights)
        ]
        draw.line(points, fill=ink, width=2)
    return made


def scan(size: Size) -> Image.Image:
    """A scanned page: yellowed paper, a little turned, uneven light, grain."""
    rng, (w, h) = random.Random("scan"), size
    page = Image.new("L", size, 255)
    draw = ImageDraw.Draw(page)
    draw.text((0.14 * w, 0.07 * h), "Chapter VII", fill=0, font=font(w / 18))
    paragraph(draw, (round(0.12 * w), round(0.16 * h), round(0.88 * w), round(0.94 * h)), round(w / 40), 0, rng)  # type: ignore[arg-type]
    turned = page.rotate(0.7, Image.Resampling.BICUBIC, fillcolor=255).filter(ImageFilter.GaussianBlur(0.6))
    ink = 1 - np.asarray(turned, np.float32)[..., None] / 255
    light = 0.9 + 0.1 * field(size, max(size) // 2, 5)[..., None]
    made = light * np.array([242, 232, 208], np.float32) * (1 - ink * 0.86)
    return grain(Image.fromarray(made.astype(np.uint8)), 2.0, 6)


# --- pixel art


def landscape(size: Size, step: int = 8) -> Image.Image:
    """Hills, trees, stars and a figure, every pixel `step` px wide."""
    w, h = size[0] // step, size[1] // step
    rng = random.Random("landscape")
    made = Image.new("RGB", (w, h), (40, 44, 92))
    draw = ImageDraw.Draw(made)
    for band, color in enumerate(((58, 60, 120), (98, 80, 150), (178, 104, 150), (244, 150, 120))):
        draw.rectangle((0, h * (2 + band) // 9, w, h), fill=color)
    for _ in range(w // 2):
        draw.point(
            (rng.randrange(w), rng.randrange(h // 3)), fill=rng.choice(("white", (255, 220, 150), (150, 160, 230)))
        )
    for depth, color in enumerate(((70, 62, 110), (44, 70, 84), (30, 52, 50))):
        base = h * (0.55 + 0.13 * depth)
        for x in range(w):
            top = base - 6 * np.sin(x / (9 + 5 * depth) + depth) - 3 * np.sin(x / 4.3)
            draw.line((x, top, x, h), fill=color)
    for _ in range(26):
        x, y, tall = rng.randrange(w), rng.randrange(h * 7 // 10, h), rng.randint(6, 14)
        draw.rectangle((x, y - 2, x + 1, y), fill=(90, 56, 40))
        for row in range(tall):
            half = row // 2 % 5 + 1
            ink = (36, 110, 60) if (row + x) % 3 else (64, 150, 76)
            draw.line((x - half, y - 2 - tall + row, x + half + 1, y - 2 - tall + row), fill=ink)
    return made.resize((w * step, h * step), Image.Resampling.NEAREST)


def dithered(size: Size, step: int = 6) -> Image.Image:
    """An ordered dither of few colours: a planet over a sea."""
    w, h = size[0] // step, size[1] // step
    y, x = np.mgrid[:h, :w].astype(np.float32)
    away = np.hypot(x - 0.62 * w, y - 0.3 * h) / (0.24 * w)
    tone = np.where(away < 1, 1 - 0.8 * np.clip(away + (x - y) / w, 0, 1), 0.25 * y / h + 0.1)
    sea = 0.35 + 0.3 * np.sin(y * 0.9 + 2 * np.sin(x / 7)) * (y / h)
    tone = np.where(y > 0.66 * h, sea, tone)
    matrix = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) / 16
    level = np.clip(np.floor(tone * 5 + matrix[y.astype(int) % 4, x.astype(int) % 4]), 0, 5).astype(int)
    colors = np.array(
        [(18, 14, 40), (48, 32, 92), (110, 46, 130), (200, 74, 120), (250, 150, 104), (255, 236, 170)], np.uint8
    )
    return Image.fromarray(colors[level]).resize((w * step, h * step), Image.Resampling.NEAREST)


def tiles(size: Size, step: int = 4) -> Image.Image:
    """A game's map: grass, water, paths, houses, all of 16 x 16 tiles."""
    w, h = size[0] // step, size[1] // step
    rng, made = random.Random("tiles"), Image.new("RGB", (w, h))
    draw, ground = ImageDraw.Draw(made), field((w, h), 40, 21)
    for y in range(0, h, 16):
        for x in range(0, w, 16):
            kind = float(ground[min(y + 8, h - 1), min(x + 8, w - 1)])
            base = (58, 116, 190) if kind < 0.34 else (104, 170, 72) if kind < 0.72 else (196, 166, 106)
            draw.rectangle((x, y, x + 15, y + 15), fill=base)
            for _ in range(14):
                shade = rng.choice((-22, 18))
                dot = tuple(value + shade for value in base)
                draw.rectangle((px := x + rng.randrange(15), py := y + rng.randrange(15), px + 1, py), fill=dot)
            if 0.4 < kind < 0.7 and rng.random() < 0.2:
                draw.rectangle((x + 1, y + 7, x + 14, y + 15), fill=(214, 190, 150), outline=(70, 46, 40))
                draw.polygon([(x, y + 7), (x + 7, y), (x + 15, y + 7)], fill=(190, 60, 50), outline=(70, 46, 40))
                draw.rectangle((x + 6, y + 10, x + 9, y + 15), fill=(96, 60, 44))
    return made.resize((w * step, h * step), Image.Resampling.NEAREST)


# --- packaging


def cereal(size: Size) -> Image.Image:
    """The front of a box: big name, shapes, a table of nutrition, a barcode."""
    rng = random.Random("cereal")
    made = Image.new("RGB", (size[0] * 2, size[1] * 2), (250, 196, 40))
    draw, (w, h) = ImageDraw.Draw(made), (size[0] * 2, size[1] * 2)
    for ray in range(24):
        a, b = (np.radians(15 * ray + turn) for turn in (0, 7))
        far = 2 * max(w, h)
        spread = [(w / 2 + far * np.cos(t), h * 0.45 + far * np.sin(t)) for t in (a, b)]
        draw.polygon([(w / 2, h * 0.45), *spread], fill=(252, 214, 92))
    draw.rounded_rectangle((0.07 * w, 0.06 * h, 0.93 * w, 0.24 * h), 60, fill=(206, 36, 44), outline="white", width=14)
    draw.text((0.5 * w, 0.15 * h), "Crunchy Bay", fill="white", font=font(0.125 * w), anchor="mm")
    for _ in range(170):
        x, y, r = rng.gauss(0.5, 0.17) * w, rng.gauss(0.52, 0.09) * h, rng.uniform(0.02, 0.04) * w
        tone = rng.randint(-24, 24)
        fill = 214 + tone, 146 + tone, 66 + tone
        draw.ellipse((x - r, y - r, x + r, y + r), fill=fill, outline=(140, 84, 30), width=5)
        draw.ellipse((x - r / 3, y - r / 3, x + r / 3, y + r / 3), fill=(250, 210, 110), outline=(140, 84, 30), width=4)
    _facts(draw, (0.06 * w, 0.72 * h, 0.42 * w, 0.95 * h), rng)
    _barcode(draw, (0.66 * w, 0.82 * h, 0.94 * w, 0.95 * h), rng)
    draw.text((0.48 * w, 0.74 * h), "with honey and oats", fill=(120, 30, 20), font=font(0.05 * w))
    draw.text((0.48 * w, 0.785 * h), "375 g  best before: see top", fill=(60, 30, 20), font=font(0.022 * w))
    return made.resize(size, Image.Resampling.LANCZOS)


def _facts(draw: ImageDraw.ImageDraw, box: tuple[float, float, float, float], rng: random.Random) -> None:
    left, top, right, bottom = box
    draw.rectangle(box, fill="white", outline="black", width=4)
    line = (bottom - top) / 10
    for row in range(9):
        y, size = top + line * (row + 0.3), line * 0.52
        name = "Nutrition per 100 g" if row == 0 else rng.choice(WORDS).capitalize()
        draw.text((left + 16, y), name, fill="black", font=font(size))
        if row:
            draw.text((right - 16, y), f"{rng.uniform(0, 90):.1f} g", fill="black", font=font(size), anchor="ra")
        draw.line((left, y + line * 0.8, right, y + line * 0.8), fill="black", width=2)


def _barcode(draw: ImageDraw.ImageDraw, box: tuple[float, float, float, float], rng: random.Random) -> None:
    left, top, right, bottom = box
    draw.rectangle(box, fill="white")
    step = (right - left) / 110
    for bar in range(96):
        if rng.random() < 0.5:
            x = left + (7 + bar) * step
            draw.rectangle((x, top + 8, x + step, bottom - 0.24 * (bottom - top)), fill="black")
    number = " ".join(str(rng.randrange(10)) for _ in range(13))
    place = (left + right) / 2, bottom - 0.12 * (bottom - top)
    draw.text(place, number, fill="black", font=font(0.14 * (bottom - top)), anchor="mm")


def can(size: Size) -> Image.Image:
    """The label of a can: a gradient, waves, drops, small print."""
    rng, (w, h) = random.Random("can"), (size[0] * 2, size[1] * 2)
    y, x = np.mgrid[:h, :w].astype(np.float32)
    wave = np.sin(x / w * 14 + 2 * np.sin(y / h * 9)) * 0.5 + 0.5
    low, high = np.array([6, 70, 120], np.float32), np.array([60, 190, 200], np.float32)
    share = (0.7 * y / h + 0.3 * (wave > 0.62))[..., None]
    made = Image.fromarray((low + (high - low) * share).clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(made)
    for _ in range(420):
        px, py, r = rng.randrange(w), rng.randrange(h), rng.uniform(3, 13)
        draw.ellipse((px - r, py - r, px + r, py + r), outline=(214, 244, 248), width=3)
    draw.ellipse((0.3 * w, 0.16 * h, 0.7 * w, 0.84 * h), fill=(250, 250, 244), outline=(230, 180, 40), width=16)
    draw.text((0.5 * w, 0.4 * h), "TIDE", fill=(6, 70, 120), font=font(0.11 * w), anchor="mm")
    draw.text((0.5 * w, 0.56 * h), "sparkling lemon", fill=(190, 130, 10), font=font(0.032 * w), anchor="mm")
    small = round(0.0125 * w)
    for left in (0.03, 0.76):
        box = round(left * w), round(0.1 * h), round((left + 0.2) * w), round(0.62 * h)
        paragraph(draw, box, small, (240, 250, 252), rng)
    _barcode(draw, (0.77 * w, 0.68 * h, 0.95 * w, 0.92 * h), rng)
    return made.resize(size, Image.Resampling.LANCZOS)


def tea(size: Size) -> Image.Image:
    """A carton: a pattern of leaves, a gilded frame, a seal, the ingredients."""
    rng = random.Random("tea")
    made = Image.new("RGB", (size[0] * 2, size[1] * 2), (24, 66, 52))
    draw, (w, h) = ImageDraw.Draw(made), (size[0] * 2, size[1] * 2)
    for row, y in enumerate(range(0, h, 58)):
        for x in range(-29 * (row % 2), w, 58):
            draw.chord((x, y, x + 46, y + 46), 30, 190, fill=(44, 104, 78))
            draw.line((x + 4, y + 36, x + 40, y + 8), fill=(96, 150, 110), width=4)
    draw.rectangle((0.16 * w, 0.12 * h, 0.84 * w, 0.88 * h), fill=(246, 238, 220), outline=(196, 156, 72), width=20)
    draw.rectangle((0.19 * w, 0.14 * h, 0.81 * w, 0.86 * h), outline=(196, 156, 72), width=5)
    for at, text, share in ((0.2, "HARBOUR", 0.1), (0.27, "green tea", 0.07)):
        draw.text((0.5 * w, at * h), text, fill=(24, 66, 52), font=font(share * w), anchor="mm")
    draw.ellipse((0.36 * w, 0.36 * h, 0.64 * w, 0.36 * h + 0.28 * w), fill=(178, 44, 44))
    draw.text((0.5 * w, 0.36 * h + 0.14 * w), "1887", fill=(250, 232, 200), font=font(0.09 * w), anchor="mm")
    box = round(0.23 * w), round(0.66 * h), round(0.77 * w), round(0.83 * h)
    paragraph(draw, box, round(0.019 * w), (60, 50, 40), rng)
    _barcode(draw, (0.03 * w, 0.9 * h, 0.3 * w, 0.98 * h), rng)
    draw.text((0.97 * w, 0.94 * h), "20 bags  40 g", fill=(240, 224, 180), font=font(0.035 * w), anchor="rm")
    return made.resize(size, Image.Resampling.LANCZOS)


# --- products, cut out on a flat ground


def bottle(size: Size, ground: Color) -> Image.Image:
    """A bottle with a label, lit from the left."""
    w, h = size[0] * 2, size[1] * 2
    shape = Image.new("L", (w, h), 0)
    draw = ImageDraw.Draw(shape)
    draw.rounded_rectangle((0.28 * w, 0.36 * h, 0.72 * w, 0.95 * h), round(0.05 * w), fill=255)
    draw.polygon([(0.28 * w, 0.42 * h), (0.43 * w, 0.22 * h), (0.57 * w, 0.22 * h), (0.72 * w, 0.42 * h)], fill=255)
    draw.rectangle((0.43 * w, 0.06 * h, 0.57 * w, 0.24 * h), fill=255)
    body = _lit((w, h), (0.28, 0.72), (46, 92, 66))
    face = ImageDraw.Draw(body)
    face.rectangle((0.42 * w, 0.05 * h, 0.58 * w, 0.13 * h), fill=(190, 150, 70))
    for step in range(14):
        x = (0.43 + 0.14 * step / 14) * w
        face.line((x, 0.05 * h, x, 0.13 * h), fill=(130, 96, 40), width=4)
    face.rectangle((0.28 * w, 0.5 * h, 0.72 * w, 0.86 * h), fill=(244, 238, 224))
    face.rectangle((0.28 * w, 0.52 * h, 0.72 * w, 0.53 * h), fill=(150, 40, 40))
    face.text((0.5 * w, 0.6 * h), "Olivara", fill=(40, 60, 40), font=font(0.1 * w), anchor="mm")
    box = round(0.31 * w), round(0.68 * h), round(0.69 * w), round(0.84 * h)
    paragraph(face, box, round(0.018 * w), (70, 66, 56), random.Random("bottle"))
    shade = _lit((w, h), (0.28, 0.72), (255, 255, 255))
    return _cut_out(ImageChops.multiply(body, shade), shape, size, ground)


def watch(size: Size, ground: Color) -> Image.Image:
    """A wrist watch: steel, a dial with strokes and digits, a strap with stitches."""
    w, h = size[0] * 2, size[1] * 2
    shape, body = Image.new("L", (w, h), 0), _lit((w, h), (0.1, 0.9), (120, 84, 56))
    cut, draw = ImageDraw.Draw(shape), ImageDraw.Draw(body)
    cut.rounded_rectangle((0.36 * w, 0.02 * h, 0.64 * w, 0.98 * h), round(0.04 * w), fill=255)
    r, x, y = 0.33 * min(w, h), 0.5 * w, 0.5 * h
    cut.ellipse((x - r, y - r, x + r, y + r), fill=255)
    for at in np.arange(0.04, 0.97, 0.014):
        for edge in (0.385, 0.615):
            draw.line((edge * w, at * h, edge * w, (at + 0.007) * h), fill=(226, 206, 170), width=5)
    steel = np.linspace(0, 1, 40)
    for share in steel:
        k, tone = r * (1 - 0.16 * share), int(90 + 150 * abs(np.sin(5 * share)))
        draw.ellipse((x - k, y - k, x + k, y + k), fill=(tone, tone, min(255, tone + 6)))
    k = 0.82 * r
    draw.ellipse((x - k, y - k, x + k, y + k), fill=(16, 30, 58))
    for minute in range(60):
        a = np.radians(6 * minute)
        inner = 0.68 if minute % 5 == 0 else 0.75
        ends = [(x + s * r * np.sin(a), y - s * r * np.cos(a)) for s in (inner, 0.79)]
        draw.line(ends, fill=(236, 236, 226), width=9 if minute % 5 == 0 else 3)
        if minute % 5 == 0:
            place = x + 0.58 * r * np.sin(a), y - 0.58 * r * np.cos(a)
            draw.text(place, str(minute // 5 or 12), fill=(236, 236, 226), font=font(0.13 * r), anchor="mm")
    for turn, long, wide in ((305, 0.42, 18), (60, 0.62, 12), (200, 0.7, 4)):
        a = np.radians(turn)
        draw.line((x, y, x + long * r * np.sin(a), y - long * r * np.cos(a)), fill=(240, 240, 232), width=wide)
    return _cut_out(body, shape, size, ground)


def carton(size: Size, ground: Color) -> Image.Image:
    """A carton seen from a corner: two printed sides."""
    w, h = size[0] * 2, size[1] * 2
    shape, body = Image.new("L", (w, h), 0), Image.new("RGB", (w, h), "white")
    draw = ImageDraw.Draw(shape)
    sides = (
        (0.9, [(0.12, 0.2), (0.6, 0.1), (0.6, 0.96), (0.12, 0.84)], cereal),
        (0.66, [(0.6, 0.1), (0.9, 0.2), (0.9, 0.82), (0.6, 0.96)], tea),
    )
    for light, corners, print_of in sides:
        points = [(a * w, b * h) for a, b in corners]
        draw.polygon(points, fill=255)
        art = print_of((600, 800))
        found = _perspective(points, art.size)
        laid = art.transform((w, h), Image.Transform.PERSPECTIVE, found, Image.Resampling.BICUBIC)
        area = Image.new("L", (w, h), 0)
        ImageDraw.Draw(area).polygon(points, fill=255)
        body.paste(laid.point(lambda value, light=light: value * light), (0, 0), area)
    return _cut_out(body, shape, size, ground)


def _perspective(points: list[tuple[float, float]], size: Size) -> list[float]:
    """The eight numbers that Pillow wants: from the canvas to the print."""
    rows, wanted = [], []
    corners = [(0, 0), (size[0], 0), (size[0], size[1]), (0, size[1])]
    for (x, y), (u, v) in zip(points, corners, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        wanted += [u, v]
    return [float(value) for value in np.linalg.solve(np.array(rows), np.array(wanted, float))]


def lens(size: Size, ground: Color) -> Image.Image:
    """A camera lens from the front and above: ribs, engraved rings, coated glass."""
    w, h = size[0] * 2, size[1] * 2
    shape, body = Image.new("L", (w, h), 0), _lit((w, h), (0.14, 0.86), (70, 70, 76))
    cut, draw = ImageDraw.Draw(shape), ImageDraw.Draw(body)
    cut.rounded_rectangle((0.14 * w, 0.3 * h, 0.86 * w, 0.96 * h), round(0.03 * w), fill=255)
    cut.ellipse((0.14 * w, 0.05 * h, 0.86 * w, 0.55 * h), fill=255)
    for rib in range(90):
        x = w * (0.5 - 0.36 * np.cos(np.pi * rib / 90))
        draw.line((x, 0.62 * h, x, 0.78 * h), fill=(30, 30, 33) if rib % 2 else (110, 110, 118), width=6)
    marks = ("0.4", "0.5", "0.7", "1", "1.5", "2", "3", "5", "10", "oo")
    for number, text in enumerate(marks):
        x = w * (0.2 + 0.6 * number / (len(marks) - 1))
        draw.text((x, 0.84 * h), text, fill=(240, 240, 240), font=font(0.028 * w), anchor="mm")
        draw.line((x, 0.87 * h, x, 0.89 * h), fill=(240, 150, 40), width=5)
    for share in np.linspace(1, 0.1, 60):
        a, b = 0.36 * w * share, 0.25 * h * share
        tone = np.array([34, 34, 40]) + (np.array([60, 30, 110]) * (share < 0.7) * (0.5 + 0.5 * np.sin(share * 25)))
        fill = tuple(int(value) for value in tone)
        draw.ellipse((w / 2 - a, 0.3 * h - b, w / 2 + a, 0.3 * h + b), fill=fill)
    draw.ellipse((0.34 * w, 0.17 * h, 0.46 * w, 0.24 * h), fill=(214, 226, 240))
    draw.text((0.5 * w, 0.085 * h), "HARBOUR OPTIC 1:1.8 f=50mm", fill="white", font=font(0.024 * w), anchor="mm")
    return _cut_out(body, shape, size, ground)


def _lit(size: Size, span: tuple[float, float], color: tuple[int, int, int]) -> Image.Image:
    """A round body between two shares of the width, lit from the left."""
    x = (np.arange(size[0]) / size[0] - span[0]) / (span[1] - span[0])
    light = np.clip(
        0.35 + 0.75 * np.exp(-(((x - 0.3) / 0.28) ** 2)) + 0.25 * np.exp(-(((x - 0.92) / 0.05) ** 2)), 0, 1.1
    )
    row = (light[:, None] * np.array(color, np.float32)).clip(0, 255).astype(np.uint8)
    return Image.fromarray(np.broadcast_to(row, (size[1], size[0], 3)).copy())


def _cut_out(body: Image.Image, shape: Image.Image, size: Size, ground: Color) -> Image.Image:
    """On the flat ground, with grain on the product alone, as retouchers deliver it."""
    shape = shape.resize(size, Image.Resampling.LANCZOS)
    body = grain(body.resize(size, Image.Resampling.LANCZOS), 1.2, 9)
    return Image.composite(body, Image.new("RGB", size, ground), shape)


PRODUCTS: dict[str, Callable[[Size, Color], Image.Image]] = {
    "bottle": bottle,
    "watch": watch,
    "carton": carton,
    "lens": lens,
}
DRAWN: dict[str, Callable[[Size], Image.Image]] = {
    "gears": gears,
    "contours": contours,
    "plant": plant,
    "dashboard": dashboard,
    "editor": editor,
    "phone": phone,
    "letter": letter,
    "paper": paper,
    "scan": scan,
    "landscape": landscape,
    "dithered": dithered,
    "tiles": tiles,
    "cereal": cereal,
    "can": can,
    "tea": tea,
    **{f"{name} on white": partial(draw, ground=(255, 255, 255)) for name, draw in PRODUCTS.items()},
    **{f"{name} on black": partial(draw, ground=(0, 0, 0)) for name, draw in PRODUCTS.items()},
}
