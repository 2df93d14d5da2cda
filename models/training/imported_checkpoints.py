"""Writes tiny checkpoints in quantized formats, with reference values of transformers for the dequantized weights. Used
by shape_references.py. The formats of single weights are in weight_formats.py.
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
from weight_formats import Format, awq, fp8, gptq, packed

GROUP = 128
# The smallest tokenizer that can be converted; the checkpoints are used with token ids.
TOKENIZER = {"added_tokens": [], "decoder": {"type": "Fuse"}, "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}
GPTQ_CASE = ShapeCase("gptq", DecoderShape(256, 1, 4, 2, 64, 256, 512, 1e-6), 64)
SMALL_SHAPE = DecoderShape(64, 1, 2, 1, 32, 192, 512, 1e-5)
SMALL_GROUP = 32


def compressed_tensors(layout: str, weights: dict, activations: dict | None) -> dict:
    return {
        "quant_method": "compressed-tensors", "format": layout, "quantization_status": "compressed",
        "ignore": ["lm_head"], "kv_cache_scheme": None, "global_compression_ratio": 1.5,
        "config_groups": {
            "group_0": {
                "targets": ["Linear"], "output_activations": None, "weights": weights, "input_activations": activations,
            },
        },
    }


def arguments(bits: int, kind: str, strategy: str, *, symmetric: bool = True, dynamic: bool, group: int | None) -> dict:
    """`QuantizationArgs` of compressed-tensors."""
    return {
        "num_bits": bits, "type": kind, "symmetric": symmetric, "strategy": strategy, "dynamic": dynamic,
        "group_size": group, "block_structure": None, "actorder": None,
    }


# (checkpoint, format of its weights, quantization_config)
FORMATS: list[tuple[ShapeCase, Format, dict]] = [
    (
        GPTQ_CASE,
        gptq(4, GROUP),
        {
            "bits": 4, "group_size": GROUP, "desc_act": False, "sym": True, "lm_head": False, "damp_percent": 0.1,
            "true_sequential": True, "quant_method": "gptq", "checkpoint_format": "gptq",
        },
    ),
    (
        ShapeCase("awq", SMALL_SHAPE, 64),
        awq(SMALL_GROUP),
        {
            "bits": 4, "group_size": SMALL_GROUP, "modules_to_not_convert": ["lm_head"], "quant_method": "awq",
            "version": "gemm", "zero_point": True,
        },
    ),
    (
        ShapeCase("w4a16", SMALL_SHAPE, 64),
        packed(4, SMALL_GROUP, symmetric=False),
        compressed_tensors(
            "pack-quantized",
            arguments(4, "int", "group", symmetric=False, dynamic=False, group=SMALL_GROUP),
            None,
        ),
    ),
    (
        ShapeCase("fp8-rows", SMALL_SHAPE, 64),
        fp8(1, -1, torch.bfloat16),
        compressed_tensors(
            "float-quantized",
            arguments(8, "float", "channel", dynamic=False, group=None),
            arguments(8, "float", "token", dynamic=True, group=None),
        ),
    ),
    (
        ShapeCase("fp8-matrix", SMALL_SHAPE, 64),
        fp8(-1, -1, torch.float32),
        {"quant_method": "fp8", "activation_scheme": "static", "ignored_layers": ["lm_head"]},
    ),
]


def write_checkpoint(case: ShapeCase, form: Format, quantization: dict, folder: Path) -> tuple[np.ndarray, int]:
    """Writes one checkpoint. Returns float32 logits [answers, vocabulary] of the dequantized model, and the prompt
    length."""
    model, tensors = LlamaModel(llama_config(case)).eval(), {}
    fill(model, case, "model.")
    parameters = dict(model.named_parameters())
    for name, shape in tensor_shapes(case).items():
        if not name.endswith("_proj.weight"):
            tensors[name] = torch.from_numpy(tensor_of(name, shape)).to(torch.bfloat16)
            continue
        stored, values = form(tensor_of(name, shape))
        if quantization.get("activation_scheme") == "static":
            stored["input_scale"] = torch.tensor(0.02)
        parameters[name.removeprefix("model.")].data = torch.from_numpy(values)
        tensors |= {f"{name.removesuffix('weight')}{part}": tensor.contiguous() for part, tensor in stored.items()}
    for name in [embedding_name(case), "lm_head.weight"]:
        tensors[name] = torch.from_numpy(tensor_of(name, (case.rows, case.decoder.hidden))).to(torch.bfloat16)

    embeds, answers = inputs_embeds(case, None), 1 + len(case.prompt()[2])
    hidden = model(inputs_embeds=torch.from_numpy(embeds)[None]).last_hidden_state[0, -answers:].numpy()
    write_files(case, tensors, quantization, folder)
    return np.concatenate([hidden @ rows.T for _, rows in head_blocks(case)], axis=1), len(embeds)


def write_files(case: ShapeCase, tensors: dict[str, torch.Tensor], quantization: dict, folder: Path) -> None:
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
        "quantization_config": quantization,
    }
    index = {
        "metadata": {"total_size": sum(tensor.nbytes for tensor in tensors.values())},
        "weight_map": {name: shard for shard, members in shards.items() for name in members},
    }
    files = {
        "config.json": config, "generation_config.json": {"bos_token_id": 1, "eos_token_id": [2, 5]},
        "tokenizer_config.json": {}, "tokenizer.json": TOKENIZER, "model.safetensors.index.json": index,
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, indent=1) + "\n", "utf8")
