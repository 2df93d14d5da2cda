"""Writes the reference values of transformers for the parity images and conversations, which `npm run parity` compares
with.

fp32, Pillow image processor. `references.json` contains the descriptions, `references.bin` the arrays (each compressed
with zlib, little-endian). Long arrays are sampled, every `stride`-th value, with statistics of the whole array. Pixel
values are stored as bytes before normalization.
Usage: python models/training/references.py [--checkpoint DIR] [--golden DIR]
"""

import argparse
import hashlib
import json
import random
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

from conversation_references import CONVERSATIONS, conversation_reference
from reference_values import LOGIT_STRIDE, TOP, Blob, greedy, left_differences, projected_features, runs, to_levels

ROOT = Path(__file__).parents[2]
LANGUAGES = json.loads((ROOT / "src/language/languages.json").read_text("utf8"))
KINDS = ["caption", "alt", "long", "keywords"]
COUNTED_SIZES = 5000
LONGEST_SIDE = 4096
AUTO_TILES = 4
MORE_DETAILS = {
    "auto": ["photo-640x480", "screen-1920x1080", "scene-400x130", "panorama-1500x150"],
    "low": ["scene-180x120", "photo-480x640", "row-2000x1"],
}


def load(checkpoint: Path):
    processor = AutoProcessor.from_pretrained(checkpoint)
    # AutoProcessor takes no backend argument, because there is no Pillow video processor. Torchvision, the default,
    # resizes slightly differently from Pillow, which LLaVA-OneVision was trained with.
    processor.image_processor = AutoImageProcessor.from_pretrained(checkpoint, backend="pil")
    assert isinstance(processor.image_processor, LlavaOnevisionImageProcessorPil)
    model = LlavaOnevisionForConditionalGeneration.from_pretrained(checkpoint, dtype=torch.float32).eval()
    return processor, model


def restrict_pinpoints(processor, model, pinpoints) -> None:
    processor.image_processor.image_grid_pinpoints = pinpoints
    model.config.image_grid_pinpoints = pinpoints


def reference(processor, model, blob: Blob, path: Path, detail: str, turn: int) -> dict:
    # The service applies the EXIF orientation; the processor of transformers ignores it.
    picture = ImageOps.exif_transpose(Image.open(path))
    language, kind = LANGUAGES[turn % len(LANGUAGES)], KINDS[turn % len(KINDS)]
    prompt = f"{language['instructions'][kind][0]} {language['answerIn']}"
    messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": prompt}]}]
    text = processor.apply_chat_template(messages, add_generation_prompt=True)

    inputs = processor(text=text, images=picture, return_tensors="pt")
    pixel_values, input_ids = inputs["pixel_values"][0], inputs["input_ids"][0]
    size = inputs["image_sizes"][0].tolist()
    if detail == "low":
        # transformers exposes it only through the packing: the features of one tile end with the newline.
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
        # [tiles, height, width, channels], as differences from the left pixel, which compress better
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


def sample_sizes(tile: int) -> list[tuple[int, int]]:
    """(width, height): arbitrary, small, elongated, and close to multiples of the tile size."""
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
    parser.add_argument("--golden", type=Path, default=ROOT / "test/golden/parity")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)

    processor, model = load(options.checkpoint)
    pinpoints = processor.image_processor.image_grid_pinpoints
    tile = model.config.vision_config.image_size
    few_tiles = [pinpoint for pinpoint in pinpoints if pinpoint[0] * pinpoint[1] <= AUTO_TILES * tile**2]
    blob, cases = Blob(), []
    paths = sorted((options.golden / "pictures").iterdir())
    wanted = [(path, "high") for path in paths]
    wanted += [(path, detail) for detail, names in MORE_DETAILS.items() for path in paths if path.stem in names]
    with torch.inference_mode():
        for turn, (path, detail) in enumerate(wanted):
            restrict_pinpoints(processor, model, few_tiles if detail == "auto" else pinpoints)
            cases.append(reference(processor, model, blob, path, detail, turn))
            print(f"{path.name} {detail}: {cases[-1]['tiles']} tiles, {cases[-1]['visualTokens']} tokens", flush=True)

        restrict_pinpoints(processor, model, pinpoints)
        conversations = []
        for name in CONVERSATIONS:
            conversations.append(conversation_reference(processor, model, blob, options.golden, name))
            tokens = [one["visualTokens"] for one in conversations[-1]["media"]]
            print(f"{name}: {tokens} tokens, margin {conversations[-1]['greedyMargin']:.4f}", flush=True)

    real = LlavaOnevisionImageProcessorPil()
    full_size = LlavaOnevisionProcessor(
        image_processor=real, tokenizer=processor.tokenizer, video_processor=processor.video_processor,
        num_image_tokens=27**2, vision_feature_select_strategy="full",
    )
    description = {
        "formatVersion": 2,
        "weightsSha256": weights_sha256(options.checkpoint),
        "transformers": transformers.__version__,
        "torch": torch.__version__.split("+")[0],
        "cases": cases,
        "conversations": conversations,
        "counts": [
            {"geometry": "checkpoint", "detail": "high", **count_table(processor, blob, pinpoints)},
            {"geometry": "checkpoint", "detail": "auto", **count_table(processor, blob, few_tiles)},
            {"geometry": "siglip-384", "detail": "high", **count_table(full_size, blob, real.image_grid_pinpoints)},
        ],
    }
    (options.golden / "references.json").write_text(json.dumps(description, ensure_ascii=False) + "\n", "utf8")
    (options.golden / "references.bin").write_bytes(b"".join(blob.parts))
    for name in ["references.json", "references.bin"]:
        print(f"{name}: {(options.golden / name).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
