"""Draws the videos of the parity tests: unusual sizes, 2, 5 and 16 frames, each video as a PNG with its frames stacked.

Both sides get these frames, so that the comparison includes no video decoder.
Usage: python models/training/parity_clips.py [OUT_DIR]
"""

import random
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

OUT = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "test/golden/parity/clips"

# width, height, frames: wide, tall and slightly different from the tile of 98 px.
CLIPS = {"wide-133x75-2": (133, 75, 2), "tall-61x107-5": (61, 107, 5), "beside-99x97-16": (99, 97, 16)}


def clip(width: int, height: int, frames: int, seed: int) -> Image.Image:
    """Discs and bars that move over a gradient on straight lines."""
    rng = random.Random(seed)
    corners = np.array([[[rng.randrange(256) for _ in range(3)] for _ in range(2)] for _ in range(2)], np.uint8)
    background = Image.fromarray(corners).resize((width, height), Image.BILINEAR)
    moving = []
    for kind in ["disc", "disc", "bar"]:
        colour = tuple(rng.randrange(256) for _ in range(3))
        start, end = [(rng.uniform(0, width), rng.uniform(0, height)) for _ in range(2)]
        moving.append((kind, colour, start, end, rng.uniform(0.1, 0.25) * min(width, height)))
    strip = Image.new("RGB", (width, height * frames))
    for number in range(frames):
        frame = background.copy()
        pen = ImageDraw.Draw(frame)
        way = number / (frames - 1)
        for kind, colour, start, end, radius in moving:
            x, y = [a + (b - a) * way for a, b in zip(start, end)]
            box = [x - radius, y - radius, x + radius, y + radius]
            pen.ellipse(box, fill=colour) if kind == "disc" else pen.rectangle(box, fill=colour)
        strip.paste(frame, (0, number * height))
    return strip


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    for seed, (name, size) in enumerate(CLIPS.items()):
        clip(*size, seed).save(OUT / f"{name}.png", optimize=True)
        print(f"{name}: {(OUT / f'{name}.png').stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
