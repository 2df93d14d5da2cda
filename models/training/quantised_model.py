"""The models in numpy (float32), with weights and activations rounded as in the int8 and int4 products of ONNX Runtime.

An independent implementation from the papers and the definitions of MatMulInteger and MatMulNBits, to verify the
converter. Where the definitions leave a choice, it follows the documentation of the converter: weights are rounded half
up, and 4-bit scales are searched for. Rounded values are multiplied as floats, which equals integers with scales.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from shape_cases import ShapeCase, tensor_shapes
from shape_transformers import embedding_name, head_blocks, pixel_values
from synthetic_values import rows_of, tensor_of

# Symmetric ranges: int8 uses -127 to 127, 4 bits in MatMulNBits -8 to 7 around the zero point.
EIGHT_BITS = 127
# Candidate levels for the value of largest magnitude in 4 bits; the lowest level is -8.
EXTREME_TARGETS = [-7.4, -7.65, -7.9, -8.15, -8.4]
ROWS_AT_ONCE = 1024
ERF = np.vectorize(math.erf, otypes=[np.float64])

Product = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Blocks:
    """MatMulNBits: bits and values per scale."""

    bits: int
    size: int


def by_rows(weight: np.ndarray) -> np.ndarray:
    """A matrix in int8 with a scale per row: the absolute maximum becomes 127."""
    return rounded(weight, magnitudes(weight) / np.float32(EIGHT_BITS), -EIGHT_BITS, EIGHT_BITS)


def activations_by_rows(values: np.ndarray) -> np.ndarray:
    """Activations for MatMulInteger: uint8 with zero point 128, ties to even."""
    scales = magnitudes(values)[..., None] / np.float32(EIGHT_BITS)
    scales[scales == 0] = 1
    return (np.rint(values / scales + np.float32(128)) - np.float32(128)) * scales


def magnitudes(matrix: np.ndarray) -> np.ndarray:
    return np.maximum(matrix.max(axis=-1), -matrix.min(axis=-1))


def rounded(weight: np.ndarray, scales: np.ndarray, lowest: int, highest: int) -> np.ndarray:
    """Rounds to multiples of a scale per row of the last axis, half up, within a range.

    bfloat16 has few digits, so many weights are exactly halfway between two levels. Quotients are computed in float64;
    float32 would create additional ties.
    """
    scales = np.where(scales == 0, np.float32(1), scales)[..., None]
    codes = weight / scales.astype(np.float64)
    codes += 0.5
    np.floor(codes, out=codes)
    np.clip(codes, lowest, highest, out=codes)
    return codes.astype(np.float32) * scales


def in_blocks(matrix: np.ndarray, size: int) -> np.ndarray:
    """[rows, blocks, size], the last block of a row padded with zeros, as in MatMulNBits."""
    rows, columns = matrix.shape
    if columns % size:
        matrix = np.pad(matrix, ((0, 0), (0, -columns % size)))
    return matrix.reshape(rows, -1, size)


def by_blocks(matrix: np.ndarray, blocks: Blocks) -> np.ndarray:
    """A scale per block, symmetric around the zero point: the value of largest magnitude becomes the lowest level.

    In 4 bits the scale is searched for as described in src/models/convert/quantize/quantize-blocks.ts: several
    candidate scales map that value close to the lowest level, the resulting levels get their least-squares scale, and
    the scale that explains most of the block is used.
    """
    parts, lowest = in_blocks(matrix, blocks.size), -(2 ** (blocks.bits - 1))
    # The first one of two values with the same magnitude.
    largest = np.abs(parts).argmax(axis=-1)[..., None]
    extreme = np.take_along_axis(parts, largest, axis=-1)[..., 0].astype(np.float64)
    scales = searched(parts, extreme) if blocks.bits == 4 else extreme / lowest
    best = rounded(parts, scales.astype(np.float32), lowest, -lowest - 1)
    return best.reshape(matrix.shape[0], -1)[:, : matrix.shape[1]]


def searched(parts: np.ndarray, extreme: np.ndarray) -> np.ndarray:
    """[rows, blocks] scales"""
    best, most = np.zeros(extreme.shape), np.full(extreme.shape, -1.0)
    for target in EXTREME_TARGETS:
        inverse = target / np.where(extreme == 0, 1, extreme)
        codes = parts * inverse[..., None]
        # Offset by the zero point 8, which restores ties that the product missed by its last digit.
        codes += 8.5
        np.floor(codes, out=codes)
        codes -= 8
        np.clip(codes, -8, 7, out=codes)
        product, square = np.einsum("rbi,rbi->rb", parts, codes), np.einsum("rbi,rbi->rb", codes, codes)
        square[square == 0] = 1
        # The remainder of the block's energy is the error of these levels with their least-squares scale.
        explained = product**2 / square
        best = np.where(explained > most, product / square, best)
        most = np.maximum(most, explained)
    return best


def activations_by_blocks(values: np.ndarray, size: int) -> np.ndarray:
    """Activations with accuracy level 4: int8 with a scale per block of the weights' block size."""
    return activations_by_rows(in_blocks(values, size)).reshape(values.shape[0], -1)[:, : values.shape[1]]


