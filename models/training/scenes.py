"""Training data of the demo model: scenes of Noto emoji objects, drawn, tiled and labelled.

A scene is a list of objects from left to right on a background. `draw` returns its pixels, `label_grid` the object
under each 14 px patch of a tile grid. A video is a list of scenes, one per frame.
"""

import json
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

HERE = Path(__file__).parent
OBJECTS = json.loads((HERE / "world" / "objects.json").read_text())
TILE = 98
PATCH = 14
GRID = TILE // PATCH
MAX_SIDE_TILES = 6
PINPOINTS = [[TILE * r, TILE * c] for r in range(1, MAX_SIDE_TILES + 1) for c in range(1, MAX_SIDE_TILES + 1)]

# Objects smaller than this side, in pixels of a tile, are not recognizable; the class of such objects.
READABLE = 10
SOMETHING = len(OBJECTS) + 1
MOST_OBJECTS = 4

MOTIONS = ["enters", "leaves", "movesLeft", "movesRight", "movesUp", "movesDown"]

_sprites: dict[int, Image.Image] = {}


def sprite(index: int) -> Image.Image:
    if index not in _sprites:
        path = HERE / "run" / "sprites" / f"{OBJECTS[index]['codepoints']}.png"
        _sprites[index] = Image.open(path).convert("RGBA")
    return _sprites[index]


@dataclass
class Placed:
    """An object: class, center and side in pixels, rotation in degrees, mirrored or not."""

    index: int
    x: float
    y: float
    side: float
    angle: float
    mirror: bool


@dataclass
class Scene:
    width: int
    height: int
    objects: list[Placed]
    background_seed: int


def sample_scene(rng: random.Random) -> Scene:
    """A random scene: one third small and filled with objects, the others larger with objects down to 1/9 of the
    width."""
    n = rng.choices([1, 2, 3, 4], [2, 3, 4, 4])[0]
    kind = rng.random()
    if kind < 0.35:
        return sample_full_scene(rng, n)
    width = rng.randint(140, 480)
    height = int(width * 2 ** rng.uniform(-1, 1))
    height = max(96, min(480, height))
    low, high = (0.25, 0.75) if kind < 0.65 else (0.5, 1.05)
    return place_in_columns(rng, width, height, n, low, high)


def sample_full_scene(rng: random.Random, n: int) -> Scene:
    """A small image filled with objects, which are all recognizable in the base tile."""
    width = rng.randint(90, 200)
    return place_in_columns(rng, width, int(width * rng.uniform(0.75, 1.25)), n, 0.7, 1.05)


def place_in_columns(
    rng: random.Random, width: int, height: int, n: int, low: float, high: float, least: float = 1 / 9
) -> Scene:
    """Places n objects side by side. Their size is `low` to `high` of the column width, at least `least` of the
    longer side of the image."""
    column = width / n
    placed = []
    for i, index in enumerate(rng.sample(range(len(OBJECTS)), n)):
        room = min(column, height)
        side = max(room * rng.uniform(low, high), max(width, height) * least, 14)
        side = min(side, height * 1.0, column * 1.15)
        slack_x = max(0.0, column - side) / 2
        slack_y = max(0.0, height - side) / 2
        x = column * (i + 0.5) + rng.uniform(-slack_x, slack_x)
        x = max(side * 0.45, min(width - side * 0.45, x))
        y = height / 2 + rng.uniform(-slack_y, slack_y)
        placed.append(Placed(index, x, y, side, rng.uniform(-18, 18), rng.random() < 0.5))
    return Scene(width, height, placed, rng.getrandbits(30))


def sample_far_scene(rng: random.Random) -> Scene:
    """A large image with objects of 1/20 to 1/7 of its longer side, which are not recognizable in the base tile."""
    n = rng.choices([1, 2, 3, 4], [3, 4, 4, 2])[0]
    width = rng.randint(400, 900)
    height = int(width * 2 ** rng.uniform(-0.6, 0.4))
    share = 1 / 7 * (7 / 20) ** rng.random()
    size = max(width, height) * share / min(width / n, height)
    return place_in_columns(rng, width, height, n, size, size, least=share)


@dataclass
class Clip:
    """Frames of one object moving over a static background."""

    motion: str
    index: int
    frames: list[Scene]


