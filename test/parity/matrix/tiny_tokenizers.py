"""Tiny tokenizers of the parity matrix: one vocabulary of SentencePiece's kind with three ways to mark spaces, and one of
bytes, as Qwen2's. Trained on the product's own texts; the ids of the special tokens are those of Salamandra."""

import json
from functools import lru_cache
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

ROOT = Path(__file__).parents[3]
SPECIAL = ["<unk>", "<s>", "</s>", "<pad>", "<|im_start|>", "<|im_end|>", "<image>", "<video>"]
IMAGE, VIDEO, BOS, EOS, PAD = 6, 7, 1, 2, 3
PIECES = 600
# transformers pads embedding tables; the last rows have no token.
VOCABULARY = 640
QWEN2_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


@lru_cache
def corpus() -> list[str]:
    texts: list[str] = []

    def collect(value) -> None:
        if isinstance(value, str):
            texts.append(value)
        else:
            for item in value.values() if isinstance(value, dict) else value:
                collect(item)

    collect(json.loads((ROOT / "src/language/languages.json").read_text("utf8")))
    return texts


@lru_cache
def sentence_pieces() -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary and merges of a BPE with byte tokens, as converters write them from SentencePiece."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Metaspace("▁", "always", True)
    pieces = PIECES - len(SPECIAL) - 256
    trainer = trainers.BpeTrainer(vocab_size=pieces, limit_alphabet=120, special_tokens=[], show_progress=False)
    trained.train_from_iterator(corpus(), trainer)
    model = json.loads(trained.to_str())["model"]
    names = [*SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256))]
    names += sorted(model["vocab"], key=model["vocab"].get)
    return {name: index for index, name in enumerate(names)}, [tuple(merge) for merge in model["merges"]]


def sentence_piece_tokenizer(spaces: str) -> dict:
    """`spaces`: "legacy", where a normalizer marks them; "first" or "always", the schemes of Metaspace."""
    vocabulary, merges = sentence_pieces()
    made = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    if spaces == "legacy":
        made.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    else:
        made.pre_tokenizer = pre_tokenizers.Metaspace("▁", spaces, False)
    made.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    made.add_special_tokens([AddedToken(name, normalized=False, special=True) for name in SPECIAL])
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", BOS)]
    )
    return json.loads(made.to_str())


def byte_tokenizer() -> dict:
    made = Tokenizer(models.BPE())
    made.normalizer = normalizers.NFC()
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN2_WORDS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    made.decoder = decoders.ByteLevel()
    made.post_processor = processors.ByteLevel(trim_offsets=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<|endoftext|>", *SPECIAL[1:]]
    made.train_from_iterator(
        corpus(),
        trainers.BpeTrainer(
            vocab_size=PIECES, special_tokens=special, initial_alphabet=alphabet, show_progress=False
        ),
    )
    return json.loads(made.to_str())


def tokenizer_files(kind: str) -> dict[str, dict]:
    """`tokenizer.json` and `tokenizer_config.json` of one kind of the table."""
    spaces, _, loader = kind.partition("/")
    shared = {"clean_up_tokenization_spaces": False, "model_max_length": 2048, "pad_token": "<pad>"}
    if spaces == "bytes":
        config = {
            **shared, "tokenizer_class": "Qwen2Tokenizer", "add_prefix_space": False, "bos_token": None,
            "eos_token": "<|im_end|>", "unk_token": None, "errors": "replace", "split_special_tokens": False,
            "extra_special_tokens": ["<|im_start|>", "<|im_end|>", "<image>", "<video>"],
        }
        return {"tokenizer.json": byte_tokenizer(), "tokenizer_config.json": config}
    config = {**shared, "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    config |= {
        "": {"tokenizer_class": "TokenizersBackend", "backend": "tokenizers"},
        "fast": {"tokenizer_class": "PreTrainedTokenizerFast"},
        # transformers 5 ignores the pre-tokenizer of the file for this class, and takes Metaspace instead.
        "llama": {"tokenizer_class": "LlamaTokenizer", "add_bos_token": True, "add_eos_token": False},
        "llama-legacy": {
            "tokenizer_class": "LlamaTokenizerFast", "add_bos_token": True, "add_eos_token": False, "legacy": True,
        },
        "llama-no-bos": {"tokenizer_class": "LlamaTokenizer", "add_bos_token": False, "legacy": True},
    }[loader]
    return {"tokenizer.json": sentence_piece_tokenizer(spaces), "tokenizer_config.json": config}
