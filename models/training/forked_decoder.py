"""Forward pass of a Llama decoder for training, with several questions per image.

The sequence is flat and without padding: the prompt of each image, then its turns. Image tokens attend to each other,
tokens of a turn to the image and to their own turn. Computing these blocks needs a fraction of the attention scores of
one masked sequence, which dominated the time. Uses the weights of a transformers model and gives the same results
(checked by `python forked_decoder.py`)."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F


@dataclass
class Block:
    """Positions of an image and its turns in the flat sequence."""

    start: int
    picture: int  # tokens of the prompt including the image
    index: torch.Tensor  # [turns, longest] positions of the turns' tokens, padded with the first position
    valid: torch.Tensor  # [turns, longest] bool
    causal: torch.Tensor  # [4 * prompt, prompt] 0 or -inf, for the four query heads per key head
    causal_turn: torch.Tensor  # [4 * longest, longest]


def causal_bias(n: int, group: int) -> torch.Tensor:
    bias = torch.full((n, n), float("-inf")).triu(1)
    return bias.repeat(group, 1).to(torch.bfloat16 if torch.is_autocast_enabled("cpu") else torch.float32)


def lay_out(pictures: list[int], turns: list[list[int]], group: int) -> tuple[list[Block], torch.Tensor]:
    """Blocks and position ids for prompts of the given lengths with turns of the given lengths."""
    blocks, positions, at = [], [], 0
    for picture, lengths in zip(pictures, turns):
        longest, first = max(lengths), at + picture
        starts = torch.tensor([first, *lengths[:-1]]).cumsum(0)
        steps = torch.arange(longest)
        valid = steps[None] < torch.tensor(lengths)[:, None]
        index = torch.where(valid, starts[:, None] + steps[None], starts[:, None])
        blocks.append(Block(at, picture, index, valid, causal_bias(picture, group), causal_bias(longest, group)))
        positions += [torch.arange(picture), *(picture + torch.arange(n) for n in lengths)]
        at = first + sum(lengths)
    return blocks, torch.cat(positions)


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    a, b = x.chunk(2, dim=-1)
    return x * cos + torch.cat([-b, a], dim=-1) * sin


def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, block: Block, group: int) -> torch.Tensor:
    """q [n, heads, d], k and v [n, keyHeads, d] of the whole sequence -> output rows of the block [m, heads * d]."""
    heads, d = q.shape[1:]
    key_heads, p = heads // group, block.picture
    turns, longest = block.index.shape
    own = slice(block.start, block.start + p)
    kp, vp = k[own].transpose(0, 1), v[own].transpose(0, 1)  # [keyHeads, p, d]
    qp = q[own].view(p, key_heads, group, d).permute(1, 2, 0, 3).reshape(key_heads, group * p, d)
    seen = ((qp @ kp.transpose(1, 2)) * d**-0.5 + block.causal).softmax(-1) @ vp
    picture = seen.view(key_heads, group, p, d).permute(2, 0, 1, 3).reshape(p, heads * d)

    qt = q[block.index].view(turns, longest, key_heads, group, d).permute(2, 0, 3, 1, 4)
    qt = qt.reshape(key_heads, turns, group * longest, d)
    kt, vt = (t[block.index].permute(2, 0, 1, 3) for t in (k, v))  # [keyHeads, turns, longest, d]
    to_picture = (qt.reshape(key_heads, -1, d) @ kp.transpose(1, 2)).view(key_heads, turns, group * longest, p)
    to_turn = (qt @ kt.transpose(2, 3)) * d**-0.5 + block.causal_turn
    weights = torch.cat([to_picture * d**-0.5, to_turn], dim=-1).softmax(-1)
    mixed = (weights[..., :p].reshape(key_heads, -1, p) @ vp).view(key_heads, turns, group * longest, d)
    mixed = mixed + weights[..., p:] @ vt
    mixed = mixed.view(key_heads, turns, group, longest, d).permute(1, 3, 0, 2, 4).reshape(turns, longest, heads * d)
    return torch.cat([picture, mixed[block.valid]])


def forward(
    decoder, embeds: torch.Tensor, blocks: list[Block], positions: torch.Tensor
) -> tuple[torch.Tensor, list[torch.Tensor], list[tuple[torch.Tensor, torch.Tensor]]]:
    """embeds [n, hidden] -> hidden states after the final norm [n, hidden]; the residual stream after each layer,
    [n, hidden] each; and each layer's queries [n, heads, d] and keys [n, keyHeads, d]. `decoder` is a LlamaModel."""
    config = decoder.config
    heads, key_heads = config.num_attention_heads, config.num_key_value_heads
    cos, sin = decoder.rotary_emb(embeds[None], positions[None])
    dtype = torch.bfloat16 if torch.is_autocast_enabled("cpu") else embeds.dtype
    cos, sin = cos[0, :, None].to(dtype), sin[0, :, None].to(dtype)
    x, streams, pairs = embeds, [], []
    for layer in decoder.layers:
        attention, perceptron = layer.self_attn, layer.mlp
        h = norm(x, layer.input_layernorm)
        q, k, v = together(h, attention.q_proj, attention.k_proj, attention.v_proj)
        q = rotate(q.view(len(x), heads, -1), cos, sin)
        k = rotate(k.view(len(x), key_heads, -1), cos, sin)
        v = v.view(len(x), key_heads, -1)
        pairs.append((q, k))
        mixed = torch.cat([attend(q, k, v, block, heads // key_heads) for block in blocks])
        x = x + attention.o_proj(mixed)
        h = norm(x, layer.post_attention_layernorm)
        gate, up = together(h, perceptron.gate_proj, perceptron.up_proj)
        x = x + perceptron.down_proj(F.silu(gate) * up)
        streams.append(x)
    return norm(x, decoder.norm), streams, pairs


def together(x: torch.Tensor, *linears) -> tuple[torch.Tensor, ...]:
    """Several products with the same input as one wider product, which is faster."""
    weight = torch.cat([linear.weight for linear in linears])
    return F.linear(x, weight).split([linear.out_features for linear in linears], dim=-1)


def norm(x: torch.Tensor, layer) -> torch.Tensor:
    return F.rms_norm(x.float(), (x.shape[-1],), layer.weight, layer.variance_epsilon)


if __name__ == "__main__":
    from architecture import create_model

    torch.manual_seed(0)
    llama = create_model().model.language_model
    pictures, turns = [40, 25], [[9, 14, 3], [6, 11]]
    blocks, positions = lay_out(pictures, turns, 4)
    embeds = torch.randn(len(positions), 256)
    with torch.no_grad():
        ours, *_ = forward(llama, embeds, blocks, positions)
        at, worst = 0, 0.0
        for picture, lengths in zip(pictures, turns):
            prompt, place = embeds[at : at + picture], at + picture
            for n in lengths:
                whole = torch.cat([prompt, embeds[place : place + n]])[None]
                theirs = llama(inputs_embeds=whole, use_cache=False).last_hidden_state[0]
                worst = max(worst, (theirs[:picture] - ours[at : at + picture]).abs().max().item())
                worst = max(worst, (theirs[picture:] - ours[place : place + n]).abs().max().item())
                place += n
            at = place
    print(f"max abs difference from transformers: {worst:.2e}")
