import type { CachedRows, LayerAttention } from './layer-attention.js';
import { MIDDLE, type RowBytes } from './row-bytes.js';

/** Of the bytes that a weight is split into: two of them times a value's byte stay within sixteen bits. */
const LARGEST_BYTE = 127;

/** Where the rows of a part of the cache belong: to all sequences, or to each its own. */
type Owner = 'shared' | 'own';

export interface Part {
  readonly owner: Owner;
  readonly rows: CachedRows;
  readonly label: string;
}

/** Of one way through a layer's step. */
export type StepContext = Pick<LayerAttention, 'decoder' | 'graph' | 'name'>;

/** Queries of all sequences as rows of one: [batch, kvHeads, rows, n] -> [1, kvHeads, batch * rows, n]. */
function gather({ graph, decoder }: StepContext, x: string, width: number, label: string): string {
  const byHead = graph.emit('Transpose', [x], `${label}.by_head`, { perm: { ints: [1, 0, 2, 3] } });
  const shape = graph.integers(`gathered_shape_${width}`, [1, decoder.keyValueHeads, -1, width]);
  return graph.emit('Reshape', [byHead, shape], `${label}.gathered`);
}

/** The way back: [1, kvHeads, batch * rows, n] -> [batch, kvHeads, rows, n]. */
function scatter(
  { graph, decoder }: StepContext,
  x: string,
  rows: number,
  width: number,
  label: string,
): string {
  const { keyValueHeads } = decoder;
  const shape = graph.integers(`scattered_shape_${rows}_${width}`, [
    keyValueHeads,
    -1,
    rows,
    width,
  ]);
  const byHead = graph.emit('Reshape', [x, shape], `${label}.by_head_again`);
  return graph.emit('Transpose', [byHead], `${label}.scattered`, { perm: { ints: [1, 0, 2, 3] } });
}

export function floatScores(context: StepContext, query: string): (part: Part) => string {
  const { graph, name, decoder } = context;
  return ({ owner, rows, label }) => {
    const product = (x: string, output: string) =>
      graph.emit('FusedMatMul', [x, rows.key], output, { transB: { int: 1 } });
    const output = name(`${label}_scores`);
    if (owner === 'own') return product(query, output);
    const gathered = gather(context, query, decoder.headDim, name(`${label}_query`));
    return emitScatteredScores(context, product(gathered, output), output);
  };
}

/** What the weights make of the cached values, [batch, kvHeads, group, headDim]. */
export function emitFloatMixture(context: StepContext, parts: readonly Part[]): string {
  const { graph, name, decoder } = context;
  const group = decoder.attentionHeads / decoder.keyValueHeads;
  const mixtures = parts.map(({ owner, rows, label }) => {
    const [weights, output] = [name(`${label}_weights`), name(`${label}_mixed`)];
    if (owner === 'own') return graph.emit('MatMul', [weights, rows.value], output);
    const all = emitGatheredWeights(context, weights, output);
    const mixed = graph.emit('MatMul', [all, rows.value], output);
    return scatter(context, mixed, group, decoder.headDim, output);
  });
  return emitSum(context, mixtures, name('past_sum'));
}

function emitSum({ graph }: StepContext, terms: readonly string[], label: string): string {
  const [first = '', ...rest] = terms;
  return rest.reduce((sum, term, i) => graph.emit('Add', [sum, term], `${label}_${i}`), first);
}

/**
 * Scores as products of bytes. The cache is the left operand: the runtime packs the right one anew in every run, and that
 * is the smaller.
 */
export function byteScores(context: StepContext, query: RowBytes): (part: Part) => string {
  const { graph, name, decoder } = context;
  const group = decoder.attentionHeads / decoder.keyValueHeads;
  return ({ owner, rows, label }) => {
    const output = name(`${label}_scores`);
    const bytes =
      owner === 'own'
        ? query.values
        : gather(context, query.values, decoder.headDim, name(`${label}_query`));
    const columns = graph.emit('Transpose', [bytes], `${output}.columns`, {
      perm: { ints: [0, 1, 3, 2] },
    }); // [., kvHeads, headDim, queries]
    const middle = graph.byte('middle', MIDDLE);
    const sums = graph.emit('MatMulInteger', [rows.key, columns, middle], `${output}.sums`);
    // [., kvHeads, positions, queries] -> [batch, kvHeads, group, positions]
    const turned =
      owner === 'own'
        ? emitTurned(context, sums, group, `${output}.turned`)
        : emitScattered(context, sums, output);
    const floats = graph.emit('Cast', [turned], `${output}.floats`, { to: { int: 1 } });
    const scaled = graph.emit('Mul', [floats, scalesOf(rows).key], `${output}.scaled`);
    return graph.emit('Mul', [scaled, query.scale], output);
  };
}

/** [batch, kvHeads, positions, group] -> [batch, kvHeads, group, positions] */
function emitTurned({ graph }: StepContext, x: string, group: number, output: string): string {
  // A single query needs no transposing, which the runtime would do value by value.
  if (group === 1)
    return graph.emit('Reshape', [x, graph.integers('turned_shape', [0, 0, 1, -1])], output);
  return graph.emit('Transpose', [x], output, { perm: { ints: [0, 1, 3, 2] } });
}

