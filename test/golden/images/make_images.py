"""Writes the image files of this folder, and the pixels that a decoder must return for them.

Every file stores the same picture (`picture.png`) in another sample type, color space, compression or page structure.
`images.json` names for each file the expected pixels and the largest mean error in levels, or the expected error code.

    pip install numpy pillow tifffile imagecodecs
    python test/golden/images/make_images.py
"""

import io
import json
import struct
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import tifffile
from PIL import Image, ImageCms

FOLDER = Path(__file__).parent
WIDTH, HEIGHT = 40, 28
TILE = (16, 16)
ENTRIES = []


def draw_picture():
    """Two gradients, a white and a dark rectangle: all hues, and both ends of the range."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    wave = np.sin(x / 5) * np.cos(y / 4) * 100 + 128
    picture = np.stack([x * 255 // (WIDTH - 1), y * 255 // (HEIGHT - 1), wave], -1).astype(np.uint8)
    picture[4:10, 6:16] = 255
    picture[16:24, 22:34] = (10, 20, 200)
    return picture


RGB = draw_picture()
GRAY = np.asarray(Image.fromarray(RGB).convert("L"))
# A picture without sharp edges: subsampled chroma keeps it.
SMOOTH = np.stack(
    [np.mgrid[0:HEIGHT, 0:WIDTH][1] * 3, np.mgrid[0:HEIGHT, 0:WIDTH][0] * 4, np.full_like(GRAY, 90)], -1
).astype(np.uint8)
PIXELS = {"rgb": RGB, "gray": np.stack([GRAY] * 3, -1), "smooth": SMOOTH}


def expect(file, pixels, mean_error):
    ENTRIES.append({"file": file, "pixels": pixels, "meanError": mean_error})


def refuse(file, code, text):
    ENTRIES.append({"file": file, "code": code, "text": text})


def write(name, data, pixels, mean_error=0.5, **options):
    """A file that tifffile writes. Options as in `tifffile.imwrite`; `tile=True` stands for the size of tiles."""
    if options.get("tile"):
        options["tile"] = TILE
    options.setdefault("photometric", "rgb" if data.ndim == 3 else "minisblack")
    tifffile.imwrite(FOLDER / f"{name}.tif", data, metadata=None, **options)
    expect(f"{name}.tif", pixels, mean_error)


def write_tags(name, tags, chunks, big_endian=False):
    """A file with exactly these tags, `{tag: (type, values)}`, for what no library writes."""
    order = ">" if big_endian else "<"
    file = bytearray((b"MM\0*" if big_endian else b"II*\0") + bytes(4))
    offsets = []
    for chunk in chunks:
        offsets.append(len(file))
        file += chunk + bytes(len(chunk) % 2)
    is_tiled = 322 in tags
    tags = {**tags, 324 if is_tiled else 273: (4, offsets)}
    tags.setdefault(325 if is_tiled else 279, (4, [len(chunk) for chunk in chunks]))
    directory = len(file)
    values_at = directory + 2 + 12 * len(tags) + 4
    codes = {1: "B", 3: "H", 4: "I", 11: "f"}
    entries, values = struct.pack(order + "H", len(tags)), bytearray()
    for tag, (kind, numbers) in sorted(tags.items()):
        data = struct.pack(order + codes[kind] * len(numbers), *numbers)
        if len(data) > 4:
            place = struct.pack(order + "I", values_at + len(values))
            values += data + bytes(len(data) % 2)
        else:
            place = data.ljust(4, b"\0")
        entries += struct.pack(order + "HHI", tag, kind, len(numbers)) + place
    file[4:8] = struct.pack(order + "I", directory)
    (FOLDER / f"{name}.tif").write_bytes(file + entries + bytes(4) + values)


def basic_tags(photometric, bits, samples=1, compression=1, rows=HEIGHT):
    return {
        256: (4, [WIDTH]),
        257: (4, [HEIGHT]),
        258: (3, [bits] * samples),
        259: (3, [compression]),
        262: (3, [photometric]),
        277: (3, [samples]),
        278: (4, [rows]),
    }


def pack_bits(values, bits):
    """Rows of samples of any width, most significant bit first, padded to whole bytes."""
    packed = b""
    for row in values.reshape(len(values), -1):
        text = "".join(format(int(value), f"0{bits}b") for value in row)
        text += "0" * (-len(text) % 8)
        packed += int(text, 2).to_bytes(len(text) // 8, "big")
    return packed


def scaled(values, kind, factor):
    return (values.astype(np.float64) * factor).astype(kind)


def write_sample_types():
    for order in "<>":
        end = "le" if order == "<" else "be"
        options = {"byteorder": order}
        write(f"float32-{end}", scaled(GRAY, np.float32, 1 / 255), "gray", **options)
        write(f"float16-{end}", scaled(GRAY, np.float16, 1 / 255), "gray", **options)
        write(
            f"float32-predictor-{end}",
            scaled(RGB, np.float32, 1 / 255),
            "rgb",
            compression="zlib",
            predictor=True,
            tile=True,
            **options,
        )
        write(
            f"float16-predictor-{end}",
            scaled(RGB, np.float16, 1 / 255),
            "rgb",
            compression="zlib",
            predictor=True,
            **options,
        )
        write(f"uint32-{end}", scaled(GRAY, np.uint32, 0x01010101), "gray", **options)
        write(f"uint16-12-bits-{end}", scaled(GRAY, np.uint16, 4095 / 255), "gray", **options)
        write(
            f"uint16-lzw-predictor-{end}",
            scaled(RGB, np.uint16, 257),
            "rgb",
            compression="lzw",
            predictor=True,
            tile=True,
            **options,
        )
        packed = np.round(GRAY / 255 * 4095).astype(int)
        write_tags(f"packed-12-bits-{end}", basic_tags(1, 12), [pack_bits(packed, 12)], big_endian=order == ">")
        expect(f"packed-12-bits-{end}.tif", "gray", 0.5)
        triples = b"".join(
            int(value * 0x010101).to_bytes(3, "little" if order == "<" else "big") for value in GRAY.astype(int).ravel()
        )
        write_tags(f"uint24-{end}", basic_tags(1, 24), [triples], big_endian=order == ">")
        expect(f"uint24-{end}.tif", "gray", 0.5)
    write("float64", scaled(GRAY, np.float64, 1 / 255), "gray")
    write("float32-0-to-255", scaled(GRAY, np.float32, 1), "gray")
    stretched = GRAY.astype(np.float64) - GRAY.min()
    PIXELS["stretched"] = np.stack([np.round(stretched * 255 / stretched.max())] * 3, -1).astype(np.uint8)
    write("float32-own-range", scaled(GRAY, np.float32, 7) - np.float32(900), "stretched")
    with_gaps = scaled(GRAY, np.float32, 1 / 255)
    with_gaps[GRAY == 0] = np.nan
    write("float32-nan", with_gaps, "gray")
    write("int8", (GRAY.astype(int) - 128).astype(np.int8), "gray")
    write("int16", (GRAY.astype(int) * 257 - 32768).astype(np.int16), "gray")
    write("int32", (GRAY.astype(np.int64) * 0x01010101 - 2**31).astype(np.int32), "gray")
    write("uint32-with-16-bits", scaled(GRAY, np.uint32, 257), "gray")
    write("uint16", scaled(RGB, np.uint16, 257), "rgb")
    write("uint16-10-bits", scaled(RGB, np.uint16, 1023 / 255), "rgb", compression="lzw")
    write("white-is-zero-float32", 1 - scaled(GRAY, np.float32, 1 / 255), "gray", photometric="miniswhite")
    write("white-is-zero", 255 - GRAY, "gray", photometric="miniswhite", tile=True)
    write_tags(
        "declared-maximum", {**basic_tags(1, 16), 281: (3, [16383])}, [scaled(GRAY, "<u2", 16383 / 255).tobytes()]
    )
    expect("declared-maximum.tif", "gray", 0.5)
    write_tags(
        "declared-range",
        {**basic_tags(1, 32), 339: (3, [3]), 340: (11, [-5.0]), 341: (11, [5.0])},
        [(GRAY * (10 / 255) - 5).astype("<f4").tobytes()],
    )
    expect("declared-range.tif", "gray", 0.5)
    write("complex64", scaled(GRAY, np.complex64, 1 / 255), None)
    ENTRIES.pop()
    refuse("complex64.tif", "UNSUPPORTED_FEATURE", "complex numbers")
    write("uint64", scaled(GRAY, np.uint64, 2.0**56), None)
    ENTRIES.pop()
    refuse("uint64.tif", "UNSUPPORTED_FEATURE", "unsigned samples of 64 bits")


def write_color_spaces():
    quantized = Image.fromarray(RGB).quantize(16)
    PIXELS["palette"] = np.asarray(quantized.convert("RGB"))
    colors = np.zeros((256, 3), int)
    colors[:16] = np.reshape(quantized.getpalette()[:48], (16, 3))
    indices = np.asarray(quantized)
    write(
        "palette-tiles",
        indices,
        "palette",
        photometric="palette",
        colormap=(colors.T * 257).astype(np.uint16),
        tile=True,
    )
    short_map = [int(value) * 257 for channel in range(3) for value in colors[:16, channel]]
    write_tags("palette-4-bits", {**basic_tags(3, 4), 320: (3, short_map)}, [pack_bits(indices, 4)])
    expect("palette-4-bits.tif", "palette", 0)

    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    signed = np.asarray(ImageCms.profileToProfile(Image.fromarray(RGB), srgb, lab, outputMode="LAB"))
    axes = signed.view(np.int8).astype(int)[..., 1:]
    wide = np.dstack([signed[..., 0].astype(int) * 257, axes * 256]).astype(np.uint16)
    write("cielab", signed, "rgb", 1.5, photometric="cielab", tile=True)
    write("cielab-16-bits", wide, "rgb", 1.5, photometric="cielab")
    write("icclab", np.dstack([signed[..., 0], axes + 128]).astype(np.uint8), "rgb", 1.5, photometric="icclab")

    luma = np.asarray(Image.fromarray(SMOOTH).convert("YCbCr"))
    for across, down in ((1, 1), (2, 1), (2, 2), (4, 2)):
        strips = [subsample(luma[row : row + 8], across, down) for row in range(0, HEIGHT, 8)]
        tags = {**basic_tags(6, 8, 3, 8, rows=8), 530: (3, [across, down])}
        write_tags(f"ycbcr-{across}x{down}", tags, [zlib.compress(strip, 9) for strip in strips])
        expect(f"ycbcr-{across}x{down}.tif", "smooth", 3)
    write_tags("ycbcr-without-subsampling-tag", basic_tags(6, 8, 3), [luma.tobytes()])
    expect("ycbcr-without-subsampling-tag.tif", "smooth", 1)


def subsample(luma, across, down):
    """TIFF's data units: a block of luma, then the mean of each chroma."""
    rows, columns = luma.shape[:2]
    padded = np.pad(luma, ((0, -rows % down), (0, -columns % across), (0, 0)), mode="edge").astype(int)
    units = bytearray()
    for y in range(0, len(padded), down):
        for x in range(0, padded.shape[1], across):
            block = padded[y : y + down, x : x + across]
            units += bytes(block[..., 0].ravel().tolist())
            units += bytes([int(round(block[..., 1].mean())), int(round(block[..., 2].mean()))])
    return bytes(units)


