"""The table of the parity matrix: one row per checkpoint. A row says how it differs from the base: LLaVA-OneVision with a
SigLIP tower and a Llama decoder, in float32, as transformers 5 writes it."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Variant:
    name: str
    layout: str = "onevision"
    tower: str = "siglip"
    # vision_feature_layer and vision_feature_select_strategy; "" for the layout's default.
    layer: int | tuple[int, ...] | None = None
    strategy: str = ""
    family: str = "llama"
    # "own"; "tied"; "file": a head of its own in the file, whatever the flags say.
    head: str = "own"
    # tie_word_embeddings of config.json and of text_config; None where it is left out. Empty: as `head` says.
    tied: tuple = ()
    bias: str = "none"
    projector: str = "gelu"
    rope: str = "default"
    attention: str = "gqa"
    storage: str = "f32"
    generation: str = "5"
    processor: str = "own"
    tokenizer: str = "legacy"
    template: str = "chatml"
    # Further fields of text_config, vision_config and config.json.
    text: dict = field(default_factory=dict)
    vision: dict = field(default_factory=dict)
    config: dict = field(default_factory=dict)
    # Changes that files.py knows by name.
    edits: tuple[str, ...] = ()
    # What the product says where it refuses the checkpoint on purpose.
    refused: str | None = None


def row(name: str, **changes) -> Variant:
    return Variant(name, **changes)


CLIP = dict(tower="clip")
NEXT = dict(layout="next")
LLAVA = dict(layout="llava")
TEXT = dict(layout="text")

LAYOUTS_AND_TOWERS = [
    row("onevision siglip"),
    row("onevision siglip, remainder of patches", tower="siglip-remainder"),
    row("onevision siglip2 /16", tower="siglip2-16"),
    row("onevision siglip2 giant", tower="siglip2-giant"),
    row("onevision clip", **CLIP, strategy="default"),
    row("onevision, tower with a head", vision=dict(vision_use_head=True)),
    row("onevision, layer -2", layer=-2),
    row("onevision, layer 2", layer=2),
    row("onevision, layers -2 and -1", layer=(-2, -1)),
    row("onevision, two tiles at most", config=dict(vision_aspect_ratio="anyres_max_2")),
    row("onevision, four tiles at most", config=dict(vision_aspect_ratio="anyres_max_4"), tower="siglip2-16"),
    row("onevision, odd pinpoints", edits=("odd pinpoints",)),
    row("onevision, projector without bias", config=dict(multimodal_projector_bias=False)),
    row("onevision, projector tanh gelu", projector="gelu_pytorch_tanh"),
    row("onevision, tower gelu", vision=dict(hidden_act="gelu")),
    row("next siglip full", **NEXT, layer=-2, strategy="full"),
    row("next siglip2 giant full", **NEXT, tower="siglip2-giant", layer=-2, strategy="full"),
    row("next siglip remainder full", **NEXT, tower="siglip-remainder", layer=-2, strategy="full"),
    row("next clip default", **NEXT, **CLIP),
    row("next clip, layer -1", **NEXT, **CLIP, layer=-1),
    row("next clip, layers -3 and -2", **NEXT, **CLIP, layer=(-3, -2)),
    row("next clip, tower gelu", **NEXT, **CLIP, vision=dict(hidden_act="gelu")),
    row("llava clip default", **LLAVA, **CLIP),
    row("llava clip full", **LLAVA, **CLIP, strategy="full"),
    row("llava clip, layers", **LLAVA, **CLIP, layer=(-3, -2, 1)),
    row("llava siglip full", **LLAVA, strategy="full"),
    row("llava siglip default", **LLAVA, strategy="default"),
    row("llava siglip2 /16 full", **LLAVA, tower="siglip2-16", strategy="full", layer=-1),
    row("text", **TEXT),
]

FAMILIES = [
    *(
        row(f"{layout} {family}", layout=layout, family=family)
        for layout in ["onevision", "text"]
        for family in ["mistral", "qwen2", "qwen3", "gemma2"]
    ),
    row("qwen2 with its tokenizer", family="qwen2", tokenizer="bytes"),
    row("qwen2 tied with its tokenizer", family="qwen2", tokenizer="bytes", head="tied"),
    row("text qwen3 tied", **TEXT, family="qwen3", head="tied", tokenizer="bytes"),
    row("mistral, window does not bind", family="mistral", text=dict(sliding_window=4096)),
    row("mistral, window shorter than the positions", family="mistral", text=dict(sliding_window=1024)),
    row("multi-head", attention="mha"),
    row("multi-query", attention="mqa"),
    row("heads of 24", attention="24"),
    row("attention bias", bias="attention"),
    row("mlp bias", bias="mlp"),
    row("both biases", bias="both", attention="mha"),
    row("text attention bias", **TEXT, bias="attention"),
    row("qwen3 attention bias", family="qwen3", bias="attention"),
    row("norm epsilon 1e-5", text=dict(rms_norm_eps=1e-5)),
]

HEADS = [
    row("tied", head="tied"),
    row("text tied", **TEXT, head="tied"),
    *(
        row(f"head in the file, flags {top} and {text}".lower(), head="file", tied=(top, text))
        for top in (None, True, False)
        for text in (None, True, False)
    ),
    row("text, head in the file, flag true", **TEXT, head="file", tied=(True, None)),
    row("qwen2, head in the file, flags true", family="qwen2", head="file", tied=(True, True)),
]

ROPES = [
    row("theta of 500,000", rope="theta"),
    row("rope linear", rope="linear"),
    row("rope llama3", rope="llama3"),
    row("rope yarn", rope="yarn"),
    row("rope yarn, all settings", rope="yarn-all"),
    row("rope dynamic, does not bind", rope="dynamic"),
    row("rope longrope", rope="longrope"),
    row("rope linear as 4.45 wrote it", rope="linear", generation="4.45"),
    row("rope llama3 as 4.57 wrote it", rope="llama3", generation="4.57"),
    row("text rope yarn as 4.45 wrote it", **TEXT, rope="yarn", generation="4.45"),
    row("mistral theta of a million", rope="theta-million", family="mistral"),
]

STORAGES = [
    *(
        row(f"{storage}", storage=storage)
        for storage in ["bf16", "f16", "sharded", "gptq", "awq", "w4a16", "fp8 rows", "fp8 matrix"]
    ),
    row("gptq act-order", storage="gptq act-order"),
    row("gptq 8 bits", storage="gptq 8 bits"),
    row("gptq asymmetric", storage="gptq asymmetric"),
    row("gptq v2", storage="gptq v2"),
    row("w4a16 asymmetric", storage="w4a16 asymmetric"),
    row("w4a16 rows", storage="w4a16 rows"),
    row("text sharded", **TEXT, storage="sharded"),
    row("qwen2 gptq with biases", family="qwen2", storage="gptq"),
]

GENERATIONS = [
    row("names of 4.45", generation="4.45"),
    row("names of 4.57", generation="4.57"),
    row("names of 5, not renamed", generation="5 new"),
    row("4.45 next clip", generation="4.45", **NEXT, **CLIP),
    row("4.57 next siglip", generation="4.57", **NEXT, layer=-2, strategy="full"),
    row("4.45 llava clip", generation="4.45", **LLAVA, **CLIP),
    row("4.57 llava siglip", generation="4.57", **LLAVA, strategy="full"),
    row("4.45 text", generation="4.45", **TEXT),
    row("4.45 text qwen2", generation="4.45", **TEXT, family="qwen2", tokenizer="bytes"),
    row("4.45 onevision qwen2", generation="4.45", family="qwen2", tokenizer="bytes"),
    row("4.45 with unused tensors", generation="4.45", edits=("unused tensors",)),
    row("no generation_config.json", edits=("no generation config",)),
    row(
        "no video token in config.json",
        edits=("no video token",),
        refused="added_tokens has no token with id 151647",
    ),
    row("end token left out", edits=("no end token",)),
]

PROCESSORS = [
    row("video mean and std of its own", processor="video"),
    row("video mean and std left out", processor="video-defaults"),
    row("image mean and std left out", processor="image-defaults"),
    row("4.57 with video_preprocessor_config.json", processor="video", generation="4.57"),
    row("4.45 without a video processor", generation="4.45", processor="clip-values"),
    row("size.shortest_edge", processor="shortest-edge"),
    row("CLIP mean and std", processor="clip-values"),
    row("next, size without a crop", **NEXT, processor="size", layer=-2, strategy="full"),
    row("next, clip, defaults left out", **NEXT, **CLIP, processor="image-defaults"),
    row("llava, pads to a square", **LLAVA, **CLIP, processor="pad"),
    row("llava, squashes", **LLAVA, **CLIP, processor="squash"),
    row("llava siglip, crops", **LLAVA, strategy="full", processor="crop"),
    row("rescale factor of its own", processor="rescale"),
]

TOKENIZERS = [
    row("legacy, PreTrainedTokenizerFast", tokenizer="legacy/fast"),
    row("legacy, LlamaTokenizer", tokenizer="legacy/llama"),
    row("legacy, LlamaTokenizer, legacy: true", tokenizer="legacy/llama-legacy"),
    row("legacy, add_bos_token: false", tokenizer="legacy/llama-no-bos"),
    row("metaspace first", tokenizer="first"),
    row("metaspace always", tokenizer="always"),
    row("metaspace first, 4.57", tokenizer="first", generation="4.57"),
    row("text metaspace first", **TEXT, tokenizer="first"),
    row("text metaspace always", **TEXT, tokenizer="always"),
    row("text bytes", **TEXT, tokenizer="bytes"),
    row("llava vicuna template, metaspace first", **LLAVA, **CLIP, template="vicuna", tokenizer="first"),
    row("llava vicuna template, legacy", **LLAVA, **CLIP, template="vicuna"),
    row("template begins with bos", template="bos"),
    row("template in tokenizer_config.json", **TEXT, edits=("template in tokenizer config",)),
    row("template as a list of named ones", **TEXT, edits=("template list",)),
    row("template in processor_config.json", edits=("template in processor config",)),
    row("other name of the image token", edits=("other media tokens",)),
]

REFUSED = [
    row("heads of 12", attention="12", refused="head_dim must be a multiple of 8, found 12"),
]
