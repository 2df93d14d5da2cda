"""Writes golden.json: logits after transformers' own processors, one at a time and in the order of `generate`.

    python test/golden/sampling/make_golden.py

Needs transformers 5.24 and torch. Each case has the logits of a step, the token ids before it, the fields of
`GenerationConfig`, and the processed logits (null for minus infinity). Cases that sample have the probabilities of the
remaining tokens as well.
"""

import json
import random
from pathlib import Path

import torch
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

VOCABULARY = 61
EOS = [2, 5]
IMAGE = 60

SINGLE = [
    {"sequence_bias": [[[7], 3.5], [[11], -100.0], [[2], 1.25]]},
    {"repetition_penalty": 1.2},
    {"repetition_penalty": 0.7},
    {"no_repeat_ngram_size": 1},
    {"no_repeat_ngram_size": 2},
    {"no_repeat_ngram_size": 3},
    {"bad_words_ids": [[9], [2], [3, 4], [60, 60, 8]]},
    {"min_new_tokens": 1},
    {"min_new_tokens": 4},
    {"suppress_tokens": [0, 17, 33]},
    {"begin_suppress_tokens": [2, 12, 13]},
    {"do_sample": True, "temperature": 0.6, "top_k": 0},
    {"do_sample": True, "temperature": 1.7, "top_k": 0},
    {"do_sample": True, "top_k": 7},
    {"do_sample": True},
    {"do_sample": True, "top_k": 0, "top_p": 0.8},
    {"do_sample": True, "top_k": 0, "top_p": 0.0},
    {"do_sample": True, "top_k": 0, "min_p": 0.05},
]

# The published 7B instruct, a strict one, and everything at once.
COMBINED = [
    {"do_sample": True, "temperature": 0.6, "repetition_penalty": 1.2},
    {"no_repeat_ngram_size": 2, "repetition_penalty": 1.1, "min_new_tokens": 3},
    {
        "sequence_bias": [[[7], 3.5], [[11], -2.0]],
        "repetition_penalty": 1.3,
        "no_repeat_ngram_size": 3,
        "bad_words_ids": [[9], [5], [3, 4]],
        "min_new_tokens": 4,
        "suppress_tokens": [0, 17],
        "begin_suppress_tokens": [12, 13],
        "do_sample": True,
        "temperature": 0.8,
        "top_k": 20,
        "top_p": 0.9,
        "min_p": 0.02,
    },
]


def main() -> None:
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(5)
    dice = random.Random(5)
    sizes = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=VOCABULARY, **sizes))
    cases = []
    for settings in [*SINGLE, *COMBINED]:
        for answer_length in [0, 1, 6]:
            few = [1, 3, 4, 7, 8, 9]
            prompt = [1, *dice.choices(few, k=5), *[IMAGE] * 4, *dice.choices(few, k=8)]
            answer = dice.choices(few, k=answer_length)
            logits = torch.randn(1, VOCABULARY, generator=generator) * 3
            cases.append(run(model, settings, prompt, answer, logits))
    lines = ",\n".join(json.dumps(case) for case in cases)
    head = json.dumps({"vocabulary": VOCABULARY, "eos": EOS})[:-1]
    Path(__file__).with_name("golden.json").write_text(f'{head}, "cases": [\n{lines}\n]}}\n')


def run(
    model: LlamaForCausalLM, settings: dict, prompt: list[int], answer: list[int], logits: torch.Tensor
) -> dict:
    # `generate` completes the fields with its defaults, a top_k of 50 among them.
    config, _ = model._prepare_generation_config(GenerationConfig(eos_token_id=EOS, **settings))
    model._prepare_special_tokens(config, device="cpu")
    processors = model._get_logits_processor(
        generation_config=config, input_ids_seq_length=len(prompt), device="cpu", model_kwargs={}
    )
    processed = processors(torch.tensor([[*prompt, *answer]]), logits.clone())
    case = {
        "settings": settings,
        "prompt": prompt,
        "answer": answer,
        "logits": numbers(logits),
        "processed": numbers(processed),
    }
    if config.do_sample:
        case["probabilities"] = numbers(processed.double().softmax(-1))
    return case


def numbers(logits: torch.Tensor) -> list[float | None]:
    # Nine digits identify a float32.
    return [None if value == float("-inf") else float(f"{value:.9g}") for value in logits[0].tolist()]


if __name__ == "__main__":
    main()
