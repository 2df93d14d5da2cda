"""The tensors and configuration of a variant's checkpoint."""

import json
import math
import re

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    LlavaOnevisionConfig,
    LlavaOnevisionForConditionalGeneration,
)

from synthetic_tensors import Tensor
from tiny_tokenizers import BOS, EOS, IMAGE, PAD, VIDEO, VOCABULARY
from variants import Variant

HIDDEN, WIDE = 64, 128
LAYOUTS = {
    "onevision": (LlavaOnevisionConfig, LlavaOnevisionForConditionalGeneration),
    "next": (LlavaNextConfig, LlavaNextForConditionalGeneration),
    "llava": (LlavaConfig, LlavaForConditionalGeneration),
}
TOWERS = {
    "siglip": dict(hidden_size=48, num_attention_heads=4, image_size=56, patch_size=14),
    # 62 = 4 * 14 + 6, as 384 = 27 * 14 + 6 in so400m/14.
    "siglip-remainder": dict(hidden_size=48, num_attention_heads=4, image_size=62, patch_size=14),
    "siglip2-16": dict(hidden_size=48, num_attention_heads=4, image_size=64, patch_size=16),
    "siglip2-giant": dict(hidden_size=96, num_attention_heads=4, image_size=80, patch_size=16, intermediate_size=384),
    "clip": dict(hidden_size=48, num_attention_heads=4, image_size=56, patch_size=14, projection_dim=32),
}
ATTENTION = {
    "gqa": dict(num_attention_heads=4, num_key_value_heads=2, head_dim=16),
    "mha": dict(num_attention_heads=4, num_key_value_heads=4, head_dim=16),
    "mqa": dict(num_attention_heads=4, num_key_value_heads=1, head_dim=16),
    "24": dict(num_attention_heads=4, num_key_value_heads=2, head_dim=24),
    "12": dict(num_attention_heads=4, num_key_value_heads=2, head_dim=12),
}
ROPES = {
    "default": dict(rope_type="default", rope_theta=10000.0),
    "theta": dict(rope_type="default", rope_theta=500000.0),
    "theta-million": dict(rope_type="default", rope_theta=1e6),
    "linear": dict(rope_type="linear", rope_theta=10000.0, factor=4.0),
    "dynamic": dict(rope_type="dynamic", rope_theta=10000.0, factor=4.0),
    "llama3": dict(
        rope_type="llama3", rope_theta=10000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
        original_max_position_embeddings=64,
    ),
    "yarn": dict(rope_type="yarn", rope_theta=10000.0, factor=32.0, original_max_position_embeddings=64),
    "yarn-all": dict(
        rope_type="yarn", rope_theta=10000.0, factor=32.0, original_max_position_embeddings=64, beta_fast=24.0,
        beta_slow=2.0, mscale=0.9, mscale_all_dim=0.5, truncate=False,
    ),
    "longrope": dict(
        rope_type="longrope", rope_theta=10000.0, original_max_position_embeddings=1024,
        short_factor=[1 + 0.25 * i for i in range(8)], long_factor=[4.0] * 8,
    ),
}
FAMILIES = {
    "llama": dict(model_type="llama"),
    "mistral": dict(model_type="mistral", sliding_window=None),
    "qwen2": dict(model_type="qwen2"),
    "qwen3": dict(model_type="qwen3"),
    # Caps that the tiny scores reach, and a scale that is not that of the head size.
    "gemma2": dict(
        model_type="gemma2", query_pre_attn_scalar=24, attn_logit_softcapping=3.0, final_logit_softcapping=5.0,
    ),
}
# Values that older versions of transformers leave out of config.json because the class has them.
LEFT_OUT = {
    "text_config": [
        "attention_bias", "attention_dropout", "mlp_bias", "hidden_act", "initializer_range", "pretraining_tp",
        "tie_word_embeddings", "use_cache", "rms_norm_eps", "bos_token_id", "eos_token_id", "max_window_layers",
        "use_sliding_window", "query_pre_attn_scalar", "attn_logit_softcapping", "final_logit_softcapping",
        "sliding_window", "hidden_activation", "rope_theta",
    ],
    "vision_config": [
        "attention_dropout", "hidden_act", "layer_norm_eps", "num_channels", "initializer_factor", "initializer_range",
        "image_size", "patch_size", "projection_dim",
    ],
    "": [
        "vision_aspect_ratio", "vision_feature_layer", "vision_feature_select_strategy", "projector_hidden_act",
        "multimodal_projector_bias", "image_seq_length", "tie_word_embeddings",
    ],
}  # fmt: skip