/** [1, kvHeads, positions, batch * group] -> [batch, kvHeads, group, positions] */
function emitScattered({ graph, decoder }: StepContext, x: string, label: string): string {
  const { attentionHeads, keyValueHeads } = decoder;
  const group = attentionHeads / keyValueHeads;
  const rows = graph.emit('Transpose', [x], `${label}.rows`, { perm: { ints: [1, 3, 0, 2] } });
  // [kvHeads, batch * group, 1, positions] -> [kvHeads, batch, group, positions]
  const positions = graph.emit('Shape', [x], `${label}.positions`, {
    start: { int: 2 },
    end: { int: 3 },
  });
  const leading = graph.integers('scattered_scores', [keyValueHeads, -1, group]);
  const shape = graph.emit('Concat', [leading, positions], `${label}.shape`, { axis: { int: 0 } });
  const grouped = graph.emit('Reshape', [rows, shape], `${label}.grouped`);
  return graph.emit('Transpose', [grouped], `${label}.scattered`, { perm: { ints: [1, 0, 2, 3] } });
}

/** [1, kvHeads, batch * group, positions] -> [batch, kvHeads, group, positions] */
function emitScatteredScores(context: StepContext, x: string, label: string): string {
  const turned = context.graph.emit('Transpose', [x], `${label}.turned`, {
    perm: { ints: [0, 1, 3, 2] },
  });
  return emitScattered(context, turned, label);
}

/** [batch, kvHeads, rows, positions] -> [1, kvHeads, batch * rows, positions] */
function emitGatheredWeights(context: StepContext, x: string, label: string): string {
  const { graph, decoder } = context;
  const byHead = graph.emit('Transpose', [x], `${label}.by_head`, { perm: { ints: [1, 0, 2, 3] } });
  const positions = graph.emit('Shape', [x], `${label}.positions`, {
    start: { int: 3 },
    end: { int: 4 },
  });
  const leading = graph.integers('gathered_weights', [1, decoder.keyValueHeads, -1]);
  const shape = graph.emit('Concat', [leading, positions], `${label}.gathered_shape`, {
    axis: { int: 0 },
  });
  return graph.emit('Reshape', [byHead, shape], `${label}.gathered`);
}

/**
 * Mixtures as products of bytes. Eight bits would lose the many small weights beside a large one, so a weight takes two
 * bytes, and each of them is a row of the product. All parts share one unit and are added up as integers: whether a beginning
 * is shared or a sequence's own makes no difference to the result.
 */
export function emitByteMixture(context: StepContext, parts: readonly Part[]): string {
  const { graph, name, decoder } = context;
  const { attentionHeads, keyValueHeads, headDim } = decoder;
  const group = attentionHeads / keyValueHeads;
  // The scale of a value belongs to its position, as the weight does.
  const scaled = parts.map(({ rows, label }) =>
    graph.emit('Mul', [name(`${label}_weights`), scalesOf(rows).value], name(`${label}_scaled`)),
  );
  const unit = emitUnit(context, scaled);
  const sums = parts.map(({ owner, rows, label }, index) => {
    const output = name(`${label}_mixed`);
    const bytes = emitTwoBytes(context, scaled[index] ?? '', unit, output);
    const product = (x: string) => graph.emit('MatMulInteger', [x, rows.value], `${output}.sums`);
    if (owner === 'own') return product(bytes);
    const all = product(emitGatheredWeights(context, bytes, output));
    return scatter(context, all, 2 * group, headDim, output);
  });
  const sum = emitSum(context, sums, name('past_sum')); // [batch, kvHeads, 2 * group, headDim]
  const floats = graph.emit('Cast', [sum], name('past_floats'), { to: { int: 1 } });
  const [high, low] = [name('past_high'), name('past_low')] as const;
  graph.emitAll('Split', [floats, graph.integers('two_bytes', [group, group])], [high, low], {
    axis: { int: 2 },
  });
  const fraction = graph.floats('low_byte', Float32Array.of(1 / LARGEST_BYTE), []);
  const fine = graph.emit('Mul', [low, fraction], name('past_fine'));
  const whole = graph.emit('Add', [high, fine], name('past_whole'));
  return graph.emit('Mul', [whole, unit], name('past_mixed'));
}

/** The largest of all weights of a row over that of a byte, [batch, kvHeads, group, 1]. */
function emitUnit({ graph, name }: StepContext, weights: readonly string[]): string {
  const largest = weights.map((x) =>
    graph.emit('ReduceMax', [x], `${x}.largest`, { axes: { ints: [-1] }, keepdims: { int: 1 } }),
  );
  const smallest = graph.floats('smallest_weight', Float32Array.of(1e-30), []);
  const guarded = graph.emit('Max', [...largest, smallest], name('largest_weight'));
  const byte = graph.floats('largest_weight_byte', Float32Array.of(LARGEST_BYTE), []);
  return graph.emit('Div', [guarded, byte], name('weight_unit'));
}

/** x >= 0, [.., rows, n] -> uint8 [.., 2 * rows, n] with x ≈ (first + second / 127) * unit. */
function emitTwoBytes({ graph }: StepContext, x: string, unit: string, label: string): string {
  const byte = graph.floats('largest_weight_byte', Float32Array.of(LARGEST_BYTE), []);
  const units = graph.emit('Div', [x, unit], `${label}.units`);
  const whole = graph.emit('Floor', [units], `${label}.floor`);
  const rest = graph.emit('Sub', [units, whole], `${label}.rest`);
  const fine = graph.emit('Mul', [rest, byte], `${label}.rest_bytes`);
  const both = graph.emit('Concat', [whole, fine], `${label}.both`, { axis: { int: 2 } });
  const one = graph.floats('one', Float32Array.of(1), []);
  const none = graph.byte('unsigned_zero', 0);
  return graph.emit('QuantizeLinear', [both, one, none], `${label}.two_bytes`);
}

function scalesOf({ scales }: CachedRows): NonNullable<CachedRows['scales']> {
  if (scales) return scales;
  throw new TypeError('Rows of float32 have no scales.');
}
