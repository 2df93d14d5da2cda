"""Stage 1. The vision tower and the projector alone: name the object under each patch.

The projector's output is drawn to that object's concept vector plus the patch's place vector, so that the
decoder, which learns to read those in stages 2 and 3, finds what it knows when the two are joined."""

import random

import numpy as np
import torch
import torch.nn.functional as F

from architecture import concept_vectors, place_vectors
from scenes import GRID, PATCH, draw, sample_large_objects, sample_scene
from stages import Stage, save
from tiles import Layout, sample_max_tiles

BATCH = 64


def tile_batch(rng: random.Random, batch: int, easy: float):
    """Tiles of random scenes, uint8 [batch, 98, 98, 3], and their patch classes, int64 [batch, 49].
    A share `easy` of the scenes are one or two large objects seen whole, by which the tower starts."""
    tiles, grids = [], []
    while len(tiles) < batch:
        if rng.random() < easy:
            scene = sample_large_objects(rng)
            layout = Layout(scene.width, scene.height, 0)
            tiles.append(layout.draw_tiles(draw(scene))[0])
            grids.append(layout.base_grid(scene).reshape(-1))
            continue
        scene = sample_scene(rng)
        layout = Layout(scene.width, scene.height, sample_max_tiles(rng))
        drawn, labels = layout.draw_tiles(draw(scene)), layout.tile_grids(scene)
        # the base tile and those of the others that show something, four at the most
        shown = [i for i in range(1, len(drawn)) if (labels[i] > 0).any()]
        rng.shuffle(shown)
        for i in [0, *shown[:4]]:
            tiles.append(drawn[i])
            grids.append(labels[i].reshape(-1))
    return np.stack(tiles[:batch]), np.stack(grids[:batch])


def whiten_patches(tower, rng: random.Random) -> None:
    """Starts the patch embedding as a whitening of the world's own patches, and the positions as waves:
    decorrelated input and a ready sense of place save the tower its slowest hour."""
    tiles, _ = tile_batch(rng, 600, easy=0.5)
    x = torch.from_numpy(tiles).permute(0, 3, 1, 2).float() / 127.5 - 1
    patches = F.unfold(x, PATCH, stride=PATCH).transpose(1, 2).reshape(-1, 3 * PATCH * PATCH)
    mean = patches.mean(0)
    values, vectors = torch.linalg.eigh((patches - mean).T @ (patches - mean) / len(patches))
    conv, positions = tower.embeddings.patch_embedding, tower.embeddings.position_embedding
    width = conv.weight.shape[0]
    filters = (vectors[:, -width:] / (values[-width:] + 0.02).sqrt()).T.flip(0) * 0.7
    conv.weight.data.copy_(filters.reshape(conv.weight.shape))
    conv.bias.data.copy_(-filters @ mean)
    rates = 1 / 20 ** torch.linspace(0, 1, width // 4)
    row, column = torch.meshgrid(torch.arange(GRID), torch.arange(GRID), indexing="ij")
    angles = [axis.reshape(-1, 1) * rates * 1.5 for axis in (row, column)]
    positions.weight.data.copy_(torch.cat([f(a) for a in angles for f in (torch.sin, torch.cos)], dim=1) * 0.5)


def train(model, minutes: float, rate: float = 2e-3, seed: int = 10, fresh: bool = True) -> None:
    tower, projector = model.model.vision_tower, model.model.multi_modal_projector
    concepts, places = concept_vectors(), place_vectors()
    weight = torch.ones(len(concepts))
    weight[0] = 0.25
    rng = random.Random(seed)
    if fresh:
        whiten_patches(tower, rng)
    stage = Stage("vision", [*tower.parameters(), *projector.parameters()], minutes, rate)
    for step in stage:
        tiles, grids = tile_batch(rng, BATCH, easy=max(0.1, 1 - 3 * stage.progress) if fresh else 0.25)
        pixels = torch.from_numpy(tiles).permute(0, 3, 1, 2).float() / 127.5 - 1
        target = torch.from_numpy(grids).reshape(-1)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            hidden = tower(pixel_values=pixels, output_hidden_states=True).hidden_states[-1]
            found = projector(hidden)
        # what is left without the place is the object
        found = (found.float() - places).reshape(-1, concepts.shape[1])
        logits = found @ concepts.T * (20 / (concepts[1:].pow(2).sum(1).mean()))
        naming = F.cross_entropy(logits, target, weight=weight, ignore_index=-1)
        wanted = concepts[target.clamp(min=0)]
        distance = (found - wanted).pow(2).mean(1) * weight[target.clamp(min=0)] * (target >= 0)
        landing = distance.mean() / 0.01
        shown = target > 0
        right = ((logits.argmax(1) == target) & shown).sum().item() / max(1, shown.sum().item())
        # landing alone would draw everything to the mean: names first
        right_so_far = stage.smooth.get("right", 0)
        stage.update(naming + landing * (0.05 if right_so_far < 0.6 else 1.0), BATCH, right=right, landing=landing.item())
        if step % 400 == 399:
            save(model, "vision")
    save(model, "vision")
