"""Writes the image files of this folder, which ffmpeg, ddjvu and dcraw_emu decode.

Every file stores the picture of `../images/rgb.png`. `images.json` names for each file the program that decodes it, and
the expected pixels with the largest mean error in levels, or the expected error code and a part of the message.

    pip install numpy pillow OpenEXR
    apt-get install djvulibre-bin
    python test/golden/program-images/make_program_images.py
"""

import io
import json
import struct
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import OpenEXR
from PIL import Image

FOLDER = Path(__file__).parent
PICTURE = Image.open(FOLDER / "../images/rgb.png").convert("RGB")
RGB = np.asarray(PICTURE)
HEIGHT, WIDTH = RGB.shape[:2]
LINEAR = np.where(RGB <= 10, RGB / 255 / 12.92, ((RGB / 255 + 0.055) / 1.055) ** 2.4).astype(np.float32)
ENTRIES = []


def expect(program, file, data, pixels, mean_error, **options):
    (FOLDER / file).write_bytes(data)
    ENTRIES.append({"program": program, "file": file, "pixels": pixels, "meanError": mean_error, **options})


def refuse(program, file, data, code, text):
    (FOLDER / file).write_bytes(data)
    ENTRIES.append({"program": program, "file": file, "code": code, "text": text})


def show(name, pixels):
    Image.fromarray(pixels).save(FOLDER / f"{name}.png", optimize=True)


def run(command, files, result):
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data)
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
        return (Path(folder) / result).read_bytes()


def save(image, **options):
    file = io.BytesIO()
    image.save(file, **options)
    return file.getvalue()


# --- OpenEXR ---


def exr(channels, compression="ZIP", **attributes):
    header = {"compression": getattr(OpenEXR, f"{compression}_COMPRESSION"), "type": OpenEXR.scanlineimage, **attributes}
    with tempfile.TemporaryDirectory() as folder:
        with OpenEXR.File(header, channels) as file:
            file.write(f"{folder}/out.exr")
        return Path(f"{folder}/out.exr").read_bytes()


