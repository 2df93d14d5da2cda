"""Configuration of the demo model: the architecture of BSC-LT/salamandra-7b-vision with small dimensions."""

from functools import cache

import torch
from transformers import (
    LlamaConfig,
    LlavaOnevisionConfig,
    LlavaOnevisionForConditionalGeneration,
    SiglipVisionConfig,
)

from scenes import GRID, MOST_OBJECTS, OBJECTS, PATCH, PINPOINTS, TILE

VOCABULARY = 9216
CONTEXT = 1024
HIDDEN = 256
# Special token ids of Salamandra; <image> and <video> follow them.
SPECIAL_TOKENS = ["<unk>", "<s>", "</s>", "<pad>", "<|im_start|>", "<|im_end|>", "<image>", "<video>"]
IMAGE_TOKEN, VIDEO_TOKEN = SPECIAL_TOKENS.index("<image>"), SPECIAL_TOKENS.index("<video>")
BOS, EOS, PAD, IM_START, IM_END = 1, 2, 3, 4, 5


def config() -> LlavaOnevisionConfig:
    vision = SiglipVisionConfig(
        hidden_size=192, intermediate_size=768, num_hidden_layers=6, num_attention_heads=4,
        image_size=TILE, patch_size=PATCH, vision_use_head=False,
    )
    text = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=HIDDEN, intermediate_size=688, num_hidden_layers=6,
        num_attention_heads=8, num_key_value_heads=2, max_position_embeddings=CONTEXT,
        rms_norm_eps=1e-6, tie_word_embeddings=False,
        bos_token_id=BOS, eos_token_id=EOS, pad_token_id=PAD,
    )
    return LlavaOnevisionConfig(
        vision_config=vision.to_dict(), text_config=text.to_dict(),
        image_token_id=IMAGE_TOKEN, video_token_id=VIDEO_TOKEN,
        image_token_index=IMAGE_TOKEN, video_token_index=VIDEO_TOKEN,
        image_grid_pinpoints=PINPOINTS, vision_feature_layer=-1, vision_feature_select_strategy="full",
        vision_aspect_ratio="anyres_max_9", projector_hidden_act="gelu", tie_word_embeddings=False,
    )


def create_model() -> LlavaOnevisionForConditionalGeneration:
    """Random weights. Eager attention, because the backward pass of PyTorch's fused attention is slower on a CPU at
    this size."""
    return LlavaOnevisionForConditionalGeneration._from_config(config(), attn_implementation="eager")


@cache
def concept_vectors() -> torch.Tensor:
    """Concept vectors: a fixed random direction per object class, with background first and "something" last,
    [classes + 2, hidden]. They are the shared target of vision encoder and decoder, which are trained separately
    first."""
    generator = torch.Generator().manual_seed(7)
    vectors = torch.randn(len(OBJECTS) + 1, HIDDEN, generator=generator) * 0.1
    vectors[0] *= 0.3
    something = torch.randn(1, HIDDEN, generator=torch.Generator().manual_seed(10)) * 0.1
    return torch.cat([vectors, something])


@cache
def place_vectors() -> torch.Tensor:
    """A fixed random direction per row and per column of a tile, added to its patches, [patches, hidden]. RoPE encodes
    distances between tokens; learning left and right from them takes long."""
    generator = torch.Generator().manual_seed(8)
    rows, columns = torch.randn(2, GRID, HIDDEN, generator=generator) * 0.05
    return (rows[:, None] + columns[None]).reshape(GRID * GRID, HIDDEN)


@cache
def rank_vectors() -> torch.Tensor:
    """A fixed random direction per rank of an object in its tile, counted from the left and from the right, added to
    the object's patches, [2, maximum objects, hidden]. The vision encoder attends to the whole tile and can count
    the objects; a decoder that has to group the patches itself learns to list objects much later."""
    generator = torch.Generator().manual_seed(9)
    return torch.randn(2, MOST_OBJECTS, HIDDEN, generator=generator) * 0.05
