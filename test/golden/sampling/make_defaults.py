"""Writes defaults.json: the settings with which transformers generates, for spellings of a checkpoint's JSON files.

    python test/golden/sampling/make_defaults.py

Needs transformers 5.24 and torch. Each case has `config.json` (the fields about tokens and generation only),
`generation_config.json` (null: no such file), and the settings that `generate` uses. transformers 4 leaves fields out
of `config.json` that equal the default of the class.
"""

import json
import tempfile
import warnings
from pathlib import Path

from transformers import (
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    LlamaConfig,
    LlamaForCausalLM,
    LlavaOnevisionConfig,
    LlavaOnevisionForConditionalGeneration,
)

SIZES = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "vocab_size": 40}
TOWER = {
    "model_type": "siglip_vision_model",
    **{"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1},
    **{"image_size": 28, "patch_size": 14},
}
FIELDS = [
    *["do_sample", "temperature", "top_k", "top_p", "min_p", "repetition_penalty", "min_new_tokens"],
    *["no_repeat_ngram_size", "suppress_tokens", "begin_suppress_tokens", "bad_words_ids", "stop_strings"],
    "eos_token_id",
]
TOKENS = ["bos_token_id", "eos_token_id", "pad_token_id"]

PUBLISHED_7B = {
    "bos_token_id": 1,
    "do_sample": True,
    "eos_token_id": [2, 5],
    "repetition_penalty": 1.2,
    "temperature": 0.6,
}
EVERYTHING = {
    "do_sample": True,
    "temperature": 0.7,
    "top_k": 20,
    "top_p": 0.8,
    "min_p": 0.05,
    "repetition_penalty": 1.05,
    "min_new_tokens": 2,
    "no_repeat_ngram_size": 3,
    "suppress_tokens": [7, 8],
    "begin_suppress_tokens": [9],
    "bad_words_ids": [[3], [4, 5]],
    "stop_strings": ["\n\n"],
    "eos_token_id": 2,
}
# (fields of config.json, fields of text_config, generation_config.json)
VISION_CASES = [
    ({}, {"model_type": "llama", "eos_token_id": 2}, PUBLISHED_7B),
    ({}, {"model_type": "llama"}, EVERYTHING),
    ({}, {"model_type": "llama"}, {"eos_token_id": 2, "top_k": None, "do_sample": None, "temperature": None}),
    ({}, {"model_type": "llama"}, {"eos_token_id": 2, "do_sample": True, "top_k": 0}),
    ({}, {"model_type": "llama", "eos_token_id": [8, 9]}, None),
    ({"eos_token_id": 7}, {"model_type": "llama", "eos_token_id": 8}, None),
    ({"eos_token_id": 7}, {"model_type": "llama", "eos_token_id": 8}, {"eos_token_id": 6}),
    ({"temperature": 0.3, "do_sample": True}, {"model_type": "llama", "eos_token_id": 2}, None),
    ({}, {"model_type": "llama", "eos_token_id": 2, "temperature": 0.3, "do_sample": True}, None),
    ({"temperature": 0.3, "do_sample": True}, {"model_type": "llama"}, {"eos_token_id": 2}),
    *[({}, {"model_type": kind}, {"do_sample": False}) for kind in ["llama", "mistral", "qwen2", "qwen3", "gemma2"]],
]
TEXT_CASES = [({"eos_token_id": 5}, None), ({"eos_token_id": 5, "repetition_penalty": 1.3}, None), ({}, PUBLISHED_7B)]


def main() -> None:
    warnings.simplefilter("ignore")
    cases = []
    for root, text, generation in VISION_CASES:
        kind = {"model_type": text["model_type"], **SIZES}
        model = LlavaOnevisionForConditionalGeneration(
            LlavaOnevisionConfig(vision_config=TOWER, text_config=kind, image_token_index=30, video_token_index=31)
        )
        config = {**root, "text_config": text}
        cases.append(run(model, AutoModelForImageTextToText, config, generation))
    for root, generation in TEXT_CASES:
        model = LlamaForCausalLM(LlamaConfig(**SIZES))
        cases.append(run(model, AutoModelForCausalLM, {"model_type": "llama", **root}, generation))
    lines = ",\n".join(json.dumps(case) for case in cases)
    Path(__file__).with_name("defaults.json").write_text(f"[\n{lines}\n]\n")


def run(model, auto_class: type, config: dict, generation: dict | None) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        path = Path(folder, "config.json")
        written = json.loads(path.read_text())
        text = written.get("text_config", {})
        for name in TOKENS:
            written.pop(name, None)
            text.pop(name, None)
        written.update({name: value for name, value in config.items() if name != "text_config"})
        text.update(config.get("text_config", {}))
        path.write_text(json.dumps(written))
        other = Path(folder, "generation_config.json")
        other.unlink(missing_ok=True)
        if generation is not None:
            other.write_text(json.dumps(generation))
        loaded = auto_class.from_pretrained(folder)
        settings, _ = loaded._prepare_generation_config(None)
        decoder = loaded.config.get_text_config()
        return {
            "config": config,
            "generation": generation,
            "settings": {name: getattr(settings, name) for name in FIELDS},
            # What the configuration class has, which `generate` does not read.
            "class_eos": decoder.eos_token_id,
            "bos": decoder.bos_token_id,
            "pad": decoder.pad_token_id,
        }


if __name__ == "__main__":
    main()
