"""Stage 1. The vision tower and the projector alone: name the object under each patch.

The projector's output is drawn to that object's concept vector, so that the decoder, which learns to
read concept vectors in stages 2 and 3, finds what it knows when the two are joined."""

import random

import numpy as np
import torch
import torch.nn.functional as F

from architecture import concept_vectors
from scenes import draw, sample_large_objects, sample_scene
from stages import Stage, save
from tiles import Layout, sample_max_tiles

BATCH = 96


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
        shown = [i for i in range(1, len(drawn)) if labels[i].any()]
        rng.shuffle(shown)
        for i in [0, *shown[:4]]:
            tiles.append(drawn[i])
            grids.append(labels[i].reshape(-1))
    return np.stack(tiles[:batch]), np.stack(grids[:batch])


def train(model, minutes: float, rate: float = 8e-4, seed: int = 10) -> None:
    tower, projector = model.model.vision_tower, model.model.multi_modal_projector
    concepts = concept_vectors()
    weight = torch.ones(len(concepts))
    weight[0] = 0.25
    rng = random.Random(seed)
    stage = Stage("vision", [*tower.parameters(), *projector.parameters()], minutes, rate)
    for step in stage:
        tiles, grids = tile_batch(rng, BATCH, easy=max(0.1, 1 - 3 * stage.progress))
        pixels = torch.from_numpy(tiles).permute(0, 3, 1, 2).float() / 127.5 - 1
        target = torch.from_numpy(grids).reshape(-1)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            hidden = tower(pixel_values=pixels, output_hidden_states=True).hidden_states[-1]
            found = projector(hidden)
        found = found.float().reshape(-1, concepts.shape[1])
        logits = found @ concepts.T * (10 / (concepts[1:].pow(2).sum(1).mean()))
        naming = F.cross_entropy(logits, target, weight=weight)
        landing = (F.mse_loss(found, concepts[target], reduction="none").mean(1) * weight[target]).mean() / 0.01
        shown = target > 0
        right = ((logits.argmax(1) == target) & shown).sum().item() / max(1, shown.sum().item())
        # landing alone would draw everything to the mean: names first
        right_so_far = stage.smooth.get("right", 0)
        stage.update(naming + landing * (0.05 if right_so_far < 0.6 else 0.5), BATCH, right=right, landing=landing.item())
        if step % 500 == 499:
            save(model, "vision")
    save(model, "vision")
