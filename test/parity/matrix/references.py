"""What transformers computes for a checkpoint: token ids, tiles, image features, logits and greedy token ids.

Nothing is computed a second time here: one `generate` runs, and hooks keep what passes through the model.
"""

import hashlib
from pathlib import Path

import numpy as np
import torch
import transformers
from transformers import (
    AutoImageProcessor,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoProcessor,
    AutoTokenizer,
    GenerationConfig,
)
from transformers.models.llava_next.modeling_llava_next import image_size_to_num_patches

from conversation_references import Media
from reference_values import Blob, runs
from tiny_tokenizers import PAD

GOLDEN = Path(__file__).parents[2] / "golden/parity"
STEPS = 12
TOP = 8
SAMPLES = 96
LOGIT_STRIDE = 7

Turn = tuple[str, list[str], str]

CONVERSATIONS: dict[str, list[Turn]] = {
    "text": [("user", [], "Hello, bon dia! 7 gats.")],
    "turns": [
        ("system", [], "Sé breu."),
        ("user", [], " Què és  això?"),
        ("assistant", [], "Una prova.\n"),
        ("user", [], "I ara?"),
    ],
    "wide": [("user", ["scene-400x130.png"], "What is in this picture?")],
    "tall": [("user", ["tall-90x900.png"], "Descriu la imatge.")],
    "small": [("user", ["tiny-3x3.png"], "¿Qué es esto?")],
    "noise": [("user", ["noise-150x110.png"], "Décris la photo.")],
    "beside": [("user", ["tile-99x98.png"], "Was ist das?")],
    "two": [("user", ["scene-180x120.png", "noise-150x110.png"], "Quina diferència hi ha?")],
    "clip": [("user", ["tall-61x107-5.png"], "Que se passe-t-il ?")],
    "both": [("user", ["cap-under.png", "wide-133x75-2.png"], "What do they share?")],
}


