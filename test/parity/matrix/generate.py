"""Writes the references of the parity matrix: for every row of variants.py the files of a tiny checkpoint, the list of its
tensors, and what transformers computes with it. Weights are not stored but follow from names and rules.

`matrix.json.gz` has the descriptions, `matrix.bin` the arrays, as in references.py of models/training. Needs the packages
of test/golden/requirements.txt. With names, only these rows are computed, and the others stay as they are.
Usage: python test/parity/matrix/generate.py [--golden DIR] [--keep DIR] [NAME...]
"""

import argparse
import gzip
import json
import math
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402

from axes import axes_of  # noqa: E402
from synthetic_tensors import Tensor, stored  # noqa: E402
from checkpoints import build_config, checkpoint_tensors  # noqa: E402
from files import checkpoint_files  # noqa: E402
from reference_values import Blob  # noqa: E402
from references import Loaded, conversation_reference  # noqa: E402
from storages import is_quantized, meant, shard_of, store  # noqa: E402
from table import GROUPS  # noqa: E402
from variants import Variant  # noqa: E402

ROOT = Path(__file__).parents[3]
# Rounding in another order of summation changes logits by a hundredth of this.
MIN_MARGIN = 2e-3
SEEDS = 40
PICTURES = ["wide", "tall", "small", "noise", "beside"]
MEDIA_GROUPS = ["layouts and towers", "processors", "pairs"]


def inputs_of(variant: Variant, group: str, index: int) -> list[str]:
    """Every checkpoint answers a text, and pictures or clips in turn; all of them where the kinds are about media."""
    if variant.layout == "text":
        return ["text", "turns"]
    picture = PICTURES[index % len(PICTURES)]
    media = [picture, "clip", "both" if index % 2 else "two"] if variant.layout == "onevision" else [picture, "two"]
    return ["text", *media] if group in MEDIA_GROUPS else ["text", media[index % len(media)]]


