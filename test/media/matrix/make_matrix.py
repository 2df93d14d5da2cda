"""Writes a picture in every format and feature that its libraries can write, and the pixels that are right for each.

Usage: make_matrix.py PICTURE FOLDER. Needs numpy and pillow. What other libraries and programs write is left out, with
the reason, if they are missing.

`cases.json` of the folder lists for each file its format, its feature, and either the reference pixels with the largest
mean error in levels, or the expected error codes. The reference is the picture itself for encoders without loss, and
what Pillow or the format's own library decodes for all others.
"""

import io
import json
import shutil
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps

PICTURE, FOLDER = Path(sys.argv[1]), Path(sys.argv[2])
WIDTH, HEIGHT = 157, 113
IMAGE = Image.open(PICTURE).convert("RGB").resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
RGB = np.asarray(IMAGE)
GRAY = np.asarray(IMAGE.convert("L"))
# Opaque on the left, transparent on the right, so that most of the picture is visible on white.
ALPHA = np.tile(np.clip(np.linspace(400, 0, WIDTH), 0, 255).astype(np.uint8), (HEIGHT, 1))
RGBA = np.dstack([RGB, ALPHA])
# sRGB to linear light, in the range of a display: the tone curve may change it within its bound.
LINEAR = np.where(RGB <= 10, RGB / 255 / 12.92, ((RGB / 255 + 0.055) / 1.055) ** 2.4).astype(np.float32)
BITS = np.where(GRAY > 110, 255, 0).astype(np.uint8)

LEVELS = 3
# Pillow converts CMYK without a profile by a formula, and the service through a press profile.
CMYK_LEVELS = 60
HDR_LEVELS = 40
RAW_LEVELS = 10

UNSUPPORTED_FEATURE = ["UNSUPPORTED_FEATURE"]
UNSUPPORTED_TYPE = ["UNSUPPORTED_MEDIA_TYPE"]
CORRUPT = ["MEDIA_CORRUPT"]

cases = []
skipped = []


def add(group, feature, extension, make, pixels=None, *, bound=LEVELS, codes=None, kind="image"):
    """Adds a file. `make` returns its bytes, and `pixels` are the right ones, a function of the bytes, or None: those
    that Pillow decodes."""
    try:
        data = make() if callable(make) else make
        if codes is None:
            expected = pixels(data) if callable(pixels) else by_pillow(data) if pixels is None else pixels
    except Exception as error:  # Whatever a library cannot write is left out, and counted.
        skipped.append({"format": group, "feature": feature, "reason": f"{type(error).__name__}: {error}"[:200]})
        return
    name = f"{len(cases):03}.{extension}"
    (FOLDER / name).write_bytes(data)
    case = {"file": name, "format": group, "feature": feature, "kind": kind}
    if codes is not None:
        cases.append(case | {"codes": codes})
        return
    expected = np.ascontiguousarray(to_rgb(expected))
    (FOLDER / f"{name}.rgb").write_bytes(expected.tobytes())
    height, width = expected.shape[:2]
    reference = {"file": f"{name}.rgb", "width": width, "height": height}
    cases.append(case | {"reference": reference, "bound": bound})


def to_rgb(pixels):
    """8-bit gray, RGB or RGBA to RGB on white."""
    if pixels.ndim == 2:
        return np.dstack([pixels] * 3)
    if pixels.shape[2] == 4:
        alpha = pixels[..., 3:].astype(np.float64) / 255
        return np.round(pixels[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    return pixels


def by_pillow(data):
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    if image.mode in ("LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
    profile = image.info.get("icc_profile")
    if profile:
        alpha = image.getchannel("A") if image.mode == "RGBA" else None
        source = image if image.mode in ("L", "CMYK") else image.convert("RGB")
        options = {"renderingIntent": ImageCms.Intent.RELATIVE_COLORIMETRIC, "outputMode": "RGB"}
        source_profile = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        image = ImageCms.profileToProfile(source, source_profile, ImageCms.createProfile("sRGB"), **options)
        if alpha:
            image.putalpha(alpha)
    return np.asarray(image if image.mode == "RGBA" else image.convert("RGB"))


def frame_by_pillow(index):
    def decode(data):
        image = Image.open(io.BytesIO(data))
        image.seek(index)
        return np.asarray(image.convert("RGBA"))

    return decode


def save(image, **options):
    """Encodes with Pillow, as a function of no arguments."""

    def encode():
        source = image if isinstance(image, Image.Image) else Image.fromarray(image)
        file = io.BytesIO()
        source.save(file, **options)
        return file.getvalue()

    return encode


def coded(codec, *arguments, **options):
    """Encodes with imagecodecs."""

    def encode():
        import imagecodecs

        return bytes(getattr(imagecodecs, f"{codec}_encode")(*arguments, **options))

    return encode


def decoded(codec):
    def decode(data):
        import imagecodecs

        return getattr(imagecodecs, f"{codec}_decode")(data)

    return decode


def run(command, source, result):
    """Runs a program in a new folder on files by their names, and returns the file that it writes."""

    def encode():
        with tempfile.TemporaryDirectory() as folder:
            for name, data in source.items():
                (Path(folder) / name).write_bytes(data() if callable(data) else data)
            subprocess.run(command.split(), cwd=folder, check=True, capture_output=True, timeout=60)
            return (Path(folder) / result).read_bytes()

    return encode


PNG = save(RGB, format="PNG")
PPM = save(RGB, format="PPM")


def cut(make, fraction):
    def encode():
        data = make()
        return data[: int(len(data) * fraction)]

    return encode


def exif(orientation):
    tags = Image.Exif()
    tags[274] = orientation
    return tags.tobytes()


def turned(orientation):
    """The picture that stands upright after the orientation is applied to RGB."""
    return np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(save(RGB, format="PNG", exif=exif(orientation))()))))


