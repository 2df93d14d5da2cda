import { type TinyTensors, TINY } from './tiny-checkpoint.js';

/** A matrix. This file is an independent implementation of the tiny model, written from the formulas of the papers. */
type Rows = number[][];

/** Vision encoder and projector: one tile `[3, image, image]` -> image features `[patches, hidden]`. */
export function referenceFeatures(tensors: TinyTensors, pixels: Float32Array): Rows {
  const { hidden, heads, image, patch, layers } = TINY.vision;
  const side = Math.floor(image / patch);
  const kernel = values(tensors, 'vision_tower.embeddings.patch_embedding.weight');
  const kernelBias = values(tensors, 'vision_tower.embeddings.patch_embedding.bias');
  const positions = values(tensors, 'vision_tower.embeddings.position_embedding.weight');
  let x: Rows = range(side * side).map((cell) =>
    range(hidden).map((output) => {
      let sum = kernelBias[output]! + positions[cell * hidden + output]!;
      for (const channel of range(3)) {
        for (const row of range(patch)) {
          for (const column of range(patch)) {
            const y = Math.floor(cell / side) * patch + row;
            const pixel = pixels[(channel * image + y) * image + (cell % side) * patch + column]!;
            sum += pixel * kernel[((output * 3 + channel) * patch + row) * patch + column]!;
          }
        }
      }
      return sum;
    }),
  );
  for (const layer of range(layers)) {
    const name = `vision_tower.encoder.layers.${layer}`;
    const normed = x.map((row) => layerNorm(tensors, `${name}.layer_norm1`, row));
    const [q, k, v] = ['q', 'k', 'v'].map((part) =>
      normed.map((row) => linear(tensors, `${name}.self_attn.${part}_proj`, row)),
    ) as [Rows, Rows, Rows];
    const mixed = q.map((query) => attend(query, k, v, heads, heads, hidden / heads));
    x = add(
      x,
      mixed.map((row) => linear(tensors, `${name}.self_attn.out_proj`, row)),
    );
    const wide = x
      .map((row) => layerNorm(tensors, `${name}.layer_norm2`, row))
      .map((row) => linear(tensors, `${name}.mlp.fc1`, row).map(tanhGelu));
    x = add(
      x,
      wide.map((row) => linear(tensors, `${name}.mlp.fc2`, row)),
    );
  }
  return x
    .map((row) => linear(tensors, 'multi_modal_projector.linear_1', row).map(exactGelu))
    .map((row) => linear(tensors, 'multi_modal_projector.linear_2', row));
}

/** Decoder: embeddings `[positions, hidden]` -> logits `[positions, tokens]`. */
export function referenceLogits(tensors: TinyTensors, embeddings: Rows): Rows {
  const { heads, keyValueHeads, headDim, layers } = TINY.decoder;
  let x = embeddings;
  for (const layer of range(layers)) {
    const name = `language_model.model.layers.${layer}`;
    const normed = x.map((row) => rmsNorm(tensors, `${name}.input_layernorm`, row));
    const [q, k, v] = ['q', 'k', 'v'].map((part) =>
      normed.map((row) => linear(tensors, `${name}.self_attn.${part}_proj`, row)),
    ) as [Rows, Rows, Rows];
    const keys = k.map((row, position) => rotate(row, position));
    const mixed = q.map((query, position) =>
      attend(
        rotate(query, position),
        keys.slice(0, position + 1),
        v.slice(0, position + 1),
        heads,
        keyValueHeads,
        headDim,
      ),
    );
    x = add(
      x,
      mixed.map((row) => linear(tensors, `${name}.self_attn.o_proj`, row)),
    );
    const gated = x
      .map((row) => rmsNorm(tensors, `${name}.post_attention_layernorm`, row))
      .map((row) => {
        const up = linear(tensors, `${name}.mlp.up_proj`, row);
        return linear(tensors, `${name}.mlp.gate_proj`, row).map(
          (gate, i) => (gate / (1 + Math.exp(-gate))) * up[i]!,
        );
      });
    x = add(
      x,
      gated.map((row) => linear(tensors, `${name}.mlp.down_proj`, row)),
    );
  }
  return x
    .map((row) => rmsNorm(tensors, 'language_model.model.norm', row))
    .map((row) => linear(tensors, 'language_model.lm_head', row));
}

function attend(
  query: number[],
  keys: Rows,
  valueRows: Rows,
  heads: number,
  keyValueHeads: number,
  headDim: number,
): number[] {
  return range(heads).flatMap((head) => {
    const shared = Math.floor(head / (heads / keyValueHeads)) * headDim;
    const scores = keys.map(
      (key) =>
        range(headDim).reduce((sum, i) => sum + query[head * headDim + i]! * key[shared + i]!, 0) /
        Math.sqrt(headDim),
    );
    const powers = scores.map((score) => Math.exp(score - Math.max(...scores)));
    const total = powers.reduce((sum, power) => sum + power, 0);
    return range(headDim).map((i) =>
      powers.reduce((sum, power, t) => sum + (power / total) * valueRows[t]![shared + i]!, 0),
    );
  });
}

function rotate(row: number[], position: number): number[] {
  const { headDim } = TINY.decoder;
  const half = headDim / 2;
  return row.map((value, index) => {
    const i = index % headDim;
    const angle = position * 10000 ** (-(i % half) / half);
    const partner = i < half ? -row[index + half]! : row[index - half]!;
    return value * Math.cos(angle) + partner * Math.sin(angle);
  });
}

function linear(tensors: TinyTensors, name: string, row: number[]): number[] {
  const weight = values(tensors, `${name}.weight`);
  const bias = tensors[`${name}.bias`]?.data;
  return range(weight.length / row.length).map((output) =>
    row.reduce((sum, x, i) => sum + x * weight[output * row.length + i]!, bias?.[output] ?? 0),
  );
}

function layerNorm(tensors: TinyTensors, name: string, row: number[]): number[] {
  const mean = row.reduce((sum, x) => sum + x, 0) / row.length;
  const variance = row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / row.length;
  const [gamma, beta] = [values(tensors, `${name}.weight`), values(tensors, `${name}.bias`)];
  return row.map((x, i) => ((x - mean) / Math.sqrt(variance + 1e-6)) * gamma[i]! + beta[i]!);
}

function rmsNorm(tensors: TinyTensors, name: string, row: number[]): number[] {
  const square = row.reduce((sum, x) => sum + x * x, 0) / row.length;
  const gamma = values(tensors, `${name}.weight`);
  return row.map((x, i) => (x / Math.sqrt(square + 1e-6)) * gamma[i]!);
}

function tanhGelu(x: number): number {
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}

/** GELU with the exact erf, computed by its Taylor series. Accurate for |x| < 4. */
function exactGelu(x: number): number {
  const z = x / Math.SQRT2;
  let term = z;
  let sum = z;
  for (let n = 1; n < 80; n++) {
    term *= (-z * z) / n;
    sum += term / (2 * n + 1);
  }
  return 0.5 * x * (1 + (2 / Math.sqrt(Math.PI)) * sum);
}

function add(a: Rows, b: Rows): Rows {
  return a.map((row, r) => row.map((x, i) => x + b[r]![i]!));
}

function values(tensors: TinyTensors, name: string): Float32Array {
  return tensors[name]!.data;
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