def write_extra_samples():
    zeros = np.zeros_like(GRAY)
    alpha = np.full_like(GRAY, 255)
    alpha[:8] = 0
    alpha[8:14] = 128
    over = np.round(RGB * (alpha[..., None] / 255) + 255 - alpha[..., None])
    PIXELS["over-white"] = over.astype(np.uint8)
    write("unspecified-zeros", np.dstack([RGB, zeros]), "rgb", extrasamples=["unspecified"])
    write("unspecified-gray", np.dstack([RGB, GRAY]), "rgb", extrasamples=["unspecified"], compression="lzw", tile=True)
    write(
        "unspecified-planes",
        np.moveaxis(np.dstack([RGB, zeros]), -1, 0),
        "rgb",
        extrasamples=["unspecified"],
        planarconfig="separate",
        photometric="rgb",
    )
    write(
        "gray-unspecified",
        np.dstack([GRAY, zeros]),
        "gray",
        extrasamples=["unspecified"],
        photometric="minisblack",
        planarconfig="contig",
    )
    write(
        "alpha-after-unspecified",
        np.dstack([RGB, zeros, alpha]),
        "over-white",
        1,
        extrasamples=["unspecified", "unassalpha"],
    )
    write(
        "alpha-16-bits", np.dstack([RGB, alpha]).astype(np.uint16) * 257, "over-white", 1, extrasamples=["unassalpha"]
    )
    premultiplied = np.round(RGB * (alpha[..., None] / 255)).astype(np.uint8)
    write("premultiplied", np.dstack([premultiplied, alpha]), "over-white", 1, extrasamples=["assocalpha"], tile=True)


