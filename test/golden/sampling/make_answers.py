"""Writes answers.json: greedy answers of the demo model in transformers, with logits processors.

    python test/golden/sampling/make_answers.py

Needs transformers 5.24, torch and pillow. The prompts have an image, whose placeholder tokens the processors count. The
weights' hash tells whether the answers belong to the present demo model.
"""

import hashlib
import json
from pathlib import Path

import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

ROOT = Path(__file__).parents[3]
DEMO = ROOT / "models/demo"
IMAGE = "samples/street.png"
QUESTIONS = ["Describe the picture. Answer in English.", "¿Qué hay a la derecha? Responde en español."]
SETTINGS = [
    {},
    {"repetition_penalty": 1.3, "no_repeat_ngram_size": 2, "min_new_tokens": 12},
    {"no_repeat_ngram_size": 1, "min_new_tokens": 12},
    {"suppress_tokens": [2, 5], "begin_suppress_tokens": [626, 6066], "bad_words_ids": [[268], [1321, 7617]]},
    {"repetition_penalty": 0.8, "min_new_tokens": 12},
]
MAX_NEW_TOKENS = 24


def main() -> None:
    torch.set_num_threads(1)
    processor = AutoProcessor.from_pretrained(DEMO)
    model = AutoModelForImageTextToText.from_pretrained(DEMO, dtype=torch.float32).eval()
    image = Image.open(ROOT / IMAGE).convert("RGB")
    cases = []
    for question in QUESTIONS:
        content = [{"type": "image"}, {"type": "text", "text": question}]
        messages = [{"role": "user", "content": content}]
        text = processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        inputs = processor(images=image, text=text, return_tensors="pt")
        length = inputs["input_ids"].shape[1]
        for settings in SETTINGS:
            ids = model.generate(**inputs, do_sample=False, max_new_tokens=MAX_NEW_TOKENS, **settings)
            answer = ids[0, length:].tolist()
            cases.append({"question": question, "settings": settings, "promptTokens": length, "ids": answer})
    weights = hashlib.sha256((DEMO / "model.safetensors").read_bytes()).hexdigest()
    head = json.dumps({"weightsSha256": weights, "image": IMAGE, "maxNewTokens": MAX_NEW_TOKENS})[:-1]
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    Path(__file__).with_name("answers.json").write_text(f'{head}, "cases": [\n{lines}\n]}}\n', "utf8")


if __name__ == "__main__":
    main()
