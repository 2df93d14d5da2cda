"""Training samples of the decoder: a prompt with media, and turns about it.

A view is an image, a video or two images. It provides its tiles, the packing of their features (as in LLaVA-OneVision
of transformers) and its questions."""

import random
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F

from architecture import BOS, HIDDEN, IM_END, IM_START, concept_vectors, place_vectors, rank_vectors
from scenes import (
    GRID, OBJECTS, SOMETHING, Clip, Scene, draw, draw_square, sample_clip, sample_far_scene, sample_full_scene,
    sample_scene, square,
)
from tiles import Layout, sample_max_tiles
from tokenizer import load_or_train
from world import CODES, NAMES, Asked, ask, ask_clip, ask_compare, ask_words, kinds_for, objects_of

WEIGHTS = dict(caption=3, alt=1, long=2, keywords=1.5, left=1.5, middle=1, right=1.5, count=1.5, exists=3)
FOLLOW_UPS = 0.12
# Video frames are pooled to half the tile's side.
FRAME_SIDE = (GRID + 1) // 2
TOKENIZER = load_or_train()


def encode(text: str):
    return TOKENIZER.encode(text, add_special_tokens=False)


def pieces(text: str) -> list[int]:
    return encode(text).ids


# Sampling weight per language: names of many tokens need more samples, Greek most of all.
SPELLING = [(sum(len(pieces("\n" + name)) for name in NAMES[code]) / len(OBJECTS)) ** 3 for code in CODES]


def choose_language(rng: random.Random) -> str:
    return rng.choices(CODES, SPELLING)[0]


# The prompt before the question, as in the chat template; the text between control tokens is encoded separately.
HEAD = [BOS, IM_START, *pieces("user\n")]
TEXT_HEAD = [BOS, IM_START]
NEWLINE = pieces("\n")
ASSISTANT = [IM_END, *pieces("\n"), IM_START, *pieces("assistant\n")]


@dataclass
class Turn:
    """A question and its answer as token ids. `hints`: labels of the auxiliary classifiers (see Hints in
    stage_language): name, token of the turn, class."""

    kind: str
    question: list[int]
    answer: list[int]
    hints: list[tuple[str, int, int]]


@dataclass
class Sample:
    """prompt: token ids and embeddings [tokens, hidden] in order. beside: a row of stage 2, not counted in the metrics.
    classes: object under each token of the prompt, 0 for none, -1 outside of the base tile; empty if unused.
    frames: first token of each video frame, or of each of two images."""

    prompt: list
    turns: list[Turn]
    beside: bool = False
    classes: list[int] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)


def to_turn(kind: str, code: str, asked: Asked, opening: str, before: list[int] | None = None) -> Turn:
    """`opening`: text before the question, a newline after an image, "user" and a newline without one.
    `before`: an earlier question and answer about the same image."""
    before = before or []
    question = encode(opening + asked.question)
    hints = []
    for place, index in asked.heard:
        # the name may be in another language than the question, so its end is found in the text
        end = place + len(opening) + max(
            len(names[index]) for names in NAMES.values() if asked.question[place:].startswith(names[index])
        )
        token = max(n for n, (start, _) in enumerate(question.offsets) if start < end)
        hints.append(("heard", len(before) + token, index + 1))
        if asked.gist is not None:
            hints.append(("found", len(before) + token, asked.gist[1]))
    answer = encode(asked.answer)
    ids = [*before, *question.ids, *ASSISTANT]
    for place, index in asked.told:
        stop = place + len(NAMES[code][index])
        told = (n for n, (a, b) in enumerate(answer.offsets) if b > place and a < stop)
        hints += [("chosen", len(ids) - 1 + n, index + 1) for n in told]
    if asked.gist is not None:
        hints.append(("there" if asked.heard else asked.gist[0], len(ids) - 1, asked.gist[1]))
    return Turn(kind, ids, [*answer.ids, IM_END], hints)


