"""Writes the image files of this folder: further formats, and the pixels that a decoder must return for them.

Every file stores the picture of `../images/rgb.png` in another format or variant. `images.json` names for each file the
expected pixels and the largest mean error in levels, or the expected error code.

    pip install numpy pillow
    apt-get install libopenjp2-tools openjph-tools libheif-examples libjxl-tools
    python test/golden/further-images/make_further_images.py
"""

import io
import json
import struct
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

FOLDER = Path(__file__).parent
RGB = np.asarray(Image.open(FOLDER / "../images/rgb.png").convert("RGB"))
GRAY = np.asarray(Image.open(FOLDER / "../images/gray.png").convert("L"))
HEIGHT, WIDTH = GRAY.shape
SMOOTH = np.asarray(Image.open(FOLDER / "../images/smooth.png").convert("RGB"))
ENTRIES = []


def expect(file, data, pixels, mean_error):
    (FOLDER / file).write_bytes(data)
    ENTRIES.append({"file": file, "pixels": pixels, "meanError": mean_error})


def refuse(file, data, code, text):
    (FOLDER / file).write_bytes(data)
    ENTRIES.append({"file": file, "code": code, "text": text})


def show(name, pixels):
    """Expected pixels that are not those of the picture itself."""
    Image.fromarray(pixels).save(FOLDER / f"{name}.png", optimize=True)


