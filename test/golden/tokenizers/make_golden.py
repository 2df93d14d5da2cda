"""Trains small tokenizers and writes what Hugging Face makes of 2,100 odd strings, for the specs of src/language.

Run from the repository root with Python packages `tokenizers` 0.23 and `transformers` 5.24:
    python test/golden/tokenizers/make_golden.py
Writes beside itself:
    byte-level.json, sentence-piece.json   two trained tokenizers, in the formats of Qwen2 and Llama
    strings.json                           the strings
    variants.json                          other components for the two tokenizers, with digests of ids and texts
    classes.json                           prompts of `AutoTokenizer.apply_chat_template`, by model type and class
A digest is the first 3 bytes of SHA-256 in base64: of ids joined with spaces, or of a text. Of each string, a variant has
one digest of its ids, the ids of a prompt that contains it, and the text decoded from its ids, one per line.
"""

import base64
import copy
import hashlib
import json
import random
import shutil
import tempfile
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer
from transformers.utils import logging

HERE = Path(__file__).parent
LANGUAGES = json.loads((HERE / "../../../src/language/languages.json").read_text("utf8"))
SENTENCES = [
    sentence
    for entry in LANGUAGES
    for sentence in [entry["answerIn"], entry["name"], entry["and"], *sum(entry["instructions"].values(), [])]
]
SPECIAL = ["<|endoftext|>", "<s>", "</s>", "<unk>", "<|im_start|>", "<|im_end|>", "<image>", "<video>"]
FLAGS = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}

QWEN2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN35 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = QWEN2.replace(r"\p{N}|", r"\p{N}{1,3}|")
CAMEL = [
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*",
]
TAIL = r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
TEKKEN = CAMEL[0] + "|" + CAMEL[1] + r"|\p{N}" + TAIL
O200K = "|".join(part + r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?" for part in CAMEL) + r"|\p{N}{1,3}" + TAIL
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def train_byte_level():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN2), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=1800,
        special_tokens=SPECIAL,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES * 2, trainer)
    # Ordinary added tokens, as Qwen has them.
    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in ["<think>", "</think>", "  \n"]])
    return json.loads(tokenizer.to_str())


def train_sentence_piece():
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    trainer = trainers.BpeTrainer(
        vocab_size=1800,
        special_tokens=SPECIAL + [f"<0x{byte:02X}>" for byte in range(256)],
        show_progress=False,
        max_token_length=12,
    )
    words = [word for sentence in SENTENCES for word in sentence.split()]
    tokenizer.train_from_iterator(words * 2, trainer)
    made = json.loads(tokenizer.to_str())
    made["added_tokens"] = [token for token in made["added_tokens"] if token["content"] in SPECIAL]
    tokenizer = Tokenizer.from_str(json.dumps(made))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", made["model"]["vocab"]["<s>"])]
    )
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return json.loads(tokenizer.to_str())


def split(expression, behavior="Isolated"):
    return {"type": "Split", "pattern": {"Regex": expression}, "behavior": behavior, "invert": False}


def byte_level(add_prefix_space=False, use_regex=False):
    return {"type": "ByteLevel", "add_prefix_space": add_prefix_space, "trim_offsets": True, "use_regex": use_regex}


def steps(field, *parts):
    return {"type": "Sequence", field: list(parts)}


def metaspace(scheme, is_split=False):
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": is_split}


def sp_decoder(*more):
    replace = {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}
    return steps("decoders", replace, {"type": "ByteFallback"}, {"type": "Fuse"}, *more)


STRIP = {"type": "Strip", "content": " ", "start": 1, "stop": 0}
LEGACY = [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]


def template(*items):
    ids = {"<s>": 1, "</s>": 2}
    return {
        "type": "TemplateProcessing",
        "single": [{"Sequence": {"id": "A", "type_id": 0}} if item == "$A" else {"SpecialToken": {"id": item, "type_id": 0}} for item in items],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {item: {"id": item, "ids": [ids[item]], "tokens": [item]} for item in items if item != "$A"},
    }




