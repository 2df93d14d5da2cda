"""Writes what transformers and an independent quantisation compute for synthetic checkpoints of the published shapes.

`small` are small models of every kind, those in quantised formats included, and run in the tests; the others are cuts
of the published models to four layers, and run in `npm run parity:shapes`. No weights are stored: they follow the rule
of synthetic_values.py. Two gigabytes of memory are enough.
Usage: python models/training/shape_references.py small|2b|7b|7b-vision [--golden DIR]
"""

import argparse
import hashlib
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
import transformers

from imported_checkpoints import FORMATS, write_checkpoint
from quantised_model import Blocks, blocks_of, decoder, exact, head, int8_rows, quantised_embed, split_at, tower
from reference_values import TOP, Blob
from rope_references import KINDS, rope_reference
from shape_cases import CUTS, SMALL, ShapeCase, checkpoint_shapes
from shape_transformers import inputs_embeds, reference_features, reference_logits
from synthetic_values import tensor_start

ROOT = Path(__file__).parents[2]
SETS = {"small": SMALL} | {case.name: [case] for case in CUTS}
LOGIT_SAMPLES = 1024
FINGERPRINT_VALUES = 64
# Embeddings of a prompt, above which the numpy model's own agreement was shown on smaller ones and takes too long.
MOST_CHECKED = 1_000_000
# The likeliest tokens are scored by a head of eight bits.
HEAD_BLOCKS = Blocks(bits=8, size=64)


def reference(case: ShapeCase, blob: Blob) -> dict:
    answers = 1 + len(case.prompt()[2])
    features = reference_features(case) if case.vision else None
    embeds = inputs_embeds(case, features.numpy() if case.vision else None)
    logits = reference_logits(case, embeds, answers).numpy()
    check_numpy(case, features, embeds, logits)
    return case.describe() | {
        "fingerprint": fingerprint(case),
        "positions": len(embeds),
        "features": features if features is None else blob.add_sampled(features),
        "logits": [store_logits(blob, row) for row in logits],
        "quantised": {name: quantised(case, name, answers, blob, logits) for name in case.precisions},
    }


def check_numpy(case: ShapeCase, features: torch.Tensor | None, embeds: np.ndarray, logits: np.ndarray) -> None:
    """What rounds in numpy must be, without the rounding, what transformers computes."""
    if not case.precisions or len(embeds) * case.decoder.hidden > MOST_CHECKED:
        return
    if features is not None:
        assert np.abs(tower(case, exact) - features.numpy()).max() < 1e-4
    own = head(case, decoder(case, embeds, len(logits), exact), exact)
    assert np.abs(own - logits).max() < 1e-4 * max(1, np.abs(logits).max() / 10)


def layer_blocks(hidden: int) -> Blocks:
    """What the converter stores in int4: as src/models/package/four-bit-blocks.ts says."""
    return Blocks(bits=4, size=min(128, max(32, 2 ** int(math.log2(hidden / 16)))))


def quantised(case: ShapeCase, precision: str, answers: int, blob: Blob, exact_logits: np.ndarray) -> dict:
    features = tower(case, int8_rows) if case.vision else None
    before, after, steps = case.prompt()
    embeds = inputs_embeds(case, features)
    tile = len(embeds) - len(before + after + steps)
    embeds[: len(before)] = quantised_embed(case, before)
    embeds[len(before) + tile :] = quantised_embed(case, after + steps)
    by_blocks = blocks_of(layer_blocks(case.decoder.hidden))
    layers, last = {
        "int8": (int8_rows, int8_rows),
        "int4": (by_blocks, blocks_of(HEAD_BLOCKS)),
        "mixed": (split_at(len(embeds) - answers, int8_rows, by_blocks), blocks_of(HEAD_BLOCKS)),
    }[precision]
    logits = head(case, decoder(case, embeds, answers, layers), last)
    print(f"  {precision}: largest error {np.abs(logits - exact_logits).max():.3f}", flush=True)
    return {
        "features": None if features is None else blob.add_sampled(torch.from_numpy(features)),
        "logits": [store_logits(blob, row) for row in logits],
    }


def imported(case: ShapeCase, form, blob: Blob, golden: Path) -> dict:
    logits, positions = write_checkpoint(case, form, golden / case.name)
    return case.describe() | {"positions": positions, "logits": [store_logits(blob, row) for row in logits]}


def store_logits(blob: Blob, logits: np.ndarray) -> dict:
    """Every k-th, the highest, and figures over all of them."""
    stride = max(1, len(logits) // LOGIT_SAMPLES)
    stride += 1 - stride % 2 if stride > 1 else 0
    top = np.argsort(-logits, kind="stable")[:TOP]
    wide = logits.astype(np.float64)
    return {
        "sample": blob.add(logits[::stride], stride=stride),
        "length": len(logits),
        "mean": float(wide.mean()),
        "rootMeanSquare": float(np.sqrt((wide**2).mean())),
        "topIds": top.tolist(),
        "topLogits": [round(float(value), 6) for value in logits[top]],
    }


def fingerprint(case: ShapeCase) -> str:
    """SHA-256 over names and first values of all tensors: that two writings of one rule agree."""
    digest, shapes = hashlib.sha256(), checkpoint_shapes(case)
    for name in sorted(shapes):
        start = tensor_start(name, shapes[name], FINGERPRINT_VALUES)
        digest.update(name.encode() + (start.view(np.uint32) >> 16).astype("<u2").tobytes())
    return digest.hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=SETS)
    parser.add_argument("--golden", type=Path, default=ROOT / "test/golden/shapes")
    options = parser.parse_args()
    torch.set_grad_enabled(False)

    options.golden.mkdir(parents=True, exist_ok=True)
    is_small, blob, cases = options.set == "small", Blob(), []
    for case in SETS[options.set]:
        started = time.monotonic()
        print(case.name, flush=True)
        cases.append(reference(case, blob))
        print(f"  {cases[-1]['positions']} positions, {time.monotonic() - started:.0f} s", flush=True)
    description = {
        "formatVersion": 1,
        "transformers": transformers.__version__,
        "torch": torch.__version__.split("+")[0],
        "cases": cases,
        "imported": [imported(case, form, blob, options.golden) for case, form in FORMATS if is_small],
        "ropes": [rope_reference(kind, blob) for kind in KINDS if is_small],
    }
    (options.golden / f"{options.set}.json").write_text(json.dumps(description) + "\n", "utf8")
    (options.golden / f"{options.set}.bin").write_bytes(b"".join(blob.parts))
    for name in [f"{options.set}.json", f"{options.set}.bin"]:
        print(f"{name}: {(options.golden / name).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