def wide_profile():
    """Profile of a display whose primaries are those of sRGB in another order of columns: a visible change of colors."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack(">I", profile[128:132])[0]
    entries = {}
    for index in range(count):
        at = 132 + index * 12
        entries[bytes(profile[at : at + 4])] = (at, struct.unpack(">II", profile[at + 4 : at + 12]))
    (red, red_place), (green, green_place) = entries[b"rXYZ"], entries[b"gXYZ"]
    profile[red + 4 : red + 12] = struct.pack(">II", *green_place)
    profile[green + 4 : green + 12] = struct.pack(">II", *red_place)
    return bytes(profile)


PROFILE = wide_profile()


# --- JPEG ---


def make_jpeg():
    jpeg = {"format": "JPEG", "quality": 92}
    for subsampling, name in ((0, "4:4:4"), (1, "4:2:2"), (2, "4:2:0")):
        for progressive in (False, True):
            scans = "progressive" if progressive else "baseline"
            add("JPEG", f"{scans}, {name}", "jpg", save(RGB, **jpeg, subsampling=subsampling, progressive=progressive))
    for subsampling in ("440", "411"):
        add("JPEG", f"subsampling {subsampling}", "jpg", coded("jpeg8", RGB, level=92, subsampling=subsampling))
    add("JPEG", "quality 30", "jpg", save(RGB, format="JPEG", quality=30))
    add("JPEG", "gray", "jpg", save(GRAY, **jpeg))
    add("JPEG", "gray, progressive", "jpg", save(GRAY, **jpeg, progressive=True))
    add("JPEG", "restart markers", "jpg", save(RGB, **jpeg, restart_marker_blocks=4))
    add("JPEG", "RGB without transform", "jpg", save(RGB, **jpeg, keep_rgb=True))
    add("JPEG", "optimized tables", "jpg", save(RGB, **jpeg, optimize=True))
    add("JPEG", "ICC profile", "jpg", save(RGB, **jpeg, icc_profile=PROFILE))
    add("CMYK", "JPEG", "jpg", save(IMAGE.convert("CMYK"), **jpeg), bound=CMYK_LEVELS)
    for orientation in range(1, 9):
        add("JPEG", f"orientation {orientation}", "jpg", save(RGB, **jpeg, exif=exif(orientation)))
    add("JPEG", "1 x 1", "jpg", save(RGB[:1, :1], **jpeg))
    add("JPEG", "1 x 113", "jpg", save(RGB[:, :1], **jpeg))
    add("JPEG", "157 x 1", "jpg", save(RGB[:1], **jpeg))
    add("JPEG", "bytes after the end", "jpg", lambda: save(RGB, **jpeg)() + bytes(1000))
    add("JPEG", "no end marker", "jpg", lambda: save(RGB, **jpeg)()[:-2], by_pillow(save(RGB, **jpeg)()))
    add("JPEG", "fill bytes before markers", "jpg", lambda: save(RGB, **jpeg)().replace(b"\xff\xc4", b"\xff\xff\xff\xc4", 1))
    second = Image.fromarray(RGB[::-1])
    add("JPEG", "several pictures (MPO)", "jpg", save(IMAGE, format="MPO", save_all=True, append_images=[second]))
    add("JPEG", "half of the data", "jpg", cut(save(RGB, **jpeg), 0.5), codes=CORRUPT)
    add("JPEG", "no data", "jpg", cut(save(RGB, **jpeg), 0.02), codes=CORRUPT)
    add("JPEG", "lossless", "jpg", coded("ljpeg", GRAY), codes=UNSUPPORTED_FEATURE)
    add("JPEG", "JPEG-LS", "jls", coded("jpegls", RGB), codes=UNSUPPORTED_FEATURE)
    wide = (GRAY.astype(np.uint16) << 4).astype(np.uint16)
    add("JPEG", "12 bits", "jpg", coded("jpeg8", wide, level=95, bitspersample=12), codes=UNSUPPORTED_FEATURE)


# --- PNG, GIF, WebP ---


def png_chunks(bits, color, rows, extra=()):
    """A PNG file from filtered rows."""
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, bits, color, 0, 0, 0)
    chunks = [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    parts = [struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def packed(samples, bits):
    """Rows of samples below 8 bits, each after a filter byte of 0."""
    planes = np.unpackbits(samples[..., None], axis=2)[..., 8 - bits :].reshape(HEIGHT, -1)
    return b"".join(b"\0" + row.tobytes() for row in np.packbits(planes, axis=1))


def make_png():
    png = {"format": "PNG"}
    palette = IMAGE.quantize(64)
    add("PNG", "RGB", "png", save(RGB, **png), RGB)
    add("PNG", "RGBA", "png", save(RGBA, **png), RGBA)
    add("PNG", "gray", "png", save(GRAY, **png), GRAY)
    add("PNG", "gray with alpha", "png", save(Image.fromarray(RGBA).convert("LA"), **png))
    add("PNG", "1 bit", "png", save(Image.fromarray(BITS).convert("1"), **png), BITS)
    for bits in (2, 4):
        samples = GRAY >> (8 - bits)
        expected = (samples * (255 // (2**bits - 1))).astype(np.uint8)
        add("PNG", f"gray, {bits} bits", "png", png_chunks(bits, 0, packed(samples, bits)), expected)
        small = IMAGE.quantize(2**bits)
        add("PNG", f"palette, {bits} bits", "png", save(small, **png, bits=bits))
    add("PNG", "palette", "png", save(palette, **png))
    add("PNG", "palette with one transparent color", "png", save(palette, **png, transparency=3))
    add("PNG", "palette with alpha", "png", save(palette, **png, transparency=bytes([255] * 60 + [128] * 4)))
    add("PNG", "16 bits", "png", coded("png", RGB.astype(np.uint16) * 257), RGB)
    add("PNG", "gray, 16 bits", "png", coded("png", GRAY.astype(np.uint16) * 257), GRAY)
    add("PNG", "RGBA, 16 bits", "png", coded("png", RGBA.astype(np.uint16) * 257), RGBA)
    add("PNG", "ICC profile", "png", save(RGB, **png, icc_profile=PROFILE))
    for orientation in (3, 6, 8):
        add("PNG", f"orientation {orientation}", "png", save(RGB, **png, exif=exif(orientation)))
    add("PNG", "1 x 1", "png", save(RGB[:1, :1], **png))
    add("PNG", "animated", "png", save(IMAGE, **png, save_all=True, append_images=[IMAGE.rotate(180)]), RGB)
    add("PNG", "half of the data", "png", cut(save(RGB, **png), 0.5), codes=CORRUPT)
    damaged = bytearray(save(RGB, **png)())
    damaged[len(damaged) // 2] ^= 255
    add("PNG", "wrong checksum", "png", bytes(damaged), codes=CORRUPT)


def make_gif():
    gif = {"format": "GIF"}
    blank = Image.new("RGB", (WIDTH, HEIGHT), "white")
    for colors in (2, 16, 256):
        add("GIF", f"{colors} colors", "gif", save(IMAGE.quantize(colors), **gif))
    add("GIF", "interlaced", "gif", save(IMAGE.quantize(64), **gif, interlace=1))
    add("GIF", "sequential", "gif", save(IMAGE.quantize(64), **gif, interlace=0))
    add("GIF", "gray", "gif", save(GRAY, **gif))
    add("GIF", "transparent color", "gif", save(IMAGE.quantize(64), **gif, transparency=5))
    frames = [IMAGE.quantize(64), IMAGE.rotate(180).quantize(64)]
    add("GIF", "animated", "gif", save(frames[0], **gif, save_all=True, append_images=frames[1:]))
    animated = save(blank, **gif, save_all=True, append_images=frames[:1], duration=100)
    add("GIF", "animated, blank first frame", "gif", animated, frame_by_pillow(1))
    add("GIF", "half of the data", "gif", cut(save(IMAGE.quantize(64), **gif), 0.5), codes=CORRUPT)


def make_webp():
    webp = {"format": "WEBP"}
    for quality in (30, 80, 100):
        add("WebP", f"lossy, quality {quality}", "webp", save(RGB, **webp, quality=quality))
    add("WebP", "lossless", "webp", save(RGB, **webp, lossless=True), RGB)
    add("WebP", "lossless with alpha", "webp", save(RGBA, **webp, lossless=True, exact=True), RGBA)
    add("WebP", "lossy with alpha", "webp", save(RGBA, **webp, quality=80))
    add("WebP", "gray", "webp", save(GRAY, **webp, quality=90))
    add("WebP", "ICC profile", "webp", save(RGB, **webp, lossless=True, icc_profile=PROFILE))
    for orientation in (2, 5, 8):
        add("WebP", f"orientation {orientation}", "webp", save(RGB, **webp, lossless=True, exif=exif(orientation)))
    animated = {"save_all": True, "append_images": [IMAGE.rotate(180)], "lossless": True}
    add("WebP", "animated", "webp", save(IMAGE, **webp, **animated), RGB)
    add("WebP", "1 x 1", "webp", save(RGB[:1, :1], **webp, lossless=True))
    add("WebP", "half of the data", "webp", cut(save(RGB, **webp, lossless=True), 0.5), codes=CORRUPT)


# --- TIFF ---


def tiff(pixels, **options):
    def encode():
        import tifffile

        file = io.BytesIO()
        options_ = {"metadata": None} | options
        byteorder, bigtiff = options_.pop("byteorder", None), options_.pop("bigtiff", False)
        with tifffile.TiffWriter(file, byteorder=byteorder, bigtiff=bigtiff) as writer:
            writer.write(pixels, **options_)
        return file.getvalue()

    return encode


def make_tiff():
    rgb = {"photometric": "rgb"}
    gray = {"photometric": "minisblack"}
    lossless = ("lzw", "deflate", "adobe_deflate", "packbits")
    for tile in (None, (64, 64)):
        layout = "tiles" if tile else "strips"
        place = {"tile": tile} if tile else {"rowsperstrip": 16}
        add("TIFF", f"no compression, {layout}", "tif", tiff(RGB, **rgb, **place), RGB)
        zstd = tiff(RGB, **rgb, **place, compression="zstd")
        add("TIFF", f"zstd, {layout}", "tif", zstd, codes=UNSUPPORTED_FEATURE)
        for compression in lossless:
            add("TIFF", f"{compression}, {layout}", "tif", tiff(RGB, **rgb, **place, compression=compression), RGB)
        add("TIFF", f"lzw with predictor, {layout}", "tif", tiff(RGB, **rgb, **place, compression="lzw", predictor=2), RGB)
        webp = {"compression": "webp", "compressionargs": {"lossless": True}}
        add("TIFF", f"webp, {layout}", "tif", tiff(RGB, **rgb, **place, **webp), RGB)
        add("TIFF", f"jpeg, {layout}", "tif", tiff(RGB, **rgb, **place, compression="jpeg", compressionargs={"level": 95}), tiff_pixels)
        for compression in ("lzma", "jpeg2000", "jpegxl", "lerc", "png", "jpegxr"):
            made = tiff(RGB, **rgb, **place, compression=compression)
            add("TIFF", f"{compression}, {layout}", "tif", made, codes=UNSUPPORTED_FEATURE)
        planes = tiff(np.moveaxis(RGB, 2, 0), **rgb, **place, planarconfig="separate")
        add("TIFF", f"planes, {layout}", "tif", planes, RGB)
        add("TIFF", f"gray, {layout}", "tif", tiff(GRAY, **gray, **place), GRAY)
        wide = tiff(RGB.astype(np.uint16) * 257, **rgb, **place, compression="deflate", predictor=2)
        add("TIFF", f"16 bits with predictor, {layout}", "tif", wide, RGB)
        ramp = GRAY.astype(np.float32) / 255
        floating = tiff(ramp, **gray, **place, compression="deflate", predictor=3)
        add("TIFF", f"float with predictor, {layout}", "tif", floating, stretched(ramp))
    add("TIFF", "big-endian", "tif", tiff(RGB.astype(np.uint16) * 257, **rgb, byteorder=">"), RGB)
    add("TIFF", "BigTIFF", "tif", tiff(RGB, **rgb, bigtiff=True), RGB)
    add("TIFF", "BigTIFF, big-endian", "tif", tiff(RGB, **rgb, bigtiff=True, byteorder=">"), RGB)
    add("TIFF", "white is zero", "tif", tiff(255 - GRAY, photometric="miniswhite"), GRAY)
    add("TIFF", "1 bit", "tif", save(Image.fromarray(BITS).convert("1"), format="TIFF"), BITS)
    for compression in ("group3", "group4", "tiff_ccitt", "packbits", "tiff_lzw"):
        made = save(Image.fromarray(BITS).convert("1"), format="TIFF", compression=compression)
        add("TIFF", f"1 bit, {compression}", "tif", made, BITS)
    add("TIFF", "palette", "tif", save(IMAGE.quantize(64), format="TIFF"))
    for compression in ("jpeg", "tiff_adobe_deflate"):
        add("TIFF", f"Pillow, {compression}", "tif", save(RGB, format="TIFF", compression=compression))
    add("TIFF", "gray, jpeg", "tif", save(GRAY, format="TIFF", compression="jpeg"))
    add("TIFF", "alpha", "tif", tiff(RGBA, **rgb, extrasamples=["unassalpha"]), RGBA)
    premultiplied = np.dstack([np.round(RGB * (ALPHA[..., None] / 255)).astype(np.uint8), ALPHA])
    add("TIFF", "premultiplied alpha", "tif", tiff(premultiplied, **rgb, extrasamples=["assocalpha"]), RGBA)
    fourth = np.dstack([RGB, np.zeros_like(GRAY)])
    add("TIFF", "unspecified fourth band of zeros", "tif", tiff(fourth, **rgb, extrasamples=["unspecified"]), RGB)
    five = np.dstack([RGB, GRAY, GRAY])
    add("TIFF", "five bands", "tif", tiff(five, **rgb, extrasamples=["unspecified"] * 2), RGB)
    for kind in ("int8", "int16", "int32", "uint16", "uint32", "uint64", "float16", "float32", "float64"):
        made, expected = unusual_samples(kind)
        codes = UNSUPPORTED_FEATURE if kind in ("uint64",) else None
        add("TIFF", f"gray, {kind}", "tif", tiff(made, **gray), expected, codes=codes)
    twelve = GRAY.astype(np.uint16) * 16
    add("TIFF", "gray, 12 bits in 16", "tif", tiff(twelve, **gray), stretched(twelve))
    add("TIFF", "gray, 12 bits packed", "tif", tiff(twelve, **gray, bitspersample=12), GRAY)
    add("TIFF", "RGB, float", "tif", tiff(RGB.astype(np.float32) / 255, **rgb), stretched(RGB))
    complex_ = tiff(GRAY.astype(np.complex64), **gray)
    add("TIFF", "complex samples", "tif", complex_, codes=UNSUPPORTED_FEATURE)
    cmyk = np.asarray(IMAGE.convert("CMYK"))
    add("CMYK", "TIFF", "tif", tiff(cmyk, photometric="separated"), bound=CMYK_LEVELS)
    lab = np.asarray(ImageCms.profileToProfile(IMAGE, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"))
    add("TIFF", "CIELab", "tif", save(Image.fromarray(lab, "LAB"), format="TIFF"), RGB)
    add("TIFF", "ICC profile", "tif", save(RGB, format="TIFF", icc_profile=PROFILE))
    for orientation in range(1, 9):
        made = tiff(RGB, **rgb, extratags=[(274, "H", 1, orientation, True)])
        add("TIFF", f"orientation {orientation}", "tif", made, turned(orientation))
    add("TIFF", "several pages", "tif", save(IMAGE, format="TIFF", save_all=True, append_images=[IMAGE.rotate(180)]), RGB)
    add("TIFF", "reduced page first", "tif", pages((RGB[::4, ::4], 1), (RGB, 0)), RGB)
    add("TIFF", "pyramid in SubIFDs", "tif", pyramid, RGB)
    add("TIFF", "DNG with raw data in a SubIFD", "dng", raw_photograph, codes=UNSUPPORTED_FEATURE)
    ycbcr = np.asarray(IMAGE.convert("YCbCr"))
    add("TIFF", "YCbCr without compression", "tif", tiff(ycbcr, photometric="ycbcr", subsampling=(1, 1)), RGB)
    for code in (6, 7, 32766, 32809, 32908, 34661, 34676, 34712, 50001, 65000):
        for tile in (None, (64, 64)):
            made = with_tag(tiff(RGB, **rgb, **({"tile": tile} if tile else {})), 259, code)
            wrong = ["UNSUPPORTED_FEATURE", "MEDIA_CORRUPT"] if code in (7, 50001) else UNSUPPORTED_FEATURE
            add("TIFF", f"compression tag {code}, {'tiles' if tile else 'strips'}", "tif", made, codes=wrong)
    for tile in (None, (64, 64)):
        made = tiff(RGB, **rgb, **({"tile": tile} if tile else {}), compression="deflate")
        add("TIFF", f"60 % of the data, {'tiles' if tile else 'strips'}", "tif", cut(made, 0.6), codes=CORRUPT)
        add("TIFF", f"zeros in the data, {'tiles' if tile else 'strips'}", "tif", zeroed(made), codes=CORRUPT)
    add("TIFF", "1 x 1", "tif", tiff(RGB[:1, :1], **rgb), RGB[:1, :1])


def tiff_pixels(data):
    import tifffile

    return tifffile.imread(io.BytesIO(data))


def stretched(samples):
    """The samples over their own range."""
    samples = samples.astype(np.float64)
    low, high = samples.min(), samples.max()
    top = high if samples.min() >= 0 else high - low
    low = 0 if samples.min() >= 0 else low
    # A unit range and the range of 8 bits are taken as they are.
    top = 255 if top <= 255 and samples.dtype == np.uint8 else top
    return np.round((samples - low) / (top or 1) * 255).astype(np.uint8)


def unusual_samples(kind):
    """Samples of a type that fill its range, floating-point ones from 0 to 1, and the right pixels."""
    if kind.startswith("float"):
        samples = np.clip((GRAY.astype(np.float64) - GRAY.min()) / (int(GRAY.max()) - int(GRAY.min())), 0, 1)
        return samples.astype(kind), np.round(samples * 255).astype(np.uint8)
    limits = np.iinfo(kind)
    full = np.round((GRAY.astype(np.float64) - GRAY.min()) / (int(GRAY.max()) - int(GRAY.min())) * 255).astype(np.uint8)
    scale = (int(limits.max) - int(limits.min)) // 255
    return (full.astype(object) * scale + int(limits.min)).astype(kind), full


def pages(*pages_):
    def encode():
        import tifffile

        file = io.BytesIO()
        with tifffile.TiffWriter(file) as writer:
            for pixels, subfile in pages_:
                writer.write(pixels, photometric="rgb", subfiletype=subfile, metadata=None)
        return file.getvalue()

    return encode


def pyramid():
    import tifffile

    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(RGB, photometric="rgb", subifds=2, tile=(64, 64), metadata=None)
        writer.write(RGB[::2, ::2], photometric="rgb", subfiletype=1, tile=(64, 64), metadata=None)
        writer.write(RGB[::4, ::4], photometric="rgb", subfiletype=1, tile=(64, 64), metadata=None)
    return file.getvalue()


def raw_photograph():
    import tifffile

    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        version = (50706, "B", 4, bytes([1, 4, 0, 0]), True)
        writer.write(RGB[::8, ::8], photometric="rgb", subfiletype=1, subifds=1, extratags=[version], metadata=None)
        writer.write(GRAY.astype(np.uint16) * 16, photometric=32803, metadata=None)
    return file.getvalue()


def with_tag(make, tag, value):
    """Changes a SHORT of the first directory of a little-endian file."""

    def encode():
        data = bytearray(make())
        (at,) = struct.unpack("<I", data[4:8])
        (count,) = struct.unpack("<H", data[at : at + 2])
        for index in range(count):
            entry = at + 2 + index * 12
            if struct.unpack("<H", data[entry : entry + 2])[0] == tag:
                struct.pack_into("<H", data, entry + 8, value)
                return bytes(data)
        raise ValueError(f"tag {tag} is missing")

    return encode


def zeroed(make):
    def encode():
        data = bytearray(make())
        middle = len(data) // 2
        data[middle : middle + 3000] = bytes(3000)
        return bytes(data)

    return encode


# --- Uncompressed and run-length formats ---


def make_plain():
    palette = IMAGE.quantize(64)
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        image = palette if mode == "P" else IMAGE.convert(mode)
        add("BMP", f"mode {mode}", "bmp", save(image, format="BMP"))
    add("BMP", "top-down", "bmp", top_down)
    add("BMP", "half of the data", "bmp", cut(save(RGB, format="BMP"), 0.5), codes=CORRUPT)
    for mode in ("L", "P", "RGB", "RGBA"):
        image = palette if mode == "P" else Image.fromarray(RGBA) if mode == "RGBA" else IMAGE.convert(mode)
        for compression in (None, "tga_rle"):
            suffix = ", run lengths" if compression else ""
            add("TGA", f"mode {mode}{suffix}", "tga", save(image, format="TGA", compression=compression))
    add("TGA", "upper rows first", "tga", save(RGB, format="TGA", orientation=1), RGB)
    add("TGA", "half of the data", "tga", cut(save(RGB, format="TGA"), 0.5), codes=CORRUPT)
    add("PNM", "binary PPM", "ppm", save(RGB, format="PPM"), RGB)
    add("PNM", "binary PGM", "pgm", save(GRAY, format="PPM"), GRAY)
    add("PNM", "binary PBM", "pbm", save(Image.fromarray(BITS).convert("1"), format="PPM"), BITS)
    size = f"{WIDTH} {HEIGHT}"
    text = lambda samples: "\n".join(" ".join(str(value) for value in row) for row in samples.reshape(HEIGHT, -1))  # noqa: E731
    add("PNM", "text PPM", "ppm", f"P3\n# comment\n{size}\n255\n{text(RGB)}\n".encode(), RGB)
    add("PNM", "text PGM", "pgm", f"P2 {size} 255\n{text(GRAY)}\n".encode(), GRAY)
    add("PNM", "text PBM", "pbm", f"P1\n{size}\n{text((BITS == 0).astype(int))}\n".encode(), BITS)
    wide = (RGB.astype(">u2") * 257).astype(">u2").tobytes()
    add("PNM", "16 bits", "ppm", f"P6\n{size}\n65535\n".encode() + wide, RGB)
    ten = np.round(GRAY.astype(np.float64) / 255 * 1023).astype(">u2")
    add("PNM", "10 bits", "pgm", f"P5\n{size}\n1023\n".encode() + ten.tobytes(), GRAY)
    hundred = np.round(GRAY.astype(np.float64) / 255 * 100).astype(np.uint8)
    add("PNM", "100 levels", "pgm", f"P5\n{size}\n100\n".encode() + hundred.tobytes(), GRAY)
    for depth, kind, pixels in ((1, "GRAYSCALE", GRAY), (3, "RGB", RGB), (4, "RGB_ALPHA", RGBA)):
        header = f"P7\nWIDTH {WIDTH}\nHEIGHT {HEIGHT}\nDEPTH {depth}\nMAXVAL 255\nTUPLTYPE {kind}\nENDHDR\n"
        add("PNM", f"PAM {kind}", "pam", header.encode() + pixels.tobytes(), pixels)
    add("PNM", "half of the data", "ppm", cut(save(RGB, format="PPM"), 0.5), codes=CORRUPT)
    square = Image.fromarray(RGBA[:, :HEIGHT]).resize((64, 64))
    for bitmap in ("png", "bmp"):
        made = save(square, format="ICO", sizes=[(16, 16), (32, 32), (64, 64)], bitmap_format=bitmap)
        add("ICO", f"three sizes as {bitmap}", "ico", made)
    add("ICO", "half of the data", "ico", cut(save(square, format="ICO", bitmap_format="bmp"), 0.5), codes=CORRUPT)


def top_down():
    data = bytearray(save(RGB, format="BMP")())
    stride = (WIDTH * 3 + 3) // 4 * 4
    (start,) = struct.unpack_from("<I", data, 10)
    struct.pack_into("<i", data, 22, -HEIGHT)
    rows = [data[start + y * stride : start + (y + 1) * stride] for y in range(HEIGHT)]
    return bytes(data[:start]) + b"".join(reversed(rows))


# --- JPEG 2000, JPEG XL, HEIF ---


def make_jpeg2000():
    for container in ("jp2", "j2k"):
        for name, pixels in (("gray", GRAY), ("RGB", RGB), ("RGBA", RGBA)):
            made = coded("jpeg2k", pixels, level=0, codecformat=container, reversible=True)
            # The encoder does not say in a JP2 file that the fourth channel is alpha. A codestream cannot say it.
            expected = RGB if name == "RGBA" and container == "jp2" else pixels
            add("JPEG 2000", f"{name}, lossless {container}", container, made, expected)
    made = run("opj_compress -i in.png -o out.jp2", {"in.png": save(RGBA, format="PNG")}, "out.jp2")
    add("JPEG 2000", "channel definition of alpha", "jp2", made, RGBA)
    add("JPEG 2000", "lossy", "jp2", coded("jpeg2k", RGB, level=38), decoded("jpeg2k"))
    for bits in (10, 12, 16):
        samples = np.round(RGB.astype(np.float64) / 255 * (2**bits - 1)).astype(np.uint16)
        add("JPEG 2000", f"{bits} bits", "jp2", coded("jpeg2k", samples, level=0, reversible=True, bitspersample=bits), RGB)
    for resolutions in (1, 3, 6):
        add("JPEG 2000", f"{resolutions} resolutions", "jp2", coded("jpeg2k", RGB, level=0, reversible=True, resolutions=resolutions), RGB)
    options = {
        "tiles": "-t 64,64",
        "precincts": "-c [64,64]",
        "order LRCP": "-p LRCP",
        "order RLCP": "-p RLCP",
        "order RPCL": "-p RPCL",
        "order PCRL": "-p PCRL",
        "order CPRL": "-p CPRL",
        "markers SOP and EPH": "-SOP -EPH",
        "code blocks of 16": "-b 16,16",
        "all code block styles": "-M 63",
        "tiles and precincts": "-t 64,64 -c [32,32]",
        "irreversible": "-I -r 8",
        "three quality layers": "-r 20,8,1",
    }
    for feature, flags in options.items():
        for container in ("jp2", "j2k"):
            made = run(f"opj_compress -i in.ppm -o out.{container} {flags}", {"in.ppm": PPM}, f"out.{container}")
            lossless = "-I" not in flags
            add("JPEG 2000", f"{feature}, {container}", container, made, RGB if lossless else decoded("jpeg2k"))
    offset = run("opj_compress -i in.ppm -o out.jp2 -d 10,20", {"in.ppm": PPM}, "out.jp2")
    add("JPEG 2000", "image offset", "jp2", offset, codes=UNSUPPORTED_FEATURE)
    high = "ojph_compress -i in.ppm -o out.j2c -reversible true"
    add("JPEG 2000", "high throughput", "j2c", run(high, {"in.ppm": PPM}, "out.j2c"), RGB)
    add("JPEG 2000", "high throughput, tiles", "j2c", run(high + " -tile_size {64,64}", {"in.ppm": PPM}, "out.j2c"), RGB)
    lossless = coded("jpeg2k", RGB, level=0, reversible=True)
    add("JPEG 2000", "half of the data", "jp2", cut(lossless, 0.5), codes=CORRUPT)


def make_jpeg_xl():
    for name, pixels in (("gray", GRAY), ("RGB", RGB), ("RGBA", RGBA)):
        add("JPEG XL", f"{name}, lossless", "jxl", coded("jpegxl", pixels, lossless=True), pixels)
    for effort in (1, 3, 7):
        add("JPEG XL", f"lossy, effort {effort}", "jxl", coded("jpegxl", RGB, distance=1.0, effort=effort), decoded("jpegxl"))
    wide = {"in.png": coded("png", RGB.astype(np.uint16) * 257)}
    add("JPEG XL", "16 bits", "jxl", run("cjxl in.png out.jxl -d 0", wide, "out.jxl"), RGB)
    linear = coded("jpegxl", RGB.astype(np.uint16) * 257, lossless=True)
    # The encoder declares linear light for 16 bits.
    add("JPEG XL", "linear transfer function", "jxl", linear, from_linear(RGB / 255))
    add("JPEG XL", "container", "jxl", coded("jpegxl", RGB, lossless=True, usecontainer=True), RGB)
    jpeg = save(RGB, format="JPEG", quality=92)
    add("JPEG XL", "recompressed JPEG", "jxl", run("cjxl in.jpg out.jxl", {"in.jpg": jpeg}, "out.jxl"), by_pillow(jpeg()))
    for feature, flags in {"progressive": "-p", "modular": "-m 1 -d 0", "small groups": "-m 1 -d 0 -g 0"}.items():
        add("JPEG XL", feature, "jxl", run(f"cjxl in.png out.jxl {flags}", {"in.png": PNG}, "out.jxl"), decoded("jpegxl"))
    for orientation in (3, 6, 8):
        made = run("cjxl in.png out.jxl -d 0", {"in.png": save(RGB, format="PNG", exif=exif(orientation))}, "out.jxl")
        add("JPEG XL", f"orientation {orientation}", "jxl", made, turned(orientation))
    add("JPEG XL", "half of the data", "jxl", cut(coded("jpegxl", RGB, lossless=True), 0.5), codes=CORRUPT)


def from_linear(linear):
    """Linear light from 0 to 1 in sRGB."""
    curve = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055)
    return np.round(curve * 255).astype(np.uint8)


def heif(image, **options):
    def encode():
        import pillow_heif

        source = image if isinstance(image, Image.Image) else Image.fromarray(image)
        file = io.BytesIO()
        pillow_heif.from_pillow(source).save(file, **options)
        return file.getvalue()

    return encode


def by_heif(data):
    import pillow_heif

    return by_pillow_image(pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=True).to_pillow())


def by_pillow_image(image):
    return np.asarray(image if image.mode == "RGBA" else image.convert("RGB"))


def make_heif():
    for chroma in (420, 422, 444):
        add("HEIC", f"chroma {chroma}", "heic", heif(RGB, quality=90, chroma=chroma), by_heif)
    add("HEIC", "gray", "heic", heif(GRAY, quality=90), by_heif)
    add("HEIC", "alpha", "heic", heif(RGBA, quality=90), by_heif)
    add("HEIC", "lossless", "heic", heif(RGB, quality=-1, chroma=444, matrix_coefficients=0), by_heif)
    for orientation in (3, 6, 8):
        turned_ = heif(RGB, quality=90, exif=exif(orientation))
        # The library turns the picture by the transformation box that it writes for the tag.
        add("HEIC", f"orientation {orientation}", "heic", turned_, lambda data, o=orientation: upright_heif(data, o))
    add("HEIC", "ICC profile", "heic", heif(RGB, quality=90, icc_profile=PROFILE), lambda data: profiled_heif(data))
    add("HEIC", "two pictures, the second is primary", "heic", primary_heif, by_heif)
    add("HEIC", "half of the data", "heic", cut(heif(RGB, quality=90), 0.5), codes=CORRUPT)
    add("HEIC", "heif-enc", "heic", run("heif-enc in.png -q 80 -o out.heic", {"in.png": PNG}, "out.heic"), by_heif)
    add("HEIC", "heif-enc with thumbnail", "heic", run("heif-enc in.png -q 80 -t 64 -o out.heic", {"in.png": PNG}, "out.heic"), by_heif)
    avif = {"format": "AVIF", "speed": 9}
    for subsampling in ("4:2:0", "4:2:2", "4:4:4", "4:0:0"):
        add("AVIF", f"chroma {subsampling}", "avif", save(RGB, **avif, quality=85, subsampling=subsampling))
    add("AVIF", "lossless", "avif", save(RGB, **avif, quality=100, subsampling="4:4:4"))
    add("AVIF", "alpha", "avif", save(RGBA, **avif, quality=85))
    add("AVIF", "ICC profile", "avif", save(RGB, **avif, quality=85, icc_profile=PROFILE))
    for orientation in (3, 6, 8):
        add("AVIF", f"orientation {orientation}", "avif", save(RGB, **avif, quality=85, exif=exif(orientation)))
    animated = save(IMAGE, **avif, quality=85, save_all=True, append_images=[IMAGE.rotate(180)], duration=500)
    add("AVIF", "sequence", "avif", animated)
    add("AVIF", "half of the data", "avif", cut(save(RGB, **avif, quality=85), 0.5), codes=CORRUPT)


def upright_heif(data, orientation):
    import pillow_heif

    image = pillow_heif.open_heif(io.BytesIO(data)).to_pillow()
    pillow_heif.set_orientation(image.info)
    size = (HEIGHT, WIDTH) if orientation >= 5 else (WIDTH, HEIGHT)
    return by_pillow_image(image if image.size == size else ImageOps.exif_transpose(image))


def profiled_heif(data):
    png = save(Image.fromarray(by_heif(data)), format="PNG", icc_profile=PROFILE)
    return by_pillow(png())


def primary_heif():
    import pillow_heif

    file = io.BytesIO()
    pictures = pillow_heif.from_pillow(IMAGE.rotate(180))
    pictures.add_from_pillow(IMAGE)
    pictures.save(file, quality=90, primary_index=1)
    return file.getvalue()


# --- PSD, DICOM, HDR, PDF ---


def psd(planes, mode, depth=8, compression=0):
    """A Photoshop file that is its own composite."""
    height, width = planes[0].shape
    rows = [row.astype(">u2" if depth == 16 else np.uint8).tobytes() for plane in planes for row in plane]
    if compression == 1:
        rows = [pack_bits(row) for row in rows]
    counts = b"".join(struct.pack(">H", len(row)) for row in rows) if compression == 1 else b""
    header = b"8BPS" + struct.pack(">H6xHIIHH", 1, len(planes), height, width, depth, mode)
    return header + struct.pack(">IIIH", 0, 0, 0, compression) + counts + b"".join(rows)


def pack_bits(row):
    """PackBits without runs."""
    return b"".join(bytes([len(part) - 1]) + part for part in (row[at : at + 128] for at in range(0, len(row), 128)))


def make_psd():
    colors = [RGB[..., channel] for channel in range(3)]
    for compression, name in ((0, "raw"), (1, "run lengths")):
        add("PSD", f"RGB, {name}", "psd", psd(colors, 3, compression=compression), RGB)
        add("PSD", f"gray, {name}", "psd", psd([GRAY], 1, compression=compression), GRAY)
    add("PSD", "16 bits", "psd", psd([plane.astype(np.uint16) * 257 for plane in colors], 3, 16), RGB)
    cmyk = np.asarray(IMAGE.convert("CMYK"))
    made = psd([255 - cmyk[..., channel] for channel in range(4)], 4)
    add("CMYK", "PSD", "psd", made, np.asarray(IMAGE.convert("CMYK").convert("RGB")), bound=CMYK_LEVELS)
    add("PSD", "half of the data", "psd", lambda: psd(colors, 3)[: HEIGHT * WIDTH], codes=CORRUPT)


def dicom(pixels, *, syntax="1.2.840.10008.1.2.1", frames=1, compress=None, **attributes):
    def encode():
        import pydicom
        from pydicom.dataset import FileDataset, FileMetaDataset
        from pydicom.uid import UID, RLELossless

        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = UID("1.2.840.10008.5.1.4.1.1.7")
        meta.MediaStorageSOPInstanceUID = UID("1.2.3.4")
        meta.TransferSyntaxUID = UID(syntax)
        data = FileDataset(None, {}, file_meta=meta, preamble=bytes(128))
        bits = pixels.dtype.itemsize * 8
        samples = 3 if attributes.get("PhotometricInterpretation") in ("RGB", "YBR_FULL") else 1
        values = {
            "SOPClassUID": "1.2.840.10008.5.1.4.1.1.7",
            "SOPInstanceUID": "1.2.3.4",
            "Rows": HEIGHT,
            "Columns": WIDTH,
            "SamplesPerPixel": samples,
            "PhotometricInterpretation": "MONOCHROME2",
            "BitsAllocated": bits,
            "BitsStored": bits,
            "HighBit": bits - 1,
            "PixelRepresentation": 0,
            **({"PlanarConfiguration": 0} if samples == 3 else {}),
            **({"NumberOfFrames": frames} if frames > 1 else {}),
            **attributes,
        }
        for name, value in values.items():
            setattr(data, name, value)
        order = ">" if syntax == "1.2.840.10008.1.2.2" else "<"
        data.PixelData = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes() + bytes(pixels.nbytes % 2)
        data["PixelData"].VR = "OW" if bits > 8 else "OB"
        if compress == "rle":
            data.compress(RLELossless)
        file = io.BytesIO()
        pydicom.dcmwrite(file, data, enforce_file_format=True)
        return file.getvalue()

    return encode


def make_dicom():
    rgb = {"PhotometricInterpretation": "RGB"}
    wide = GRAY.astype(np.uint16) * 16
    add("DICOM", "gray", "dcm", dicom(GRAY), GRAY)
    add("DICOM", "inverted gray", "dcm", dicom(255 - GRAY, PhotometricInterpretation="MONOCHROME1"), GRAY)
    add("DICOM", "RGB", "dcm", dicom(RGB, **rgb), RGB)
    add("DICOM", "RGB as planes", "dcm", dicom(np.moveaxis(RGB, 2, 0).copy(), **rgb, PlanarConfiguration=1), RGB)
    ycbcr = np.asarray(IMAGE.convert("YCbCr"))
    add("DICOM", "YBR_FULL", "dcm", dicom(ycbcr, PhotometricInterpretation="YBR_FULL"), RGB)
    window = {"WindowCenter": 2048, "WindowWidth": 4096}
    add("DICOM", "12 bits with window", "dcm", dicom(wide, BitsStored=12, HighBit=11, **window), GRAY)
    add("DICOM", "16 bits without window", "dcm", dicom(wide), own_range(wide))
    signed = wide.astype(np.int16) - 1024
    scaled = {"PixelRepresentation": 1, "RescaleIntercept": 1024, "RescaleSlope": 1, "BitsStored": 16, **window}
    add("DICOM", "signed with rescale", "dcm", dicom(signed, **scaled), GRAY)
    add("DICOM", "big-endian", "dcm", dicom(wide, syntax="1.2.840.10008.1.2.2", BitsStored=12, HighBit=11, **window), GRAY)
    add("DICOM", "implicit types", "dcm", dicom(GRAY, syntax="1.2.840.10008.1.2"), GRAY)
    add("DICOM", "deflated", "dcm", dicom(GRAY, syntax="1.2.840.10008.1.2.1.99"), codes=UNSUPPORTED_FEATURE)
    add("DICOM", "run lengths", "dcm", dicom(GRAY, compress="rle"), GRAY)
    add("DICOM", "run lengths, RGB", "dcm", dicom(RGB, **rgb, compress="rle"), RGB)
    add("DICOM", "half of the data", "dcm", cut(dicom(RGB, **rgb), 0.5), codes=CORRUPT)


def own_range(samples):
    samples = samples.astype(np.float64)
    return np.round((samples - samples.min()) / (samples.max() - samples.min()) * 255).astype(np.uint8)


def make_hdr():
    linear = LINEAR
    for scale in (0.01, 1, 2):
        for rle in (False, True):
            suffix = ", run lengths" if rle else ""
            made = coded("rgbe", (linear * scale).astype(np.float32), header=True, rle=rle)
            add("Radiance HDR", f"exposure {scale}{suffix}", "hdr", made, RGB, bound=HDR_LEVELS)
    add("Radiance HDR", "half of the data", "hdr", cut(coded("rgbe", linear, header=True), 0.5), codes=CORRUPT)


def openexr(channels, **header):
    """Encodes with the OpenEXR library. Values that end at white are not tone-mapped."""

    def encode():
        import OpenEXR

        attributes = dict(header)
        attributes["compression"] = getattr(OpenEXR, f"{attributes.get('compression', 'ZIP')}_COMPRESSION")
        attributes["type"] = OpenEXR.scanlineimage
        if attributes.pop("tiled", False):
            attributes |= {"type": OpenEXR.tiledimage, "tiles": OpenEXR.TileDescription()}
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/out.exr"
            with OpenEXR.File(attributes, channels) as file:
                file.write(path)
            return Path(path).read_bytes()

    return encode


def make_openexr():
    half, single = {"RGB": LINEAR.astype(np.float16)}, {"RGB": LINEAR}
    for compression in ("NO", "RLE", "ZIPS", "ZIP", "PIZ", "PXR24", "B44", "B44A"):
        add("OpenEXR", f"{compression}, half", "exr", openexr(half, compression=compression), RGB)
        add("OpenEXR", f"{compression}, float", "exr", openexr(single, compression=compression), RGB)
    for compression in ("DWAA", "DWAB"):
        add("OpenEXR", f"{compression}, half", "exr", openexr(half, compression=compression), RGB)
        made = openexr(single, compression=compression)
        add("OpenEXR", f"{compression}, float", "exr", made, codes=UNSUPPORTED_FEATURE)
    for compression in ("ZIP", "PIZ"):
        add("OpenEXR", f"{compression}, tiles", "exr", openexr(half, compression=compression, tiled=True), RGB)
    alpha = (ALPHA / 255).astype(np.float32)[..., None]
    add("OpenEXR", "alpha", "exr", openexr({"RGBA": np.dstack([LINEAR * alpha, alpha])}), RGBA)
    add("OpenEXR", "gray", "exr", openexr({"Y": LINEAR[..., 1].copy()}), RGB[..., 1])
    add("OpenEXR", "with depth", "exr", openexr({"RGB": LINEAR, "Z": LINEAR[..., 0] * 100}), RGB)
    add("OpenEXR", "16 times as bright", "exr", openexr({"RGB": LINEAR * 16}), RGB, bound=2 * HDR_LEVELS)
    frame = np.zeros((HEIGHT + 20, WIDTH + 30, 3), np.uint8)
    frame[5 : 5 + HEIGHT, 10 : 10 + WIDTH] = RGB
    box = lambda left, top, right, bottom: (np.array([left, top], np.int32), np.array([right, bottom], np.int32))
    windows = {
        "dataWindow": box(10, 5, 9 + WIDTH, 4 + HEIGHT),
        "displayWindow": box(0, 0, WIDTH + 29, HEIGHT + 19),
    }
    add("OpenEXR", "data window inside", "exr", openexr(half, **windows), frame)
    # The colors of the picture in the primaries of Display P3.
    p3 = (0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.329)
    to_p3 = np.array([[0.8225, 0.1774, 0], [0.0332, 0.9669, 0], [0.0171, 0.0724, 0.9108]], np.float32)
    add("OpenEXR", "Display P3", "exr", openexr({"RGB": LINEAR @ to_p3.T}, chromaticities=p3), RGB)
    wide = {name: (LINEAR[..., at] * 65535).astype(np.uint32) for at, name in enumerate("RGB")}
    add("OpenEXR", "uint", "exr", openexr(wide), codes=UNSUPPORTED_FEATURE)
    layer = {f"beauty.{name}": LINEAR[..., at].copy() for at, name in enumerate("RGB")}
    add("OpenEXR", "a layer without RGB", "exr", openexr(layer), codes=UNSUPPORTED_FEATURE)
    add("OpenEXR", "only zeros", "exr", openexr({"RGB": LINEAR * 0}), codes=UNSUPPORTED_FEATURE)
    add("OpenEXR", "half of the data", "exr", cut(openexr(half), 0.5), codes=CORRUPT)


def make_djvu():
    """Photographs are compared with themselves, because the wavelets lose little; bitonal pages lose nothing."""
    bits = Image.fromarray(BITS)
    pbm = save(bits.convert("1"), format="PPM")()
    photo = run("c44 -slice 120 in.ppm out.djvu", {"in.ppm": PPM}, "out.djvu")
    page = run("cjb2 in.pbm out.djvu", {"in.pbm": pbm}, "out.djvu")
    flat = IMAGE.quantize(8, dither=Image.Dither.NONE).convert("RGB")
    ppm = save(flat, format="PPM")()
    layered = run("cpaldjvu in.ppm out.djvu", {"in.ppm": ppm}, "out.djvu")
    add("DjVu", "wavelets", "djvu", photo, RGB, bound=2 * LEVELS)
    add("DjVu", "bitonal", "djvu", page, BITS)
    add("DjVu", "colors on a mask", "djvu", layered, np.asarray(flat))
    script = b"select 1; set-rotation 1"
    rotated = run("djvused -s -f script in.djvu", {"in.djvu": photo, "script": script}, "in.djvu")
    add("DjVu", "turned left", "djvu", rotated, np.rot90(RGB), bound=2 * LEVELS)

    def bundle(*parts):
        names = [f"{at}.djvu" for at in range(len(parts))]
        return run(f"djvm -c out.djvu {' '.join(names)}", dict(zip(names, parts)), "out.djvu")

    add("DjVu", "several pages", "djvu", bundle(page, photo), BITS)
    indirect = run("djvmcvt -i in.djvu . out.djvu", {"in.djvu": bundle(page, photo)}, "out.djvu")
    add("DjVu", "indirect", "djvu", indirect, codes=UNSUPPORTED_FEATURE)
    add("DjVu", "half of the data", "djvu", cut(photo, 0.5), codes=CORRUPT)


def dng(samples, *, bits=16, orientation=1):
    """A DNG of an RGGB sensor without preview: uncompressed 16-bit samples, the primaries of BT.709 as the camera's."""
    height, width = samples.shape
    rational = lambda values: b"".join(struct.pack("<ii", round(value * 10_000), 10_000) for value in values)
    # XYZ to linear sRGB (IEC 61966-2-1).
    matrix = (3.2406, -1.5372, -0.4986, -0.9689, 1.8758, 0.0415, 0.0557, -0.204, 1.057)
    data = samples.astype("<u2").tobytes()
    entries = [
        (254, 4, 1, struct.pack("<I", 0)),
        (256, 4, 1, struct.pack("<I", width)),
        (257, 4, 1, struct.pack("<I", height)),
        (258, 3, 1, struct.pack("<H", bits)),
        (259, 3, 1, struct.pack("<H", 1)),
        (262, 3, 1, struct.pack("<H", 32803)),
        (271, 2, 5, b"Acme\0"),
        (272, 2, 5, b"Cam1\0"),
        (273, 4, 1, None),
        (274, 3, 1, struct.pack("<H", orientation)),
        (277, 3, 1, struct.pack("<H", 1)),
        (278, 4, 1, struct.pack("<I", height)),
        (279, 4, 1, struct.pack("<I", len(data))),
        (33421, 3, 2, struct.pack("<HH", 2, 2)),
        (33422, 1, 4, bytes([0, 1, 1, 2])),
        (50706, 1, 4, bytes([1, 4, 0, 0])),
        (50707, 1, 4, bytes([1, 1, 0, 0])),
        (50708, 2, 10, b"Acme Cam1\0"),
        (50714, 4, 1, struct.pack("<I", 0)),
        (50717, 4, 1, struct.pack("<I", 65535)),
        (50721, 10, 9, rational(matrix)),
        (50728, 5, 3, rational((1, 1, 1))),
        (50778, 3, 1, struct.pack("<H", 21)),
    ]
    extra_at = 8 + 2 + len(entries) * 12 + 4
    extra = b"".join(value for *_, value in entries if value is not None and len(value) > 4)
    directory, done = struct.pack("<H", len(entries)), 0
    for tag, kind, count, value in entries:
        if value is None:
            value = struct.pack("<I", extra_at + len(extra))
        if len(value) > 4:
            place, done = struct.pack("<I", extra_at + done), done + len(value)
        else:
            place = value.ljust(4, b"\0")
        directory += struct.pack("<HHI", tag, kind, count) + place
    return b"II*\0" + struct.pack("<I", 8) + directory + struct.pack("<I", 0) + extra + data


