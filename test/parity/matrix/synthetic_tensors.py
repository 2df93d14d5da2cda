"""Synthetic tensors of the parity matrix, bit-identical to test/parity/matrix/synthetic-tensors.ts.

A tensor is described by its name in the file, dtype, shape and the rule of its values. Values start at a place of a
cyclic array that the hash of seed and name gives (synthetic_values.py in models/training).
"""

import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[3] / "models/training"))

from synthetic_values import PERIOD, phase_of, ring  # noqa: E402

FLOATS = ("F32", "BF16", "F16")


@dataclass(frozen=True)
class Tensor:
    """`rule` is ["normal", center, scale]: center + scale * ring, rounded to the dtype;
    ["bits", mask]: 32 bits of a hash per I32, and the mask;
    ["constant", n]: the same I32 everywhere;
    ["fp8"]: F8_E4M3 of any sign and mantissa, and exponents of 2^-1 to 2^2;
    ["range", group]: index / group, rounded down, as I32;
    ["shuffled", group, factor]: the same of (index * factor) modulo the length, which is a permutation;
    ["values", n, ...]: I64 as listed."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    rule: tuple

    def describe(self) -> list:
        return [self.name, self.dtype, list(self.shape), list(self.rule)]


def places(tensor: Tensor, seed: int) -> np.ndarray:
    """int64 [values]: indices into the cyclic array."""
    start = phase_of(f"{seed} {tensor.name}")
    return (start + np.arange(math.prod(tensor.shape))) % PERIOD


def hashed(indices: np.ndarray) -> np.ndarray:
    """uint32: the hash below `ring`, from other constants, so that bits and values are unrelated."""
    state = indices.astype(np.uint32) * np.uint32(2246822519) + np.uint32(374761393)
    for shift, factor in [(15, 2654435761), (13, 3266489917)]:
        state = (state ^ (state >> np.uint32(shift))) * np.uint32(factor)
    return state ^ (state >> np.uint32(16))


def stored(tensor: Tensor, seed: int) -> np.ndarray:
    """The values as stored: float32, uint16 with the bits of bfloat16, float16, int32, int64 or uint8."""
    kind, *settings = tensor.rule
    count = math.prod(tensor.shape)
    if kind == "normal":
        centre, scale = settings
        values = (centre + scale * ring()[places(tensor, seed)]).astype(np.float32)
        flat = {"F32": lambda: values, "F16": lambda: values.astype(np.float16), "BF16": lambda: bfloat16(values)}[
            tensor.dtype
        ]()
    elif kind == "bits":
        flat = (hashed(places(tensor, seed)) & np.uint32(settings[0])).view(np.int32)
    elif kind == "constant":
        flat = np.full(count, settings[0], np.int64).astype(np.uint32).view(np.int32)
    elif kind == "fp8":
        bits = hashed(places(tensor, seed)).astype(np.uint8)
        flat = (bits & 0x87) | ((6 + ((bits >> 3) & 3)) << 3).astype(np.uint8)
    elif kind == "range":
        flat = (np.arange(count) // settings[0]).astype(np.int32)
    elif kind == "shuffled":
        group, factor = settings
        assert math.gcd(factor, count) == 1, "not a permutation"
        flat = (np.arange(count) * factor % count // group).astype(np.int32)
    else:
        flat = np.array(settings, np.int64)
    return flat.reshape(tensor.shape)


def bfloat16(values: np.ndarray) -> np.ndarray:
    """uint16: rounded to the nearest, ties to even."""
    words = values.view(np.uint32)
    return ((words + np.uint32(0x7FFF) + ((words >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)).astype(np.uint16)


def floats(tensor: Tensor, seed: int) -> np.ndarray:
    """float32: the values of a tensor of a float dtype."""
    values = stored(tensor, seed)
    if tensor.dtype == "BF16":
        return (values.astype(np.uint32) << np.uint32(16)).view(np.float32)
    return values.astype(np.float32)
