"""Values of synthetic checkpoints, bit-identical to test/hub/synthetic-values.ts.

All tensors are slices of a cyclic array of 1,048,573 approximately normal values. The hash of a tensor's name gives the
start of the slice, its role in the model the scale. Checkpoints store bfloat16.
"""

import math
import re
from functools import lru_cache

import numpy as np

# A prime number, so that rows of a matrix do not repeat.
PERIOD = 1_048_573
SPREAD = 147.8


@lru_cache
def ring() -> np.ndarray:
    """float64 [PERIOD]: sums of the four bytes of a hashed index, mean 0, deviation 1."""
    hashed = np.arange(PERIOD, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(97)
    for shift, factor in [(15, 2246822519), (13, 3266489917)]:
        hashed = (hashed ^ (hashed >> np.uint32(shift))) * np.uint32(factor)
    hashed ^= hashed >> np.uint32(16)
    total = hashed.view(np.uint8).reshape(PERIOD, 4).sum(axis=1, dtype=np.int64)
    return (total - 510) / SPREAD


def phase_of(name: str) -> int:
    """32-bit FNV-1a hash of the tensor name in the file."""
    state = 2166136261
    for byte in name.encode():
        state = (state ^ byte) * 16777619 % 2**32
    return state % PERIOD


def rule_of(name: str, shape: tuple[int, ...]) -> tuple[float, float]:
    """(center, scale): a value is center + scale * ring."""
    if name == "image_newline":
        return 0, 0.5
    if re.search(r"norm\d?\.weight$", name):
        return 1, 0.1
    if name.endswith(".bias") or "position_embedding" in name:
        return 0, 0.02
    if "embed_tokens" in name:
        return 0, 1
    share = 0.5 if re.search(r"\.(o_proj|down_proj)\.", name) else 1
    return 0, share / math.sqrt(math.prod(shape[1:]))


@lru_cache(maxsize=8)
def bfloat16_ring(centre: float, scale: float) -> np.ndarray:
    """float32 [2 * PERIOD], rounded to bfloat16 (ties to even), repeated once so that slices need not wrap."""
    words = (centre + scale * ring()).astype(np.float32).view(np.uint32)
    words = (words + np.uint32(0x7FFF) + ((words >> np.uint32(16)) & np.uint32(1))) & np.uint32(0xFFFF0000)
    return np.tile(words.view(np.float32), 2)


def rows_of(name: str, shape: tuple[int, ...], rows: range | list[int]) -> np.ndarray:
    """float32 [rows, columns]: some rows of a matrix of that shape."""
    values, columns = bfloat16_ring(*rule_of(name, shape)), math.prod(shape[1:])
    out = np.empty((len(rows), columns), np.float32)
    for place, row in enumerate(rows):
        start = (phase_of(name) + row * columns) % PERIOD
        out[place] = values[start : start + columns]
    return out


def tensor_start(name: str, shape: tuple[int, ...], count: int) -> np.ndarray:
    """float32 [count], or fewer if the tensor has fewer values."""
    start = phase_of(name)
    return bfloat16_ring(*rule_of(name, shape))[start : start + min(count, math.prod(shape))]


def tensor_of(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """float32, of that shape."""
    if len(shape) == 1:
        return tensor_start(name, shape, shape[0]).copy()
    return rows_of(name, shape, range(shape[0])).reshape(shape)


def tile_levels(side: int) -> np.ndarray:
    """uint8 [side, side, 3]: a tile of color noise from the same array."""
    count = side * side * 3
    start = phase_of("tile")
    noise = ring()[(start + np.arange(count)) % PERIOD]
    return np.clip(np.floor(127.5 + 50 * noise + 0.5), 0, 255).astype(np.uint8).reshape(side, side, 3)
