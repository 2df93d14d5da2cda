"""Writes the model as a Hugging Face checkpoint: `from_pretrained` and `AutoProcessor` can load it."""

import json
from pathlib import Path

import torch
from transformers import GenerationConfig

from architecture import EOS, IM_END
from tokenizer import processor


def export(model, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    model.generation_config = GenerationConfig(
        bos_token_id=1, eos_token_id=[EOS, IM_END], pad_token_id=3, do_sample=False
    )
    half = {name: tensor.detach().to(torch.float16) for name, tensor in model.state_dict().items()}
    model.config.dtype = torch.float16
    model.config.text_config.dtype = model.config.vision_config.dtype = torch.float16
    model.save_pretrained(directory, state_dict=half)
    processor().save_pretrained(directory)
    (directory / "model.safetensors").chmod(0o644)
    for path in directory.glob("*.json"):
        if path.name != "tokenizer.json":
            path.write_text(json.dumps(json.loads(path.read_text()), indent=2, ensure_ascii=False) + "\n")
