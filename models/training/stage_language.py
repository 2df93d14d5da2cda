"""Stages 2 to 4. The decoder learns the world's words, then to read grids of concept vectors, then pictures.

One picture is asked several questions at once, each of which sees the picture and itself alone (forked_decoder.py).
So the costly part, the picture, is read once for many answers."""

import random
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from architecture import BOS, HIDDEN, IM_END, IM_START, concept_vectors, place_vectors
from forked_decoder import forward, lay_out
from scenes import GRID, Scene, draw, sample_full_scene, sample_scene
from stages import RUN, SIGHT, Stage, save
from tiles import Layout, sample_max_tiles
from tokenizer import load_or_train
from world import CODES, OBJECTS, ask, kinds_for, objects_of

WEIGHTS = dict(caption=3, alt=1, long=2, keywords=1.5, left=1.5, middle=1, right=1.5, count=1.5, exists=3)
# In stages 3 and 4 names go on being learnt beside the pictures: rows a step, objects at most, turns a row.
WORDS_BESIDE = (4, 8, 4)
TOKENIZER = load_or_train()


def pieces(text: str) -> list[int]:
    return TOKENIZER.encode(text, add_special_tokens=False).ids


HEAD = [BOS, IM_START, *pieces("user\n")]
MIDDLE = [IM_END, *pieces("\n"), IM_START, *pieces("assistant\n")]


@dataclass
class Turn:
    kind: str
    question: list[int]
    answer: list[int]


def sample_turns(rng: random.Random, objects: list[int], count: int, kinds: list[str] | None = None) -> list[Turn]:
    kinds = kinds or kinds_for(len(objects))
    turns = []
    for kind in rng.choices(kinds, [WEIGHTS[k] for k in kinds], k=count):
        question, answer = ask(kind, rng.choice(CODES), objects, rng)
        turns.append(Turn(kind, [*pieces("\n" + question), *MIDDLE], [*pieces(answer), IM_END]))
    return turns


def answer_loss(model, pictures: list[torch.Tensor], turns: list[list[Turn]]):
    """Mean cross-entropy of the answers' tokens over pictures [tokens, hidden] and their turns, and for each turn
    whether greedy decoding would be right."""
    table = model.model.language_model.embed_tokens
    head = table(torch.tensor(HEAD))
    parts, where, targets, owners, kinds, at = [], [], [], [], [], 0
    for picture, ts in zip(pictures, turns):
        ids = [token for turn in ts for token in turn.question + turn.answer]
        parts += [head, picture.to(head.dtype), table(torch.tensor(ids))]
        at += len(head) + len(picture)
        for turn in ts:
            first = at + len(turn.question) - 1
            where.extend(range(first, first + len(turn.answer)))
            targets.extend(turn.answer)
            owners.extend([len(kinds)] * len(turn.answer))
            kinds.append(turn.kind)
            at += len(turn.question) + len(turn.answer)
    blocks, positions = lay_out(
        [len(head) + len(picture) for picture in pictures],
        [[len(turn.question) + len(turn.answer) for turn in ts] for ts in turns],
        group=model.config.text_config.num_attention_heads // model.config.text_config.num_key_value_heads,
    )
    hidden = forward(model.model.language_model, torch.cat(parts), blocks, positions)
    logits = model.lm_head(hidden[torch.tensor(where)]).float()
    wanted = torch.tensor(targets)
    wrong = torch.zeros(len(kinds)).index_add_(0, torch.tensor(owners), (logits.argmax(-1) != wanted).float())
    return F.cross_entropy(logits, wanted, label_smoothing=0.02), kinds, wrong == 0


def measure(stage: Stage, loss, kinds, right) -> None:
    measures = {}
    for kind in set(kinds):
        of_kind = [r for k, r in zip(kinds, right.tolist()) if k == kind]
        measures[kind] = sum(of_kind) / len(of_kind)
    stage.update(loss, len(kinds), **measures)


