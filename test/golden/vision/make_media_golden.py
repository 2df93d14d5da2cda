"""Makes the values of the specs of several pictures and of clips, with Hugging Face's own code.

Run from the repository root with Python packages `transformers` 5, `torch`, `torchvision` and `pillow`:
    python test/golden/vision/make_media_golden.py
Writes square-tiles.json and pooled-frames.json beside itself.
"""

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import PIL
import torch
import transformers
from PIL import Image
from transformers import LlavaOnevisionImageProcessorPil, LlavaOnevisionModel

HERE = Path(__file__).parent
VERSIONS = f"transformers {transformers.__version__}, Pillow {PIL.__version__}, torch {torch.__version__.split('+')[0]}"
MEAN, STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]
SQUARES = [
    (98, 98, 98), (99, 98, 98), (98, 99, 98), (97, 30, 98), (31, 97, 98), (640, 481, 98), (333, 1001, 98), (1, 1, 98),
    (2, 1, 98), (2000, 1, 98), (1, 2000, 98), (3001, 7, 98), (640, 480, 384), (301, 517, 384), (384, 383, 384),
]
FRAMES = [(1, 1), (2, 3), (5, 7), (3, 8), (2, 16), (2, 27)]
SAMPLES = 12


def scramble(values: np.ndarray) -> np.ndarray:
    return (values.astype(np.uint64) * 2654435761 & 0xFFFFFFFF).astype(np.uint64)


def draw(width: int, height: int, kind: str) -> Image.Image:
    """The formulas of `drawPicture` in test/vision-golden.ts."""
    y, x, channel = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    ramp = x * 7 + y * 13 + channel * 29
    pixels = scramble(ramp) >> 24 if kind == "noise" else (ramp ^ (x * y >> 3)) & 255
    return Image.fromarray(pixels.astype(np.uint8))


def square(width: int, height: int, side: int, kind: str) -> dict:
    processor = LlavaOnevisionImageProcessorPil(
        size={"height": side, "width": side}, image_mean=MEAN, image_std=STD, do_rescale=False, do_normalize=False,
    )
    # Two pictures in one list: that is what makes the processor pad them.
    pictures = [[draw(width, height, kind), draw(3, 3, kind)]]
    tile = processor(pictures)["pixel_values"][0][0]
    levels = np.asarray(tile).transpose(1, 2, 0).astype(np.uint8)
    sha256 = hashlib.sha256(levels.tobytes()).hexdigest()
    return {"width": width, "height": height, "tileSide": side, "picture": kind, "sha256": sha256}


def pooled(frames: int, side: int) -> dict:
    """Of the features that `createGoldenFeatures` in test/vision-golden.ts defines, two values a patch."""
    count = frames * side * side * 2
    values = (scramble(np.arange(count)) >> 8).astype(np.float64) / 2**23 - 1
    features = torch.from_numpy(values.astype(np.float32)).view(frames, side * side, 2)
    config = SimpleNamespace(vision_config=SimpleNamespace(image_size=side * 14, patch_size=14))
    out = LlavaOnevisionModel.apply_pooling(SimpleNamespace(config=config), features)
    patches = out.shape[1]
    flat = out.reshape(-1, 2)
    picked = sorted({round(i * (len(flat) - 1) / (SAMPLES - 1)) for i in range(SAMPLES)})
    return {
        "frames": frames,
        "patchesPerSide": side,
        "patches": patches,
        "sum": float(flat.double().sum()),
        "samples": [[i, *flat[i].tolist()] for i in picked],
    }


def write(name: str, about: str, **tables) -> None:
    lines = [f'{{"about": {json.dumps(about)}']
    for key, rows in tables.items():
        listed = ",\n  ".join(json.dumps(row) for row in rows) if isinstance(rows[0], dict) else None
        lines.append(f'"{key}": [\n  {listed}\n]' if listed else f'"{key}": {json.dumps(rows)}')
    (HERE / f"{name}.json").write_text(",\n".join(lines) + "}\n", "utf8")


torch.set_num_threads(1)
write(
    "square-tiles",
    "SHA-256 of the tile (uint8, RGB) that LlavaOnevisionImageProcessorPil makes of one of several pictures: pad_to_square "
    f"with the given mean, then resize ({VERSIONS}). Pictures are drawn by the formulas in test/vision-golden.ts.",
    mean=MEAN,
    tiles=[square(*size, "noise" if i % 3 == 2 else "pattern") for i, size in enumerate(SQUARES)],
)
write(
    "pooled-frames",
    f"LlavaOnevisionModel.apply_pooling ({VERSIONS}) of the features that test/vision-golden.ts defines, two values a "
    "patch. Each sample: pooled patch over all frames, then its two values.",
    cases=[pooled(*shape) for shape in FRAMES],
)