def sample_clip(rng: random.Random) -> Clip:
    """A video of 4 to 16 frames. The object enters (outside in the first frame), leaves (outside in the last), or stays
    visible and moves by at least a third of the width."""
    motion = rng.choice(MOTIONS)
    count = rng.choices([4, 5, 6, 8, 10, 12, 16], [3, 3, 3, 4, 2, 1, 1])[0]
    width, height = rng.randint(120, 320), rng.randint(120, 320)
    index, side = rng.randrange(len(OBJECTS)), min(width, height) * rng.uniform(0.35, 0.65)
    half_x, half_y = side / width / 2, side / height / 2
    inside = lambda half: rng.uniform(half, 1 - half)
    if motion in ("enters", "leaves"):
        start, end = [-half_x * 1.1, inside(half_y)], [inside(half_x), inside(half_y)]
        if rng.random() < 0.5:
            start[0], end[0] = 1 - start[0], 1 - end[0]
        if rng.random() < 0.3:
            start = [inside(half_x), -half_y * 1.1 if rng.random() < 0.5 else 1 + half_y * 1.1]
        if motion == "leaves":
            start, end = end, start
    else:
        along = 0 if motion in ("movesLeft", "movesRight") else 1
        half = (half_x, half_y)[along]
        room = 1 - 2 * half
        way = room * rng.uniform(max(0.34 / room, 0.5), 1) if room > 0.34 else room
        first = half + rng.uniform(0, room - way)
        start = [inside(half_x), inside(half_y)]
        end = [c + rng.uniform(-0.06, 0.06) for c in start]
        start[along], end[along] = (first, first + way) if motion in ("movesRight", "movesDown") else (first + way, first)
    angle, mirror, seed = rng.uniform(-15, 15), rng.random() < 0.5, rng.getrandbits(30)
    frames = []
    for number in range(count):
        t = number / (count - 1)
        x, y = (a + (b - a) * t for a, b in zip(start, end))
        frames.append(Scene(width, height, [Placed(index, x * width, y * height, side, angle, mirror)], seed))
    return Clip(motion, index, frames)


def square(scene: Scene) -> Scene:
    """The scene centered in a square, as for each of several images."""
    side = max(scene.width, scene.height)
    dx, dy = (side - scene.width) // 2, (side - scene.height) // 2
    moved = [Placed(o.index, o.x + dx, o.y + dy, o.side, o.angle, o.mirror) for o in scene.objects]
    return Scene(side, side, moved, scene.background_seed)