BYTE, PIECE = "byte-level", "sentence-piece"
ROBERTA_LIKE = [{"content": "<mask>", "lstrip": True, "special": True}, {"content": "<end>", "rstrip": True, "special": True}]
ORDINARY = [
    {"content": "Catalan", "single_word": True},
    {"content": "imatge", "normalized": True},
    {"content": "de la", "normalized": True, "lstrip": True, "rstrip": True},
    {"content": "É", "normalized": True},
    {"content": "\n\n"},
    {"content": "    "},
    {"content": "  "},
]

# name: (base, changed components, flags of the special tokens, further added tokens)
VARIANTS = {
    "qwen2": (BYTE, {}, {}, []),
    "qwen2 with added tokens": (BYTE, {}, {}, ROBERTA_LIKE + ORDINARY),
    "qwen3.5": (BYTE, {"pre_tokenizer": steps("pretokenizers", split(QWEN35), byte_level())}, {}, []),
    "llama3": (
        BYTE,
        {
            "normalizer": None,
            "pre_tokenizer": steps("pretokenizers", split(LLAMA3), byte_level()),
            "post_processor": steps("processors", byte_level(True, True), template("<s>", "$A")),
            "model": {"ignore_merges": True},
        },
        {},
        [],
    ),
    "gpt2": (BYTE, {"normalizer": None, "pre_tokenizer": byte_level(False, True)}, {}, []),
    "gpt2 with a prefix space": (BYTE, {"normalizer": None, "pre_tokenizer": byte_level(True, True)}, {}, []),
    "gpt2 as a split": (BYTE, {"pre_tokenizer": steps("pretokenizers", split(GPT2), byte_level(True))}, {}, []),
    "tekken": (BYTE, {"normalizer": None, "pre_tokenizer": steps("pretokenizers", split(TEKKEN), byte_level())}, {}, []),
    "gpt-4o": (BYTE, {"normalizer": None, "pre_tokenizer": steps("pretokenizers", split(O200K), byte_level())}, {}, []),
    "digits": (
        BYTE,
        {"pre_tokenizer": steps("pretokenizers", {"type": "Digits", "individual_digits": True}, byte_level(False, True))},
        {},
        [],
    ),
    "punctuation": (
        BYTE,
        {
            "pre_tokenizer": steps(
                "pretokenizers",
                {"type": "Punctuation", "behavior": "Contiguous"},
                {"type": "Digits", "individual_digits": False},
                byte_level(False, True),
            )
        },
        {},
        [],
    ),
    "splits of every behavior": (
        BYTE,
        {
            "normalizer": {"type": "NFD"},
            "pre_tokenizer": steps(
                "pretokenizers",
                split(r"\p{N}{1,3}"),
                split(r"[\r\n]", "MergedWithPrevious"),
                split(r"\p{Lu}", "MergedWithNext"),
                split(r"\p{P}", "Contiguous"),
                split(r"[\t]+", "Removed"),
                split(r"\s+"),
                byte_level(),
            ),
        },
        {},
        [],
    ),
    "legacy": (PIECE, {}, {}, []),
    "legacy with added tokens": (PIECE, {}, {}, ROBERTA_LIKE + ORDINARY),
    "legacy with normalized special tokens": (PIECE, {}, {"normalized": True}, []),
    "metaspace first": (PIECE, {"normalizer": None, "pre_tokenizer": metaspace("first")}, {}, []),
    "metaspace first with stripping tokens": (
        PIECE,
        {"normalizer": None, "pre_tokenizer": metaspace("first", True)},
        {"lstrip": True, "rstrip": True},
        ORDINARY,
    ),
    "metaspace always": (PIECE, {"normalizer": None, "pre_tokenizer": metaspace("always")}, {}, []),
    "metaspace always, split": (PIECE, {"normalizer": None, "pre_tokenizer": metaspace("always", True)}, {"normalized": True}, []),
    "metaspace never": (PIECE, {"normalizer": None, "pre_tokenizer": metaspace("never"), "decoder": sp_decoder()}, {}, []),
    "metaspace decoder": (
        PIECE,
        {
            "normalizer": {"type": "NFKC"},
            "pre_tokenizer": metaspace("always"),
            "decoder": metaspace("always"),
            "model": {"byte_fallback": False, "fuse_unk": False},
        },
        {},
        [],
    ),
    "metaspace after bytes": (
        PIECE,
        {"decoder": steps("decoders", {"type": "ByteFallback"}, metaspace("first"))},
        {},
        [],
    ),
    "fused unknown characters": (
        PIECE,
        {"normalizer": steps("normalizers", *LEGACY), "model": {"byte_fallback": False, "fuse_unk": True}},
        {},
        [],
    ),
    "gemma": (
        PIECE,
        {
            "normalizer": LEGACY[1],
            "pre_tokenizer": {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False},
            "decoder": sp_decoder(),
        },
        {},
        [],
    ),
    "every normalizer": (
        PIECE,
        {
            "normalizer": steps(
                "normalizers",
                {"type": "NFKD"},
                {"type": "Lowercase"},
                {"type": "Strip", "strip_left": True, "strip_right": True},
                {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "},
                {"type": "NFC"},
                *LEGACY,
            ),
            "decoder": sp_decoder({"type": "Strip", "content": " ", "start": 2, "stop": 0}),
            "post_processor": template("<s>", "$A", "</s>"),
        },
        {},
        [],
    ),
    "strip before metaspace": (
        PIECE,
        {
            "normalizer": {"type": "Strip", "strip_left": True, "strip_right": False},
            "pre_tokenizer": metaspace("first"),
        },
        {"normalized": True},
        [],
    ),
}


def build(base, components, flags, more):
    made = copy.deepcopy(base)
    for name, value in components.items():
        made[name] = {**made["model"], **value} if name == "model" else value
    for token in made["added_tokens"]:
        if token["special"]:
            token.update(flags)
    made["added_tokens"] += more
    return made


def with_ids(base, more):
    """Ids of further tokens: that of the vocabulary if they are in it, else after all others."""
    next_id = max(len(base["model"]["vocab"]), *(token["id"] + 1 for token in base["added_tokens"]))
    placed = []
    for token in more:
        known = base["model"]["vocab"].get(token["content"])
        placed.append({"id": next_id if known is None else known, **FLAGS, **token})
        next_id += known is None
    return placed


def odd_strings():
    source = random.Random(35)
    fixed = [
        "", "a", " a", "a ", "  a  b  ", "\n", "\n\n", "\n\n\n", "a\nb", "\ta\t", "\r\n", "a\x00b", "\x01\x02", "\x1c\x85",
        "é", "e\u0301", "n\u0303", "ﬁ", "①", "Å", "가", "\u1100\u1161", "שלום עולם", "مرحبا بالعالم", "👨\u200d👩\u200d👧\u200d👦",
        "🏳️\u200d🌈", "🇪🇸🇨🇦", "👍🏽", "\u200b", "\u200d", "\ufeff", "\ufeffabc", "a\u00a0b", "a\u2028b", "a\u3000b", "\u202eabc",
        "zalgo t̷̢̛e̷x̵t", "< image >", "<0x0A>", "<0x41>", "▁", "▁▁a", "▁ a", "a▁b", "𝒜𝒷", "\U0010ffff", "\ud7ff", "漢字かな交じり",
        "ภาษาไทย", "हिन्दी", "ქართული", "ＡＢＣ", "½ ² ¾", "1234567890", "3.14159", "  \n  \n", "   ", "-----", "a" * 300, "ab " * 100,
        "\u0300", "\u0301abc", "İstanbul", "ǆ", "ß", "ΑΣ", "l·l", "L’Hospitalet", "d’aigua", "I'm you're THEY'LL he'S itſ done it'd",
        "'s't'S'T", "camelCaseXMLHttp", "snake_case", "<think>no</think>  \n", "Catalan", "Catalans Catalan.", "imatge d'imatge",
        "de la  de la", "É E\u0301", "    four    ", "x\u0085y", "a\u180eb", "٣٤٥", "五六", "a\tb\t\tc", "!?!?...", "https://example.org/?q=a+b#x",
        '{"k": [1, 2]}', "$&$1$`", "{{ x }}{% y %}", "\\n", "q0123456789", "…—–„“”", "+-*/=<>|~^`", "€£¥", "a‿b", "0x1F",
    ]
    ranges = [(0x20, 0x7E), (0xA0, 0x24F), (0x300, 0x36F), (0x370, 0x52F), (0x590, 0x5F4), (0x620, 0x64A), (0x900, 0x97F),
              (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x3040, 0x30FF), (0x4E00, 0x4EFF), (0xAC00, 0xACFF), (0x1F300, 0x1F64F)]
    frequent = list(" \n\t'’.,0123456789▁") + ["  ", "\r\n", "\u200d", "\ufe0f", "🚀", "e\u0301", "<|", "|>", "</"]

    def character():
        if source.random() < 0.3:
            return source.choice(frequent)
        return chr(source.randint(*source.choice(ranges)))

    strings = list(fixed)
    while len(strings) < 700:
        strings.append("".join(character() for _ in range(source.randint(1, 24))))
    # Every sentence of the 35 languages occurs once, plain or disfigured.
    for sentence in SENTENCES:
        change = source.randrange(6)
        other = source.choice(SENTENCES)
        strings.append(
            [sentence, " " + sentence, sentence + "  " + other, sentence.upper(), sentence + "\n" + other, sentence + source.choice(fixed) + other][change]
        )
    while len(strings) < 2100:
        text = source.choice(SENTENCES) + " " + source.choice(SENTENCES)
        start = source.randrange(len(text))
        strings.append(text[start : start + source.randint(1, 50)] + character() + character())
    return strings


def digest(text):
    return base64.b64encode(hashlib.sha256(text.encode("utf8")).digest()[:3]).decode()


def join_ids(ids):
    return " ".join(map(str, ids))


def random_ids(size, count):
    """Lists of ids from a linear congruential generator, which the specs repeat."""
    state = 35
    lists = []
    for _ in range(count):
        numbers = []
        for _ in range(1 + count % 7 + len(lists) % 20):
            state = (state * 1103515245 + 12345) % 2**31
            numbers.append((state >> 8) % size)
        lists.append(numbers)
    return lists


def chat(text):
    return f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n"


RANDOM_LISTS = 600


def measure(made, strings):
    tokenizer = Tokenizer.from_str(json.dumps(made))


    def decode(ids):
        return tokenizer.decode(ids, skip_special_tokens=True)

    def describe(text):
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        return digest(f"{join_ids(ids)}\n{join_ids(tokenizer.encode(chat(text)).ids)}\n{decode(ids)}")

    size = tokenizer.get_vocab_size()
    return {
        "size": size,
        "strings": "".join(map(describe, strings)),
        "randomTexts": "".join(digest(decode(ids)) for ids in random_ids(size, RANDOM_LISTS)),
    }


MODEL_TYPES = {
    "llava_onevision": "LlavaOnevisionForConditionalGeneration",
    "llava": "LlavaForConditionalGeneration",
    "llava_next": "LlavaNextForConditionalGeneration",
    "llama": "LlamaForCausalLM",
    "mistral": "MistralForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
    "qwen3": "Qwen3ForCausalLM",
    "gemma2": "Gemma2ForCausalLM",
}
CLASSES = [None, "PreTrainedTokenizerFast", "TokenizersBackend", "LlamaTokenizer", "LlamaTokenizerFast", "Qwen2Tokenizer",
           "Qwen2TokenizerFast", "GPT2Tokenizer", "GPT2TokenizerFast", "GemmaTokenizer", "GemmaTokenizerFast", "MyTokenizer"]
CONFIGS = [
    {},
    {"legacy": True, "add_bos_token": True},
    {"legacy": False, "add_prefix_space": True},
    {"add_prefix_space": False, "legacy": True},
    {"extra_special_tokens": ["<think>", "<extra>"], "image_token": "<image>"},
    {"additional_special_tokens": ["<think>"], "sep_token": "</think>"},
]
CHAT_TEMPLATE = "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
CHATS = [
    [{"role": "user", "content": "Què hi ha a la imatge?"}],
    [{"role": "user", "content": " Hi  there\n"}, {"role": "assistant", "content": "<think>É</think>Bon dia 🚀"}, {"role": "user", "content": "▁a<extra> 12"}],
]


def load_classes(bases):
    """What AutoTokenizer makes of a folder, by the model type and the fields of tokenizer_config.json."""
    found = []
    for base in (PIECE, BYTE):
        for model_type, architecture in MODEL_TYPES.items():
            for name in CLASSES:
                for config in CONFIGS:
                    # Other classes and types would repeat the same ids.
                    if config and name not in ("LlamaTokenizer", "PreTrainedTokenizerFast", "GPT2Tokenizer", "Qwen2Tokenizer"):
                        continue
                    if config and model_type not in ("llama", "llava_onevision", "qwen2"):
                        continue
                    fields = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", **config}
                    if name:
                        fields["tokenizer_class"] = name
                    with tempfile.TemporaryDirectory() as folder:
                        path = Path(folder)
                        (path / "tokenizer.json").write_text(json.dumps(bases[base]), "utf8")
                        (path / "tokenizer_config.json").write_text(json.dumps(fields), "utf8")
                        (path / "config.json").write_text(json.dumps({"architectures": [architecture], "model_type": model_type}), "utf8")
                        tokenizer = AutoTokenizer.from_pretrained(folder)
                        chats = [
                            tokenizer.apply_chat_template(one, chat_template=CHAT_TEMPLATE, add_generation_prompt=True, tokenize=True, return_dict=False)
                            for one in CHATS
                        ]
                        texts = [tokenizer.decode(ids, skip_special_tokens=True) for ids in chats]
                        rendered = [
                            tokenizer.apply_chat_template(one, chat_template=CHAT_TEMPLATE, add_generation_prompt=True, tokenize=False)
                            for one in CHATS
                        ]
                    found.append(
                        {
                            "base": base,
                            "modelType": model_type,
                            "config": fields,
                            "class": type(tokenizer).__name__,
                            "ids": [digest(join_ids(ids)) for ids in chats],
                            "texts": [digest(text) for text in texts],
                        }
                    )
    return {"chats": rendered, "cases": found}


def write(name, value, separator="},"):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace(separator, separator + "\n")
    (HERE / name).write_text(text + "\n", "utf8")


def main():
    logging.set_verbosity_error()
    bases = {BYTE: train_byte_level(), PIECE: train_sentence_piece()}
    strings = odd_strings()
    for name, made in bases.items():
        write(f"{name}.json", made)
    (HERE / "strings.json").write_text(json.dumps(strings, ensure_ascii=True, separators=(",\n", ":")) + "\n", "utf8")
    variants = []
    for name, (base, components, flags, more) in VARIANTS.items():
        more = with_ids(bases[base], more)
        made = build(bases[base], components, flags, more)
        variants.append(
            {"name": name, "base": base, "components": components, "flags": flags, "more": more, **measure(made, strings)}
        )
    write("variants.json", variants)
    classes = load_classes(bases)
    write("classes.json", classes)
    print(len(strings), "strings,", len(variants), "variants,", len(classes["cases"]), "classes")


main()
