"""Reference values of transformers for conversations: several images, videos, both, earlier turns, text only.

Used by references.py. Token ids and pixels of images come from `processor.apply_chat_template`. Video frames are
resized by the Pillow image processor (as a base tile), since transformers has no Pillow video processor: the default,
torchvision's bicubic filter, differs slightly from the one that LLaVA-OneVision was trained with.
"""

import hashlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from reference_values import LOGIT_STRIDE, TOP, Blob, greedy, projected_features, runs, to_levels

Turn = tuple[str, list[str], str]
"""Role, media by file name, text."""

CONVERSATIONS: dict[str, list[Turn]] = {
    "two-pictures": [("user", ["cap-over.png", "tile-99x98.png"], "Quina diferència hi ha entre les dues imatges?")],
    "three-pictures": [
        ("user", ["most-tokens.png", "row-2000x1.png", "photo-480x640.png"], "Zer dago hiru irudietan?"),
    ],
    "pictures-in-two-turns": [
        ("user", ["cap-under.png"], "What is in this picture?"),
        ("assistant", [], "Shapes on a gradient."),
        ("user", ["noise-150x110.png"], "And in this one?"),
    ],
    "clip-2-frames": [("user", ["wide-133x75-2.png"], "¿Qué pasa en el vídeo?")],
    "clip-5-frames": [("user", ["tall-61x107-5.png"], "Que se passe-t-il dans la vidéo ?")],
    "clip-16-frames": [("user", ["beside-99x97-16.png"], "Descriu el vídeo.")],
    "picture-and-clip": [
        ("user", ["tile-97x98.png", "tall-61x107-5.png"], "Was haben das Bild und das Video gemeinsam?"),
    ],
    "three-turns": [
        ("user", ["scene-400x130.png"], "Què hi ha a la imatge?"),
        ("assistant", [], "Tres coses."),
        ("user", [], "Quina és a l'esquerra?"),
        ("assistant", [], "No ho sé."),
        ("user", [], "I a la dreta?"),
    ],
    "text-alone": [("user", [], "Escriu una frase en català.")],
    "text-with-system": [("system", [], "You are brief."), ("user", [], "Hola! Qui ets?")],
}
CLIP = "clips"


class Media:
    """An image or video: its file, and the frames of a video."""

    def __init__(self, golden: Path, name: str):
        path = golden / CLIP / name
        self.kind = "video" if path.exists() else "image"
        self.file = name
        strip = Image.open(path if self.kind == "video" else golden / "pictures" / name).convert("RGB")
        count = int(path.stem.rsplit("-", 1)[1]) if self.kind == "video" else 1
        self.width, self.height = strip.width, strip.height // count
        boxes = [(0, i * self.height, self.width, (i + 1) * self.height) for i in range(count)]
        self.frames = [strip.crop(box) for box in boxes]

    def part(self) -> dict:
        value = self.frames[0] if self.kind == "image" else np.stack([np.asarray(frame) for frame in self.frames])
        return {"type": self.kind, self.kind: value}


def frame_values(image_processor, frames: list[Image.Image]) -> torch.Tensor:
    """[1, frames, 3, H, W]: each frame resized to one tile by the Pillow image processor."""
    tiles = [image_processor([frame])["pixel_values"][0][0] for frame in frames]
    return torch.from_numpy(np.stack(tiles))[None]


def conversation_reference(processor, model, blob: Blob, golden: Path, name: str) -> dict:
    config, turns = model.config, CONVERSATIONS[name]
    media = [[Media(golden, file) for file in files] for _, files, _ in turns]
    messages = [
        {"role": role, "content": [*(one.part() for one in shown), {"type": "text", "text": text}]}
        for (role, _, text), shown in zip(turns, media)
    ]
    inputs = processor.apply_chat_template(
        messages, add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt"
    )
    pictures = [one for shown in media for one in shown if one.kind == "image"]
    clips = [one for shown in media for one in shown if one.kind == "video"]
    assert len(clips) < 2, "clips of one batch have as many frames each in transformers"
    if clips:
        inputs["pixel_values_videos"] = frame_values(processor.image_processor, clips[0].frames)

    packed = {"image": [], "video": []}
    if pictures:
        pixels, sizes = inputs["pixel_values"], inputs["image_sizes"]
        counts = inputs["batch_num_images"]
        packed["image"] = list(model.get_image_features(pixels, sizes, batch_num_images=counts).pooler_output)
    if clips:
        packed["video"] = list(model.get_video_features(inputs["pixel_values_videos"]).pooler_output)

    input_ids = inputs["input_ids"][0]
    embeddings = model.get_input_embeddings()(input_ids)
    for kind, token in [("image", config.image_token_id), ("video", config.video_token_id)]:
        if packed[kind]:
            embeddings[input_ids == token] = torch.cat(packed[kind])
    logits, ids, margin = greedy(model, embeddings[None])
    whole = model(**inputs, logits_to_keep=1).logits[0, -1]
    assert torch.allclose(whole, logits, atol=1e-4), "the pieces do not add up to the model"

    described = []
    for one in [one for shown in media for one in shown]:
        index = (pictures if one.kind == "image" else clips).index(one)
        values = inputs["pixel_values" if one.kind == "image" else "pixel_values_videos"][index]
        if one.kind == "image" and len(pictures) > 1:
            values = values[:1]
        levels = to_levels(processor.image_processor, values).transpose(0, 2, 3, 1)
        described.append({
            "kind": one.kind,
            "file": one.file,
            "width": one.width,
            "height": one.height,
            "frames": len(one.frames),
            "tiles": len(values),
            "visualTokens": len(packed[one.kind][index]),
            # uint8 [tiles, height, width, channels]
            "tilesSha256": hashlib.sha256(np.ascontiguousarray(levels).tobytes()).hexdigest(),
            "features": blob.add_sampled(projected_features(model, values)),
            "embeddings": blob.add_sampled(packed[one.kind][index]),
        })
    top = logits.topk(TOP)
    return {
        "name": name,
        "messages": [
            {"role": role, "content": [*({"type": one.kind} for one in shown), {"type": "text", "text": text}]}
            for (role, _, text), shown in zip(turns, media)
        ],
        "media": described,
        "inputIds": runs(input_ids.tolist()),
        "logits": blob.add(logits.numpy()[::LOGIT_STRIDE], stride=LOGIT_STRIDE) | {"shape": [len(logits)]},
        "topIds": top.indices.tolist(),
        "topLogits": [round(value, 6) for value in top.values.tolist()],
        # The most likely token ids at the first step.
        "topLogprobs": [round(value, 6) for value in logits.log_softmax(-1)[top.indices].tolist()],
        "greedyIds": ids,
        "greedyMargin": margin,
    }
