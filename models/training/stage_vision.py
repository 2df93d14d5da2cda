"""Stage 1: vision encoder and projector only. The task is to classify the object under each patch.

The target of the projector's output is the sum of the object's concept vector, the patch's position vector and the
object's rank vectors. The decoder is trained on the same vectors in stages 2 and 3."""

import random

import numpy as np
import torch
import torch.nn.functional as F

from architecture import concept_vectors, place_vectors, rank_vectors
from scenes import (
    GRID, PATCH, draw, draw_square, sample_clip, sample_far_scene, sample_large_objects, sample_scene, square,
)
from stages import Stage, process_number, save
from tiles import Layout, sample_max_tiles

BATCH = 64


def sample_view(rng: random.Random, easy: float):
    """A random scene with its image and tile layout. A share `easy` of the scenes has one or two large objects, for the
    start of the training; others are video frames, one of several images, or large images with small objects."""
    if rng.random() < easy:
        scene, most = sample_large_objects(rng), 0
    else:
        kind = rng.random()
        if kind < 0.1:
            scene, most = rng.choice(sample_clip(rng).frames), 0
        elif kind < 0.2:
            scene = sample_scene(rng)
            whole = square(scene)
            return whole, draw_square(scene), Layout(whole.width, whole.height, 0)
        elif kind < 0.3:
            scene, most = sample_far_scene(rng), rng.choice([4, 36])
        else:
            scene, most = sample_scene(rng), sample_max_tiles(rng)
    return scene, draw(scene), Layout(scene.width, scene.height, most)


def tile_batch(rng: random.Random, batch: int, easy: float):
    """Tiles of random scenes, uint8 [batch, 98, 98, 3], their patch classes, int64 [batch, 7, 7], and the ranks of the
    object under each patch, int64 [batch, 2, 7, 7]."""
    tiles, classes, ranks = [], [], []
    while len(tiles) < batch:
        scene, picture, layout = sample_view(rng, easy)
        drawn, (named, ranked) = layout.draw_tiles(picture), layout.labels(scene)
        # the base tile and up to four other tiles that are not empty
        shown = [i for i in range(1, len(drawn)) if (named[i] > 0).any()]
        rng.shuffle(shown)
        for i in [0, *shown[:4]]:
            tiles.append(drawn[i])
            classes.append(named[i])
            ranks.append(ranked[i])
    return tuple(np.stack(each[:batch]) for each in (tiles, classes, ranks))


def mirrored(tiles: np.ndarray, classes: np.ndarray, ranks: np.ndarray):
    """The mirrored batch. Drawing takes a quarter of a step, so each tile is used twice."""
    return tiles[:, :, ::-1].copy(), classes[:, :, ::-1].copy(), ranks[:, ::-1, :, ::-1].copy()


def whiten_patches(tower, rng: random.Random) -> None:
    """Initializes the patch embedding as a whitening transform of random patches and the position embedding with sines
    and cosines. Saves about an hour of training."""
    tiles, *_ = tile_batch(rng, 600, easy=0.5)
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
    concepts, places, rank_directions = concept_vectors(), place_vectors(), rank_vectors()
    weight = torch.ones(len(concepts))
    weight[0] = 0.25
    rng = random.Random(seed + process_number())
    if fresh:
        whiten_patches(tower, rng)
    stage = Stage("vision", [*tower.parameters(), *projector.parameters()], minutes, rate)
    waiting = []
    for step in stage:
        if len(waiting) < 50:
            drawn = tile_batch(rng, BATCH, easy=max(0.1, 1 - 3 * stage.progress) if fresh else 0.1)
            waiting.append(mirrored(*drawn))
        else:
            drawn = waiting.pop(rng.randrange(len(waiting)))
        tiles, classes, ranks = map(torch.from_numpy, drawn)
        target, ranks = classes.reshape(-1), ranks.permute(1, 0, 2, 3).reshape(2, -1)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            pixels = tiles.permute(0, 3, 1, 2).float() / 127.5 - 1
            hidden = tower(pixel_values=pixels, output_hidden_states=True).hidden_states[-1]
            found = projector(hidden)
        # without the position vector, object and rank remain
        found = (found.float() - places).reshape(-1, concepts.shape[1])
        logits = found @ concepts.T * (20 / concepts[1:].pow(2).sum(1).mean())
        naming = F.cross_entropy(logits, target, weight=weight)
        scores = [found @ directions.T * (10 / directions.pow(2).sum(1).mean()) for directions in rank_directions]
        ranking = sum(F.cross_entropy(s, r, ignore_index=-1) for s, r in zip(scores, ranks))
        shown = target > 0
        wanted = concepts[target]
        for directions, rank in zip(rank_directions, ranks):
            wanted = wanted + directions[rank.clamp(min=0)] * (rank >= 0)[:, None]
        landing = ((found - wanted).pow(2).mean(1) * weight[target]).mean() / 0.01
        # with the regression loss alone, all outputs converge to the mean, so the classification loss comes first
        right_so_far = stage.smooth.get("right", 0)
        loss = naming + 0.2 * ranking + landing * (0.05 if right_so_far < 0.6 else 1.0)
        right = ((logits.argmax(1) == target) & shown).sum().item() / max(1, shown.sum().item())
        ranked = (scores[0].argmax(1) == ranks[0])[shown].float().mean().item()
        stage.update(loss, BATCH, right=right, ranked=ranked, landing=landing.item())
        if step % 400 == 399:
            save(model, "vision")
    save(model, "vision")
