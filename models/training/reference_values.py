"""Building blocks of all references: stored arrays, features, greedy answers. Used by references.py."""

import zlib

import numpy as np
import torch

GREEDY_STEPS = 24
TOP = 64
# Not a divisor of a hidden size, so that the samples cover all channels.
LOGIT_STRIDE = 7
FEATURE_SAMPLES = 2048


class Blob:
    """Concatenated arrays in one file, and their descriptions."""

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


def projected_features(model, pixel_values: torch.Tensor) -> torch.Tensor:
    """[tiles, patches, hidden]: vision encoder without its final norm, then the projector."""
    hidden = model.model.vision_tower(pixel_values, output_hidden_states=True).hidden_states
    return model.model.multi_modal_projector(hidden[model.config.vision_feature_layer])


def greedy(model, inputs_embeds: torch.Tensor) -> tuple[torch.Tensor, list[int], float]:
    """Logits after the prompt, the greedy token ids (beyond any end token) and the smallest margin between the top
    two."""
    output = model(inputs_embeds=inputs_embeds, use_cache=True, logits_to_keep=1)
    first, ids, margin = output.logits[0, -1], [], float("inf")
    for _ in range(GREEDY_STEPS):
        best, second = output.logits[0, -1].topk(2).values.tolist()
        margin = min(margin, best - second)
        ids.append(int(output.logits[0, -1].argmax()))
        output = model(input_ids=torch.tensor([[ids[-1]]]), past_key_values=output.past_key_values, use_cache=True)
    return first, ids, margin


def to_levels(image_processor, pixel_values: torch.Tensor) -> np.ndarray:
    """The pixel values before rescaling and normalization, uint8 [tiles, channels, height, width]."""
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
    """Difference from the same channel of the left pixel, modulo 256; the first pixel of a row is unchanged."""
    out = levels.copy()
    out[:, :, 1:] -= levels[:, :, :-1]
    return out


def runs(ids: list[int]) -> list[list[int]]:
    """Run-length encoding, [id, count] pairs: prompts contain hundreds of placeholders."""
    out: list[list[int]] = []
    for value in ids:
        if out and out[-1][0] == value:
            out[-1][1] += 1
        else:
            out.append([value, 1])
    return out
