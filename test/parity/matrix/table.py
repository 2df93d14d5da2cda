"""The rows of the parity matrix by group, in the order in which they are printed."""

from pairs import pairwise
from variants import (
    FAMILIES,
    GENERATIONS,
    HEADS,
    LAYOUTS_AND_TOWERS,
    PROCESSORS,
    REFUSED,
    ROPES,
    STORAGES,
    TOKENIZERS,
    Variant,
)

GROUPS: dict[str, list[Variant]] = {
    "layouts and towers": LAYOUTS_AND_TOWERS,
    "decoder families": FAMILIES,
    "output heads": HEADS,
    "rotary position embeddings": ROPES,
    "storage types": STORAGES,
    "file generations": GENERATIONS,
    "processors": PROCESSORS,
    "tokenizers and templates": TOKENIZERS,
    "refused": REFUSED,
    "pairs": pairwise(),
}
