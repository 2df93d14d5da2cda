"""Draws the images of the parity tests: all tile layouts, pixel formats and edge cases with a rule of their own.

Seeded, and lossless unless a lossy format is tested. Needs the sprites of sprites.mjs.
Usage: python models/training/parity_pictures.py [OUT_DIR]
"""

import random
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from scenes import OBJECTS, Placed, Scene, draw_background, sprite

OUT = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[2] / "test/golden/parity/pictures"

# Found by a search over all sizes up to 900 px with the processor's arithmetic for 98 px tiles of 7 patches. Features
# are downsampled above a ratio of 1.1, which is 533.6 patches: the largest layout below (28 x 19 = 532) and the
# smallest one above (26 x 21 = 546), each with its smallest image; then the size with the most tokens.
CAP_UNDER, CAP_OVER, MOST_TOKENS = (197, 296), (233, 296), (179, 491)


def shapes(width: int, height: int, seed: int, count: int = 14) -> Image.Image:
    """A gradient with flat discs, bars and outlines over it."""
    rng = random.Random(seed)
    corners = np.array([[[rng.randrange(256) for _ in range(3)] for _ in range(2)] for _ in range(2)], np.uint8)
    picture = Image.fromarray(corners).resize((width, height), Image.BILINEAR)
    pen = ImageDraw.Draw(picture)
    for _ in range(count):
        colour = tuple(rng.randrange(256) for _ in range(3))
        x, y = rng.randrange(width), rng.randrange(height)
        w, h = rng.randint(1, max(1, width // 3)), rng.randint(1, max(1, height // 3))
        kind = rng.choice(["disc", "bar", "outline", "line"])
        if kind == "disc":
            pen.ellipse([x, y, x + w, y + h], fill=colour)
        elif kind == "bar":
            pen.rectangle([x, y, x + w, y + h], fill=colour)
        elif kind == "outline":
            pen.rectangle([x, y, x + w, y + h], outline=colour, width=rng.randint(1, 4))
        else:
            pen.line([x, y, rng.randrange(width), rng.randrange(height)], fill=colour, width=rng.randint(1, 5))
    return picture


def scene(width: int, height: int, seed: int, count: int) -> Image.Image:
    """Objects of the demo model's world side by side, as in its training scenes, without noise and blur."""
    rng = random.Random(seed)
    column = width / count
    side = min(column, height) * 0.9
    placed = [
        Placed(index, column * (i + 0.5), height / 2, side, rng.uniform(-12, 12), False)
        for i, index in enumerate(rng.sample(range(len(OBJECTS)), count))
    ]
    picture = draw_background(Scene(width, height, placed, seed))
    for o in placed:
        cut = sprite(o.index).resize((round(o.side),) * 2, Image.BICUBIC).rotate(o.angle, Image.BILINEAR)
        picture.paste(cut, (round(o.x - o.side / 2), round(o.y - o.side / 2)), cut)
    return picture


def noise(width: int, height: int, seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))


def alpha_ramp(width: int, height: int) -> Image.Image:
    """Transparent on the left, opaque on the right, with a hard-edged hole."""
    ramp = np.tile(np.linspace(0, 255, width).astype(np.uint8), (height, 1))
    ramp[height // 4 : height // 2, width // 2 : width * 3 // 4] = 0
    return Image.fromarray(ramp)


def with_alpha(picture: Image.Image) -> Image.Image:
    picture.putalpha(alpha_ramp(*picture.size))
    return picture


def write_png16(path: Path, picture: Image.Image, seed: int) -> None:
    """RGB with 16 bits a channel, which Pillow can read but not write; the lower byte is noise."""
    high = np.asarray(picture, np.uint16)
    low = np.random.default_rng(seed).integers(0, 256, high.shape, np.uint16)
    rows = (high << 8 | low).astype(">u2")
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", picture.width, picture.height, 16, 2, 0, 0, 0)

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw, 9)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + data)


def rotated(picture: Image.Image) -> tuple[Image.Image, Image.Exif]:
    """The image as stored by a rotated camera: EXIF orientation 6, to be rotated clockwise for display."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return picture.transpose(Image.ROTATE_90), exif


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    lossless = {
        "pixel-1x1": Image.new("RGB", (1, 1), (200, 60, 10)),
        "tiny-3x3": noise(3, 3, 1),
        "row-2000x1": shapes(2000, 1, 2),
        "column-1x2000": shapes(1, 2000, 3),
        "tile-97x98": scene(97, 98, 4, 1),
        "tile-98x98": scene(98, 98, 5, 1),
        "tile-99x98": scene(99, 98, 6, 1),
        "noise-150x110": noise(150, 110, 7),
        "scene-180x120": scene(180, 120, 8, 2),
        "scene-400x130": scene(400, 130, 9, 3),
        "photo-640x480": scene(640, 480, 10, 3),
        "photo-480x640": scene(480, 640, 11, 2),
        "screen-1920x1080": shapes(1920, 1080, 12),
        "cap-under": shapes(*CAP_UNDER, 13),
        "cap-over": shapes(*CAP_OVER, 14),
        "most-tokens": shapes(*MOST_TOKENS, 15),
        "square-588x588": shapes(588, 588, 16),
        "square-2000x2000": shapes(2000, 2000, 17),
        "tall-90x900": shapes(90, 900, 18),
        "panorama-1500x150": shapes(1500, 150, 19),
        "grey": shapes(300, 200, 20).convert("L"),
        "grey-alpha": with_alpha(shapes(160, 200, 21).convert("L")),
        "alpha": with_alpha(scene(240, 160, 22, 1)),
        "palette": scene(200, 150, 23, 1).quantize(64),
        "palette-alpha": with_alpha(scene(150, 200, 24, 1)).quantize(32),
    }
    for name, picture in lossless.items():
        picture.save(OUT / f"{name}.png", optimize=True)
    write_png16(OUT / "depth-16.png", shapes(120, 90, 25), 25)

    side, exif = rotated(scene(240, 320, 26, 1))
    side.save(OUT / "exif-rotated.jpg", quality=90, subsampling=0, exif=exif)
    scene(333, 251, 27, 2).save(OUT / "jpeg-420.jpg", quality=85, subsampling=2)
    scene(301, 203, 28, 2).save(OUT / "jpeg-progressive.jpg", quality=85, subsampling=1, progressive=True)
    scene(220, 180, 29, 1).convert("CMYK").save(OUT / "cmyk.jpg", quality=90)

    files = sorted(OUT.iterdir())
    print(f"{len(files)} images, {sum(f.stat().st_size for f in files):,} bytes in {OUT.name}/")


if __name__ == "__main__":
    main()