def make_camera_raw():
    """LibRaw brightens pictures, so that the bound is wider than for others."""
    if not shutil.which("dcraw_emu"):
        skipped.append({"format": "Camera raw", "feature": "DNG", "reason": "dcraw_emu is not installed"})
        return
    large = IMAGE.resize((WIDTH * 4, HEIGHT * 4), Image.Resampling.BICUBIC)
    values = np.asarray(large) / 255
    light = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    mosaic = light[..., 1].copy()
    mosaic[0::2, 0::2] = light[0::2, 0::2, 0]
    mosaic[1::2, 1::2] = light[1::2, 1::2, 2]
    mosaic = np.round(mosaic * 65535)
    shown = np.asarray(large)
    add("Camera raw", "DNG without preview", "dng", dng(mosaic), shown, bound=RAW_LEVELS)
    rotated = dng(mosaic, orientation=6)
    add("Camera raw", "DNG, turned right", "dng", rotated, np.rot90(shown, -1), bound=RAW_LEVELS)
    add("Camera raw", "half of the data", "dng", dng(mosaic)[: mosaic.size], codes=CORRUPT)


def make_pdf():
    large = IMAGE.resize((WIDTH * 4, HEIGHT * 4), Image.Resampling.BICUBIC)
    add("PDF", "one picture", "pdf", save(large, format="PDF", resolution=72, quality=95), np.asarray(large), kind="drawing")
    add("PDF", "gray picture", "pdf", save(large.convert("L"), format="PDF", resolution=72, quality=95), np.asarray(large.convert("L")), kind="drawing")
    several = save(large, format="PDF", save_all=True, append_images=[large.rotate(180)], resolution=72, quality=95)
    add("PDF", "several pages", "pdf", several, np.asarray(large), kind="drawing")
    add("PDF", "first 200 bytes", "pdf", lambda: several()[:200], codes=CORRUPT)
    locked = run("qpdf --encrypt user owner 128 --use-aes=y -- in.pdf out.pdf", {"in.pdf": several}, "out.pdf")
    add("PDF", "encrypted", "pdf", locked, codes=UNSUPPORTED_FEATURE)