def write_checkpoint(folder: Path, texts: dict[str, str], arrays: dict[str, dict[str, tuple[str, np.ndarray]]]) -> None:
    """`arrays`: by file and name, the dtype and the stored array."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, "utf8")
    for file, members in arrays.items():
        header, end = {}, 0
        for name, (dtype, array) in members.items():
            start, end = end, end + array.nbytes
            header[name] = {"dtype": dtype, "shape": list(array.shape), "data_offsets": [start, end]}
        text = json.dumps(header | {"__metadata__": {"format": "pt"}}).encode()
        text += b" " * (-len(text) % 8)
        blobs = [np.ascontiguousarray(array).tobytes() for _, array in members.values()]
        (folder / file).write_bytes(len(text).to_bytes(8, "little") + text + b"".join(blobs))
    if len(arrays) > 1:
        index = {"metadata": {}, "weight_map": {name: file for file, members in arrays.items() for name in members}}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index) + "\n", "utf8")


def arrays_of(variant: Variant, tensors: list[Tensor], seed: int) -> dict[str, dict[str, tuple[str, np.ndarray]]]:
    files = shard_of(variant, [tensor.name for tensor in tensors])
    out: dict[str, dict] = {file: {} for file in sorted(set(files.values()))}
    for tensor in tensors:
        out[files[tensor.name]][tensor.name] = (tensor.dtype, stored(tensor, seed))
    return out


def meant_arrays(variant: Variant, tensors: list[Tensor], seed: int) -> dict[str, dict[str, tuple[str, np.ndarray]]]:
    weights = {name: tensor.numpy() for name, tensor in sorted(meant(variant, tensors, seed).items())}
    dtypes = {np.dtype(np.float32): "F32", np.dtype(np.int64): "I64"}
    return {"model.safetensors": {name: (dtypes[array.dtype], array) for name, array in weights.items()}}


def reference(variant: Variant, group: str, index: int, blob: Blob, folder: Path) -> dict:
    config = build_config(variant)
    texts = checkpoint_files(variant, config)
    tensors = store(variant, checkpoint_tensors(variant, config))
    described = {
        "name": variant.name,
        "axes": axes_of(variant, config, tensors),
        "files": texts,
        "shards": [
            [file, [tensor.describe() for tensor in tensors if of[tensor.name] == file]]
            for of in [shard_of(variant, [tensor.name for tensor in tensors])]
            for file in sorted(set(of.values()))
        ],
        "refused": variant.refused,
    }
    if variant.refused:
        write_checkpoint(folder / "files", texts, arrays_of(variant, tensors, 0))
        return described | {"seed": 0, "conversations": []}
    best: tuple[float, int, list[dict], Blob] | None = None
    for seed in range(SEEDS):
        tried = Blob()
        write_checkpoint(folder / "files", texts, arrays_of(variant, tensors, seed))
        weights = folder / "files"
        if is_quantized(variant):
            weights = folder / "weights"
            plain = json.loads(texts["config.json"])
            plain.pop("quantization_config")
            write_checkpoint(weights, {"config.json": json.dumps(plain)}, meant_arrays(variant, tensors, seed))
        loaded = Loaded(folder / "files", weights, variant.layout == "text")
        conversations = [conversation_reference(loaded, tried, name) for name in inputs_of(variant, group, index)]
        margin = min(one["greedyMargin"] for one in conversations)
        if best is None or margin > best[0]:
            best = (margin, seed, conversations, tried)
        if margin >= MIN_MARGIN:
            break
    margin, seed, conversations, tried = best
    assert margin >= MIN_MARGIN / 2, f"the margins of all seeds are small, the largest {margin}"
    append(blob, tried, conversations)
    if seed != SEEDS - 1:
        write_checkpoint(folder / "files", texts, arrays_of(variant, tensors, seed))
    return described | {"seed": seed, "conversations": conversations}


def append(blob: Blob, more: Blob, conversations: list[dict]) -> None:
    """Moves the arrays of one row behind the others."""
    for place in places_in(conversations):
        place["offset"] += blob.length
    blob.parts += more.parts
    blob.length += more.length


def places_in(value) -> Iterator[dict]:
    """The descriptions of the arrays in `value`."""
    if isinstance(value, dict) and "offset" in value:
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from places_in(item)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="rows to compute (default: all)")
    parser.add_argument("--golden", type=Path, default=ROOT / "test/golden/matrix")
    parser.add_argument("--keep", type=Path, help="keep the checkpoints in this folder")
    options = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()

    table = [(group, variant) for group, variants in GROUPS.items() for variant in variants]
    names = [variant.name for _, variant in table]
    assert len(set(names)) == len(names), "two rows have one name"
    assert set(options.names) <= set(names), f"no row is called {sorted(set(options.names) - set(names))}"
    former, stored_arrays = read(options.golden) if options.names else ({}, b"")
    blob, rows = Blob(), []
    with tempfile.TemporaryDirectory() as temporary:
        for index, (group, variant) in enumerate(table):
            if options.names and variant.name not in options.names:
                if variant.name in former:
                    config = build_config(variant)
                    axes = axes_of(variant, config, checkpoint_tensors(variant, config))
                    rows.append(former[variant.name] | {"group": group, "axes": axes})
                    append(blob, arrays_of_row(rows[-1], stored_arrays), rows[-1]["conversations"])
                continue
            folder = (options.keep or Path(temporary)) / f"{index:03}"
            try:
                rows.append({"group": group} | reference(variant, group, index, blob, folder))
            except Exception as error:
                if not options.keep:
                    raise
                print(f"FAILED {variant.name}: {type(error).__name__}: {str(error)[:300]}", flush=True)
                continue
            margins = [one["greedyMargin"] for one in rows[-1]["conversations"]]
            print(f"{index:3} {variant.name}: seed {rows[-1]['seed']}, margin {min(margins, default=math.nan):.4f}", flush=True)
    write(options.golden, blob, rows)


def read(golden: Path) -> tuple[dict[str, dict], bytes]:
    """The rows of the last run by name, and the arrays of all."""
    matrix = json.loads(gzip.decompress((golden / "matrix.json.gz").read_bytes()))
    shared, rows = matrix["shared"], {}
    assert matrix["transformers"] == transformers.__version__, "the other rows have another version of transformers"
    for row in matrix["variants"]:
        row["files"] = {name: shared[place] for name, place in row["files"].items()}
        row["shards"] = [[file, shared[place]] for file, place in row["shards"]]
        rows[row["name"]] = row
    return rows, (golden / "matrix.bin").read_bytes()


def arrays_of_row(row: dict, stored_arrays: bytes) -> Blob:
    """Takes the arrays of a row out of those of all. Offsets become those within the row."""
    own = Blob()
    for place in places_in(row["conversations"]):
        start, size = place["offset"], place["bytes"]
        place["offset"] = own.length
        own.parts.append(stored_arrays[start : start + size])
        own.length += size
    return own


def write(golden: Path, blob: Blob, rows: list[dict]) -> None:
    """Files and lists of tensors that several rows share are stored once."""
    shared: dict[str, int] = {}

    def place(value) -> int:
        return shared.setdefault(json.dumps(value, ensure_ascii=False), len(shared))

    for row in rows:
        row["files"] = {name: place(text) for name, text in row["files"].items()}
        row["shards"] = [[file, place(tensors)] for file, tensors in row["shards"]]
    description = {
        "formatVersion": 1, "transformers": transformers.__version__,
        "shared": [json.loads(value) for value in shared], "variants": rows,
    }  # fmt: skip
    golden.mkdir(parents=True, exist_ok=True)
    packed = gzip.compress(json.dumps(description, ensure_ascii=False).encode(), 9, mtime=0)
    (golden / "matrix.json.gz").write_bytes(packed)
    (golden / "matrix.bin").write_bytes(b"".join(blob.parts))
    print(f"{len(rows)} rows, {len(packed):,} and {blob.length:,} bytes")


if __name__ == "__main__":
    main()
