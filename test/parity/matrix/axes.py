"""The axes by which the table of the matrix is summed up."""

from synthetic_tensors import Tensor
from variants import Variant

LAYOUTS = {"onevision": "LLaVA-OneVision", "next": "LLaVA-NeXT", "llava": "LLaVA", "text": "text model"}
TOWERS = {
    "siglip": "SigLIP /14", "siglip-remainder": "SigLIP /14, remainder of patches", "siglip2-16": "SigLIP 2 /16",
    "siglip2-giant": "SigLIP 2 giant /16", "clip": "CLIP",
}  # fmt: skip
HEADS = {"own": "own", "tied": "tied", "file": "own, whatever the flags say"}
ATTENTION = {
    "gqa": "grouped-query", "mha": "multi-head", "mqa": "multi-query", "24": "grouped-query, heads of 24",
    "12": "grouped-query, heads of 12",
}  # fmt: skip
STORAGES = {"f32": "float32", "f16": "float16", "bf16": "bfloat16", "sharded": "bfloat16, three shards"}
TOKENIZERS = {"legacy": "Prepend normalizer", "first": "Metaspace first", "always": "Metaspace always", "bytes": "byte-level"}
BIASED = ("q_proj", "o_proj", "up_proj")
BIASES = {
    (): "none", ("q_proj",): "queries, keys, values", ("q_proj", "o_proj"): "attention", ("up_proj",): "MLP",
    BIASED: "attention and MLP",
}  # fmt: skip


def has_bias(tensors: list[Tensor], part: str) -> bool:
    names = (tensor.name for tensor in tensors)
    return any(name.endswith(f"{part}.bias") and "vision_tower" not in name for name in names)


def axes_of(variant: Variant, config, tensors: list[Tensor]) -> dict[str, str]:
    """The value of the variant on every axis that it has. `config`: of `build_config`, with the defaults of its class."""
    axes = {"layout": LAYOUTS[variant.layout]}
    if variant.layout != "text":
        layer = config.vision_feature_layer
        axes |= {
            "vision encoder": TOWERS[variant.tower],
            "feature layer": "list" if isinstance(layer, list | tuple) else str(layer),
            "feature strategy": config.vision_feature_select_strategy,
        }
    return axes | {
        "decoder family": variant.family,
        "output head": "tied" if variant.family == "gemma2" and variant.head == "own" else HEADS[variant.head],
        "attention": ATTENTION[variant.attention],
        "bias": BIASES[tuple(part for part in BIASED if has_bias(tensors, part))],
        "RoPE": variant.rope.split("-")[0].replace("theta", "default"),
        "storage": STORAGES.get(variant.storage, variant.storage),
        "file generation": variant.generation.partition(" ")[0],
        "tokenizer": TOKENIZERS[variant.tokenizer.partition("/")[0]],
    }
