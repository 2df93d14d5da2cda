"""The models of the shape references: published models reduced to a few layers, and small models of the same
families."""

from dataclasses import asdict, dataclass, field

LAYERS = 4


@dataclass(frozen=True)
class DecoderShape:
    hidden: int
    layers: int
    heads: int
    keyValueHeads: int
    headDim: int
    wide: int
    positions: int
    epsilon: float


@dataclass(frozen=True)
class VisionShape:
    hidden: int
    layers: int
    heads: int
    wide: int
    image: int
    patch: int

    @property
    def patches(self) -> int:
        return (self.image // self.patch) ** 2


@dataclass(frozen=True)
class ShapeCase:
    """A synthetic checkpoint; the field names are those of test/parity."""

    name: str
    decoder: DecoderShape
    pieces: int
    vision: VisionShape | None = None
    tiedHead: bool = False
    # Further decoder fields of config.json.
    config: dict = field(default_factory=dict)
    promptLength: int = 40
    precisions: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """transformers pads the embeddings to a multiple of 64 rows when tokens are added."""
        return self.pieces + 64 if self.vision else self.pieces

    @property
    def prefix(self) -> str:
        return "language_model." if self.vision else ""

    def prompt(self) -> tuple[list[int], list[int], list[int]]:
        """(token ids, token ids after the tile if there is one, token ids of the decode steps), from the whole
        vocabulary."""
        ids = [0, self.pieces - 1] + [(7919 * i * i + 104729 * i + 11) % self.pieces for i in range(self.promptLength)]
        before, after = (ids[: self.promptLength // 2], ids[self.promptLength // 2 :]) if self.vision else (ids, [])
        return before, after, [(7919 * i + 5) % self.pieces for i in range(2)]

    def describe(self) -> dict:
        before, after, steps = self.prompt()
        ids = {"beforeTile": before, "afterTile": after, "steps": steps}
        return asdict(self) | {"vision": self.vision and asdict(self.vision), "ids": ids}


DECODER_2B = DecoderShape(2048, LAYERS, 16, 16, 128, 5440, 8192, 1e-5)
DECODER_7B = DecoderShape(4096, LAYERS, 32, 8, 128, 11008, 8192, 1e-6)
SO400M = VisionShape(1152, LAYERS, 16, 4304, 384, 14)
ALL = ("int8", "int4", "mixed")
CUTS = [
    ShapeCase("2b", DECODER_2B, 256_000, precisions=ALL),
    ShapeCase("7b", DECODER_7B, 256_000, precisions=("int8", "int4")),
    ShapeCase("7b-vision", DECODER_7B, 256_000, vision=SO400M, precisions=("int8", "int4")),
]

# A width that is not a multiple of any block size: the last block of a row is incomplete.
MULTI_HEAD = DecoderShape(256, 2, 4, 4, 64, 600, 512, 1e-5)
GROUPED = DecoderShape(256, 2, 4, 2, 64, 640, 512, 1e-6)
LONG = 200
SMALL = [
    ShapeCase("multi-head", MULTI_HEAD, 4096, precisions=ALL),
    ShapeCase("grouped-tied", GROUPED, 2048, tiedHead=True, precisions=("int8", "int4")),
    ShapeCase("sees", GROUPED, 2048, vision=VisionShape(144, 2, 2, 304, 112, 14), precisions=ALL),
    # Early versions of transformers 4 wrote `type`, later ones `rope_type`, both in rope_scaling; 5 writes
    # rope_parameters.
    ShapeCase(
        "rope-linear", GROUPED, 2048, promptLength=LONG,
        config={"rope_scaling": {"type": "linear", "factor": 3.0}, "rope_theta": 5000.0},
    ),
    ShapeCase(
        "rope-llama3", GROUPED, 2048, promptLength=LONG,
        config={
            "rope_theta": 500000.0,
            "rope_scaling": {
                "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                "original_max_position_embeddings": 64,
            },
        },
    ),
    ShapeCase(
        "rope-yarn", MULTI_HEAD, 2048, promptLength=LONG,
        config={
            "rope_parameters": {
                "rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 128,
            },
        },
    ),
    ShapeCase(
        "rope-yarn-all", MULTI_HEAD, 2048, promptLength=LONG,
        config={
            "rope_parameters": {
                "rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 128,
                "beta_fast": 24.0, "beta_slow": 2.0, "mscale": 0.9, "mscale_all_dim": 0.5, "truncate": False,
            },
        },
    ),
]


def tensor_shapes(case: ShapeCase) -> dict[str, tuple[int, ...]]:
    """Tensors of the decoder layers, and of vision encoder and projector, by their names in the checkpoint."""
    shapes: dict[str, tuple[int, ...]] = {}
    one, prefix = case.decoder, f"{case.prefix}model"
    queries, keys = one.heads * one.headDim, one.keyValueHeads * one.headDim
    for layer in range(one.layers):
        name = f"{prefix}.layers.{layer}"
        shapes |= {
            f"{name}.self_attn.q_proj.weight": (queries, one.hidden),
            f"{name}.self_attn.k_proj.weight": (keys, one.hidden),
            f"{name}.self_attn.v_proj.weight": (keys, one.hidden),
            f"{name}.self_attn.o_proj.weight": (one.hidden, queries),
            f"{name}.mlp.gate_proj.weight": (one.wide, one.hidden),
            f"{name}.mlp.up_proj.weight": (one.wide, one.hidden),
            f"{name}.mlp.down_proj.weight": (one.hidden, one.wide),
            f"{name}.input_layernorm.weight": (one.hidden,),
            f"{name}.post_attention_layernorm.weight": (one.hidden,),
        }
    shapes[f"{prefix}.norm.weight"] = (one.hidden,)
    return shapes | (tower_shapes(case.vision, one.hidden) if case.vision else {})


def checkpoint_shapes(case: ShapeCase) -> dict[str, tuple[int, ...]]:
    """All tensors of a checkpoint."""
    table = (case.rows, case.decoder.hidden)
    head = {} if case.tiedHead else {f"{case.prefix}lm_head.weight": table}
    return tensor_shapes(case) | {f"{case.prefix}model.embed_tokens.weight": table} | head


def tower_shapes(vision: VisionShape, hidden: int) -> dict[str, tuple[int, ...]]:
    root, shapes = "vision_tower.vision_model", {}

    def linear(name: str, rows: int, columns: int) -> None:
        shapes.update({f"{name}.weight": (rows, columns), f"{name}.bias": (rows,)})

    def norm(name: str) -> None:
        shapes.update({f"{name}.weight": (vision.hidden,), f"{name}.bias": (vision.hidden,)})

    shapes[f"{root}.embeddings.patch_embedding.weight"] = (vision.hidden, 3, vision.patch, vision.patch)
    shapes[f"{root}.embeddings.patch_embedding.bias"] = (vision.hidden,)
    shapes[f"{root}.embeddings.position_embedding.weight"] = (vision.patches, vision.hidden)
    for layer in range(vision.layers):
        name = f"{root}.encoder.layers.{layer}"
        for part in ["q_proj", "k_proj", "v_proj", "out_proj"]:
            linear(f"{name}.self_attn.{part}", vision.hidden, vision.hidden)
        linear(f"{name}.mlp.fc1", vision.wide, vision.hidden)
        linear(f"{name}.mlp.fc2", vision.hidden, vision.wide)
        norm(f"{name}.layer_norm1")
        norm(f"{name}.layer_norm2")
    norm(f"{root}.post_layernorm")
    linear("multi_modal_projector.linear_1", hidden, vision.hidden)
    linear("multi_modal_projector.linear_2", hidden, hidden)
    shapes["image_newline"] = (hidden,)
    return shapes
