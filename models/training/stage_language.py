"""Stages 2 to 4: the decoder is trained on short rows of concept vectors, then on grids of them, then on images.

Each image has several questions per step, which attend to the image and to themselves only (forked_decoder.py), so the
expensive image tokens are processed once for many answers."""

import random
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from architecture import HIDDEN, concept_vectors
from forked_decoder import forward, lay_out
from samples import Sample, Turn, noisy_features, sample_views, see, text_samples, word_samples
from scenes import MOTIONS
from stages import RUN, Stage, load_sight, process_number, save

# Stages 3 and 4 continue the rows of stage 2: rows per step, maximum objects and turns per row; then rows without an
# image.
WORDS_BESIDE = (4, 8, 4)
TEXTS_BESIDE = 10
# Layers after which auxiliary losses apply: the object named in a question, its location, the next object of a list,
# and the short answer. With these losses the decoder converges much faster than with the token loss alone.
HEARD_AFTER, FOUND_AFTER, CHOSEN_AFTER, KNOWN_AFTER = 2, 4, 4, 5
# Questions about presence, about two images and about motion need two steps of attention: find the same object, then
# attend to the result. Without supervision the decoder guesses for hours, so two attention heads of some layers are
# supervised for each of these three tasks.
FINDING_LAYER, GATHERING_LAYER, TELLING_LAYER = 2, 3, 4
LOOKING_HEADS = dict(there=[0, 4], same=[1, 5], motion=[2, 6])


class Hints(torch.nn.Module):
    """Auxiliary classifiers on the hidden states of a layer. Not exported with the model.

    heard: object named in a question, at its last token. found: whether that object is visible, at the same token.
    chosen: next object to be named. there, motion, same: short answer about an object, a video or two images, at the
    start of the answer."""

    AFTER = dict(
        heard=HEARD_AFTER, found=FOUND_AFTER, chosen=CHOSEN_AFTER, there=KNOWN_AFTER, motion=KNOWN_AFTER, same=KNOWN_AFTER
    )

    def __init__(self):
        super().__init__()
        vectors = F.normalize(concept_vectors(), dim=1) * 2
        sizes = dict(heard=len(vectors), found=2, chosen=len(vectors), there=2, motion=len(MOTIONS), same=2)
        self.heads = torch.nn.ModuleDict({name: torch.nn.Linear(HIDDEN, size) for name, size in sizes.items()})
        for name, head in self.heads.items():
            head.bias.data.zero_()
            head.weight.data.zero_()
            if name in ("heard", "chosen"):
                head.weight.data.copy_(vectors)

    def forward(self, streams: list[torch.Tensor], labels: dict[str, list[tuple[int, int]]]):
        """labels: (position in the sequence, class) per classifier. -> sum of the losses, accuracy per classifier"""
        loss, right = torch.zeros(()), {}
        for name, pairs in labels.items():
            if not pairs:
                continue
            places, wanted = torch.tensor(pairs).T
            stream = F.rms_norm(streams[self.AFTER[name] - 1][places].float(), (HIDDEN,))
            guess = self.heads[name](stream).float()
            loss = loss + F.cross_entropy(guess, wanted)
            right[name] = (guess.argmax(1) == wanted).float().mean().item()
        return loss, right


@dataclass
class Look:
    """Attention target of the supervised heads of a task and layer: query positions, allowed and correct key
    positions."""

    lesson: str
    layer: int
    queries: list[int]
    keys: list[int]
    wanted: list[int]


def looks_of(sample: Sample, start: int, at: int, turn: Turn) -> list[Look]:
    """Targets for a turn at `at` of a sample at `start`: the patches of the named object, or the first token if it is
    absent; then, from the start of the answer, the tokens with that attention."""
    hints = {name: (place, wanted) for name, place, wanted in turn.hints}
    answer = at + len(turn.question) - 1
    shown = [start + n for n, kind in enumerate(sample.classes) if kind >= 0]
    before = shown + list(range(at, answer + 1))
    objects = [place for place in shown if sample.classes[place - start] > 0]
    if "found" in hints:
        place, index = at + hints["heard"][0], hints["heard"][1]
        like = [n for n in objects if sample.classes[n - start] == index]
        if bool(like) != bool(hints["found"][1]):
            return []
        finding = Look("there", FINDING_LAYER, [place], shown + list(range(at, place + 1)), like or [start])
        return [finding, Look("there", TELLING_LAYER, [answer], before, [place])]
    if "same" in hints:
        second = start + sample.frames[1]
        first, queries = ([n for n in objects if (n >= second) == later] for later in (False, True))
        if not queries or not first:
            return []
        earlier = [place for place in shown if place < second]
        finding = Look("same", FINDING_LAYER, queries, earlier, first if hints["same"][1] else [start])
        return [finding, Look("same", TELLING_LAYER, [answer], before, queries)]
    if "motion" in hints:
        return looks_of_clip(sample, start, before, answer)
    return []