def write_openexr():
    half = {"RGB": LINEAR.astype(np.float16)}
    zipped = exr(half)
    expect("ffmpeg", "zip.exr", zipped, "rgb", 0.1)
    expect("ffmpeg", "piz.exr", exr(half, "PIZ"), "rgb", 0.1)
    tiles = exr(half, "RLE", type=OpenEXR.tiledimage, tiles=OpenEXR.TileDescription())
    expect("ffmpeg", "tiles.exr", tiles, "rgb", 0.1)
    alpha = np.full((HEIGHT, WIDTH, 1), 0.5, np.float32)
    show("half-transparent", np.round(RGB * 0.5 + 127.5).astype(np.uint8))
    expect("ffmpeg", "alpha.exr", exr({"RGBA": np.dstack([LINEAR * 0.5, alpha]).astype(np.float16)}), "half-transparent", 1)
    # Display P3 has the white of BT.709.
    to_p3 = np.array([[0.8225, 0.1774, 0], [0.0332, 0.9669, 0], [0.0171, 0.0724, 0.9108]], np.float32)
    p3 = (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.329)
    expect("ffmpeg", "display-p3.exr", exr({"RGB": LINEAR @ to_p3.T}, chromaticities=p3), "rgb", 1)
    refuse("ffmpeg", "cut-off.exr", zipped[: len(zipped) // 2], "MEDIA_CORRUPT", "is incomplete")
    # The table of two entries points behind itself. Its first entry becomes the second.
    table = next(at for at in range(len(zipped)) if zipped[at : at + 8] == struct.pack("<Q", at + 16))
    moved = zipped[:table] + zipped[table + 8 : table + 16] + zipped[table + 8 :]
    refuse("ffmpeg", "moved-block.exr", moved, "MEDIA_CORRUPT", "belongs to another place")
    refuse("ffmpeg", "zeros.exr", exr({"RGB": LINEAR * 0}), "UNSUPPORTED_FEATURE", "only samples of 0")
    refuse("ffmpeg", "dwa.exr", exr({"RGB": LINEAR}, "DWAA"), "UNSUPPORTED_FEATURE", "compression DWAA")
    numbers = {name: (LINEAR[..., at] * 255).astype(np.uint32) for at, name in enumerate("RGB")}
    refuse("ffmpeg", "uint.exr", exr(numbers), "UNSUPPORTED_FEATURE", "uint samples")
    layer = {f"beauty.{name}": LINEAR[..., at].copy() for at, name in enumerate("RGB")}
    refuse("ffmpeg", "layer.exr", exr(layer), "UNSUPPORTED_FEATURE", "3 channels without R, G and B")


# --- DjVu ---


def write_djvu():
    photo = run("c44 -slice 74,89,120 in.ppm out.djvu", {"in.ppm": save(PICTURE, format="PPM")}, "out.djvu")
    bits = PICTURE.convert("L").point(lambda level: 255 if level > 110 else 0)
    page = run("cjb2 in.pbm out.djvu", {"in.pbm": save(bits.convert("1"), format="PPM")}, "out.djvu")
    show("bitonal", np.dstack([np.asarray(bits)] * 3))
    show("turned", np.rot90(RGB))
    expect("ddjvu", "photo.djvu", photo, "rgb", 6)
    expect("ddjvu", "page.djvu", page, "bitonal", 0)
    script = b"select 1; set-rotation 1"
    turned = run("djvused -s -f script in.djvu", {"in.djvu": photo, "script": script}, "in.djvu")
    expect("ddjvu", "turned.djvu", turned, "turned", 6)
    pages = run("djvm -c out.djvu 1.djvu 2.djvu", {"1.djvu": page, "2.djvu": photo}, "out.djvu")
    expect("ddjvu", "pages.djvu", pages, "bitonal", 0)
    refuse("ddjvu", "cut-off.djvu", photo[: len(photo) // 2], "MEDIA_CORRUPT", "ends early")
    indirect = run("djvmcvt -i in.djvu . out.djvu", {"in.djvu": pages}, "out.djvu")
    refuse("ddjvu", "indirect.djvu", indirect, "UNSUPPORTED_FEATURE", "pages in other files")
    # The second chunk of wavelets becomes the third.
    second = photo.index(b"BG44", photo.index(b"BG44") + 1) + 8
    disordered = photo[:second] + b"\2" + photo[second + 1 :]
    refuse("ddjvu", "disordered.djvu", disordered, "MEDIA_CORRUPT", "chunk BG44 is out of order")


# --- Camera raw ---


def dng(samples):
    """An RGGB sensor with the primaries of BT.709, 16 bits without compression, and no preview."""
    height, width = samples.shape
    rational = lambda values: b"".join(struct.pack("<ii", round(value * 10_000), 10_000) for value in values)
    # XYZ to linear sRGB (IEC 61966-2-1).
    matrix = (3.2406, -1.5372, -0.4986, -0.9689, 1.8758, 0.0415, 0.0557, -0.204, 1.057)
    data = samples.astype("<u2").tobytes()
    short, long = (lambda value: struct.pack("<H", value)), (lambda value: struct.pack("<I", value))
    entries = [
        *((254, 4, 1, long(0)), (256, 4, 1, long(width)), (257, 4, 1, long(height)), (258, 3, 1, short(16))),
        *((259, 3, 1, short(1)), (262, 3, 1, short(32803)), (271, 2, 5, b"Acme\0"), (272, 2, 5, b"Cam1\0")),
        *((273, 4, 1, None), (274, 3, 1, short(1)), (277, 3, 1, short(1)), (278, 4, 1, long(height))),
        *((279, 4, 1, long(len(data))), (33421, 3, 2, struct.pack("<HH", 2, 2)), (33422, 1, 4, bytes([0, 1, 1, 2]))),
        *((50706, 1, 4, bytes([1, 4, 0, 0])), (50707, 1, 4, bytes([1, 1, 0, 0])), (50708, 2, 10, b"Acme Cam1\0")),
        *((50714, 4, 1, long(0)), (50717, 4, 1, long(65535)), (50721, 10, 9, rational(matrix))),
        *((50728, 5, 3, rational((1, 1, 1))), (50778, 3, 1, short(21))),
    ]
    extra_at = 8 + 2 + len(entries) * 12 + 4
    extra = b"".join(value for *_, value in entries if value is not None and len(value) > 4)
    directory, done = struct.pack("<H", len(entries)), 0
    for tag, kind, count, value in entries:
        value = long(extra_at + len(extra)) if value is None else value
        place = value.ljust(4, b"\0")
        if len(value) > 4:
            place, done = long(extra_at + done), done + len(value)
        directory += struct.pack("<HHI", tag, kind, count) + place
    return b"II*\0" + long(8) + directory + long(0) + extra + data


def write_camera_raw():
    mosaic = LINEAR[..., 1].copy()
    mosaic[0::2, 0::2] = LINEAR[0::2, 0::2, 0]
    mosaic[1::2, 1::2] = LINEAR[1::2, 1::2, 2]
    file = dng(np.round(mosaic * 65535))
    # LibRaw brightens the picture.
    expect("dcraw_emu", "sensor.dng", file, "rgb", 30)
    refuse("dcraw_emu", "cut-off.dng", file[: len(file) // 2], "MEDIA_CORRUPT", "sensor data cannot be decoded")
    raf = b"FUJIFILMCCD-RAW 0201" + bytes(200)
    refuse("dcraw_emu", "unknown.raf", raf, "UNSUPPORTED_FEATURE", "the installed LibRaw does not know")


show("rgb", RGB)
write_openexr()
write_djvu()
write_camera_raw()
(FOLDER / "images.json").write_text(json.dumps(ENTRIES, indent=1) + "\n")
