"""A byte-fallback BPE with Salamandra's special ids, in the layout of its tokenizer.json."""

import random
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    LlavaOnevisionImageProcessorPil,
    LlavaOnevisionProcessor,
    LlavaOnevisionVideoProcessor,
    PreTrainedTokenizerFast,
)

from architecture import CONTEXT, PINPOINTS, SPECIAL_TOKENS, VOCABULARY
from scenes import GRID, TILE
from world import corpus

RUN = Path(__file__).parent / "run"

# ChatML as in Salamandra; the media placeholders of a turn come before its text, as in LLaVA-OneVision.
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' }}"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}{{ '<image>\\n' }}{% endif %}{% endfor %}"
    "{% for part in message['content'] %}{% if part['type'] == 'video' %}{{ '<video>\\n' }}{% endif %}{% endfor %}"
    "{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}{% endif %}{% endfor %}"
    "{% endif %}{{ '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def train_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    # For training only: words, digits and newlines are split, so merges do not cross them and
    # the final tokenizer needs no pre-tokenizer, like Llama's.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split("▁", "merged_with_next"),
            pre_tokenizers.Split("\n", "isolated"),
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.Punctuation("isolated"),
        ]
    )
    special = [AddedToken(token, special=True, normalized=False) for token in SPECIAL_TOKENS]
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[*special, *(AddedToken(f"<0x{i:02X}>", special=False) for i in range(256))],
        initial_alphabet=["▁", "\n"],
        min_frequency=2,
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus(random.Random(1)), trainer)
    tokenizer.pre_tokenizer = None
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)]
    )
    return tokenizer


def without_byte_tokens_added(tokenizer: Tokenizer) -> Tokenizer:
    """Byte tokens belong to the vocabulary, not to the added tokens, since user text must not match them."""
    import json

    data = json.loads(tokenizer.to_str())
    data["added_tokens"] = [t for t in data["added_tokens"] if t["content"] in SPECIAL_TOKENS]
    return Tokenizer.from_str(json.dumps(data))


def load_or_train() -> Tokenizer:
    path = RUN / "tokenizer.json"
    if not path.exists():
        RUN.mkdir(exist_ok=True)
        without_byte_tokens_added(train_tokenizer()).save(str(path))
    return Tokenizer.from_file(str(path))


def processor() -> LlavaOnevisionProcessor:
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=load_or_train(),
        unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="<pad>",
        additional_special_tokens=["<|im_start|>", "<|im_end|>", "<image>", "<video>"],
        model_max_length=CONTEXT, clean_up_tokenization_spaces=False, padding_side="left",
    )
    size = {"height": TILE, "width": TILE}
    half = [0.5, 0.5, 0.5]
    return LlavaOnevisionProcessor(
        image_processor=LlavaOnevisionImageProcessorPil(
            image_mean=half, image_std=half, size=size, resample=3, image_grid_pinpoints=PINPOINTS
        ),
        tokenizer=tokenizer,
        video_processor=LlavaOnevisionVideoProcessor(image_mean=half, image_std=half, size=size, resample=3),
        num_image_tokens=GRID * GRID, vision_feature_select_strategy="full",
        image_token="<image>", video_token="<video>", vision_aspect_ratio="anyres_max_9",
        chat_template=CHAT_TEMPLATE,
    )
