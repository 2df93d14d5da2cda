"""Float32 reference values of transformers for a synthetic checkpoint. Used by shape_references.py."""

import numpy as np
import torch
from transformers import LlamaConfig, SiglipVisionConfig, SiglipVisionModel
from transformers.models.llama.modeling_llama import LlamaModel
from transformers.models.llava_onevision.configuration_llava_onevision import LlavaOnevisionConfig
from transformers.models.llava_onevision.modeling_llava_onevision import LlavaOnevisionMultiModalProjector

from shape_cases import ShapeCase, tensor_shapes
from synthetic_values import rows_of, tensor_of, tile_levels

HEAD_BLOCK = 1024


def embedding_name(case: ShapeCase) -> str:
    return f"{case.prefix}model.embed_tokens.weight"


def embed(case: ShapeCase, ids: list[int]) -> np.ndarray:
    return rows_of(embedding_name(case), (case.rows, case.decoder.hidden), ids)


def head_blocks(case: ShapeCase):
    """(first row, float32 [rows, hidden]), block by block, since the output head of a real model has 4 GB."""
    name = embedding_name(case) if case.tiedHead else f"{case.prefix}lm_head.weight"
    shape = (case.rows, case.decoder.hidden)
    for start in range(0, case.rows, HEAD_BLOCK):
        yield start, rows_of(name, shape, range(start, min(start + HEAD_BLOCK, case.rows)))


def pixel_values(case: ShapeCase) -> np.ndarray:
    """float32 [1, 3, side, side]: the tile, normalized with mean and standard deviation 0.5."""
    levels = tile_levels(case.vision.image).astype(np.float64)
    return ((levels / 255 - 0.5) / 0.5).astype(np.float32).transpose(2, 0, 1)[None]


def inputs_embeds(case: ShapeCase, features: np.ndarray | None) -> np.ndarray:
    """float32 [positions, hidden]: the prompt and the tokens of the decode steps; a tile is its patches and the
    image newline."""
    before, after, steps = case.prompt()
    parts = [embed(case, before)]
    if features is not None:
        parts += [features, tensor_of("image_newline", (case.decoder.hidden,))[None]]
    return np.concatenate([*parts, embed(case, after + steps)])


def reference_features(case: ShapeCase) -> torch.Tensor:
    """[patches, hidden]: vision encoder without its final norm, then the projector."""
    vision, text = case.vision, llama_config(case)
    siglip = SiglipVisionConfig(
        hidden_size=vision.hidden, intermediate_size=vision.wide, num_hidden_layers=vision.layers,
        num_attention_heads=vision.heads, image_size=vision.image, patch_size=vision.patch, vision_use_head=False,
    )
    tower = SiglipVisionModel(siglip).eval()
    fill(tower, case, "vision_tower.vision_model.")
    projector = LlavaOnevisionMultiModalProjector(LlavaOnevisionConfig(vision_config=siglip, text_config=text)).eval()
    fill(projector, case, "multi_modal_projector.")
    hidden = tower(torch.from_numpy(pixel_values(case)), output_hidden_states=True).hidden_states[-1]
    return projector(hidden)[0]


def reference_logits(case: ShapeCase, embeds: np.ndarray, answers: int) -> torch.Tensor:
    """[answers, vocabulary] at the last positions.

    Layers are computed one at a time in a model of one layer, to limit the memory.
    """
    model, outputs = LlamaModel(llama_config(case)).eval(), []
    model.layers[0].register_forward_hook(lambda layer, inputs, output: outputs.append(output))
    root, last = f"{case.prefix}model.", torch.empty(0)
    x = torch.from_numpy(embeds)[None]
    for layer in range(case.decoder.layers):
        fill(model, case, root, {f"layers.{layer}.": "layers.0.", "norm.": "norm."})
        last = model(inputs_embeds=x, use_cache=False).last_hidden_state
        x = outputs.pop()
    hidden = last[0, -answers:]
    blocks = [torch.nn.functional.linear(hidden, torch.from_numpy(rows)) for _, rows in head_blocks(case)]
    return torch.cat(blocks, dim=1)


def llama_config(case: ShapeCase) -> LlamaConfig:
    """A model of one layer. Its small vocabulary is unused, since the embeddings are passed in."""
    one = case.decoder
    sizes = dict(
        vocab_size=8, hidden_size=one.hidden, intermediate_size=one.wide, num_hidden_layers=1,
        num_attention_heads=one.heads, num_key_value_heads=one.keyValueHeads, head_dim=one.headDim,
        max_position_embeddings=one.positions, rms_norm_eps=one.epsilon, attn_implementation="eager",
        bos_token_id=1, eos_token_id=2, pad_token_id=3,
    )
    return LlamaConfig(**sizes, **({} if "rope_parameters" in case.config else {"rope_theta": 10000.0}) | case.config)


def fill(model: torch.nn.Module, case: ShapeCase, prefix: str, names: dict[str, str] | None = None) -> None:
    """Loads the tensors with a prefix into a model.

    `names` maps the start of their names after the prefix to the start of the names in the model.
    """
    parameters = dict(model.named_parameters())
    left = set(parameters) - {"embed_tokens.weight"}
    for name, shape in tensor_shapes(case).items():
        place = name.removeprefix(prefix)
        for start, replacement in (names or {"": ""}).items():
            if name.startswith(prefix) and place.startswith(start):
                parameter = parameters[place.replace(start, replacement, 1)]
                assert parameter.shape == shape and parameter.dtype == torch.float32, name
                parameter.data = torch.from_numpy(tensor_of(name, shape))
                left.remove(place.replace(start, replacement, 1))
    assert not left, f"not in the checkpoint: {sorted(left)}"
