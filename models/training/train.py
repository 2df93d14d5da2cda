"""Trains the demo model: sprites, tokenizer, four training stages, checkpoint, reference tensors.

    python train.py [--hours 3] [--from STAGE] [--improve] [--processes 2]

Each stage starts from the checkpoint of the previous one in run/, so `--from grids` continues an earlier run.
`--improve` starts from the weights of models/demo and trains the vision encoder and the decoder further; with
`--from pictures` only the decoder. Two processes with one thread each have 1.5 times the throughput of one process
with two threads, since a decoder step consists of many small operations.
Log: run/log.txt. The stages are described in README.md."""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
import torch.distributed as dist
from torch.multiprocessing import spawn
from transformers import LlavaOnevisionForConditionalGeneration

import stage_language
import stage_vision
from architecture import create_model
from export import export
from scenes import HERE
from stages import RUN, SIGHT, load_sight, save

# name, training function, share of the hours, stages whose weights it starts from
STAGES = [
    ("vision", stage_vision.train, 0.4, []),
    ("words", stage_language.train_words, 0.15, ["vision"]),
    ("grids", stage_language.train_grids, 0.15, ["vision", "words"]),
    ("pictures", stage_language.train_pictures, 0.3, ["vision", "grids"]),
]


def load(model, names: list[str]) -> None:
    """Vision weights from the first checkpoint, language weights from the last one."""
    for name in names:
        if name == "vision":
            load_sight(model)
            continue
        state = torch.load(RUN / f"{name}.pt")
        if "vision" in names:
            state = {key: value for key, value in state.items() if not key.startswith(SIGHT)}
        model.load_state_dict(state, strict=False)


def improve(model, minutes: float, sight: bool) -> None:
    """Continues from the published weights: vision encoder (unless skipped), then decoder."""
    published = LlavaOnevisionForConditionalGeneration.from_pretrained(HERE.parent / "demo", dtype=torch.float32)
    model.load_state_dict(published.state_dict())
    save(model, "vision")
    # a new seed, so that the run gets new scenes
    seed = time.time_ns() % 2**30
    if sight:
        stage_vision.train(model, minutes * 0.25, rate=8e-4, seed=seed, fresh=False)
    stage_language.train_pictures(model, minutes * (0.75 if sight else 1), rate=1.2e-3, seed=seed, fresh=False)


def work(rank: int, options: argparse.Namespace, meeting: str) -> None:
    """Entry point of a worker process (data parallel)."""
    torch.set_num_threads(1)
    torch.manual_seed(1 + rank)
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=options.processes)
    model = create_model()
    if options.improve:
        improve(model, options.hours * 60, sight=options.first == "vision")
    else:
        names = [name for name, *_ in STAGES]
        first = names.index(options.first) if options.first in names else len(names)
        for name, train, share, needs in STAGES[first:]:
            load(model, needs)
            train(model, options.hours * 60 * share)
    dist.destroy_process_group()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=3)
    parser.add_argument("--from", dest="first", choices=[name for name, *_ in STAGES] + ["export"], default="vision")
    parser.add_argument("--improve", action="store_true", help="start from the weights of models/demo")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    if not (RUN / "sprites").exists():
        subprocess.run(["node", str(HERE / "sprites.mjs")], check=True)
    with tempfile.TemporaryDirectory() as folder:
        spawn(work, (options, str(Path(folder) / "meeting")), options.processes)
    model = create_model()
    load(model, ["vision", "pictures"])
    export(model, HERE.parent / "demo")
    subprocess.run([sys.executable, str(HERE / "references.py")], check=True)


if __name__ == "__main__":
    main()