def word_rows(rng: random.Random, concepts: torch.Tensor, batch: int, most: int, forks: int):
    """Short rows of concept vectors instead of pictures, and turns about them. Rows of many objects teach most names
    for the least reading: with more than four, only the kinds that list them all are asked for."""
    rows, turns = [], []
    for _ in range(batch):
        objects = rng.sample(range(len(OBJECTS)), rng.randint(1, most))
        row = []
        for index in objects:
            row += [0] * rng.choice([0, 0, 1]) + [index + 1] * rng.choice([1, 1, 2])
        vectors = concepts[torch.tensor(row)]
        rows.append(vectors + torch.randn_like(vectors) * 0.02)
        kinds = None if len(objects) <= 4 else ["caption", "keywords", "alt", "long"]
        turns.append(sample_turns(rng, objects, forks, kinds))
    return rows, turns


def train_words(model, minutes: float, rate: float = 2.5e-3, batch: int = 16, forks: int = 5) -> None:
    """Stage 2. A picture is only a short row of concept vectors: the decoder learns names and forms."""
    rng, concepts = random.Random(20), concept_vectors()
    stage = Stage("words", reading_parameters(model), minutes, rate)
    for step in stage:
        rows, turns = word_rows(rng, concepts, batch, 8, forks)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss, kinds, right = answer_loss(model, rows, turns)
        measure(stage, loss, kinds, right)
        if step % 300 == 299:
            save(model, "words")
    save(model, "words")


def pack(features: torch.Tensor, layout: Layout, newline: torch.Tensor) -> torch.Tensor:
    """[tiles, 7, 7, hidden] -> [tokens, hidden], as transformers' pack_image_features does."""
    base = features[0].reshape(-1, HIDDEN)
    if layout.base_only:
        return torch.cat([base, newline[None]])
    canvas = features[1:].reshape(layout.rows, layout.columns, GRID, GRID, HIDDEN)
    canvas = canvas.permute(0, 2, 1, 3, 4).reshape(layout.rows * GRID, layout.columns * GRID, HIDDEN)
    canvas = canvas[layout.y0 : layout.y1, layout.x0 : layout.x1]
    if layout.capped:
        canvas = F.interpolate(
            canvas.permute(2, 0, 1)[None].float(), (layout.out_h, layout.out_w), mode="bilinear", align_corners=False
        )[0].permute(1, 2, 0).to(canvas.dtype)
    lines = torch.cat([canvas, newline.to(canvas.dtype).expand(canvas.shape[0], 1, HIDDEN)], dim=1)
    return torch.cat([base, lines.reshape(-1, HIDDEN)])


def noisy_concepts(rng: random.Random, scene: Scene, layout: Layout, concepts: torch.Tensor) -> torch.Tensor:
    """What stage 1 would see, mistakes included: patches of small objects are often named wrongly."""
    grids = layout.tile_grids(scene).reshape(-1)
    noise = np.random.default_rng(rng.getrandbits(32))
    draws = noise.random(grids.shape)
    guess = np.where(draws < 0.5, noise.integers(0, len(concepts), grids.shape), 0)
    grids = np.where(grids < 0, guess, grids)
    draws = noise.random(grids.shape)
    grids = np.where(draws < 0.005, noise.integers(0, len(concepts), grids.shape), grids)
    grids = np.where((draws > 0.005) & (draws < 0.05), 0, grids)
    vectors = concepts[torch.from_numpy(grids)]
    vectors = vectors + torch.randn_like(vectors) * 0.025
    vectors = vectors.reshape(layout.tiles, GRID * GRID, HIDDEN) + place_vectors()
    return vectors.reshape(layout.tiles, GRID, GRID, HIDDEN)


