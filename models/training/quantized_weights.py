"""Writes single weights in every quantized format that the conversion reads, with the values that they stand for.

The values are those of the formulas in weight_formats.py. They were found equal, to the bit, to those of the functions
`dequantize_gemm` of AutoAWQ 0.2.9 and `decompress` of compressed-tensors 0.20, and of the formula in GPTQModel 7.7.
Usage: python models/training/quantized_weights.py [--golden DIR]
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from synthetic_values import tensor_of
from weight_formats import Format, awq, fp8, gptq, int8, packed

ROOT = Path(__file__).parents[2]
# Neither is a multiple of the groups of 32 or of the tiles that the conversion unpacks together.
SHAPE = (16, 144)


def gptq_config(bits: int, group: int, **fields: object) -> dict:
    return {"quant_method": "gptq", "bits": bits, "group_size": group, "desc_act": False, "sym": True} | fields


def compressed_config(layout: str, bits: int, **weights: object) -> dict:
    group = {"targets": ["Linear"], "weights": {"num_bits": bits, "type": "int", "symmetric": True} | weights}
    return {"quant_method": "compressed-tensors", "format": layout, "config_groups": {"group_0": group}}


def group_of(size: int) -> dict:
    return {"strategy": "group", "group_size": size}


CHANNEL, TENSOR = {"strategy": "channel"}, {"strategy": "tensor"}
ASYMMETRIC = {"symmetric": False}
CASES: dict[str, tuple[dict, Format]] = {
    "gptq": (gptq_config(4, 32), gptq(4, 32)),
    "gptq-one-group": (gptq_config(4, -1), gptq(4, -1)),
    "gptq-asymmetric": (gptq_config(4, 16, sym=False), gptq(4, 16, symmetric=False)),
    "gptq-v2-asymmetric": (
        gptq_config(4, 32, sym=False, checkpoint_format="gptq_v2"),
        gptq(4, 32, symmetric=False, version=2),
    ),
    "gptq-desc-act": (gptq_config(4, 32, desc_act=True), gptq(4, 32, ordered=True)),
    "gptq-desc-act-asymmetric": (
        gptq_config(4, 32, desc_act=True, sym=False), gptq(4, 32, symmetric=False, ordered=True),
    ),
    "gptq-8-bits": (gptq_config(8, 32), gptq(8, 32)),
    "gptq-8-bits-asymmetric": (gptq_config(8, 32, sym=False), gptq(8, 32, symmetric=False)),
    "awq": ({"quant_method": "awq", "bits": 4, "group_size": 16, "version": "gemm", "zero_point": True}, awq(16)),
    "awq-one-group": ({"quant_method": "awq", "bits": 4, "group_size": -1, "version": "GEMM"}, awq(-1)),
    "w4a16": (compressed_config("pack-quantized", 4, **group_of(16)), packed(4, 16)),
    "w4a16-channel": (compressed_config("pack-quantized", 4, **CHANNEL), packed(4, -1)),
    "w4a16-asymmetric": (
        compressed_config("pack-quantized", 4, **group_of(16), **ASYMMETRIC), packed(4, 16, symmetric=False),
    ),
    "w4a16-zero-bytes": (
        compressed_config("pack-quantized", 4, **group_of(16), **ASYMMETRIC),
        packed(4, 16, symmetric=False, zero_bytes=True),
    ),
    "w4a16-actorder": (
        compressed_config("pack-quantized", 4, **group_of(16), actorder="group"), packed(4, 16, ordered=True),
    ),
    "w8a16": (compressed_config("pack-quantized", 8, **CHANNEL), packed(8, -1)),
    "w8a16-asymmetric": (
        compressed_config("pack-quantized", 8, **group_of(48), **ASYMMETRIC), packed(8, 48, symmetric=False),
    ),
    "w8a8": (compressed_config("int-quantized", 8, **CHANNEL), int8(-1)),
    "w8a8-tensor": (compressed_config("int-quantized", 8, **TENSOR), int8(-1, whole=True)),
    "w8a8-asymmetric": (
        compressed_config("int-quantized", 8, **CHANNEL, **ASYMMETRIC), int8(-1, symmetric=False),
    ),
    "fp8-tensor": ({"quant_method": "fp8"}, fp8(-1, -1, torch.float32)),
    "fp8-rows": ({"quant_method": "fbgemm_fp8"}, fp8(1, -1, torch.float32)),
    "fp8-blocks": (
        {"quant_method": "fp8", "weight_block_size": [6, 64]}, fp8(6, 64, torch.float32, "weight_scale_inv"),
    ),
    "fp8-compressed-blocks": (
        compressed_config(
            "float-quantized", 8, type="float", strategy="block", block_structure=[6, 64],
        ),
        fp8(6, 64, torch.bfloat16),
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--golden", type=Path, default=ROOT / "test/golden/quantized")
    options = parser.parse_args()
    options.golden.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, torch.Tensor] = {}
    for name, (_, encode) in CASES.items():
        # Shifted, so that zero points differ from the middle; some zero points are 0 and some the highest level.
        weight = tensor_of(f"{name}.weight", SHAPE) + np.linspace(-0.3, 0.3, SHAPE[0], dtype=np.float32)[:, None]
        stored, values = encode(weight)
        tensors |= {f"{name}.{part}": tensor.contiguous() for part, tensor in stored.items()}
        tensors[f"{name}.values"] = torch.from_numpy(np.ascontiguousarray(values))
    save_file(tensors, options.golden / "weights.safetensors", metadata={"format": "pt"})
    cases = [{"name": name, "quantization": config} for name, (config, _) in CASES.items()]
    content = {"shape": SHAPE, "torch": torch.__version__.split("+")[0], "cases": cases}
    (options.golden / "weights.json").write_text(json.dumps(content, indent=1) + "\n", "utf8")
    print(f"{len(cases)} weights, {(options.golden / 'weights.safetensors').stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