class Loaded:
    """A checkpoint folder as transformers loads it: its own classes, files and defaults."""

    def __init__(self, files: Path, weights: Path, is_text: bool):
        self.is_text = is_text
        auto = AutoModelForCausalLM if is_text else AutoModelForImageTextToText
        self.model, report = auto.from_pretrained(weights, dtype=torch.float32, output_loading_info=True)
        self.model.eval()
        # The pooling head of the tower and what comes after its last layer are never used.
        missing = [name for name in report["missing_keys"] if ".head." not in name and "post_layernorm" not in name]
        assert not missing and not report["mismatched_keys"], (missing, report["mismatched_keys"])
        self.report = report
        if is_text:
            self.tokenizer = AutoTokenizer.from_pretrained(files)
            return
        self.processor = AutoProcessor.from_pretrained(files)
        self.processor.image_processor = AutoImageProcessor.from_pretrained(files, backend="pil")

    def inputs(self, turns: list[Turn], media: list[list[Media]]) -> dict:
        options = dict(add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt")
        if self.is_text:
            messages = [{"role": role, "content": text} for role, _, text in turns]
            return self.tokenizer.apply_chat_template(messages, **options)
        messages = [
            {"role": role, "content": [*(self.part(one) for one in shown), {"type": "text", "text": text}]}
            for (role, _, text), shown in zip(turns, media)
        ]
        return self.processor.apply_chat_template(messages, **options)

    def part(self, one: Media) -> dict:
        """Frames are resized by Pillow first, so that the video processor's own filter has nothing to do."""
        if one.kind == "image":
            return one.part()
        side = self.model.config.vision_config.image_size
        frames = [np.asarray(frame.resize((side, side), 3)) for frame in one.frames]
        return {"type": "video", "video": np.stack(frames)}


def tiles_of(loaded: Loaded, inputs: dict, media: list[Media]) -> list[tuple[torch.Tensor, object]]:
    """(pixel values [tiles, 3, side, side], their processor) of each image and video, in order."""
    config, pictures, clips, out = loaded.model.config, 0, 0, []
    count = sum(one.kind == "image" for one in media)
    for one in media:
        if one.kind == "video":
            out.append((inputs["pixel_values_videos"][clips], loaded.processor.video_processor))
            clips += 1
            continue
        values = inputs["pixel_values"][pictures]
        if config.model_type == "llava":
            values = values[None]
        elif config.model_type == "llava_onevision" and count > 1:
            values = values[:1]
        else:
            size = inputs["image_sizes"][pictures].tolist()
            tile = config.vision_config.image_size
            values = values[: image_size_to_num_patches(size, config.image_grid_pinpoints, tile)]
        out.append((values, loaded.processor.image_processor))
        pictures += 1
    return out


def levels_sha256(values: torch.Tensor, processor) -> str:
    """SHA-256 of the pixels before rescaling and normalization, uint8 [tiles, height, width, channels]."""
    mean, std = (
        np.array(value, np.float64).reshape(1, 3, 1, 1) for value in (processor.image_mean, processor.image_std)
    )
    levels = (values.numpy() * std + mean) / processor.rescale_factor
    rounded = levels.round()
    assert np.abs(levels - rounded).max() < 1e-2, "pixel values are no normalised bytes"
    return hashlib.sha256(np.ascontiguousarray(rounded.astype(np.uint8).transpose(0, 2, 3, 1)).tobytes()).hexdigest()


def conversation_reference(loaded: Loaded, blob: Blob, name: str) -> dict:
    turns = CONVERSATIONS[name]
    media = [[Media(GOLDEN, file) for file in files] for _, files, _ in turns]
    shown = [one for group in media for one in group]
    inputs = loaded.inputs(turns, media)
    input_ids = inputs["input_ids"][0]
    outputs, features, embeddings = generate(loaded, inputs)
    logits = torch.stack([step[0] for step in outputs.logits]).float()
    best = logits.topk(2).values
    first = logits[0]
    top = first.topk(TOP)
    return {
        "name": name,
        "messages": [
            {"role": role, "content": [*({"type": one.kind} for one in group), {"type": "text", "text": text}]}
            for (role, _, text), group in zip(turns, media)
        ],
        "media": describe_media(loaded, blob, inputs, shown, features, embeddings),
        "inputIds": runs(input_ids.tolist()),
        "logits": blob.add(first.numpy()[::LOGIT_STRIDE], stride=LOGIT_STRIDE) | {"shape": [len(first)]},
        "topIds": top.indices.tolist(),
        "topLogits": [round(value, 6) for value in top.values.tolist()],
        "topLogprobs": [round(value, 6) for value in first.log_softmax(-1)[top.indices].tolist()],
        "greedyIds": outputs.sequences[0][len(input_ids) :].tolist(),
        "greedyMargin": float((best[:, 0] - best[:, 1]).min()),
    }


def generate(loaded: Loaded, inputs: dict):
    """(outputs, projected features of each call of the projector, embeddings of the prompt [positions, hidden])"""
    features: list[torch.Tensor] = []
    embeddings: list[torch.Tensor] = []
    decoder = loaded.model.model if loaded.is_text else loaded.model.model.language_model

    def keep_embeddings(module, args, kwargs) -> None:
        if not embeddings and kwargs.get("inputs_embeds") is not None:
            embeddings.append(kwargs["inputs_embeds"][0])

    hooks = [decoder.register_forward_pre_hook(keep_embeddings, with_kwargs=True)]
    if not loaded.is_text:
        projector = loaded.model.model.multi_modal_projector
        hooks.append(projector.register_forward_hook(lambda module, args, output: features.append(output)))
    settings = GenerationConfig(
        max_new_tokens=STEPS, do_sample=False, output_logits=True, return_dict_in_generate=True, pad_token_id=PAD
    )
    # Without an end token, the answer continues beyond it.
    loaded.model.generation_config = settings
    with torch.no_grad():
        outputs = loaded.model.generate(**inputs, generation_config=settings)
    for hook in hooks:
        hook.remove()
    return outputs, features, embeddings[0] if embeddings else None


def describe_media(loaded: Loaded, blob: Blob, inputs, shown: list[Media], features, embeddings) -> list[dict]:
    if not shown:
        return []
    input_ids, config = inputs["input_ids"][0].tolist(), loaded.model.config
    tokens = {"image": config.image_token_id, "video": getattr(config, "video_token_id", None)}
    placed = placeholders(input_ids, tokens)
    # Text separates any two media of the conversations, so that each is one run of placeholders.
    assert [kind for kind, _, _ in placed] == [one.kind for one in shown], "media are not separate runs"
    tiles = tiles_of(loaded, inputs, shown)
    # The projector runs once for all images and once for all videos.
    left = {"image": features[0], "video": features[-1]}
    described = []
    for one, (values, processor), (_, start, count) in zip(shown, tiles, placed):
        own, left[one.kind] = left[one.kind][: len(values)], left[one.kind][len(values) :]
        described.append({
            "kind": one.kind, "file": one.file, "width": one.width, "height": one.height, "frames": len(one.frames),
            "tiles": len(values), "visualTokens": count, "tilesSha256": levels_sha256(values, processor),
            "features": sampled(blob, own),
            "embeddings": sampled(blob, embeddings[start : start + count]),
        })  # fmt: skip
    assert all(len(rest) == 0 for kind, rest in left.items() if any(one.kind == kind for one in shown))
    return described


def placeholders(input_ids: list[int], tokens: dict) -> list[tuple[str, int, int]]:
    """(kind, start, length) of every run of placeholders."""
    out: list[tuple[str, int, int]] = []
    for kind, token in tokens.items():
        start = None
        for index, value in enumerate([*input_ids, -1]):
            if value == token and start is None:
                start = index
            elif value != token and start is not None:
                out.append((kind, start, index - start))
                start = None
    return sorted(out, key=lambda item: item[1])


def sampled(blob: Blob, tensor: torch.Tensor) -> dict:
    """`Blob.add_sampled` with fewer samples: hundreds of small models."""
    flat = tensor.float().flatten().numpy()
    stride = max(1, flat.size // SAMPLES)
    stride += 1 - stride % 2 if stride > 1 else 0
    wide = flat.astype(np.float64)
    return blob.add(flat[::stride]) | {
        "shape": list(tensor.shape), "stride": stride, "meanAbs": float(np.abs(wide).mean()),
        "rootMeanSquare": float(np.sqrt((wide**2).mean())), "maxAbs": float(np.abs(wide).max()),
    }  # fmt: skip


VERSION = transformers.__version__
