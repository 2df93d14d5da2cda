"""How a checkpoint stores its weights, and what the stored numbers mean.

GPTQ (AutoGPTQ): `qweight` int32 [columns / values, rows], the first of the values of a word in its lowest bits; `qzeros`
int32 [groups, rows / values], the zero point less one (`gptq_v2`: the zero point); `scales` float16 [groups, rows];
`g_idx` the group of each column.
AWQ (AutoAWQ, gemm): `qweight` int32 [columns, rows / 8] with the order 0 2 4 6 1 3 5 7 within a word, `qzeros` alike,
`scales` float16 [groups, rows].
W4A16 (compressed-tensors, pack-quantized): `weight_packed` int32 [rows, columns / 8], values plus 8; `weight_scale`
[rows, groups]; `weight_shape`; asymmetric: `weight_zero_point` int32 [rows / 8, groups], values plus 8.
FP8: F8_E4M3 with a scale per row (compressed-tensors) or per matrix (AutoFP8).
"""

import math
import re
from dataclasses import replace

import numpy as np
import torch

from synthetic_tensors import Tensor, floats, stored
from variants import Variant

GROUP = 32
# Not a factor of 64 or 128: the order of the columns under act-order.
SHUFFLE = 37
# Zero points less one, none of which is the 15 that implementations read differently.
EVERY_LOW_THREE = 0x77777777
AWQ_ORDER = [0, 2, 4, 6, 1, 3, 5, 7]
CODES = ("bits", 0xFFFFFFFF)
FLOAT_DTYPES = {"f32": "F32", "f16": "F16"}
SHARDS = 3


def is_quantized_matrix(name: str) -> bool:
    return bool(re.match(r"(language_model\.model|model\.language_model|model)\.layers\.\d+\..*_proj\.weight$", name))


def store(variant: Variant, tensors: list[Tensor]) -> list[Tensor]:
    """The tensors of the checkpoint's files."""
    dtype = FLOAT_DTYPES.get(variant.storage, "BF16")
    if not is_quantized(variant):
        return [replace(tensor, dtype=dtype) if tensor.dtype == "F32" else tensor for tensor in tensors]
    dtype = "F16" if variant.storage.startswith(("gptq", "awq")) else "BF16"
    out = []
    for tensor in tensors:
        if is_quantized_matrix(tensor.name):
            out += parts(variant, tensor, dtype)
        else:
            out.append(replace(tensor, dtype=dtype) if tensor.dtype == "F32" else tensor)
    return sorted(out, key=lambda tensor: tensor.name)


def is_quantized(variant: Variant) -> bool:
    return variant.storage.startswith(("gptq", "awq", "w4a16", "fp8"))