def piece_by_piece(product: Product) -> Product:
    """The same, in row ranges that fit in the CPU cache."""

    def whole(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
        starts = range(0, len(weight), ROWS_AT_ONCE)
        return np.concatenate([product(values, weight[start : start + ROWS_AT_ONCE]) for start in starts], axis=1)

    return whole


def exact(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return values @ weight.T


@piece_by_piece
def int8_rows(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return activations_by_rows(values) @ by_rows(weight).T


def blocks_of(blocks: Blocks) -> Product:
    return piece_by_piece(
        lambda values, weight: activations_by_blocks(values, blocks.size) @ by_blocks(weight, blocks).T
    )


def split_at(position: int, first: Product, second: Product) -> Product:
    """The prompt except its last position with one product (prefill), the rest with another (decode)."""
    return lambda values, weight: np.concatenate(
        [first(values[:position], weight), second(values[position:], weight)]
    )


def tower(case: ShapeCase, product: Product) -> np.ndarray:
    """[patches, hidden]: SigLIP without its final norm, then the projector."""
    vision, weights = case.vision, weights_of(case)
    root = "vision_tower.vision_model"
    side, cells = vision.patch, vision.image // vision.patch

    def linear(name: str, values: np.ndarray) -> np.ndarray:
        return product(values, weights(f"{name}.weight")) + weights(f"{name}.bias")

    def norm(name: str, values: np.ndarray) -> np.ndarray:
        centred = values - values.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + np.float32(1e-6))
        return centred / spread * weights(f"{name}.weight") + weights(f"{name}.bias")

    pixels = pixel_values(case)[0, :, : cells * side, : cells * side]
    patches = pixels.reshape(3, cells, side, cells, side).transpose(1, 3, 0, 2, 4).reshape(cells * cells, -1)
    kernel = weights(f"{root}.embeddings.patch_embedding.weight").reshape(vision.hidden, -1)
    # The patch embedding is small and stays in float32.
    x = exact(patches, kernel) + weights(f"{root}.embeddings.patch_embedding.bias")
    x += weights(f"{root}.embeddings.position_embedding.weight")
    for layer in range(vision.layers):
        name = f"{root}.encoder.layers.{layer}"
        normed = norm(f"{name}.layer_norm1", x)
        q, k, v = (
            heads_of(linear(f"{name}.self_attn.{part}_proj", normed), vision.heads, 1) for part in ["q", "k", "v"]
        )
        x = x + linear(f"{name}.self_attn.out_proj", attend(q, k, v, causal=False))
        wide = linear(f"{name}.mlp.fc1", norm(f"{name}.layer_norm2", x))
        gate = np.tanh(np.float32(np.sqrt(2 / np.pi)) * (wide + np.float32(0.044715) * wide**3))
        x = x + linear(f"{name}.mlp.fc2", wide * (1 + gate) / 2)
    return linear("multi_modal_projector.linear_2", gelu(linear("multi_modal_projector.linear_1", x)))


def decoder(case: ShapeCase, embeds: np.ndarray, answers: int, product: Product) -> np.ndarray:
    """[answers, hidden] at the last positions, after the final norm."""
    one, weights = case.decoder, weights_of(case)
    assert not case.config, "the default rotary positions alone"
    half = one.headDim // 2
    frequencies = 10000.0 ** (-np.arange(half) / half)
    angles = np.arange(len(embeds))[:, None] * frequencies
    cosines, sines = (np.tile(turn(angles), 2).astype(np.float32) for turn in [np.cos, np.sin])

    def norm(name: str, values: np.ndarray) -> np.ndarray:
        spread = np.sqrt((values**2).mean(axis=-1, keepdims=True) + np.float32(one.epsilon))
        return values / spread * weights(f"{name}.weight")

    def rotate(heads: np.ndarray) -> np.ndarray:
        partner = np.concatenate([-heads[..., half:], heads[..., :half]], axis=-1)
        return heads * cosines + partner * sines

    x, shared = embeds, one.heads // one.keyValueHeads
    for layer in range(one.layers):
        name = f"{case.prefix}model.layers.{layer}"
        linear = lambda part, values: product(values, weights(f"{name}.{part}.weight"))
        normed = norm(f"{name}.input_layernorm", x)
        q = heads_of(linear("self_attn.q_proj", normed), one.heads, 1)
        k = heads_of(linear("self_attn.k_proj", normed), one.keyValueHeads, shared)
        v = heads_of(linear("self_attn.v_proj", normed), one.keyValueHeads, shared)
        x = x + linear("self_attn.o_proj", attend(rotate(q), rotate(k), v, causal=True))
        normed = norm(f"{name}.post_attention_layernorm", x)
        gate = linear("mlp.gate_proj", normed)
        x = x + linear("mlp.down_proj", gate / (1 + np.exp(-gate)) * linear("mlp.up_proj", normed))
    return norm(f"{case.prefix}model.norm", x[-answers:])


def head(case: ShapeCase, hidden: np.ndarray, product: Product) -> np.ndarray:
    """[answers, vocabulary]"""
    return np.concatenate([product(hidden, rows) for _, rows in head_blocks(case)], axis=1)


def quantised_embed(case: ShapeCase, ids: list[int]) -> np.ndarray:
    return by_rows(rows_of(embedding_name(case), (case.rows, case.decoder.hidden), ids))


def heads_of(values: np.ndarray, heads: int, copies: int) -> np.ndarray:
    """[positions, heads * dim] to [heads * copies, positions, dim], each head followed by its copies."""
    return values.reshape(len(values), heads, -1).transpose(1, 0, 2).repeat(copies, axis=0)


def attend(q: np.ndarray, k: np.ndarray, v: np.ndarray, causal: bool) -> np.ndarray:
    """[positions, heads * dim]"""
    scores = q @ k.transpose(0, 2, 1) / np.float32(np.sqrt(q.shape[-1]))
    if causal:
        scores = scores + np.triu(np.full(scores.shape[1:], -np.inf, np.float32), 1)
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    mixed = (shares / shares.sum(axis=-1, keepdims=True)) @ v
    return mixed.transpose(1, 0, 2).reshape(len(q[0]), -1)


def gelu(values: np.ndarray) -> np.ndarray:
    return (values * (1 + ERF(values.astype(np.float64) / math.sqrt(2))) / 2).astype(np.float32)


def weights_of(case: ShapeCase) -> Callable[[str], np.ndarray]:
    shapes = tensor_shapes(case)
    return lambda name: tensor_of(name, shapes[name])