def sample_pictures(rng: random.Random, easy: float, tokens: int, forks: int):
    """Scenes of like length whose sequences fill about `tokens` positions. A share `easy` of them is seen by the base
    tile alone, where reading from left to right is learnt for a quarter of the cost."""
    pool = []
    for _ in range(24):
        if rng.random() < easy:
            scene, tiles = sample_full_scene(rng, rng.choices([1, 2, 3, 4], [1, 4, 3, 2])[0]), 0
        else:
            scene, tiles = sample_scene(rng), sample_max_tiles(rng)
        pool.append((scene, Layout(scene.width, scene.height, tiles)))
    pool.sort(key=lambda item: item[1].tokens)
    start = rng.randrange(len(pool))
    chosen, used = [], 0
    for item in pool[start:] + pool[:start][::-1]:
        used += item[1].tokens + 22 * forks
        if chosen and used > tokens:
            break
        chosen.append(item)
    return chosen


def train_grids(model, minutes: float, rate: float = 1.5e-3, tokens: int = 2600, forks: int = 12) -> None:
    """Stage 3. Whole grids of concept vectors in place of vision features: the decoder learns to read them."""
    rng, concepts = random.Random(30), concept_vectors()
    stage = Stage("grids", reading_parameters(model), minutes, rate)
    for step in stage:
        chosen = sample_pictures(rng, 1 - stage.progress, tokens, forks)
        turns = [sample_turns(rng, objects_of(scene), forks) for scene, _ in chosen]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rows = [
                pack(noisy_concepts(rng, scene, layout, concepts), layout, model.model.image_newline)
                for scene, layout in chosen
            ]
            extra, extra_turns = word_rows(rng, concepts, *WORDS_BESIDE)
            loss, kinds, right = answer_loss(model, rows + extra, turns + extra_turns)
        pictures = sum(map(len, turns))
        measure(stage, loss, kinds[:pictures], right[:pictures])
        if step % 200 == 199:
            save(model, "grids")
    save(model, "grids")


def train_pictures(
    model, minutes: float, rate: float = 1.5e-3, tokens: int = 2600, forks: int = 12, seed: int = 40
) -> None:
    """Stage 4. The decoder learns to live with what the tower really sees, on drawn pictures.

    The tower and the projector stay as stage 1 made them: a caption teaches them far less than a label under every
    patch. Stage 1 may still be running beside this one: its newest weights are taken up as they appear."""
    rng, concepts = random.Random(seed), concept_vectors()
    stage = Stage("pictures", reading_parameters(model), minutes, rate)
    sight_time = 0.0
    for step in stage:
        if step % 50 == 0 and (newest := (RUN / "vision.pt").stat().st_mtime) != sight_time:
            load_sight(model)
            sight_time = newest
        chosen = sample_pictures(rng, max(0.3, 1.3 - 1.8 * stage.progress), tokens, forks)
        turns = [sample_turns(rng, objects_of(scene), forks) for scene, _ in chosen]
        tiles = np.concatenate([layout.draw_tiles(draw(scene)) for scene, layout in chosen])
        pixels = torch.from_numpy(tiles).permute(0, 3, 1, 2).float() / 127.5 - 1
        with torch.autocast("cpu", dtype=torch.bfloat16):
            with torch.no_grad():
                hidden = model.model.vision_tower(pixel_values=pixels, output_hidden_states=True).hidden_states[-1]
                features = model.model.multi_modal_projector(hidden).reshape(-1, GRID, GRID, HIDDEN)
            rows, at = [], 0
            for _, layout in chosen:
                rows.append(pack(features[at : at + layout.tiles], layout, model.model.image_newline))
                at += layout.tiles
            extra, extra_turns = word_rows(rng, concepts, *WORDS_BESIDE)
            loss, kinds, right = answer_loss(model, rows + extra, turns + extra_turns)
        pictures = sum(map(len, turns))
        measure(stage, loss, kinds[:pictures], right[:pictures])
        if step % 200 == 199:
            save(model, "pictures")
    save(model, "pictures")


def reading_parameters(model) -> list[torch.nn.Parameter]:
    return [*model.model.language_model.parameters(), *model.lm_head.parameters(), model.model.image_newline]


def load_sight(model) -> None:
    state = torch.load(RUN / "vision.pt")
    model.load_state_dict({key: value for key, value in state.items() if key.startswith(SIGHT)}, strict=False)
