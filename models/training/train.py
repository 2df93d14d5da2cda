"""One command makes the demo model: sprites, tokenizer, the four stages, the checkpoint, the reference tensors.

    python train.py [--hours 3] [--from STAGE] [--improve] [--threads 2]

Each stage resumes from the checkpoint of the one before in run/, so that `--from grids` goes on where an
earlier run ended. `--improve` starts from the weights of models/demo instead and trains sight and reading further.
Log: run/log.txt. See README.md for what each stage is for."""

import argparse
import random
import subprocess
import sys
import time

import torch
from transformers import LlavaOnevisionForConditionalGeneration

import stage_language
import stage_vision
from architecture import create_model
from export import export
from scenes import HERE
from stages import RUN, SIGHT

# name, training function, share of the hours, whose weights it starts from
STAGES = [
    ("vision", stage_vision.train, 0.4, []),
    ("words", stage_language.train_words, 0.15, ["vision"]),
    ("grids", stage_language.train_grids, 0.15, ["vision", "words"]),
    ("pictures", stage_language.train_pictures, 0.3, ["vision", "grids"]),
]


def load(model, names: list[str]) -> None:
    """Sight from the first checkpoint named, language from the last."""
    for name in names:
        state = torch.load(RUN / f"{name}.pt")
        if name == "vision":
            state = {key: value for key, value in state.items() if key.startswith(SIGHT)}
        elif "vision" in names:
            state = {key: value for key, value in state.items() if not key.startswith(SIGHT)}
        model.load_state_dict(state, strict=False)


def improve(model, minutes: float) -> None:
    """The published weights, trained further: sight first, then reading, both gently."""
    published = LlavaOnevisionForConditionalGeneration.from_pretrained(HERE.parent / "demo", dtype=torch.float32)
    model.load_state_dict(published.state_dict())
    stage_vision.train(model, minutes * 0.4, rate=8e-4, seed=random.randrange(2**30), fresh=False)
    stage_language.train_pictures(model, minutes * 0.6, seed=random.randrange(2**30))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=3)
    parser.add_argument("--from", dest="first", choices=[name for name, *_ in STAGES] + ["export"], default="vision")
    parser.add_argument("--improve", action="store_true", help="start from the weights of models/demo")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    # another run of --improve must meet other scenes
    random.seed(time.time_ns() if options.improve else 1)
    if not (RUN / "sprites").exists():
        subprocess.run(["node", str(HERE / "sprites.mjs")], check=True)
    model = create_model()
    if options.improve:
        improve(model, options.hours * 60)
    else:
        names = [name for name, *_ in STAGES]
        first = names.index(options.first) if options.first in names else len(names)
        for name, train, share, needs in STAGES[first:]:
            load(model, needs)
            train(model, options.hours * 60 * share)
    load(model, ["vision", "pictures"])
    export(model, HERE.parent / "demo")
    subprocess.run([sys.executable, str(HERE / "references.py")], check=True)


if __name__ == "__main__":
    main()
