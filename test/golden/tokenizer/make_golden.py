"""Makes the small tokenizer of the language specs and the answers that Hugging Face gives for it.

Run from the repository root with Python packages `tokenizers`, `transformers` 5, `torch`, `torchvision` and `pillow`:
    python test/golden/tokenizer/make_golden.py
Writes tokenizer.json, tokenizer_config.json and golden.json beside itself; the two templates are written by hand.
"""

import json
import random
from pathlib import Path

from PIL import Image
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, processors, trainers
from transformers import (
    LlavaOnevisionImageProcessor,
    LlavaOnevisionProcessor,
    LlavaOnevisionVideoProcessor,
    PreTrainedTokenizerFast,
)

HERE = Path(__file__).parent
LANGUAGES = json.loads((HERE / "../../../src/language/languages.json").read_text("utf8"))
SPECIAL = ["<unk>", "<s>", "</s>", "<pad>", "<|im_start|>", "<|im_end|>", "<image>", "<video>"]
# Salamandra's runs of white space are ordinary added tokens; two of them here keep that path tested.
WHITESPACE_RUNS = ["\n\n", "\t\t"]

TEXTS = [
    "Hello, world!",
    "a",
    " ",
    "  ",
    "   leading spaces",
    "trailing spaces   ",
    "inner    spaces",
    "\n",
    "\n\n",
    "\n\n\n",
    "line\nline\n\nline",
    "\ttab\t\ttabs",
    "\r\n",
    "1234567890 3.14 1,000",
    "snake_case camelCase kebab-case",
    "https://example.org/?q=a+b&c=%20#top",
    "Descriu breument la imatge. Respon en català.",
    "L'àvia va anar a l'Hospitalet, col·legi.",
    "¿Qué hay en la imagen? ¡Mañana!",
    "Was ist auf dem Bild? Größe, Straße, Übermut",
    "Qu'est-ce qu'il y a ? Œuvre, naïf, garçon, où",
    "Co je na obrázku? Příliš žluťoučký kůň",
    "Mi van a képen? Árvíztűrő tükörfúrógép",
    "Zażółć gęślą jaźń",
    "Ce este în imagine? Țara, așa, împărat",
    "Що на зображенні? Ґанок, їжак, Європа",
    "Что на картинке? Съешь ещё этих булок",
    "Какво има на изображението?",
    "Шта је на слици? Љубав, њива, џеп, ђак",
    "Τι υπάρχει στην εικόνα; Ξεσκεπάζω",
    "Hvað er þetta? Þór, ð, æ, ö",
    "X'hemm fl-istampa? Għażla, ħobż, ċavetta",
    "Beth sydd yn y llun? Ŵyn, ŷd",
    "Cad atá sa phictiúr? Úll, éan",
    "Zer dago irudian? Etxeko andrea",
    "Kas ir attēlā? Ķīlis, ņem, ļoti, ģimene",
    "Kas paveiksle? Šuo, žąsis, ėjo, įdomu",
    "Mitä kuvassa on? Yö, äiti, Åbo",
    "Mis on pildil? Jäääär, õun",
    "Čo je na obrázku? Ľúbiť, ŕba, ô",
    "Kaj je na sliki? Češnja, šola, žaba",
    "Was ist das? ẞ ﬁ ﬂ",
    "中文句子，没有空格。",
    "日本語のテキスト、カタカナ",
    "한국어 문장입니다",
    "جملة عربية قصيرة",
    "משפט בעברית",
    "ประโยคภาษาไทย",
    "हिन्दी का वाक्य",
    "😀 👍🏽 👨‍👩‍👧‍👦 🇪🇺 ❤️",
    "e\u0301 vs \u00e9",
    "zero\u200bwidth\u200djoiner",
    "no\u00a0break\u202fspaces\u3000wide",
    "\ufeffbyte order mark",
    "nul\u0000byte",
    "line\u2028separator\u2029paragraph",
    "\u202eright to left override\u202c",
    "▁already▁metaspace",
    "½ ² € £ § © ™ → ∞ ≠",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "The quick brown fox jumps over the lazy dog. " * 4,
    "\U0001F98E\U0010FFFD",
    '{"json": [1, 2, {"k": null}]}',
]


def train():
    corpus = [
        line
        for entry in LANGUAGES
        for line in [entry["answerIn"], entry["name"], *sum(entry["instructions"].values(), [])]
    ] + ["system user assistant", "You are a helpful assistant. Today Date: 2024-09-30"]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    byte_pieces = [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(
        vocab_size=1600, special_tokens=SPECIAL + byte_pieces, show_progress=False, max_token_length=12
    )
    # Words are cut for the training alone, as SentencePiece does: the finished tokenizer has no pre-tokenizer.
    words = [word for line in corpus for word in line.split()]
    tokenizer.train_from_iterator(words * 2, trainer)
    made = json.loads(tokenizer.to_str())
    made["added_tokens"] = [token for token in made["added_tokens"] if token["content"] in SPECIAL]
    tokenizer = Tokenizer.from_str(json.dumps(made))
    tokenizer.add_tokens([AddedToken(run, normalized=False, special=False) for run in WHITESPACE_RUNS])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)]
    )
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return tokenizer


def text(value):
    return {"type": "text", "text": value}