def pinpoints(variant: Variant) -> list[list[int]]:
    """[height, width] in pixels."""
    side = TOWERS[variant.tower]["image_size"]
    if "odd pinpoints" in variant.edits:
        grid = [(1, 3), (2, 1), (3, 2), (1, 4)]
    elif variant.layout == "next":
        grid = [(1, 2), (2, 1), (2, 2), (3, 1), (1, 3)]
    else:
        grid = [(rows, columns) for rows in range(1, 4) for columns in range(1, 4)]
    return [[rows * side, columns * side] for rows, columns in grid]


def text_settings(variant: Variant) -> dict:
    settings = dict(
        vocab_size=VOCABULARY, hidden_size=HIDDEN, intermediate_size=WIDE, num_hidden_layers=2,
        max_position_embeddings=2048, rms_norm_eps=1e-6, bos_token_id=BOS, eos_token_id=EOS, pad_token_id=PAD,
        tie_word_embeddings=variant.head == "tied", rope_parameters=ROPES[variant.rope],
    )
    if variant.bias in ("attention", "both"):
        settings["attention_bias"] = True
    if variant.bias in ("mlp", "both"):
        settings["mlp_bias"] = True
    if variant.family == "gemma2":
        settings["tie_word_embeddings"] = True
    return settings | ATTENTION[variant.attention] | FAMILIES[variant.family] | variant.text


def build_config(variant: Variant):
    """The configuration object of transformers 5."""
    text = text_settings(variant)
    if variant.layout == "text":
        config = AutoConfig.for_model(**text)
        config.architectures = [type(AutoModelForCausalLM.from_config(config)).__name__]
        return config
    vision = dict(
        model_type="clip_vision_model" if variant.tower == "clip" else "siglip_vision_model",
        num_hidden_layers=3, intermediate_size=80,
    )
    if variant.tower != "clip":
        vision["vision_use_head"] = False
    settings = dict(
        text_config=text, vision_config=vision | TOWERS[variant.tower] | variant.vision, image_token_index=IMAGE,
        tie_word_embeddings=text["tie_word_embeddings"], projector_hidden_act=variant.projector,
    )
    if variant.layout == "onevision":
        settings["video_token_index"] = VIDEO
    if variant.layout != "llava":
        settings["image_grid_pinpoints"] = pinpoints(variant)
    if variant.layer is not None:
        settings["vision_feature_layer"] = list(variant.layer) if isinstance(variant.layer, tuple) else variant.layer
    if variant.strategy:
        settings["vision_feature_select_strategy"] = variant.strategy
    config_class, model_class = LAYOUTS[variant.layout]
    config = config_class(**settings | variant.config)
    config.architectures = [model_class.__name__]
    return config


def empty_model(variant: Variant, config) -> torch.nn.Module:
    with torch.device("meta"):
        if variant.layout == "text":
            return AutoModelForCausalLM.from_config(config)
        return LAYOUTS[variant.layout][1](config)


def checkpoint_tensors(variant: Variant, config) -> list[Tensor]:
    """The tensors of the file in full precision, with the names of the variant's generation."""
    tensors = []
    for name, parameter in empty_model(variant, config).state_dict().items():
        if name == "lm_head.weight" and (variant.head == "tied" or (variant.family == "gemma2" and variant.head != "file")):
            continue
        shape = tuple(parameter.shape)
        tensors.append(Tensor(file_name(variant, name), "F32", shape, ("normal", *centre_and_scale(variant, name, shape))))
    if "unused tensors" in variant.edits:
        tensors += [
            Tensor("language_model.model.layers.0.self_attn.rotary_emb.inv_freq", "F32", (8,), ("normal", 0, 1)),
            Tensor("vision_tower.vision_model.embeddings.position_ids", "I64", (1, 16), ("values", *range(16))),
            Tensor("vision_tower.vision_model.head.probe", "F32", (1, 1, 48), ("normal", 0, 1)),
        ]
    return sorted(tensors, key=lambda tensor: tensor.name)