def run(command, files, result):
    """Runs a program in a new folder with the given files, and returns what it writes."""
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data)
        subprocess.run(command.split(), cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return (Path(folder) / result).read_bytes()


def save(pixels, **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, **options)
    return file.getvalue()


# --- JPEG 2000 ---


def jpeg2000(planes, bits=8, signed=False, options="", subsampling="1x1", suffix="j2k"):
    """A codestream of planes as they are, without a color transform."""
    kind = "s" if signed else "u"
    sizes = ":".join(["1x1"] + [subsampling] * (len(planes) - 1))
    dtype = ">u2" if bits > 8 else "u1"
    raw = b"".join(np.asarray(plane).astype(">i2" if signed and bits > 8 else dtype).tobytes() for plane in planes)
    form = f"{WIDTH},{HEIGHT},{len(planes)},{bits},{kind}@{sizes}"
    command = f"opj_compress -i in.raw -o out.{suffix} -F {form} -mct 0 -n 4 {options}"
    return run(command, {"in.raw": raw}, f"out.{suffix}")


def box(kind, content):
    return struct.pack(">I", 8 + len(content)) + kind.encode() + content


def color(space):
    return box("colr", struct.pack(">BBBI", 1, 0, 0, space))


def jp2(codestream, components, *boxes, bits=8, brand="jp2 "):
    """A JP2 file with exactly these boxes in its header."""
    header = box("ihdr", struct.pack(">IIHBBBB", HEIGHT, WIDTH, components, bits - 1, 7, 0, 0)) + b"".join(boxes)
    return (
        box("jP  ", b"\r\n\x87\n")
        + box("ftyp", brand.encode() + bytes(4) + brand.encode())
        + box("jp2h", header)
        + box("jp2c", codestream)
    )


def definitions(*entries):
    return box("cdef", struct.pack(">H", len(entries)) + b"".join(struct.pack(">HHH", *entry) for entry in entries))


def mapping(*entries):
    return box("cmap", b"".join(struct.pack(">HBB", *entry) for entry in entries))


def swapped_profile():
    """sRGB with the colorants of red and blue exchanged."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile.replace(b"rXYZ", b"----", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"----", b"bXYZ", 1)


def write_jpeg2000():
    planes = [RGB[..., index] for index in range(3)]
    alpha = np.tile(np.linspace(0, 255, WIDTH).astype(np.uint8), (HEIGHT, 1))
    on_white = (RGB * (alpha[..., None] / 255) + 255 - alpha[..., None]).round().astype(np.uint8)
    show("on-white", on_white)
    show("smooth-on-white", (SMOOTH * (alpha[..., None] / 255) + 255 - alpha[..., None]).round().astype(np.uint8))
    show("gray-on-white", np.stack([(GRAY * (alpha / 255) + 255 - alpha).round().astype(np.uint8)] * 3, -1))

    rgb = jpeg2000(planes)
    expect("lossless.jp2", save(RGB, format="JPEG2000"), "rgb", 0)
    expect("lossy.jp2", save(RGB, format="JPEG2000", irreversible=True, quality_layers=[3]), "rgb", 3)
    expect("tiles.j2k", save(RGB, format="JPEG2000", no_jp2=True, tile_size=(16, 16), num_resolutions=3), "rgb", 0)
    expect("gray.j2k", save(GRAY, format="JPEG2000", no_jp2=True), "gray", 0)
    expect("without-end-marker.j2k", rgb[:-2], "rgb", 0)
    expect("alpha.jp2", save(np.dstack([RGB, alpha]), format="JPEG2000"), "on-white", 1)
    expect("gray-alpha.jp2", save(np.dstack([GRAY, alpha]), format="JPEG2000"), "gray-on-white", 1)
    expect("alpha.j2k", jpeg2000([*planes, alpha]), "on-white", 1)
    four = jpeg2000([*planes, np.zeros_like(GRAY)])
    expect("unspecified-fourth.jp2", jp2(four, 4, color(16)), "rgb", 0)
    expect("empty-fourth.j2k", four, "rgb", 0)
    bgr = jpeg2000(planes[::-1])
    swap = definitions((0, 0, 3), (1, 0, 2), (2, 0, 1))
    expect("channel-order.jp2", jp2(bgr, 3, color(16), swap), "rgb", 0)
    profile = box("colr", b"\x02\0\0" + swapped_profile())
    expect("profile.jp2", jp2(bgr, 3, profile), "rgb", 2)

    index = Image.fromarray(RGB).quantize(64)
    entries = np.array(index.getpalette()[: 64 * 3], np.uint8)
    show("palette", np.asarray(index.convert("RGB")))
    palette = box("pclr", struct.pack(">HB", 64, 3) + b"\x07\x07\x07" + entries.tobytes())
    indices = jpeg2000([np.asarray(index)])
    expect("palette.jp2", jp2(indices, 1, palette, mapping((0, 1, 0), (0, 1, 1), (0, 1, 2)), color(16)), "palette", 0)

    ycc = np.asarray(Image.fromarray(RGB).convert("YCbCr"))
    expect("sycc.jp2", jp2(jpeg2000([ycc[..., i] for i in range(3)]), 3, color(18)), "rgb", 1)
    y, cb, cr = (np.asarray(Image.fromarray(SMOOTH).convert("YCbCr"))[..., i] for i in range(3))
    for name, step, down in [("420", "2x2", 2), ("422", "2x1", 1)]:
        halves = [y, cb[::down, ::2], cr[::down, ::2]]
        expect(f"sycc-{name}.jp2", jp2(jpeg2000(halves, subsampling=step), 3, color(18)), "smooth", 2)
    refuse(
        "subsampled-440.jp2",
        jp2(jpeg2000([y, cb[::2], cr[::2]], subsampling="1x2"), 3, color(18)),
        "UNSUPPORTED_FEATURE",
        "components subsampled by 1 × 1, 1 × 2, 1 × 2",
    )

    for bits in (12, 16):
        wide = RGB.astype(np.uint16) << (bits - 8)
        wide += 3
        parts = [wide[..., index] for index in range(3)]
        expect(f"gray-{bits}-bits.jp2", jp2(jpeg2000([GRAY.astype(np.uint16) << (bits - 8)], bits), 1, color(17)), "gray", 0)
        expect(f"rgb-{bits}-bits.jp2", jp2(jpeg2000(parts, bits), 3, color(16), bits=bits), "rgb", 0)
        expect(f"lossy-{bits}-bits.jp2", jp2(jpeg2000(parts, bits, options="-I -r 5"), 3, color(16), bits=bits), "rgb", 3)
    expect("gray-4-bits.j2k", jpeg2000([GRAY >> 4], 4), "gray", 6)
    expect("signed.j2k", jpeg2000([(GRAY.astype(np.int16) - 128).astype(np.uint8)], 8, signed=True), "gray", 0)
    signed16 = (GRAY.astype(np.int32) * 257 - 32768).astype(np.int16)
    expect("signed-16-bits.j2k", jpeg2000([signed16], 16, signed=True), "gray", 0)
    ppm = f"P6 {WIDTH} {HEIGHT} 255\n".encode() + RGB.tobytes()
    expect("high-throughput.j2c", run("ojph_compress -i in.ppm -o out.j2c -reversible true", {"in.ppm": ppm}, "out.j2c"), "rgb", 0)
    high = run("ojph_compress -i in.ppm -o out.j2c -qstep 0.001", {"in.ppm": ppm}, "out.j2c")
    # The encoder loses more than the others, so the reference is its own decoder.
    shown = run("ojph_expand -i in.j2c -o out.ppm", {"in.j2c": high}, "out.ppm")
    show("high-throughput-lossy", np.asarray(Image.open(io.BytesIO(shown))))
    expect("high-throughput-lossy.j2c", high, "high-throughput-lossy", 1)

    offset = jpeg2000(planes, options="-d 3,5")
    refuse("image-offset.j2k", offset, "UNSUPPORTED_FEATURE", "an image area that does not start at 0, 0")
    refuse("cielab.jp2", jp2(rgb, 3, color(14)), "UNSUPPORTED_FEATURE", "color space CIELab (14)")
    refuse("motion.mj2", jp2(rgb, 3, color(16), brand="mjp2"), "UNSUPPORTED_FEATURE", "moving pictures (MJ2)")
    refuse("24-bits.j2k", b"\xff\x4f" + rgb[2:42] + b"\x17\x01\x01" * 3 + rgb[51:], "UNSUPPORTED_FEATURE", "24 bits per sample")
    refuse("cut-off.jp2", jp2(rgb, 3, color(16))[:1000], "MEDIA_CORRUPT", "at byte 1,000: tile 0 ends")
    tiles = (FOLDER / "tiles.j2k").read_bytes()
    refuse("missing-tile.j2k", tiles[: tiles.rindex(b"\xff\x90")] + b"\xff\xd9", "MEDIA_CORRUPT", "5 of 6 tiles")


# --- HEIC ---


def heic(pixels, options, suffix="png"):
    picture = save(pixels, format="PNG", **({"icc_profile": swapped_profile()} if "profile" in options else {}))
    command = f"heif-enc in.png -o out.heic {options.replace('profile', '')}"
    return run(command, {"in.png": picture}, "out.heic")


def write_heic():
    exact = "-L -p chroma=444 --matrix_coefficients=0"
    expect("lossless.heic", heic(RGB, exact), "rgb", 0.5)
    expect("smooth.heic", heic(SMOOTH, "-q 90"), "smooth", 2)
    expect("profile.heic", heic(RGB[..., ::-1], exact + " profile"), "rgb", 2)
    alpha = np.tile(np.linspace(0, 255, WIDTH).astype(np.uint8), (HEIGHT, 1))
    expect("alpha.heic", heic(np.dstack([SMOOTH, alpha]), "-q 95"), "smooth-on-white", 2)
    cut = (FOLDER / "lossless.heic").read_bytes()
    refuse("cut-off.heic", cut[:2000], "MEDIA_CORRUPT", "at byte 2,000")


# --- JPEG XL ---


def jxl(pixels, options, name="in.png", **save_options):
    picture = save(pixels, format="JPEG" if name.endswith("jpg") else "PNG", **save_options)
    return run(f"cjxl {name} out.jxl {options}", {name: picture}, "out.jxl")


def write_jpeg_xl():
    alpha = np.tile(np.linspace(0, 255, WIDTH).astype(np.uint8), (HEIGHT, 1))
    expect("lossless.jxl", jxl(RGB, "-d 0"), "rgb", 0.01)
    expect("lossy.jxl", jxl(RGB, "-d 0.5"), "rgb", 3)
    expect("gray.jxl", jxl(GRAY, "-d 0"), "gray", 0)
    expect("alpha.jxl", jxl(np.dstack([RGB, alpha]), "-d 0"), "on-white", 1)
    expect("boxes.jxl", jxl(RGB, "-d 0 --container=1"), "rgb", 0.01)
    expect("profile.jxl", jxl(RGB[..., ::-1], "-d 0", icc_profile=swapped_profile()), "rgb", 2)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = np.rot90(SMOOTH)
    expect("rotated.jxl", jxl(turned, "--lossless_jpeg=0 -d 0.1", "in.jpg", quality=98, exif=exif), "smooth", 2)
    frames = io.BytesIO()
    Image.fromarray(RGB).save(frames, "PNG", save_all=True, append_images=[Image.fromarray(SMOOTH)], duration=100)
    expect("animated.jxl", run("cjxl in.apng out.jxl -d 0", {"in.apng": frames.getvalue()}, "out.jxl"), "rgb", 0.01)
    whole = (FOLDER / "lossless.jxl").read_bytes()
    refuse("cut-off.jxl", whole[:400], "MEDIA_CORRUPT", "JPEG XL file is damaged or incomplete")


# --- ICO ---


def icon(images, kind=1):
    data, at = struct.pack("<HHH", 0, kind, len(images)), 6 + 16 * len(images)
    for width, height, image in images:
        data += struct.pack("<BBBBHHII", width, height, 0, 0, 1, 32, len(image), at)
        at += len(image)
    return data + b"".join(image for _, _, image in images)


def bitmap(rows, bits, mask, colors=b""):
    header = struct.pack("<IiiHHIIiiII", 40, WIDTH, 2 * HEIGHT, 1, bits, 0, 0, 0, 0, len(colors) // 4, 0)
    packed = np.packbits(np.pad(mask, ((0, 0), (0, -WIDTH % 32))), axis=1)
    return header + colors + rows[::-1].tobytes() + packed[::-1].tobytes()


def write_ico():
    png = save(RGB, format="PNG")
    small = save(SMOOTH[:16, :16], format="PNG")
    clear = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask = clear.copy()
    mask[:, 20:] = 1
    masked = np.where(mask[..., None], 255, RGB).astype(np.uint8)
    show("masked", masked)
    alpha = np.tile(np.linspace(0, 255, WIDTH).astype(np.uint8), (HEIGHT, 1))
    bgra = np.dstack([RGB[..., ::-1], alpha])
    empty = np.dstack([RGB[..., ::-1], np.zeros_like(GRAY)])
    index = Image.fromarray(RGB).quantize(64)
    entries = np.array(index.getpalette()[: 64 * 3], np.uint8).reshape(-1, 3)[:, ::-1]
    colors = np.dstack([entries[None], np.zeros((1, 64, 1), np.uint8)]).tobytes()
    expect("png.ico", icon([(16, 16, small), (WIDTH, HEIGHT, png)]), "rgb", 0)
    expect("24-bits.ico", icon([(WIDTH, HEIGHT, bitmap(RGB[..., ::-1], 24, mask))]), "masked", 0)
    expect("32-bits.ico", icon([(WIDTH, HEIGHT, bitmap(bgra, 32, clear))]), "on-white", 1)
    expect("32-bits-masked.ico", icon([(WIDTH, HEIGHT, bitmap(empty, 32, mask))]), "masked", 0)
    expect("8-bits.cur", icon([(WIDTH, HEIGHT, bitmap(np.asarray(index), 8, clear, colors))], 2), "palette", 0)
    refuse("cut-off.ico", icon([(WIDTH, HEIGHT, bitmap(RGB, 24, mask))])[:2000], "MEDIA_CORRUPT", "at byte 2,000")


for name in ("rgb", "gray", "smooth"):
    show(name, {"rgb": RGB, "gray": np.stack([GRAY] * 3, -1), "smooth": SMOOTH}[name])
write_jpeg2000()
write_heic()
write_jpeg_xl()
write_ico()
(FOLDER / "images.json").write_text(json.dumps(ENTRIES, indent=1) + "\n")