def write_structures():
    planes = np.moveaxis(RGB, -1, 0)
    for compression in ("none", "lzw", "zlib", "packbits"):
        name = None if compression == "none" else compression
        write(
            f"planes-tiles-{compression}",
            planes,
            "rgb",
            0,
            planarconfig="separate",
            photometric="rgb",
            compression=name,
            tile=True,
        )
        write(f"tiles-{compression}", RGB, "rgb", 0, compression=name, tile=True, bigtiff=compression == "zlib")
    write("tiles-webp", RGB, "rgb", 0, compression="webp", compressionargs={"level": 100}, tile=True)
    write("tiles-jpeg", SMOOTH, "smooth", 3, compression="jpeg", compressionargs={"level": 95}, tile=True)
    for code in ("zstd", "lerc", "lzma", "png", "jpeg2000", "jpegxl"):
        for is_tiled in (True, False):
            name = f"{code}-{'tiles' if is_tiled else 'strips'}"
            write(name, RGB, None, compression=code, tile=is_tiled or None)
            ENTRIES.pop()
            label = {"jpeg2000": "JPEG 2000", "jpegxl": "JPEG XL"}.get(code, code.upper())
            refuse(f"{name}.tif", "UNSUPPORTED_FEATURE", f"compression {label} ")

    small = np.asarray(Image.fromarray(RGB).resize((10, 7)))
    with tifffile.TiffWriter(FOLDER / "thumbnail-first.tif") as file:
        file.write(small, photometric="rgb", subfiletype=1, metadata=None)
        file.write(RGB, photometric="rgb", metadata=None)
    expect("thumbnail-first.tif", "rgb", 0)
    with tifffile.TiffWriter(FOLDER / "unmarked-thumbnail-first.tif") as file:
        file.write(small, photometric="rgb", metadata=None)
        file.write(RGB, photometric="rgb", metadata=None)
    expect("unmarked-thumbnail-first.tif", "rgb", 0)
    with tifffile.TiffWriter(FOLDER / "full-size-in-sub-directory.tif") as file:
        file.write(small, photometric="rgb", subfiletype=1, subifds=1, metadata=None)
        file.write(RGB, photometric="rgb", metadata=None)
    expect("full-size-in-sub-directory.tif", "rgb", 0)
    with tifffile.TiffWriter(FOLDER / "pages-of-document.tif") as file:
        file.write(RGB, photometric="rgb", subfiletype=2, metadata=None)
        file.write(np.tile(RGB, (2, 2, 1)), photometric="rgb", subfiletype=2, compression="zlib", metadata=None)
    expect("pages-of-document.tif", "rgb", 0)