def parts(variant: Variant, tensor: Tensor, dtype: str) -> list[Tensor]:
    """The tensors that store one matrix [rows, columns]."""
    (rows, columns), stem = tensor.shape, tensor.name.removesuffix("weight")
    bits = 8 if "8 bits" in variant.storage else 4
    values, groups = 32 // bits, columns // GROUP
    # Codes are uniform, so that their deviation is the range divided by the square root of 12.
    step = round(math.sqrt(12 / columns) / 2**bits, 8)
    scale = ("normal", step, round(step / 8, 8))
    kind = variant.storage.split()[0]
    if kind == "gptq":
        zero = 2 ** (bits - 1) - (0 if "v2" in variant.storage else 1)
        word = sum(zero << (bits * place) for place in range(values))
        order = ("shuffled", GROUP, SHUFFLE) if "act-order" in variant.storage else ("range", GROUP)
        zeros = ("bits", EVERY_LOW_THREE) if "asymmetric" in variant.storage else ("constant", word)
        return [
            Tensor(f"{stem}qweight", "I32", (columns // values, rows), CODES),
            Tensor(f"{stem}qzeros", "I32", (groups, rows // values), zeros),
            Tensor(f"{stem}scales", "F16", (groups, rows), scale),
            Tensor(f"{stem}g_idx", "I32", (columns,), order),
        ]
    if kind == "awq":
        return [
            Tensor(f"{stem}qweight", "I32", (columns, rows // 8), CODES),
            Tensor(f"{stem}qzeros", "I32", (groups, rows // 8), CODES),
            Tensor(f"{stem}scales", "F16", (groups, rows), scale),
        ]
    if kind == "w4a16":
        groups = 1 if variant.storage == "w4a16 rows" else groups
        made = [
            Tensor(f"{stem}weight_packed", "I32", (rows, columns // 8), CODES),
            Tensor(f"{stem}weight_scale", dtype, (rows, groups), scale),
            Tensor(f"{stem}weight_shape", "I64", (2,), ("values", rows, columns)),
        ]
        if "asymmetric" in variant.storage:
            made.append(Tensor(f"{stem}weight_zero_point", "I32", (rows // 8, groups), CODES))
        return made
    # The root mean square of the F8 codes is 3.4.
    fp8 = ("normal", round(1 / 3.4 / math.sqrt(columns), 8), round(0.05 / math.sqrt(columns), 8))
    made = [Tensor(tensor.name, "F8_E4M3", (rows, columns), ("fp8",))]
    if variant.storage == "fp8 rows":
        return [*made, Tensor(f"{stem}weight_scale", dtype, (rows, 1), fp8)]
    return [
        *made,
        Tensor(f"{stem}weight_scale", "F32", (), ("normal", fp8[1], 0)),
        Tensor(f"{stem}input_scale", "F32", (), ("normal", 0.02, 0)),
    ]


def unpack(words: np.ndarray, bits: int, order: list[int] | None = None) -> np.ndarray:
    """uint8 [..., words * values]: the values of the last axis' words, lowest bits first, or in `order`."""
    count = 32 // bits
    shifts = np.arange(count, dtype=np.uint32) * np.uint32(bits)
    values = (words.view(np.uint32)[..., None] >> shifts) & np.uint32(2**bits - 1)
    if order:
        values = values[..., np.argsort(order)]
    return values.reshape(*words.shape[:-1], -1).astype(np.int32)


def meant(variant: Variant, tensors: list[Tensor], seed: int) -> dict[str, torch.Tensor]:
    """The weights in float32 by name: what the file's numbers stand for."""
    by_name = {tensor.name: tensor for tensor in tensors}
    out = {}
    for name, tensor in by_name.items():
        if re.search(r"\.(qzeros|scales|g_idx|weight_(scale|shape|zero_point)|input_scale)$", name):
            continue
        if tensor.dtype == "I64":
            out[name] = torch.from_numpy(stored(tensor, seed))
        elif name.endswith((".qweight", ".weight_packed")) or tensor.dtype == "F8_E4M3":
            stem = name.rsplit(".", 1)[0]
            found = {part: by_name[f"{stem}.{part}"] for part in PARTS if f"{stem}.{part}" in by_name}
            out[f"{stem}.weight"] = torch.from_numpy(matrix(variant, found, seed))
        else:
            out[name] = torch.from_numpy(floats(tensor, seed))
    return out


PARTS = [
    "qweight", "qzeros", "scales", "g_idx", "weight", "weight_packed", "weight_scale", "weight_zero_point",
]  # fmt: skip


def matrix(variant: Variant, found: dict[str, Tensor], seed: int) -> np.ndarray:
    """float32 [rows, columns]"""
    read = {part: stored(tensor, seed) for part, tensor in found.items()}
    kind = variant.storage.split()[0]
    if kind == "gptq":
        bits = 8 if "8 bits" in variant.storage else 4
        codes = unpack(read["qweight"].T.copy(), bits)  # [rows, columns]
        zeros = unpack(read["qzeros"], bits).T + (0 if "v2" in variant.storage else 1)  # [rows, groups]
        scales, groups = read["scales"].T.astype(np.float32), read["g_idx"]
        return (codes - zeros[:, groups]).astype(np.float32) * scales[:, groups]
    if kind == "awq":
        codes = unpack(read["qweight"], 4, AWQ_ORDER).T
        zeros = unpack(read["qzeros"], 4, AWQ_ORDER).T
        groups = np.arange(codes.shape[1]) // GROUP
        return (codes - zeros[:, groups]).astype(np.float32) * read["scales"].T.astype(np.float32)[:, groups]
    if kind == "w4a16":
        codes, scales = unpack(read["weight_packed"], 4) - 8, floats(found["weight_scale"], seed)
        groups = np.arange(codes.shape[1]) // (codes.shape[1] // scales.shape[1])
        if "asymmetric" in variant.storage:
            zeros = unpack(read["weight_zero_point"].T.copy(), 4).T - 8
            codes = codes - zeros[:, groups]
        return codes.astype(np.float32) * scales[:, groups]
    codes = torch.from_numpy(read["weight"]).view(torch.float8_e4m3fn).float().numpy()
    return codes * floats(found["weight_scale"], seed)


def shard_of(variant: Variant, names: list[str]) -> dict[str, str]:
    """File by tensor name; parts of one matrix may be in different files."""
    if variant.storage != "sharded":
        return dict.fromkeys(names, "model.safetensors")
    order = sorted(names, key=lambda name: (name.split(".")[::-1], name))
    return {
        name: f"model-{1 + index * SHARDS // len(order):05}-of-{SHARDS:05}.safetensors"
        for index, name in enumerate(order)
    }


def quantization_config(variant: Variant) -> dict | None:
    kind = variant.storage.split()[0]
    if kind == "gptq":
        return {
            "bits": 8 if "8 bits" in variant.storage else 4, "group_size": GROUP,
            "desc_act": "act-order" in variant.storage, "sym": "asymmetric" not in variant.storage, "lm_head": False,
            "quant_method": "gptq", "checkpoint_format": "gptq_v2" if "v2" in variant.storage else "gptq",
            "damp_percent": 0.01, "true_sequential": True,
        }
    if kind == "awq":
        return {
            "quant_method": "awq", "bits": 4, "group_size": GROUP, "version": "gemm", "zero_point": True,
            "modules_to_not_convert": None if variant.layout == "text" else ["vision_tower", "multi_modal_projector"],
        }
    if kind == "w4a16":
        symmetric, rows = "asymmetric" not in variant.storage, variant.storage == "w4a16 rows"
        weights = {
            "num_bits": 4, "type": "int", "symmetric": symmetric, "strategy": "channel" if rows else "group",
            "group_size": None if rows else GROUP, "dynamic": False, "actorder": None, "block_structure": None,
            "observer": "minmax", "observer_kwargs": {},
        }
        return compressed("pack-quantized", weights, None)
    if variant.storage == "fp8 rows":
        fp8 = {"num_bits": 8, "type": "float", "symmetric": True, "group_size": None, "block_structure": None}
        return compressed(
            "float-quantized",
            fp8 | {"strategy": "channel", "dynamic": False},
            fp8 | {"strategy": "token", "dynamic": True},
        )
    if variant.storage == "fp8 matrix":
        return {"quant_method": "fp8", "activation_scheme": "static", "ignored_layers": ["lm_head"]}
    return None


def compressed(form: str, weights: dict, activations: dict | None) -> dict:
    group = {
        "targets": ["Linear"], "weights": weights, "input_activations": activations, "output_activations": None,
        "format": form,
    }
    return {
        "quant_method": "compressed-tensors", "format": form, "quantization_status": "compressed",
        "ignore": ["re:.*lm_head", "re:.*vision_tower.*", "re:.*multi_modal_projector.*"], "kv_cache_scheme": None,
        "global_compression_ratio": None, "config_groups": {"group_0": group},
    }