def make_with_imagemagick():
    """Variants that Pillow does not write, read by Pillow or by ImageMagick itself."""
    options = {
        ("BMP", "bmp", "run lengths"): "-colors 64 -compress RLE bmp3:",
        ("BMP", "bmp", "version 2"): "bmp2:",
        ("BMP", "bmp", "version 3"): "bmp3:",
        ("BMP", "bmp", "16 bits, 5-6-5"): "-define bmp:subtype=RGB565 bmp:",
        ("BMP", "bmp", "16 bits, 5-5-5"): "-define bmp:subtype=RGB555 bmp:",
        ("PNG", "png", "interlaced"): "-interlace PNG png:",
        ("PNG", "png", "interlaced, 16 bits"): "-interlace PNG png48:",
        ("PNG", "png", "interlaced, palette"): "-colors 16 -interlace PNG png8:",
        ("GIF", "gif", "version 87a"): "-colors 64 gif87:",
        ("TIFF", "tif", "jpeg, big-endian"): "-compress JPEG -endian MSB -quality 95 tif:",
        ("TIFF", "tif", "jpeg, 4:2:0"): "-compress JPEG -sampling-factor 2x2 -quality 95 tif:",
        ("TIFF", "tif", "lower bit first"): "-threshold 50% -monochrome -define tiff:fill-order=lsb -compress Group4 tif:",
        ("TIFF", "tif", "rows of 1"): "-define tiff:rows-per-strip=1 -compress LZW tif:",
        ("TIFF", "tif", "4 bits"): "-colors 16 -depth 4 -compress None tif:",
        ("TGA", "tga", "ImageMagick, run lengths"): "-compress RLE tga:",
        ("PSD", "psd", "ImageMagick, run lengths"): "-compress RLE psd:",
        ("JPEG", "jpg", "4:1:0"): "-sampling-factor 4x2 -quality 92 jpg:",
        ("JPEG", "jpg", "chroma larger than luma"): "-sampling-factor 1x1,2x2,2x2 -quality 92 jpg:",
    }
    for (group, extension, feature), flags in options.items():
        made = run(f"convert in.ppm {flags}out.{extension}", {"in.ppm": PPM}, f"out.{extension}")
        add(group, feature, extension, made, by_imagemagick if group == "PSD" else None)