def centre_and_scale(variant: Variant, name: str, shape: tuple[int, ...]) -> tuple[float, float]:
    """Values with which every part of the model shows in the logits."""
    if re.search(r"(norm\d?|layrnorm)\.weight$", name):
        return (0.0 if "language_model" in f"language_model {name}" and is_gemma_norm(variant, name) else 1.0), 0.2
    if name.endswith("norm.bias") or re.search(r"layer_norm\d\.bias$", name):
        return 0.0, 0.1
    if name.endswith(".bias"):
        return 0.0, 0.3
    if "position_embedding" in name:
        return 0.0, 0.3
    if name.endswith("image_newline"):
        return 0.0, 0.5
    if name.endswith("embed_tokens.weight") and variant.family == "gemma2":
        return 0.0, 1 / math.sqrt(HIDDEN)
    if name.endswith("class_embedding") or "embed_tokens" in name:
        return 0.0, 1.0
    share = 0.7 if re.search(r"\.(o_proj|down_proj|out_proj|fc2)\.", name) else 1.0
    return 0.0, round(share / math.sqrt(math.prod(shape[1:]) or 1), 6)


def is_gemma_norm(variant: Variant, name: str) -> bool:
    """Gemma's norms multiply by one plus the weight."""
    return variant.family == "gemma2" and "vision_tower" not in name


def file_name(variant: Variant, name: str) -> str:
    """The name in the file of a tensor that transformers 5 calls `name`."""
    if variant.layout == "text" or variant.generation == "5 new":
        return name
    if variant.generation == "4.57":
        return name.replace("model.vision_tower.", "model.vision_tower.vision_model.")
    name = name.replace("lm_head.", "language_model.lm_head.")
    name = name.replace("model.language_model.", "language_model.model.").removeprefix("model.")
    return name.replace("vision_tower.", "vision_tower.vision_model.") if variant.generation == "4.45" else name


def config_json(variant: Variant, config) -> dict:
    """config.json as the variant's generation of transformers writes it."""
    written = json.loads(config.to_json_string())
    written["dtype"] = {"f32": "float32", "f16": "float16"}.get(variant.storage, "bfloat16")
    text = written if variant.layout == "text" else written["text_config"]
    for place, flag in zip((written, text), variant.tied):
        place.pop("tie_word_embeddings", None)
    for place, flag in zip((written, text), variant.tied):
        if flag is not None:
            place["tie_word_embeddings"] = flag
    if variant.generation.startswith("5"):
        return written | edits_of(variant, written)
    spell_rope_as_before(text, variant.generation)
    written["transformers_version"] = f"{variant.generation}.0"
    if variant.generation == "4.45":
        text.pop("layer_types", None)
        written["torch_dtype"] = written.pop("dtype")
        leave_out_defaults(variant, written, config)
    return written | edits_of(variant, written)


def edits_of(variant: Variant, written: dict) -> dict:
    if "no video token" in variant.edits:
        written.pop("video_token_index")
    if "no end token" in variant.edits:
        written["text_config"].pop("eos_token_id")
    return {}


def spell_rope_as_before(text: dict, generation: str) -> None:
    """transformers 4: `rope_theta` and `rope_scaling`, whose kind was first called `type`."""
    parameters = dict(text.pop("rope_parameters"))
    kind = parameters.pop("rope_type")
    text["rope_theta"] = parameters.pop("rope_theta")
    label = "type" if generation == "4.45" and kind == "linear" else "rope_type"
    text["rope_scaling"] = None if kind == "default" else {label: kind, **parameters}


def leave_out_defaults(variant: Variant, written: dict, config) -> None:
    """Removes fields whose value is that of the configuration class."""
    parts = [("", written, type(config))]
    if variant.layout == "text":
        parts = [("text_config", written, type(config))]
    else:
        parts += [(name, written[name], type(getattr(config, name))) for name in ("text_config", "vision_config")]
    for name, part, config_class in parts:
        defaults = config_class()
        for field in LEFT_OUT[name]:
            value = 10000.0 if field == "rope_theta" else getattr(defaults, field, None)
            if field in part and part[field] == value:
                del part[field]