def draw_square(scene: Scene) -> Image.Image:
    """The image of a scene centered in a gray square."""
    side = max(scene.width, scene.height)
    picture = Image.new("RGB", (side, side), (127, 127, 127))
    picture.paste(draw(scene), ((side - scene.width) // 2, (side - scene.height) // 2))
    return picture


def sample_large_objects(rng: random.Random) -> Scene:
    """One or two objects that fill a small image, for the start of the vision training."""
    n = rng.choice([1, 2])
    side = 98
    placed = []
    for i, index in enumerate(rng.sample(range(len(OBJECTS)), n)):
        size = rng.uniform(55, 92) if n == 1 else rng.uniform(38, 52)
        column = side / n
        slack_x, slack_y = max(0, column - size) / 2, (side - size) / 2
        x, y = column * (i + 0.5) + rng.uniform(-slack_x, slack_x), side / 2 + rng.uniform(-slack_y, slack_y)
        placed.append(Placed(index, x, y, size, rng.uniform(-15, 15), rng.random() < 0.5))
    return Scene(side, side, placed, rng.getrandbits(30))


def draw_background(scene: Scene) -> Image.Image:
    rng = np.random.default_rng(scene.background_seed)
    h, w = scene.height, scene.width
    a = rng.integers(60, 256, 3).astype(np.float32)
    kind = rng.random()
    if kind < 0.3:
        pixels = np.broadcast_to(a, (h, w, 3))
    elif kind < 0.75:
        b = np.clip(a + rng.integers(-70, 71, 3), 0, 255)
        t = np.linspace(0, 1, h, dtype=np.float32)[:, None, None]
        if rng.random() < 0.5:
            t = np.linspace(0, 1, w, dtype=np.float32)[None, :, None]
        pixels = a * (1 - t) + b * t + np.zeros((h, w, 1), np.float32)
    else:
        cells = rng.integers(-28, 29, (rng.integers(2, 9), rng.integers(2, 9), 3)) + a
        coarse = Image.fromarray(np.clip(cells, 0, 255).astype(np.uint8))
        return coarse.resize((w, h), Image.BICUBIC if rng.random() < 0.6 else Image.NEAREST)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def draw(scene: Scene) -> Image.Image:
    """RGB image of the scene with augmentations: blur, noise, brightness, saturation."""
    picture = draw_background(scene)
    for o in scene.objects:
        side = max(4, round(o.side))
        cut = sprite(o.index).resize((side, side), Image.BICUBIC if side < 60 else Image.BILINEAR)
        if o.mirror:
            cut = cut.transpose(Image.FLIP_LEFT_RIGHT)
        cut = cut.rotate(o.angle, Image.BILINEAR)
        picture.paste(cut, (round(o.x - side / 2), round(o.y - side / 2)), cut)
    rng = np.random.default_rng(scene.background_seed + 1)
    if rng.random() < 0.12:
        picture = picture.convert("L").convert("RGB")
    if rng.random() < 0.15:
        picture = picture.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 0.9))))
    if rng.random() < 0.4:
        pixels = np.asarray(picture, np.float32)
        pixels = (pixels - 128) * rng.uniform(0.8, 1.15) + 128 + rng.uniform(-18, 18)
        if rng.random() < 0.4:
            h, w = pixels.shape[:2]
            grain = rng.normal(0, rng.uniform(1, 7), (128, 128, 3)).astype(np.float32)
            pixels = pixels + np.tile(grain, (h // 128 + 1, w // 128 + 1, 1))[:h, :w]
        picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    return picture


def label_grid(scene: Scene, rows: int, columns: int, scale_x: float, scale_y: float, left: float, top: float):
    """Labels of a grid of rows x columns patches, with the scene scaled by (scale_x, scale_y) and shifted by (left,
    top) pixels: classes (index + 1, 0 = background, SOMETHING for an object too small to be recognized) and owners
    (number of the object in the scene + 1, 0 = none), int64 [rows, columns]."""
    classes = np.zeros((rows, columns), np.int64)
    owners = np.zeros((rows, columns), np.int64)
    best = np.full((rows, columns), 0.22)
    ys, xs = np.arange(rows + 1) * PATCH, np.arange(columns + 1) * PATCH
    for number, o in enumerate(scene.objects, 1):
        # the artwork covers roughly an ellipse of 0.92 of its box
        rx, ry = o.side * scale_x * 0.46, o.side * scale_y * 0.46
        cx, cy = o.x * scale_x + left, o.y * scale_y + top
        x0, x1 = np.maximum(xs[:-1], cx - rx), np.minimum(xs[1:], cx + rx)
        y0, y1 = np.maximum(ys[:-1], cy - ry), np.minimum(ys[1:], cy + ry)
        cover = np.clip(y1 - y0, 0, None)[:, None] * np.clip(x1 - x0, 0, None)[None] / PATCH**2
        mx, my = xs[:-1] + PATCH / 2, ys[:-1] + PATCH / 2
        inside = ((mx - cx) / max(rx, 7)) ** 2 + ((my - cy) / max(ry, 7))[:, None] ** 2 < 1.35
        cover = np.where(inside, cover, cover * 0.3)
        classes = np.where(cover > best, o.index + 1 if min(rx, ry) * 2 >= READABLE else SOMETHING, classes)
        owners = np.where(cover > best, number, owners)
        best = np.maximum(best, cover)
    return classes, owners


def rank_grid(scene: Scene, owners: np.ndarray) -> np.ndarray:
    """Ranks: for each patch of a tile, the number of objects in the tile to the left and to the right of its object.
    owners [rows, columns] -> int64 [2, rows, columns], -1 on the background."""
    seen = sorted((n for n in np.unique(owners) if n), key=lambda n: scene.objects[n - 1].x)
    ranks = np.full((2, *owners.shape), -1)
    for rank, number in enumerate(seen):
        ranks[0][owners == number] = rank
        ranks[1][owners == number] = len(seen) - 1 - rank
    return ranks