def write_raw_files():
    """A DNG file: the sensor data is in a sub-directory of a thumbnail."""
    sensor = scaled(GRAY, np.uint16, 257)
    small = np.asarray(Image.fromarray(RGB).resize((10, 7)))
    version = (50706, 1, 4, (1, 4, 0, 0), True)
    with tifffile.TiffWriter(FOLDER / "raw-with-preview.dng") as file:
        file.write(small, photometric="rgb", subfiletype=1, subifds=2, extratags=[version], metadata=None)
        file.write(sensor, photometric="cfa", metadata=None)
        options = {"compression": "jpeg", "compressionargs": {"level": 95}}
        file.write(SMOOTH, photometric="rgb", subfiletype=1, **options, metadata=None)
    expect("raw-with-preview.dng", "smooth", 3)


def write_jpeg_files():
    def encode(picture, **options):
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "JPEG", quality=95, subsampling=0, **options)
        return buffer.getvalue()

    for name, options in (("baseline", {}), ("progressive", {"progressive": True})):
        whole = encode(RGB, **options)
        assert whole[-2:] == b"\xff\xd9"
        (FOLDER / f"{name}-without-end.jpg").write_bytes(whole[:-2])
        expect(f"{name}-without-end.jpg", "rgb", 3)
        (FOLDER / f"{name}-cut-off.jpg").write_bytes(whole[:-30])
        refuse(f"{name}-cut-off.jpg", "MEDIA_CORRUPT", f"at byte {len(whole) - 30:,}")
    scans = encode(RGB, progressive=True).split(b"\xff\xda")
    (FOLDER / "first-scans.jpg").write_bytes(b"\xff\xda".join(scans[:4]))
    refuse("first-scans.jpg", "MEDIA_CORRUPT", "at byte")
    # A repair tool or a camera closed the file, though half of the pixels are missing.
    half = encode(RGB)[:-600] + b"\xff\xd9"
    (FOLDER / "closed-too-early.jpg").write_bytes(half)
    refuse("closed-too-early.jpg", "MEDIA_CORRUPT", "JPEG")
    twelve_bits = imagecodecs.jpeg8_encode(RGB.astype(np.uint16) * 16, bitspersample=12)
    (FOLDER / "twelve-bits.jpg").write_bytes(twelve_bits)
    refuse("twelve-bits.jpg", "UNSUPPORTED_FEATURE", "12 bits per sample")
    (FOLDER / "lossless.jpg").write_bytes(imagecodecs.jpeg8_encode(RGB, lossless=True))
    refuse("lossless.jpg", "UNSUPPORTED_FEATURE", "lossless coding")
    (FOLDER / "jpeg-ls.jpg").write_bytes(imagecodecs.jpegls_encode(GRAY))
    refuse("jpeg-ls.jpg", "UNSUPPORTED_FEATURE", "JPEG-LS coding")


