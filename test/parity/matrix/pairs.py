"""Rows that mix the kinds of the table, so that every two of them meet in some checkpoint (pairwise testing)."""

import itertools
import random

from variants import CLIP, LLAVA, NEXT, TEXT, Variant

AXES: dict[str, dict[str, dict]] = {
    "vision": {
        "onevision siglip": {},
        "onevision siglip2": dict(tower="siglip2-16", layer=-2),
        "next siglip": dict(**NEXT, tower="siglip-remainder", layer=-2, strategy="full"),
        "next clip": dict(**NEXT, **CLIP),
        "llava clip": dict(**LLAVA, **CLIP),
        "llava giant": dict(**LLAVA, tower="siglip2-giant", strategy="full"),
        "text": TEXT,
    },
    "family": {family: dict(family=family) for family in ["llama", "mistral", "qwen2", "qwen3", "gemma2"]},
    "head": {
        "own": {},
        "tied": dict(head="tied"),
        # A head of its own, although the flags say that it is tied.
        "file": dict(head="file", tied=(True, True)),
    },
    "rope": {rope: dict(rope=rope) for rope in ["default", "linear", "llama3", "yarn"]},
    "attention": {
        "gqa": {},
        "24": dict(attention="24"),
        "mha and biases": dict(attention="mha", bias="both"),
    },
    "storage": {
        **{storage: dict(storage=storage) for storage in ["bf16", "f16", "gptq", "awq", "w4a16"]},
        "fp8": dict(storage="fp8 rows"),
    },
    "generation": {generation: dict(generation=generation) for generation in ["5", "5 new", "4.57", "4.45"]},
    "tokenizer": {
        "prepend": dict(tokenizer="legacy/fast"),
        **{kind: dict(tokenizer=kind) for kind in ["first", "always", "bytes"]},
    },
}
CANDIDATES = 400
# The axes that `is_possible` reads.
CONSTRAINED = ["vision", "family", "head", "rope", "generation"]


def is_possible(row: dict[str, str]) -> bool:
    """
    Gemma 2 has no head of its own and no scaled positions. In a vision-language model, transformers 4 scaled image
    features and logits of Gemma 2, as the product still does for its files, and transformers 5 does not.
    """
    if row["family"] != "gemma2":
        return True
    is_old = row["vision"] != "text" and row["generation"].startswith("4")
    return row["head"] != "own" and row["rope"] == "default" and not is_old


def pairs_of(row: dict[str, str]) -> set[tuple]:
    return set(itertools.combinations(sorted(row.items()), 2))


def possible_pairs() -> set[tuple]:
    """The pairs that some possible row has."""
    constrained = [dict(zip(CONSTRAINED, values)) for values in itertools.product(*(AXES[axis] for axis in CONSTRAINED))]
    every = [(axis, value) for axis, values in AXES.items() for value in values]
    return {
        pair
        for pair in itertools.combinations(sorted(every), 2)
        if pair[0][0] != pair[1][0] and any(is_possible(row | dict(pair)) for row in constrained)
    }


def pairwise() -> list[Variant]:
    """Chooses rows greedily, the one of many candidates with most new pairs, until every pair is covered."""
    rng, left, rows = random.Random(51), possible_pairs(), []
    while left:
        # Each candidate begins with a pair that is not covered yet.
        best: tuple[int, dict[str, str]] = (0, {})
        for wanted in rng.sample(sorted(left), min(len(left), CANDIDATES)):
            row = {axis: rng.choice(list(values)) for axis, values in AXES.items()} | dict(wanted)
            if is_possible(row):
                best = max(best, (len(pairs_of(row) & left), row), key=lambda item: item[0])
        left -= pairs_of(best[1])
        if best[1]:
            rows.append(best[1])
    return [to_variant(row) for row in rows]


def to_variant(row: dict[str, str]) -> Variant:
    changes: dict = {}
    for axis, value in row.items():
        changes |= AXES[axis][value]
    return Variant(", ".join(row.values()), **changes)