def by_imagemagick(data):
    return np.asarray(Image.open(io.BytesIO(run("convert in.bin[0] out.png", {"in.bin": data}, "out.png")())).convert("RGB"))


# --- Formats that are refused ---


def make_refused():
    refused = {
        "QOI": coded("qoi", RGB),
        "JPEG XR": coded("jpegxr", RGB),
        "PCX": save(RGB, format="PCX"),
        "PostScript": save(RGB, format="EPS"),
        "SGI": save(RGB, format="SGI"),
        "DDS": save(RGB, format="DDS"),
        "ICNS": save(IMAGE.resize((64, 64)), format="ICNS"),
        "FITS": (f"{'SIMPLE  =                    T':<80}{'END':<80}".ljust(2880)).encode(),
        "GIMP": b"gimp xcf v011\0" + bytes(1000),
        "SVG": b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>',
        "text": b"Not a picture.\n" * 20,
        "ZIP": b"PK\x03\x04" + bytes(200),
    }
    for name, make in refused.items():
        add("refused", name, "bin", make, codes=UNSUPPORTED_TYPE)
    add("refused", "empty file", "bin", b"", codes=["MEDIA_EMPTY"])
    raw = {
        "Canon CR3": b"\0\0\0\x18ftypcrx \0\0\0\1crx isom",
        "Fujifilm RAF": b"FUJIFILMCCD-RAW 0201",
        "Olympus ORF": b"IIRO\x08\0\0\0",
        "Panasonic RW2": b"IIU\0\x18\0\0\0",
    }
    for name, head in raw.items():
        codes = UNSUPPORTED_FEATURE if shutil.which("dcraw_emu") else UNSUPPORTED_TYPE
        add("Camera raw", f"{name} of zeros", "bin", head + bytes(1000), codes=codes)


for make_group in (
    *(make_jpeg, make_png, make_gif, make_webp, make_tiff, make_plain, make_jpeg2000, make_jpeg_xl, make_heif),
    *(make_psd, make_dicom, make_hdr, make_openexr, make_djvu, make_camera_raw, make_pdf, make_with_imagemagick, make_refused),
):
    make_group()
(FOLDER / "cases.json").write_text(json.dumps({"cases": cases, "skipped": skipped}, indent=1))
print(f"{len(cases)} files, {len(skipped)} skipped")