IMAGE = {"type": "image"}
WITH_PARTS = [
    [{"role": "user", "content": [IMAGE, text("What is in the picture?")]}],
    [{"role": "user", "content": [text("No picture here.")]}],
    [{"role": "user", "content": [IMAGE, IMAGE, text("Compare.  Two spaces, "), text("two texts.")]}],
    [{"role": "user", "content": [text("Text first"), IMAGE]}],
    [
        {"role": "system", "content": [text("Be brief.\nBe kind.")]},
        {"role": "user", "content": [IMAGE, text("  Què hi ha?\n\n")]},
        {"role": "assistant", "content": [text("Un gat 😀.")]},
        {"role": "user", "content": [text("I on és?")]},
    ],
    [
        {"role": "user", "content": [IMAGE, text("one")]},
        {"role": "assistant", "content": [text("uno")]},
        {"role": "user", "content": [IMAGE, text("\n\ttwo ▁ 中")]},
    ],
    [{"role": "user", "content": [IMAGE]}],
    [{"role": "user", "content": [text("")]}],
]
WITH_STRINGS = [
    [{"role": "user", "content": [text(" Hola, món! ")]}],
    [
        {"role": "system", "content": [text("  You are terse.  ")]},
        {"role": "user", "content": [text("Γεια σου")]},
        {"role": "assistant", "content": [text("Γεια\n")]},
        {"role": "user", "content": [text("Ещё раз")]},
    ],
]


def as_strings(conversation):
    return [
        {"role": message["role"], "content": "".join(part["text"] for part in message["content"])}
        for message in conversation
    ]


def main():
    tokenizer = train()
    (HERE / "tokenizer.json").write_text(
        json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":")) + "\n", "utf8"
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
        extra_special_tokens=SPECIAL[4:],
        clean_up_tokenization_spaces=False,
    )
    config = {
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "pad_token": "<pad>",
        "extra_special_tokens": SPECIAL[4:],
        "clean_up_tokenization_spaces": False,
        "tokenizer_class": "PreTrainedTokenizerFast",
    }
    (HERE / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", "utf8")
    size = {"height": 28, "width": 28}
    processor = LlavaOnevisionProcessor(
        image_processor=LlavaOnevisionImageProcessor(size=size, image_grid_pinpoints=[[28, 28], [56, 56]]),
        tokenizer=fast,
        video_processor=LlavaOnevisionVideoProcessor(size=size),
        num_image_tokens=4,
        vision_feature_select_strategy="full",
        chat_template=(HERE / "chat_template.jinja").read_text("utf8"),
    )
    picture = Image.new("RGB", (40, 30))

    def with_pictures(conversation):
        return [
            {**message, "content": [{**part, "image": picture} if part == IMAGE else part for part in message["content"]]}
            for message in conversation
        ]

    def ids_of_parts(conversation):
        made = processor.apply_chat_template(
            with_pictures(conversation), tokenize=True, add_generation_prompt=True, return_dict=True
        )["input_ids"]
        return made[0] if isinstance(made[0], list) else made

    string_template = (HERE / "string-template.jinja").read_text("utf8")

    def ids_of_strings(conversation):
        rendered = fast.apply_chat_template(
            as_strings(conversation), chat_template=string_template, tokenize=False, add_generation_prompt=True
        )
        # The processor's rule: a template that writes <s> itself does not get a second one.
        return fast(rendered, add_special_tokens=not rendered.startswith(fast.bos_token))["input_ids"]

    golden = {
        "texts": [
            {"text": value, "ids": fast(value)["input_ids"], "decoded": fast.decode(fast(value)["input_ids"], skip_special_tokens=True)}
            for value in TEXTS
        ],
        "decodings": [
            {"ids": ids, "decoded": fast.decode(ids, skip_special_tokens=True)}
            for ids in decodings(fast)
        ],
        "conversations": [{"messages": one, "ids": ids_of_parts(one)} for one in WITH_PARTS],
        "stringConversations": [{"messages": one, "ids": ids_of_strings(one)} for one in WITH_STRINGS],
    }
    (HERE / "golden.json").write_text(
        json.dumps(golden, ensure_ascii=True, separators=(",", ":")).replace('},{"', '},\n{"') + "\n", "utf8"
    )


def decodings(fast):
    """Ids no text encodes to: broken UTF-8, special ids in the middle, bytes beside pieces, ids out of range."""
    byte = {value: fast.convert_tokens_to_ids(f"<0x{value:02X}>") for value in range(256)}
    word = fast.convert_tokens_to_ids("▁")
    letter = fast.convert_tokens_to_ids("a")
    smile = [byte[value] for value in "😀".encode()]
    source = random.Random(35)
    mixed = [
        [
            source.choice([source.randrange(len(fast)), source.choice(list(byte.values())), source.choice(smile)])
            for _ in range(source.randrange(1, 16))
        ]
        for _ in range(200)
    ]
    return mixed + [
        smile,
        smile[:3],
        smile[:3] + [letter],
        smile[:2] + [letter] + smile[2:],
        smile + smile[:1],
        [byte[0xFF], byte[0xFE], letter],
        smile[:2] + [5] + smile[2:],
        [word, letter, word, word],
        [letter, word],
        [word, word, letter],
        [1, word, letter, 2, word, letter, 5],
        [byte[0x20], letter],
        [byte[0x20], byte[0x20], letter],
        [letter, byte[0x0A], letter],
        [1, 2, 3, 4, 5, 6, 7],
        [letter, 999999, letter],
        [byte[0xEF], byte[0xBB], byte[0xBF], letter],
        [byte[0xED], byte[0xA0], byte[0x80]],
    ]


main()
