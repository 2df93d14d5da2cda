"""Writes tiny checkpoints in the quantized formats of the Salamandra releases, with reference values of transformers
for the dequantized weights. Used by shape_references.py.

GPTQ as in AutoGPTQ: qweight int32 [columns / 8, rows] with the first of eight values in the lowest bits, qzeros int32
[groups, rows / 8] with the zero point minus one, scales float16 [groups, rows], g_idx the group of each column.
FP8 as in compressed-tensors (a bfloat16 scale per row) and AutoFP8 (a scalar float32 scale per matrix).
"""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from shape_cases import DecoderShape, ShapeCase, tensor_shapes
from shape_transformers import embedding_name, fill, head_blocks, inputs_embeds, llama_config
from synthetic_values import tensor_of
from transformers.models.llama.modeling_llama import LlamaModel

GROUP = 128
FP8_MAX = 448
GPTQ_CASE = ShapeCase("gptq", DecoderShape(256, 1, 4, 2, 64, 256, 512, 1e-6), 64)
FP8_SHAPE = DecoderShape(64, 1, 2, 1, 32, 192, 512, 1e-5)
FP8_ROWS_CASE, FP8_MATRIX_CASE = ShapeCase("fp8-rows", FP8_SHAPE, 64), ShapeCase("fp8-matrix", FP8_SHAPE, 64)
QUANTIZATION = {
    "gptq": {
        "bits": 4, "group_size": GROUP, "desc_act": False, "sym": True, "lm_head": False, "damp_percent": 0.1,
        "true_sequential": True, "quant_method": "gptq", "checkpoint_format": "gptq",
    },
    "fp8-rows": {
        "quant_method": "compressed-tensors", "format": "float-quantized", "quantization_status": "compressed",
        "ignore": ["lm_head"], "kv_cache_scheme": None, "global_compression_ratio": 1.5,
        "config_groups": {
            "group_0": {
                "targets": ["Linear"], "output_activations": None,
                "weights": {
                    "num_bits": 8, "type": "float", "symmetric": True, "strategy": "channel", "dynamic": False,
                    "group_size": None, "block_structure": None, "actorder": None,
                },
                "input_activations": {
                    "num_bits": 8, "type": "float", "symmetric": True, "strategy": "token", "dynamic": True,
                    "group_size": None, "block_structure": None, "actorder": None,
                },
            },
        },
    },
    "fp8-matrix": {"quant_method": "fp8", "activation_scheme": "static", "ignored_layers": ["lm_head"]},
}


def pack(codes: np.ndarray) -> np.ndarray:
    """int32 [rows / 8, columns] of 4-bit values [rows, columns], the first in the lowest bits."""
    parts = codes.astype(np.uint32).reshape(-1, 8, codes.shape[1])
    packed = np.zeros((parts.shape[0], parts.shape[2]), np.uint32)
    for place in range(8):
        packed |= parts[:, place] << np.uint32(4 * place)
    return packed.view(np.int32)


