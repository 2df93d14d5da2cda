"""RoPE cosines and sines of transformers for all scaling types. Used by shape_references.py."""

import numpy as np
import torch
from transformers import LlamaConfig
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

from reference_values import Blob

POSITIONS = [0, 1, 37, 500, 4095, 8191, 32767]
# (fields of config.json, head dimension)
KINDS: dict[str, tuple[dict, int]] = {
    "default": ({"rope_theta": 10000.0}, 128),
    "default, theta of a million": ({"rope_theta": 1e6}, 72),
    "linear": ({"rope_theta": 10000.0, "rope_scaling": {"rope_type": "linear", "factor": 4.0}}, 128),
    "llama3": (
        {
            "rope_theta": 500000.0,
            "rope_scaling": {
                "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                "original_max_position_embeddings": 8192,
            },
        },
        128,
    ),
    "yarn": (
        {
            "rope_theta": 10000.0,
            "rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 8192},
        },
        128,
    ),
    "yarn with all it may say": (
        {
            "rope_parameters": {
                "rope_type": "yarn", "rope_theta": 10000.0, "factor": 16.0, "original_max_position_embeddings": 4096,
                "beta_fast": 24.0, "beta_slow": 2.0, "attention_factor": 1.1, "truncate": False,
            },
        },
        64,
    ),
    "yarn with two scales": (
        {
            "rope_parameters": {
                "rope_type": "yarn", "rope_theta": 10000.0, "factor": 40.0, "original_max_position_embeddings": 4096,
                "mscale": 1.0, "mscale_all_dim": 0.7,
            },
        },
        128,
    ),
}


def rope_reference(kind: str, blob: Blob) -> dict:
    config, size = KINDS[kind]
    given = LlamaConfig(
        hidden_size=4 * size, num_attention_heads=4, head_dim=size, max_position_embeddings=32768, **config
    )
    positions = torch.tensor([POSITIONS])
    cosines, sines = LlamaRotaryEmbedding(given)(torch.zeros(1), positions)
    # The second half of a head repeats the first one.
    halves = [values[0, :, : size // 2].numpy().astype(np.float32) for values in (cosines, sines)]
    return {
        "kind": kind, "config": config, "headDim": size, "positions": POSITIONS,
        "cos": blob.add(halves[0]), "sin": blob.add(halves[1]),
    }