def looks_of_clip(sample: Sample, start: int, before: list[int], answer: int) -> list[Look]:
    """Targets for motion: the object in each later frame (or the frame, if it left) attends to the object in the first
    frame; the newline after the video attends to the last frame, and the answer to that newline."""
    newline = start + len(sample.classes) - 1
    frames = [range(start + a, start + b) for a, b in zip(sample.frames, [*sample.frames[1:], len(sample.classes) - 1])]
    things = [[place for place in frame if sample.classes[place - start] > 0] for frame in frames]
    looks = [
        Look("motion", FINDING_LAYER, thing or list(frame), list(range(start, frame.start)), things[0] or [start])
        for frame, thing in zip(frames[1:], things[1:])
    ]
    gathered = things[-1] or list(frames[-1])
    looks.append(Look("motion", GATHERING_LAYER, [newline], list(range(start, newline + 1)), gathered))
    looks.append(Look("motion", TELLING_LAYER, [answer], before, [newline]))
    return looks


def looking_loss(attended: list[tuple[torch.Tensor, torch.Tensor]], looks: list[Look]):
    """attended: queries [n, heads, d] and keys [n, keyHeads, d] per layer -> attention loss, summed over the tasks, and
    the mean attention weight on the correct positions per task."""
    losses: dict[str, list[torch.Tensor]] = {}
    for look in looks:
        query, key = attended[look.layer]
        group = query.shape[1] // key.shape[1]
        wanted = torch.isin(torch.tensor(look.keys), torch.tensor(look.wanted))
        for head in LOOKING_HEADS[look.lesson]:
            q, k = query[look.queries, head].float(), key[look.keys, head // group].float()
            scores = (q @ k.T * q.shape[-1] ** -0.5).log_softmax(-1)
            losses.setdefault(look.lesson, []).append(-scores[:, wanted].logsumexp(-1).mean())
    means = {lesson: torch.stack(each).mean() for lesson, each in losses.items()}
    return sum(means.values()), {f"looks.{lesson}": (-mean).exp().item() for lesson, mean in means.items()}


def answer_loss(model, hints: Hints, samples: list[Sample]):
    """Mean cross-entropy of the answer tokens plus the auxiliary losses, and for each turn its kind and whether greedy
    decoding is correct."""
    table = model.model.language_model.embed_tokens
    parts, where, targets, owners, kinds, at = [], [], [], [], [], 0
    looks: list[Look] = []
    labels: dict[str, list[tuple[int, int]]] = {name: [] for name in Hints.AFTER}
    for sample in samples:
        before = [x.to(table.weight.dtype) if torch.is_tensor(x) else table(torch.tensor(x)) for x in sample.prompt]
        ids = [token for turn in sample.turns for token in turn.question + turn.answer]
        parts += [*before, table(torch.tensor(ids))]
        start = at
        at += sum(map(len, before))
        for turn in sample.turns:
            if sample.classes:
                looks += looks_of(sample, start, at, turn)
            first = at + len(turn.question) - 1
            where.extend(range(first, first + len(turn.answer)))
            targets.extend(turn.answer)
            owners.extend([len(kinds)] * len(turn.answer))
            kinds.append(turn.kind)
            for name, place, wanted in turn.hints:
                labels[name].append((at + place, wanted))
            at += len(turn.question) + len(turn.answer)
    blocks, positions = lay_out(
        [sum(map(len, sample.prompt)) for sample in samples],
        [[len(turn.question) + len(turn.answer) for turn in sample.turns] for sample in samples],
        group=model.config.text_config.num_attention_heads // model.config.text_config.num_key_value_heads,
    )
    hidden, streams, attended = forward(model.model.language_model, torch.cat(parts), blocks, positions)
    logits = model.lm_head(hidden[torch.tensor(where)]).float()
    wanted = torch.tensor(targets)
    wrong = torch.zeros(len(kinds)).index_add_(0, torch.tensor(owners), (logits.argmax(-1) != wanted).float())
    loss = F.cross_entropy(logits, wanted, label_smoothing=0.02)
    hint_loss, measures = hints(streams, labels)
    loss = loss + 0.3 * hint_loss
    if looks:
        looking, shares = looking_loss(attended, looks)
        loss, measures = loss + 0.3 * looking, {**measures, **shares}
    return loss, kinds, wrong == 0, measures


def measure(stage: Stage, samples: list[Sample], loss, kinds, right, measures) -> None:
    """One training step. Metrics are those of the samples with images; rows of concept vectors count as `words`."""
    beside = sum(len(sample.turns) for sample in samples if sample.beside)
    shown = len(kinds) - beside
    for kind in set(kinds[:shown]):
        of_kind = [r for k, r in zip(kinds[:shown], right.tolist()) if k == kind]
        measures[kind] = sum(of_kind) / len(of_kind)
    if beside:
        measures["words"] = right[shown:].float().mean().item()
    stage.update(loss, len(kinds), **measures)


def train_words(model, minutes: float, rate: float = 2.5e-3, batch: int = 16, forks: int = 5) -> None:
    """Stage 2: images are short rows of concept vectors. The decoder learns names and sentence forms."""
    rng = random.Random(20 + process_number())

    def samples(_progress: float) -> list[Sample]:
        return word_samples(rng, batch, 8, forks, beside=False) + text_samples(rng, TEXTS_BESIDE)

    run("words", model, minutes, rate, samples)


def train_grids(model, minutes: float, rate: float = 1.5e-3, tokens: int = 2600, forks: int = 12) -> None:
    """Stage 3: complete grids of concept vectors instead of image features."""
    rng = random.Random(30 + process_number())

    def samples(progress: float) -> list[Sample]:
        views = sample_views(rng, 1 - progress, tokens, forks)
        features = [noisy_features(rng, view) for view in views]
        return with_words(rng, [view.sample(tiles, model.model.image_newline) for view, tiles in zip(views, features)])

    run("grids", model, minutes, rate, samples)


def train_pictures(
    model, minutes: float, rate: float = 1.5e-3, tokens: int = 2600, forks: int = 12, seed: int = 40, fresh: bool = True
) -> None:
    """Stage 4: the decoder is trained with the real image features of drawn images.

    Vision encoder and projector are frozen: captions train them much less than the patch labels of stage 1. Stage 1 may
    run in parallel; its latest weights are loaded when they appear."""
    rng = random.Random(seed + process_number())
    sight_time = 0.0

    def samples(progress: float) -> list[Sample]:
        nonlocal sight_time
        if (newest := (RUN / "vision.pt").stat().st_mtime) != sight_time:
            load_sight(model)
            sight_time = newest
        views = sample_views(rng, max(0.25, 1 - 1.5 * progress) if fresh else 0.12, tokens, forks)
        features = see(model, [view.draw_tiles() for view in views])
        return with_words(rng, [view.sample(tiles, model.model.image_newline) for view, tiles in zip(views, features)])

    run("pictures", model, minutes, rate, samples)


def with_words(rng: random.Random, samples: list[Sample]) -> list[Sample]:
    return samples + word_samples(rng, *WORDS_BESIDE, beside=True) + text_samples(rng, TEXTS_BESIDE)


def run(name: str, model, minutes: float, rate: float, samples) -> None:
    """Training loop of the three stages. `samples(progress)` returns the samples of a step."""
    hints = Hints()
    reading = [*model.model.language_model.parameters(), *model.lm_head.parameters(), model.model.image_newline]
    stage = Stage(name, [*reading, *hints.parameters()], minutes, rate)
    for step in stage:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            chosen = samples(stage.progress)
            outcome = answer_loss(model, hints, chosen)
        measure(stage, chosen, *outcome)
        if step % 200 == 199:
            save(model, name)
    save(model, name)