def gptq(weight: np.ndarray) -> tuple[dict[str, torch.Tensor], np.ndarray]:
    """(tensors of a quantized matrix [rows, columns], the dequantized matrix)"""
    rows, columns = weight.shape
    groups = columns // GROUP
    parts = weight.reshape(rows, groups, GROUP)
    scales = (np.abs(parts).max(axis=-1) / 7.5).astype(np.float16)
    codes = np.clip(np.rint(parts / scales.astype(np.float32)[..., None]) + 8, 0, 15)
    meant = ((codes - 8) * scales.astype(np.float32)[..., None]).reshape(rows, columns)
    stored = {
        "qweight": pack(codes.reshape(rows, columns).T),
        "qzeros": pack(np.full((rows, groups), 7)).T.copy(),
        "scales": scales.T.copy(),
        "g_idx": (np.arange(columns) // GROUP).astype(np.int32),
    }
    return {part: torch.from_numpy(array) for part, array in stored.items()}, meant.astype(np.float32)


def fp8_rows(weight: np.ndarray) -> tuple[dict[str, torch.Tensor], np.ndarray]:
    values = torch.from_numpy(weight)
    scales = (values.abs().amax(dim=1, keepdim=True) / FP8_MAX).to(torch.bfloat16)
    codes = (values / scales.float()).clamp(-FP8_MAX, FP8_MAX).to(torch.float8_e4m3fn)
    return {"weight": codes, "weight_scale": scales}, (codes.float() * scales.float()).numpy()


def fp8_matrix(weight: np.ndarray) -> tuple[dict[str, torch.Tensor], np.ndarray]:
    values = torch.from_numpy(weight)
    scale = values.abs().max() / FP8_MAX
    codes = (values / scale).clamp(-FP8_MAX, FP8_MAX).to(torch.float8_e4m3fn)
    stored = {"weight": codes, "weight_scale": scale, "input_scale": torch.tensor(0.02)}
    return stored, (codes.float() * scale).numpy()


FORMATS = [(GPTQ_CASE, gptq), (FP8_ROWS_CASE, fp8_rows), (FP8_MATRIX_CASE, fp8_matrix)]


def write_checkpoint(case: ShapeCase, form, folder: Path) -> tuple[np.ndarray, int]:
    """Writes one checkpoint. Returns float32 logits [answers, vocabulary] of the dequantized model, and the prompt
    length."""
    model, tensors = LlamaModel(llama_config(case)).eval(), {}
    fill(model, case, "model.")
    parameters = dict(model.named_parameters())
    for name, shape in tensor_shapes(case).items():
        if not name.endswith("_proj.weight"):
            tensors[name] = torch.from_numpy(tensor_of(name, shape)).to(torch.bfloat16)
            continue
        stored, meant = form(tensor_of(name, shape))
        parameters[name.removeprefix("model.")].data = torch.from_numpy(meant)
        tensors |= {f"{name.removesuffix('weight')}{part}": tensor.contiguous() for part, tensor in stored.items()}
    for name in [embedding_name(case), "lm_head.weight"]:
        tensors[name] = torch.from_numpy(tensor_of(name, (case.rows, case.decoder.hidden))).to(torch.bfloat16)

    embeds, answers = inputs_embeds(case, None), 1 + len(case.prompt()[2])
    hidden = model(inputs_embeds=torch.from_numpy(embeds)[None]).last_hidden_state[0, -answers:].numpy()
    write_files(case, tensors, folder)
    return np.concatenate([hidden @ rows.T for _, rows in head_blocks(case)], axis=1), len(embeds)


def write_files(case: ShapeCase, tensors: dict[str, torch.Tensor], folder: Path) -> None:
    """Two shards, so that the tensors of some matrices are in different files."""
    folder.mkdir(parents=True, exist_ok=True)
    names = sorted(tensors, key=lambda name: (name.rsplit(".", 1)[1], name))
    shards = {
        f"model-{index + 1:05}-of-00002.safetensors": names[index * len(names) // 2 : (index + 1) * len(names) // 2]
        for index in range(2)
    }
    for shard, members in shards.items():
        save_file({name: tensors[name] for name in members}, folder / shard, metadata={"format": "pt"})
        (folder / shard).chmod(0o644)
    one = case.decoder
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "vocab_size": case.rows,
        "hidden_size": one.hidden, "intermediate_size": one.wide, "num_hidden_layers": one.layers,
        "num_attention_heads": one.heads, "num_key_value_heads": one.keyValueHeads, "head_dim": one.headDim,
        "max_position_embeddings": one.positions, "rms_norm_eps": one.epsilon, "rope_theta": 10000.0,
        "rope_scaling": None, "tie_word_embeddings": False, "attention_bias": False, "mlp_bias": False,
        "bos_token_id": 1, "eos_token_id": 2, "torch_dtype": "bfloat16", "transformers_version": "4.46.0",
        "quantization_config": QUANTIZATION[case.name],
    }
    index = {
        "metadata": {"total_size": sum(tensor.nbytes for tensor in tensors.values())},
        "weight_map": {name: shard for shard, members in shards.items() for name in members},
    }
    files = {
        "config.json": config, "generation_config.json": {"bos_token_id": 1, "eos_token_id": [2, 5]},
        "tokenizer_config.json": {}, "tokenizer.json": {}, "model.safetensors.index.json": index,
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, indent=1) + "\n", "utf8")