def sample_turns(rng: random.Random, objects: list[int], count: int, kinds: list[str] | None = None) -> list[Turn]:
    kinds = kinds or kinds_for(len(objects))
    turns = []
    for kind in rng.choices(kinds, [WEIGHTS[k] for k in kinds], k=count):
        code = choose_language(rng)
        asked = ask(kind, code, objects, rng)
        if rng.random() < FOLLOW_UPS:
            earlier = ask(rng.choice(kinds), rng.choice([code, code, rng.choice(CODES)]), objects, rng)
            before = [
                *pieces("\n" + earlier.question), IM_END, *NEWLINE, IM_START,
                *pieces("assistant\n" + earlier.answer), IM_END, *NEWLINE, IM_START,
            ]
            turns.append(to_turn("followUp", code, asked, "user\n", before))
        else:
            turns.append(to_turn(kind, code, asked, "\n"))
    return turns


def word_samples(rng: random.Random, batch: int, most: int, forks: int, beside: bool) -> list[Sample]:
    """Short rows of concept vectors instead of images, and turns about them. Rows with many objects train the most
    names per token: with more than four, only questions that list all of them are used."""
    concepts, ranks = concept_vectors(), rank_vectors()
    samples = []
    for _ in range(batch):
        objects = rng.sample(range(len(OBJECTS)), rng.randint(1, most))
        ranked = len(objects) <= 4
        row, classes = [], [0] * len(HEAD)
        for number, index in enumerate(objects):
            vector = concepts[index + 1]
            if ranked:
                vector = vector + ranks[0, number] + ranks[1, len(objects) - 1 - number]
            gap, width = rng.choice([0, 0, 1]), rng.choice([1, 1, 2])
            row += [concepts[0]] * gap + [vector] * width
            classes += [0] * gap + [index + 1] * width
        vectors = torch.stack(row)
        kinds = None if ranked else ["caption", "keywords", "alt", "long"]
        turns = sample_turns(rng, objects, forks, kinds)
        samples.append(Sample([HEAD, vectors + torch.randn_like(vectors) * 0.02], turns, beside, classes))
    return samples


def text_samples(rng: random.Random, count: int) -> list[Sample]:
    turns = []
    for _ in range(count):
        code = choose_language(rng)
        turns.append(to_turn("words", code, ask_words(rng, code), "user\n"))
    return [Sample([TEXT_HEAD], turns, beside=True)]


def pack(features: torch.Tensor, layout: Layout, newline: torch.Tensor) -> torch.Tensor:
    """[tiles, 7, 7, hidden] -> [tokens, hidden], as transformers' pack_image_features does."""
    base = features[0].reshape(-1, HIDDEN)
    if layout.base_only:
        return torch.cat([base, newline[None]])
    canvas = features[1:].reshape(layout.rows, layout.columns, GRID, GRID, HIDDEN)
    canvas = canvas.permute(0, 2, 1, 3, 4).reshape(layout.rows * GRID, layout.columns * GRID, HIDDEN)
    canvas = canvas[layout.y0 : layout.y1, layout.x0 : layout.x1]
    if layout.capped:
        canvas = resize(canvas[None], layout.out_h, layout.out_w)[0]
    lines = torch.cat([canvas, newline.to(canvas.dtype).expand(canvas.shape[0], 1, HIDDEN)], dim=1)
    return torch.cat([base, lines.reshape(-1, HIDDEN)])


