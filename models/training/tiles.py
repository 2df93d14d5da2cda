"""The anyres arithmetic of LLaVA-OneVision (Hugging Face `image_processing_llava_onevision`), for training.

Contains only what training needs: drawing tiles and the token layout. The implementation of the service is in
src/vision and is compared with transformers separately.
"""

import math

import numpy as np
from PIL import Image

from scenes import GRID, PATCH, PINPOINTS, TILE, Scene, label_grid, rank_grid

MAX_TILES_CAP = 9


def best_resolution(width: int, height: int, max_tiles: int) -> tuple[int, int]:
    best, best_fit, best_waste = (TILE, TILE), -1, math.inf
    for h, w in PINPOINTS:
        if (h // TILE) * (w // TILE) > max_tiles:
            continue
        s = min(w / width, h / height)
        fit = min(int(width * s) * int(height * s), width * height)
        waste = h * w - fit
        if fit > best_fit or (fit == best_fit and waste < best_waste):
            best, best_fit, best_waste = (h, w), fit, waste
    return best


class Layout:
    """Tile and token layout of an image. `max_tiles` 0 means the base tile only."""

    def __init__(self, width: int, height: int, max_tiles: int):
        self.base_only = max_tiles == 0
        self.width, self.height = width, height
        if self.base_only:
            return
        h, w = best_resolution(width, height, max_tiles)
        self.rows, self.columns = h // TILE, w // TILE
        sw, sh = w / width, h / height
        if sw < sh:
            self.new_w, self.new_h = w, min(math.ceil(height * sw), h)
        else:
            self.new_h, self.new_w = h, min(math.ceil(width * sh), w)
        self.left, self.top = (w - self.new_w) // 2, (h - self.new_h) // 2
        ch, cw = self.rows * GRID, self.columns * GRID
        self.y0, self.y1, self.x0, self.x1 = 0, ch, 0, cw
        if width / height > cw / ch:
            pad = (ch - int(round(height * (cw / width), 7))) // 2
            self.y0, self.y1 = pad, ch - pad
        else:
            pad = (cw - int(round(width * (ch / height), 7))) // 2
            self.x0, self.x1 = pad, cw - pad
        kh, kw = self.y1 - self.y0, self.x1 - self.x0
        ratio = math.sqrt(kh * kw / (MAX_TILES_CAP * GRID**2))
        self.capped = ratio > 1.1
        self.out_h, self.out_w = (int(kh // ratio), int(kw // ratio)) if self.capped else (kh, kw)

    @property
    def tiles(self) -> int:
        return 1 if self.base_only else 1 + self.rows * self.columns

    @property
    def tokens(self) -> int:
        base = GRID * GRID
        return base + 1 if self.base_only else base + self.out_h * (self.out_w + 1)

    def draw_tiles(self, picture: Image.Image) -> np.ndarray:
        """uint8 [tiles, 98, 98, 3], base tile first."""
        out = [np.asarray(picture.resize((TILE, TILE), Image.BICUBIC))]
        if not self.base_only:
            canvas = np.zeros((self.rows * TILE, self.columns * TILE, 3), np.uint8)
            scaled = np.asarray(picture.resize((self.new_w, self.new_h), Image.BICUBIC))
            canvas[self.top : self.top + self.new_h, self.left : self.left + self.new_w] = scaled
            for r in range(self.rows):
                for c in range(self.columns):
                    out.append(canvas[r * TILE : (r + 1) * TILE, c * TILE : (c + 1) * TILE])
        return np.stack(out)

    def labels(self, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
        """Labels for the tiles of `draw_tiles`: classes int64 [tiles, 7, 7] and ranks int64 [tiles, 2, 7, 7]."""
        rasters = [label_grid(scene, GRID, GRID, TILE / self.width, TILE / self.height, 0, 0)]
        if not self.base_only:
            classes, owners = label_grid(
                scene, self.rows * GRID, self.columns * GRID,
                self.new_w / self.width, self.new_h / self.height, self.left, self.top,
            )
            for r in range(self.rows):
                for c in range(self.columns):
                    cut = slice(r * GRID, (r + 1) * GRID), slice(c * GRID, (c + 1) * GRID)
                    rasters.append((classes[cut], owners[cut]))
        return np.stack([c for c, _ in rasters]), np.stack([rank_grid(scene, o) for _, o in rasters])


def sample_max_tiles(rng) -> int:
    """Tile limits: detail low (base tile), auto (up to 4 tiles), an intermediate value, high (all tiles)."""
    return rng.choices([0, 4, 9, 36], [0.25, 0.63, 0.07, 0.05])[0]


assert PATCH * GRID == TILE
