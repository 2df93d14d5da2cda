"""Decodes files with Pillow to RGB on white: the reference of real files.

Usage: decode_with_pillow.py LIST FOLDER. LIST holds a path per line. `N.rgb` of the folder holds the pixels of line N,
and `decoded.json` the sizes by line, `null` for files that the libraries do not read.
"""

import io
import json
import sys
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps

MAX_PIXELS = 30_000_000

warnings.simplefilter("ignore")
try:
    import pillow_heif

    pillow_heif.register_heif_opener()
except ImportError:
    pass


def decode(path):
    image = Image.open(path)
    if image.width * image.height > MAX_PIXELS:
        return None
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        samples = np.asarray(image).astype(np.float64)
        wide = image.mode == "I" and samples.min() >= 0 and samples.max() <= 65535
        low, high = (0, 65535) if wide else (samples.min(), samples.max())
        image = Image.fromarray(np.round((samples - low) / max(high - low, 1e-9) * 255).astype(np.uint8))
    if image.mode in ("LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("L", "RGB", "RGBA", "CMYK", "P"):
        image = to_srgb(image, profile)
    if image.mode == "RGBA":
        ground = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(ground, image)
    return image.convert("RGB")


def to_srgb(image, profile):
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    source = image if image.mode in ("L", "CMYK") else image.convert("RGB")
    options = {"renderingIntent": ImageCms.Intent.RELATIVE_COLORIMETRIC, "outputMode": "RGB"}
    try:
        source_profile = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(source, source_profile, ImageCms.createProfile("sRGB"), **options)
    except (ImageCms.PyCMSError, OSError):
        return image  # A profile of another color model is ignored.
    if alpha:
        converted.putalpha(alpha)
    return converted


paths = Path(sys.argv[1]).read_text().splitlines()
folder = Path(sys.argv[2])
decoded = []
for line, path in enumerate(paths):
    try:
        image = decode(path)
    except Exception:  # Any library error means that the file has no reference.
        image = None
    if image:
        (folder / f"{line}.rgb").write_bytes(image.tobytes())
    decoded.append({"width": image.width, "height": image.height} if image else None)
(folder / "decoded.json").write_text(json.dumps(decoded))
