"""Writes what Hugging Face's transformers computes for the parity pictures: the yardstick of `npm run parity`.

fp32, Pillow image processor. `references.json` describes, `references.bin` holds the arrays (each zlib-compressed
on its own, little-endian). Long arrays are sampled: every k-th value from the first on, k in `stride`, with
figures of the whole array beside them. Pixel values are normalised bytes, so the bytes are kept.
Usage: python models/training/references.py [--checkpoint DIR] [--pictures DIR] [--out DIR]
"""

import argparse
import hashlib
import json
import random
import zlib
from pathlib import Path

import numpy as np
import torch
import transformers
from PIL import Image, ImageOps
from transformers import (
    AutoImageProcessor,
    AutoProcessor,
    LlavaOnevisionForConditionalGeneration,
    LlavaOnevisionImageProcessorPil,
    LlavaOnevisionProcessor,
)
from transformers.image_processing_utils import select_best_resolution

ROOT = Path(__file__).parents[2]
LANGUAGES = json.loads((ROOT / "src/language/languages.json").read_text("utf8"))
KINDS = ["caption", "alt", "long", "keywords"]
GREEDY_STEPS = 24
TOP = 64
# No divisor of a hidden size, so that the samples walk through all channels.
LOGIT_STRIDE = 7
FEATURE_SAMPLES = 2048
COUNTED_SIZES = 5000
LONGEST_SIDE = 4096
AUTO_TILES = 4
MORE_DETAILS = {
    "auto": ["photo-640x480", "screen-1920x1080", "scene-400x130", "panorama-1500x150"],
    "low": ["scene-180x120", "photo-480x640", "row-2000x1"],
}