def resize(planes: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """[n, h, w, hidden] -> [n, height, width, hidden]"""
    channels = planes.permute(0, 3, 1, 2).float()
    resized = F.interpolate(channels, (height, width), mode="bilinear", align_corners=False)
    return resized.permute(0, 2, 3, 1).to(planes.dtype)


def base_classes(scene: Scene) -> list[int]:
    classes, _ = Layout(scene.width, scene.height, 0).labels(scene)
    return classes.reshape(-1).tolist()


@dataclass
class Picture:
    scene: Scene
    layout: Layout
    turns: list[Turn]

    @property
    def tokens(self) -> int:
        return self.layout.tokens

    def draw_tiles(self) -> np.ndarray:
        return self.layout.draw_tiles(draw(self.scene))

    def labels(self):
        return self.layout.labels(self.scene)

    def sample(self, features: torch.Tensor, newline: torch.Tensor) -> Sample:
        seen = pack(features, self.layout, newline)
        classes = [*[0] * len(HEAD), *base_classes(self.scene)]
        classes += [-1] * (len(HEAD) + len(seen) - len(classes))
        return Sample([HEAD, seen], self.turns, classes=classes)


@dataclass
class ClipView:
    clip: Clip
    turns: list[Turn]

    @property
    def layouts(self) -> list[Layout]:
        return [Layout(frame.width, frame.height, 0) for frame in self.clip.frames]

    @property
    def tokens(self) -> int:
        return len(self.clip.frames) * FRAME_SIDE**2 + 1

    def draw_tiles(self) -> np.ndarray:
        return np.concatenate([l.draw_tiles(draw(frame)) for l, frame in zip(self.layouts, self.clip.frames)])

    def labels(self):
        labels = [layout.labels(frame) for layout, frame in zip(self.layouts, self.clip.frames)]
        return tuple(np.concatenate(each) for each in zip(*labels))

    def sample(self, features: torch.Tensor, newline: torch.Tensor) -> Sample:
        frames = resize(features, FRAME_SIDE, FRAME_SIDE).reshape(-1, HIDDEN)
        named, _ = self.labels()
        covered = resize(torch.from_numpy(named > 0)[..., None].float(), FRAME_SIDE, FRAME_SIDE).reshape(-1) > 0.1
        classes = [*[0] * len(HEAD), *(covered * (self.clip.index + 1)).tolist(), 0]
        begins = range(len(HEAD), len(classes) - 1, FRAME_SIDE**2)
        clip = torch.cat([frames, newline[None].to(frames.dtype)])
        return Sample([HEAD, clip], self.turns, classes=classes, frames=list(begins))


@dataclass
class Pair:
    scenes: list[Scene]
    turns: list[Turn]

    @property
    def tokens(self) -> int:
        return 2 * (GRID * GRID + 1)

    @property
    def layouts(self) -> list[Layout]:
        sides = [max(scene.width, scene.height) for scene in self.scenes]
        return [Layout(side, side, 0) for side in sides]

    def draw_tiles(self) -> np.ndarray:
        return np.concatenate([l.draw_tiles(draw_square(scene)) for l, scene in zip(self.layouts, self.scenes)])

    def labels(self):
        labels = [layout.labels(square(scene)) for layout, scene in zip(self.layouts, self.scenes)]
        return tuple(np.concatenate(each) for each in zip(*labels))

    def sample(self, features: torch.Tensor, newline: torch.Tensor) -> Sample:
        first, second = (torch.cat([f.reshape(-1, HIDDEN), newline[None].to(f.dtype)]) for f in features)
        one, other = ([*base_classes(square(scene)), 0] for scene in self.scenes)
        before = [*[0] * len(HEAD), *one, *[0] * len(NEWLINE)]
        return Sample([HEAD, first, NEWLINE, second], self.turns, classes=before + other, frames=[len(HEAD), len(before)])


View = Picture | ClipView | Pair


def sample_picture(rng: random.Random, easy: float, forks: int) -> Picture:
    """A share `easy` of the scenes uses the base tile only: it trains the reading order at a quarter of the cost."""
    if rng.random() < easy:
        scene, tiles = sample_full_scene(rng, rng.choices([1, 2, 3, 4], [1, 4, 3, 2])[0]), 0
    elif rng.random() < 0.5:
        scene, tiles = sample_far_scene(rng), rng.choices([0, 4, 9, 36], [1, 4, 2, 5])[0]
    else:
        scene, tiles = sample_scene(rng), sample_max_tiles(rng)
    return Picture(scene, Layout(scene.width, scene.height, tiles), sample_turns(rng, objects_of(scene), forks))


def sample_clip_view(rng: random.Random) -> ClipView:
    clip = sample_clip(rng)
    codes = rng.sample(CODES, 6)
    turns = [to_turn("clip", c, ask_clip(clip.motion, clip.index, c, rng), "\n") for c in codes]
    return ClipView(clip, turns)


def sample_pair(rng: random.Random) -> Pair:
    def one(index: int | None = None) -> Scene:
        scene = sample_full_scene(rng, 1) if rng.random() < 0.6 else sample_scene(rng)
        while len(scene.objects) != 1:
            scene = sample_scene(rng)
        if index is not None:
            scene.objects[0].index = index
        return scene

    first = one()
    second = one(first.objects[0].index if rng.random() < 0.5 else None)
    indexes = [scene.objects[0].index for scene in (first, second)]
    turns = [to_turn("compare", c, ask_compare(*indexes, c, rng), "\n") for c in rng.sample(CODES, 4)]
    return Pair([first, second], turns)


def sample_views(rng: random.Random, easy: float, tokens: int, forks: int) -> list[View]:
    """A video, two pairs of images, and images of similar length, together about `tokens` tokens with their turns."""
    views: list[View] = [sample_clip_view(rng), sample_pair(rng), sample_pair(rng)]
    used = sum(view.tokens + 22 * len(view.turns) for view in views)
    pool = sorted((sample_picture(rng, easy, 0) for _ in range(24)), key=lambda view: view.tokens)
    start = rng.randrange(len(pool))
    for view in pool[start:] + pool[:start][::-1]:
        used += view.tokens + 22 * forks
        if used > tokens:
            break
        view.turns = sample_turns(rng, objects_of(view.scene), forks)
        views.append(view)
    return views


def see(model, tiles: list[np.ndarray]) -> list[torch.Tensor]:
    """The tiles of several views, uint8 [tiles, 98, 98, 3] each -> features [tiles, 7, 7, hidden] each."""
    pixels = torch.from_numpy(np.concatenate(tiles)).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.no_grad():
        hidden = model.model.vision_tower(pixel_values=pixels, output_hidden_states=True).hidden_states[-1]
        features = model.model.multi_modal_projector(hidden).reshape(-1, GRID, GRID, HIDDEN)
    return list(features.split([len(each) for each in tiles]))


def noisy_features(rng: random.Random, view: View) -> torch.Tensor:
    """Simulated output of stage 1 with its errors: wrong classes for tiny objects, some missed patches."""
    concepts, (from_left, from_right) = concept_vectors(), rank_vectors()
    classes, ranks = view.labels()  # [tiles, 7, 7], [tiles, 2, 7, 7]
    noise = np.random.default_rng(rng.getrandbits(32))
    draws = noise.random(classes.shape)
    classes = np.where((classes == SOMETHING) & (draws < 0.5), noise.integers(1, SOMETHING, classes.shape), classes)
    draws = noise.random(classes.shape)
    classes = np.where(draws < 0.005, noise.integers(0, SOMETHING, classes.shape), classes)
    missed = (draws > 0.005) & (draws < 0.05)
    classes, ranks = torch.from_numpy(np.where(missed, 0, classes)), torch.from_numpy(ranks).permute(1, 0, 2, 3)
    vectors = concepts[classes]
    for directions, rank in zip((from_left, from_right), ranks):
        vectors = vectors + directions[rank.clamp(min=0)] * ((rank >= 0) & (classes > 0))[..., None]
    vectors = vectors + torch.randn_like(vectors) * 0.025
    return vectors + place_vectors().reshape(GRID, GRID, HIDDEN)
