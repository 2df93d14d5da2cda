"""Quantized weights as their exporters store them. A format turns a float32 matrix [rows, columns] into named tensors and
the float32 values that they stand for.

Integer formats: `value = (level - zero point) * scale`, with unsigned levels and a scale and a zero point per group of
columns. GPTQ as in AutoGPTQ and GPTQModel, AWQ as in AutoAWQ (GEMM), packed and byte weights as in compressed-tensors.
fp8: E4M3 values times a scale per tensor, per row (compressed-tensors, FBGEMM) or per block (transformers).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

Tensors = dict[str, torch.Tensor]
Format = Callable[[np.ndarray], tuple[Tensors, np.ndarray]]

FP8_MAX = 448
# Rows of an AWQ word, lowest bits first.
AWQ_ORDER = [0, 2, 4, 6, 1, 3, 5, 7]


@dataclass(frozen=True)
class Integers:
    """A quantized matrix: levels [rows, columns], scales and zero points [rows, groups], the group of each column."""

    levels: np.ndarray
    scales: torch.Tensor
    zeros: np.ndarray
    group_of: np.ndarray

    def values(self) -> np.ndarray:
        """float32 [rows, columns]"""
        scales = self.scales.float().numpy()[:, self.group_of]
        zeros = self.zeros.astype(np.float32)[:, self.group_of]
        return (self.levels.astype(np.float32) - zeros) * scales


def quantize(
    weight: np.ndarray, bits: int, group: int, *, symmetric: bool, dtype: torch.dtype, ordered: bool = False
) -> Integers:
    """Rounds to the nearest level.

    `group`: columns per group, -1 for all. `ordered`: columns are assigned to groups in another order (act-order).
    """
    rows, columns = weight.shape
    size = columns if group == -1 else group
    place = np.arange(columns)
    if ordered:
        place = np.argsort((np.arange(columns) * 7919) % 104729, kind="stable")
    group_of = np.empty(columns, np.int32)
    group_of[place] = np.arange(columns) // size
    count, highest, middle = int(group_of.max()) + 1, 2**bits - 1, 2 ** (bits - 1)
    scales, zeros = np.empty((rows, count), np.float32), np.full((rows, count), middle, np.int64)
    for index in range(count):
        part = weight[:, group_of == index]
        if symmetric:
            scales[:, index] = np.abs(part).max(axis=1) / (highest / 2)
        else:
            low, high = np.minimum(part.min(axis=1), 0), np.maximum(part.max(axis=1), 0)
            scales[:, index] = (high - low) / highest
            zeros[:, index] = np.clip(np.rint(-low / scales[:, index]), 0, highest)
    stored = torch.from_numpy(scales).to(dtype)
    factors = stored.float().numpy()[:, group_of]
    levels = np.clip(np.rint(weight / factors) + zeros[:, group_of], 0, highest)
    return Integers(levels.astype(np.uint8), stored, zeros, group_of)


def pack(numbers: np.ndarray, bits: int, order: list[int] | None = None) -> torch.Tensor:
    """int32 [lines / n, width] of unsigned numbers [lines, width]: n consecutive lines per word, the first in the lowest
    bits, or those of `order`. Missing lines are zeros."""
    per_word = 32 // bits
    missing = -len(numbers) % per_word
    parts = np.pad(numbers, ((0, missing), (0, 0))).astype(np.uint32).reshape(-1, per_word, numbers.shape[1])
    words = np.zeros((parts.shape[0], parts.shape[2]), np.uint32)
    for place, line in enumerate(order or range(per_word)):
        words |= parts[:, line] << np.uint32(bits * place)
    return torch.from_numpy(words.view(np.int32).copy())


def gptq(bits: int, group: int, *, symmetric: bool = True, ordered: bool = False, version: int = 1) -> Format:
    """qweight [columns / n, rows], qzeros [groups, rows / n], scales [groups, rows], g_idx [columns]. Version 1 stores
    zero points less one, modulo 2^bits."""

    def encode(weight: np.ndarray) -> tuple[Tensors, np.ndarray]:
        one = quantize(weight, bits, group, symmetric=symmetric, dtype=torch.float16, ordered=ordered)
        zeros = (one.zeros - 1) % 2**bits if version == 1 else one.zeros
        return {
            "qweight": pack(one.levels.T, bits),
            "qzeros": pack(zeros, bits).T.contiguous(),
            "scales": one.scales.T.contiguous(),
            "g_idx": torch.from_numpy(one.group_of),
        }, one.values()

    return encode


def awq(group: int) -> Format:
    """qweight [columns, rows / 8], qzeros [groups, rows / 8], scales [groups, rows]."""

    def encode(weight: np.ndarray) -> tuple[Tensors, np.ndarray]:
        one = quantize(weight, 4, group, symmetric=False, dtype=torch.float16)
        return {
            "qweight": pack(one.levels, 4, AWQ_ORDER).T.contiguous(),
            "qzeros": pack(one.zeros, 4, AWQ_ORDER).T.contiguous(),
            "scales": one.scales.T.contiguous(),
        }, one.values()

    return encode


def packed(
    bits: int, group: int, *, symmetric: bool = True, ordered: bool = False, zero_bytes: bool = False
) -> Format:
    """weight_packed [rows, columns / n], weight_scale [rows, groups], weight_zero_point [rows / n, groups] (early
    versions: int8 [rows, groups]), weight_shape, weight_g_idx [columns]."""

    def encode(weight: np.ndarray) -> tuple[Tensors, np.ndarray]:
        one = quantize(weight, bits, group, symmetric=symmetric, dtype=torch.bfloat16, ordered=ordered)
        tensors = {
            "weight_packed": pack(one.levels.T, bits).T.contiguous(),
            "weight_scale": one.scales,
            "weight_shape": torch.tensor(weight.shape),
        }
        if zero_bytes:
            tensors["weight_zero_point"] = torch.from_numpy((one.zeros - 2 ** (bits - 1)).astype(np.int8))
        elif not symmetric:
            tensors["weight_zero_point"] = pack(one.zeros, bits)
        if ordered:
            tensors["weight_g_idx"] = torch.from_numpy(one.group_of)
        return tensors, one.values()

    return encode


def int8(group: int, *, symmetric: bool = True, whole: bool = False) -> Format:
    """weight int8 [rows, columns], weight_scale and weight_zero_point [rows, groups], or one value for the `whole`."""

    def encode(weight: np.ndarray) -> tuple[Tensors, np.ndarray]:
        flat = weight.reshape(1, -1) if whole else weight
        one = quantize(flat, 8, group, symmetric=symmetric, dtype=torch.bfloat16)
        tensors = {
            "weight": torch.from_numpy((one.levels.astype(np.int16) - 128).astype(np.int8).reshape(weight.shape)),
            "weight_scale": one.scales.reshape(1) if whole else one.scales,
        }
        if not symmetric:
            tensors["weight_zero_point"] = torch.from_numpy((one.zeros - 128).astype(np.int8))
        return tensors, one.values().reshape(weight.shape)

    return encode


def fp8(rows: int, columns: int, dtype: torch.dtype, scale_name: str = "weight_scale") -> Format:
    """F8_E4M3 values with a scale per block of that many rows and columns; -1 for all."""

    def encode(weight: np.ndarray) -> tuple[Tensors, np.ndarray]:
        values = torch.from_numpy(weight)
        height, width = (size if block == -1 else block for size, block in zip(weight.shape, (rows, columns)))
        lines = [part.split(width, dim=1) for part in values.split(height)]
        largest = torch.stack([torch.stack([part.abs().max() for part in line]) for line in lines])
        scales = (largest / FP8_MAX).to(dtype)
        factors = scales.float().repeat_interleave(height, 0).repeat_interleave(width, 1)
        factors = factors[: weight.shape[0], : weight.shape[1]]
        codes = (values / factors).clamp(-FP8_MAX, FP8_MAX).to(torch.float8_e4m3fn)
        stored = scales.reshape(()) if rows == columns == -1 else scales
        return {"weight": codes, scale_name: stored}, (codes.float() * factors).numpy()

    return encode