class Blob:
    """Arrays one after another in one file, and their descriptions."""

    def __init__(self):
        self.parts, self.length = [], 0

    def add(self, array: np.ndarray, **more) -> dict:
        kind = {"float32": "<f4", "uint8": "u1", "uint16": "<u2"}[array.dtype.name]
        packed = zlib.compress(array.astype(kind).tobytes(), 9)
        place = {"offset": self.length, "bytes": len(packed), "type": array.dtype.name, "shape": list(array.shape)}
        self.parts.append(packed)
        self.length += len(packed)
        return place | more

    def add_sampled(self, tensor: torch.Tensor) -> dict:
        flat = tensor.float().flatten().numpy()
        stride = max(1, flat.size // FEATURE_SAMPLES)
        stride += 1 - stride % 2 if stride > 1 else 0
        wide = flat.astype(np.float64)
        return self.add(flat[::stride]) | {
            "shape": list(tensor.shape),
            "stride": stride,
            "meanAbs": float(np.abs(wide).mean()),
            "rootMeanSquare": float(np.sqrt((wide**2).mean())),
            "maxAbs": float(np.abs(wide).max()),
        }


def load(checkpoint: Path):
    processor = AutoProcessor.from_pretrained(checkpoint)
    # AutoProcessor takes no backend for its parts: there is no Pillow video processor. Torchvision, the default,
    # resizes a little differently from Pillow, with which LLaVA-OneVision was trained.
    processor.image_processor = AutoImageProcessor.from_pretrained(checkpoint, backend="pil")
    assert isinstance(processor.image_processor, LlavaOnevisionImageProcessorPil)
    model = LlavaOnevisionForConditionalGeneration.from_pretrained(checkpoint, dtype=torch.float32).eval()
    return processor, model


def restrict_pinpoints(processor, model, pinpoints) -> None:
    processor.image_processor.image_grid_pinpoints = pinpoints
    model.config.image_grid_pinpoints = pinpoints


def projected_features(model, pixel_values: torch.Tensor) -> torch.Tensor:
    """[tiles, patches, hidden]: tower without its last norm, then the projector."""
    hidden = model.model.vision_tower(pixel_values, output_hidden_states=True).hidden_states
    return model.model.multi_modal_projector(hidden[model.config.vision_feature_layer])


def greedy(model, inputs_embeds: torch.Tensor) -> tuple[torch.Tensor, list[int], float]:
    """Logits after the prompt, the ids that follow (past any end token) and the closest call among them."""
    output = model(inputs_embeds=inputs_embeds, use_cache=True, logits_to_keep=1)
    first, ids, margin = output.logits[0, -1], [], float("inf")
    for _ in range(GREEDY_STEPS):
        best, second = output.logits[0, -1].topk(2).values.tolist()
        margin = min(margin, best - second)
        ids.append(int(output.logits[0, -1].argmax()))
        output = model(input_ids=torch.tensor([[ids[-1]]]), past_key_values=output.past_key_values, use_cache=True)
    return first, ids, margin


def reference(processor, model, blob: Blob, path: Path, detail: str, turn: int) -> dict:
    # The service turns a picture upright; the processor does not look at EXIF.
    picture = ImageOps.exif_transpose(Image.open(path))
    language, kind = LANGUAGES[turn % len(LANGUAGES)], KINDS[turn % len(KINDS)]
    prompt = f"{language['instructions'][kind][0]} {language['answerIn']}"
    messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": prompt}]}]
    text = processor.apply_chat_template(messages, add_generation_prompt=True)

    inputs = processor(text=text, images=picture, return_tensors="pt")
    pixel_values, input_ids = inputs["pixel_values"][0], inputs["input_ids"][0]
    size = inputs["image_sizes"][0].tolist()
    if detail == "low":
        # Reachable in transformers only through the packing: one tile is its patches and a newline.
        pixel_values, grid = pixel_values[:1], None
        features = projected_features(model, pixel_values)
        (packed,), _ = model.model.pack_image_features([features], inputs["image_sizes"], model.model.image_newline)
        is_image = input_ids == model.config.image_token_id
        start = int(is_image.nonzero()[0])
        placeholders = torch.full((len(packed),), model.config.image_token_id)
        input_ids = torch.cat([input_ids[:start], placeholders, input_ids[start + int(is_image.sum()) :]])
    else:
        pinpoints = processor.image_processor.image_grid_pinpoints
        tile = model.config.vision_config.image_size
        grid = [side // tile for side in select_best_resolution(size, pinpoints)]
        features = projected_features(model, pixel_values)
        packed = model.get_image_features(inputs["pixel_values"], inputs["image_sizes"]).pooler_output[0]

    is_image = input_ids == model.config.image_token_id
    embeddings = model.get_input_embeddings()(input_ids)
    embeddings[is_image] = packed
    logits, ids, margin = greedy(model, embeddings[None])
    if detail != "low":
        whole = model(**inputs, logits_to_keep=1).logits[0, -1]
        assert torch.allclose(whole, logits, atol=1e-4), "the pieces do not add up to the model"

    levels = to_levels(processor.image_processor, pixel_values)
    top = logits.topk(TOP)
    return {
        "picture": path.name,
        "detail": detail,
        "width": size[1],
        "height": size[0],
        "grid": grid and {"rows": grid[0], "columns": grid[1]},
        "tiles": len(pixel_values),
        "visualTokens": int(is_image.sum()),
        "language": language["code"],
        "kind": kind,
        "prompt": prompt,
        "inputIds": runs(input_ids.tolist()),
        # [tiles, height, width, channels], as left-neighbour differences: they compress better
        "levels": blob.add(left_differences(levels.transpose(0, 2, 3, 1))),
        "pixelValues": blob.add_sampled(pixel_values),
        "imageFeatures": blob.add_sampled(features),
        "imageEmbeddings": blob.add_sampled(packed),
        "logits": blob.add(logits.numpy()[::LOGIT_STRIDE], stride=LOGIT_STRIDE) | {"shape": [len(logits)]},
        "topIds": top.indices.tolist(),
        "topLogits": [round(value, 6) for value in top.values.tolist()],
        "greedyIds": ids,
        "greedyMargin": margin,
    }


def to_levels(image_processor, pixel_values: torch.Tensor) -> np.ndarray:
    """The bytes that were rescaled and normalised, uint8 [tiles, channels, height, width]."""
    mean, std = image_processor.image_mean, image_processor.image_std
    channels = [np.array(value, np.float64).reshape(1, 3, 1, 1) for value in (mean, std)]
    levels = (pixel_values.numpy() * channels[1] + channels[0]) / image_processor.rescale_factor
    levels = levels.round().astype(np.uint8)
    for tile, expected in zip(levels, pixel_values.numpy()):
        rescaled = image_processor.rescale(tile, image_processor.rescale_factor)
        rebuilt = image_processor.normalize(rescaled, mean, std)
        assert np.abs(rebuilt - expected).max() < 1e-6, "pixel values are not normalised bytes"
    return levels


def left_differences(levels: np.ndarray) -> np.ndarray:
    """Each byte less the same channel of the pixel to the left, modulo 256; the first of a row as it is."""
    out = levels.copy()
    out[:, :, 1:] -= levels[:, :, :-1]
    return out


def runs(ids: list[int]) -> list[list[int]]:
    """[id, times] pairs: placeholders come by the hundred."""
    out: list[list[int]] = []
    for value in ids:
        if out and out[-1][0] == value:
            out[-1][1] += 1
        else:
            out.append([value, 1])
    return out


def sample_sizes(tile: int) -> list[tuple[int, int]]:
    """(width, height): anything, small, lopsided, and just beside whole tiles."""
    rng = random.Random(tile)
    sizes = []
    while len(sizes) < COUNTED_SIZES:
        kind = rng.random()
        if kind < 0.4:
            size = [rng.randint(1, LONGEST_SIDE) for _ in range(2)]
        elif kind < 0.7:
            size = [round(2 ** rng.uniform(0, 12)) for _ in range(2)]
        else:
            size = [tile * rng.randint(1, 7) + rng.randint(-2, 2) for _ in range(2)]
        sizes.append((size[0], size[1]))
    return sizes


def count_table(processor, blob: Blob, pinpoints: list[list[int]]) -> dict:
    image_processor = processor.image_processor
    image_processor.image_grid_pinpoints = pinpoints
    tile = image_processor.size["height"]
    sizes = sample_sizes(tile)
    as_hf = [[height, width] for width, height in sizes]
    counts = processor._get_num_multimodal_tokens(image_sizes=as_hf).num_image_tokens
    grids = [[side // tile for side in select_best_resolution(size, pinpoints)] for size in as_hf]
    return {
        "tileSide": tile,
        "patchesPerSide": round(processor.num_image_tokens**0.5),
        "maxTilesCap": int(processor.vision_aspect_ratio.removeprefix("anyres_max_")),
        "pinpoints": [{"width": width, "height": height} for height, width in pinpoints],
        "sizes": blob.add(np.array(sizes, np.uint16)),
        "grids": blob.add(np.array(grids, np.uint8)),
        "counts": blob.add(np.array(counts, np.uint16)),
    }


def weights_sha256(checkpoint: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(checkpoint.glob("*.safetensors")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "models/demo")
    parser.add_argument("--pictures", type=Path, default=ROOT / "test/golden/parity/pictures")
    parser.add_argument("--out", type=Path, default=ROOT / "test/golden/parity")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)

    processor, model = load(options.checkpoint)
    pinpoints = processor.image_processor.image_grid_pinpoints
    tile = model.config.vision_config.image_size
    few_tiles = [pinpoint for pinpoint in pinpoints if pinpoint[0] * pinpoint[1] <= AUTO_TILES * tile**2]
    blob, cases = Blob(), []
    paths = sorted(options.pictures.iterdir())
    wanted = [(path, "high") for path in paths]
    wanted += [(path, detail) for detail, names in MORE_DETAILS.items() for path in paths if path.stem in names]
    with torch.inference_mode():
        for turn, (path, detail) in enumerate(wanted):
            restrict_pinpoints(processor, model, few_tiles if detail == "auto" else pinpoints)
            cases.append(reference(processor, model, blob, path, detail, turn))
            print(f"{path.name} {detail}: {cases[-1]['tiles']} tiles, {cases[-1]['visualTokens']} tokens", flush=True)

    restrict_pinpoints(processor, model, pinpoints)
    real = LlavaOnevisionImageProcessorPil()
    full_size = LlavaOnevisionProcessor(
        image_processor=real, tokenizer=processor.tokenizer, video_processor=processor.video_processor,
        num_image_tokens=27**2, vision_feature_select_strategy="full",
    )
    description = {
        "formatVersion": 1,
        "weightsSha256": weights_sha256(options.checkpoint),
        "transformers": transformers.__version__,
        "torch": torch.__version__.split("+")[0],
        "cases": cases,
        "counts": [
            {"geometry": "checkpoint", "detail": "high", **count_table(processor, blob, pinpoints)},
            {"geometry": "checkpoint", "detail": "auto", **count_table(processor, blob, few_tiles)},
            {"geometry": "siglip-384", "detail": "high", **count_table(full_size, blob, real.image_grid_pinpoints)},
        ],
    }
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "references.json").write_text(json.dumps(description, ensure_ascii=False) + "\n", "utf8")
    (options.out / "references.bin").write_bytes(b"".join(blob.parts))
    for name in ["references.json", "references.bin"]:
        print(f"{name}: {(options.out / name).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