def write_avif_sequence():
    frames = [Image.fromarray(frame) for frame in (RGB, 255 - RGB)]
    frames[0].save(FOLDER / "sequence.avif", save_all=True, append_images=frames[1:], duration=100, quality=95)
    expect("sequence.avif", "rgb", 4)


def write_damaged_files():
    whole = (FOLDER / "tiles-none.tif").read_bytes()
    (FOLDER / "tiles-cut-off.tif").write_bytes(whole[: len(whole) * 2 // 3])
    refuse("tiles-cut-off.tif", "MEDIA_CORRUPT", "ends beyond the end of the file")
    for compression in ("zlib", "lzw"):
        path = FOLDER / f"tiles-{compression}.tif"
        with tifffile.TiffFile(path) as file:
            page = file.pages[0]
            start, length = page.dataoffsets[3], page.databytecounts[3]
        data = bytearray(path.read_bytes())
        data[start : start + length] = bytes(length)
        (FOLDER / f"damaged-{compression}.tif").write_bytes(data)
        refuse(f"damaged-{compression}.tif", "MEDIA_CORRUPT", "tile 4 of 6")


def write_mislabelled_files():
    """Schemes whose decoders read data of other schemes without an error."""
    for name, source, code in (("packbits", "none", 32773), ("webp", "jpeg", 50001)):
        with tifffile.TiffFile(FOLDER / f"tiles-{source}.tif") as file:
            place = file.pages[0].tags["Compression"].valueoffset
        data = bytearray((FOLDER / f"tiles-{source}.tif").read_bytes())
        data[place : place + 2] = struct.pack("<H", code)
        (FOLDER / f"mislabelled-{name}.tif").write_bytes(data)
        refuse(f"mislabelled-{name}.tif", "MEDIA_CORRUPT", "tile 1 of 6")
    with tifffile.TiffWriter(FOLDER / "strips.tif") as file:
        file.write(RGB, photometric="rgb", metadata=None)
    with tifffile.TiffFile(FOLDER / "strips.tif") as file:
        place = file.pages[0].tags["Compression"].valueoffset
    data = bytearray((FOLDER / "strips.tif").read_bytes())
    data[place : place + 2] = struct.pack("<H", 32773)
    (FOLDER / "strips.tif").unlink()
    (FOLDER / "mislabelled-strips.tif").write_bytes(data)
    refuse("mislabelled-strips.tif", "MEDIA_CORRUPT", "strip 1 of 1")


def write_bmp(name, pixels, rows, bits, compression=0, palette=b"", masks=b"", height=HEIGHT, mean_error=0.0):
    """A file with a header of 40 bytes, or of 108 with `masks` of 16 bytes. `rows` are the stored bytes."""
    version_4 = masks + bytes(52) if len(masks) == 16 else b""
    header = 40 + len(version_4)
    info = struct.pack("<IiiHHIIiiII", header, WIDTH, height, 1, bits, compression, len(rows), 0, 0, 0, 0)
    extra = (version_4 or masks) + palette
    start = struct.pack("<2sIHHI", b"BM", 54 + len(extra) + len(rows), 0, 0, 54 + len(extra))
    (FOLDER / f"{name}.bmp").write_bytes(start + info + extra + rows)
    expect(f"{name}.bmp", pixels, mean_error)


def write_bmp_files():
    Image.fromarray(RGB).save(FOLDER / "24-bits.bmp")
    expect("24-bits.bmp", "rgb", 0)
    quantized = Image.fromarray(RGB).quantize(16)
    indices = np.asarray(quantized)
    colors = np.reshape(quantized.getpalette()[:48], (16, 3))
    palette = b"".join(bytes([blue, green, red, 0]) for red, green, blue in colors.tolist()).ljust(1024, b"\0")
    upward = indices[::-1]
    write_bmp("8-bits", "palette", upward.tobytes(), 8, palette=palette)
    write_bmp("4-bits", "palette", pack_bits(upward, 4), 4, palette=palette[:64])
    runs = b""
    for row in upward.tolist():
        # The first pixels as a literal, the others as runs of one.
        runs += bytes([0, 5, *row[:5], 0]) + b"".join(bytes([1, index]) for index in row[5:]) + b"\0\0"
    write_bmp("run-lengths", "palette", runs + b"\0\1", 8, compression=1, palette=palette)
    wide = RGB[::-1].astype(np.uint16)
    high = (wide[..., 0] >> 3 << 11) | (wide[..., 1] >> 2 << 5) | wide[..., 2] >> 3
    masks = struct.pack("<III", 0xF800, 0x07E0, 0x001F)
    write_bmp("16-bits-565", "rgb", high.astype("<u2").tobytes(), 16, compression=3, masks=masks, mean_error=3)
    alpha = np.full_like(GRAY, 255)
    alpha[:8] = 0
    alpha[8:14] = 128
    rgba = np.dstack([RGB[..., ::-1], alpha]).tobytes()
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    write_bmp("alpha-from-top", "over-white", rgba, 32, compression=3, masks=masks, height=-HEIGHT, mean_error=1)
    empty = np.dstack([RGB[..., ::-1], np.zeros_like(GRAY)]).tobytes()
    write_bmp("empty-alpha", "rgb", empty, 32, compression=3, masks=masks, height=-HEIGHT)
    whole = (FOLDER / "24-bits.bmp").read_bytes()
    (FOLDER / "cut-off.bmp").write_bytes(whole[:2000])
    refuse("cut-off.bmp", "MEDIA_CORRUPT", "at byte 2,000")
    cut = bytearray((FOLDER / "run-lengths.bmp").read_bytes())[:-300]
    (FOLDER / "run-lengths-cut-off.bmp").write_bytes(cut)
    refuse("run-lengths-cut-off.bmp", "MEDIA_CORRUPT", "its runs end in row")


def write_pnm_files():
    size = f"{WIDTH} {HEIGHT}\n"
    bitmap = GRAY < 128
    PIXELS["bitmap"] = np.stack([np.where(bitmap, 0, 255)] * 3, -1).astype(np.uint8)
    wide = (RGB.astype(">u2") * 257).tobytes()
    alpha = np.full_like(GRAY, 255)
    alpha[:8] = 0
    alpha[8:14] = 128
    pam = f"P7\nWIDTH {WIDTH}\nHEIGHT {HEIGHT}\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n"
    text = " ".join(str(value) for value in RGB.ravel())
    digits = "".join("01"[int(bit)] for bit in bitmap.ravel())
    files = {
        "text.ppm": (f"P3\n# comment\n{size}255\n{text}\n".encode(), "rgb", 0),
        "text.pbm": (f"P1 {size}{digits}".encode(), "bitmap", 0),
        "binary.pbm": (f"P4\n{size}".encode() + np.packbits(bitmap, axis=1).tobytes(), "bitmap", 0),
        "binary.pgm": (f"P5\n{size}255\n".encode() + GRAY.tobytes(), "gray", 0),
        "12-bits.pgm": (f"P5\n{size}4095\n".encode() + scaled(GRAY, ">u2", 4095 / 255).tobytes(), "gray", 0.5),
        "16-bits.ppm": (f"P6 {size}65535\n".encode() + wide, "rgb", 0),
        "alpha.pam": (pam.encode() + np.dstack([RGB, alpha]).tobytes(), "over-white", 1),
    }
    for name, (data, pixels, mean_error) in files.items():
        (FOLDER / name).write_bytes(data)
        expect(name, pixels, mean_error)
    (FOLDER / "cut-off.ppm").write_bytes(files["16-bits.ppm"][0][:500])
    refuse("cut-off.ppm", "MEDIA_CORRUPT", "at byte 500")
    (FOLDER / "text-cut-off.ppm").write_bytes(files["text.ppm"][0][:500])
    refuse("text-cut-off.ppm", "MEDIA_CORRUPT", "at byte 500")


for old in FOLDER.iterdir():
    if old.suffix not in (".py", ".md"):
        old.unlink()
write_sample_types()
write_color_spaces()
write_extra_samples()
write_structures()
write_raw_files()
write_jpeg_files()
write_avif_sequence()
write_damaged_files()
write_mislabelled_files()
write_bmp_files()
write_pnm_files()
for name, pixels in PIXELS.items():
    Image.fromarray(pixels).save(FOLDER / f"{name}.png", optimize=True)
(FOLDER / "images.json").write_text(json.dumps(ENTRIES, indent=1) + "\n")
