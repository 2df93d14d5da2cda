import type { LayerAttention, CachedKeyValues } from './attention-inputs.js';
import { emitQuantizedSmallRows, type QuantizedRows } from './quantize-activations.js';

/** Maximum of the two uint8 parts of an attention weight: the sum of two products with an int8 value fits in int16. */
const LARGEST_BYTE = 127;

/** Whether a cache segment is shared by all sequences (prefix) or belongs to each one (past). */
type Owner = 'shared' | 'own';

/** A segment of the KV cache: prefix or past. */
interface Segment {
  readonly owner: Owner;
  readonly cache: CachedKeyValues;
  readonly label: string;
}

/** Inputs of one variant (with or without prefix) of a layer's decode attention. */
type DecodeContext = Pick<LayerAttention, 'decoder' | 'graph' | 'name'>;

/**
 * Up to this number of rows, each row is a separate product. ONNX Runtime's kernel for one row uses the right operand
 * in place; for several rows it packs the operand in each run, which pays off only with more rows.
 */
const MAX_SEPARATE_ROWS = 8;

/** Emits the product of `x` with a fixed right operand. */
type Product = (x: string, output: string) => string;

/**
 * Decode attention: one new position for each sequence of a batch. The cache is not copied: attention scores and
 * weighted sums are products with each cache segment, and the query heads that share a key head are rows of one
 * product. A shared prefix is multiplied with the queries of all sequences at once.
 *
 * @returns name of the result [batch, 1, attentionHeads * headDim].
 */
export function emitDecodeAttention(attention: LayerAttention): string {
  const { graph, inputs, name, prefix, past } = attention;
  const own: Segment = { owner: 'own', cache: past, label: 'past' };
  const shared: Segment = { owner: 'shared', cache: prefix, label: 'prefix' };
  return graph.emitIf(
    inputs.hasPrefix,
    name('step.output'),
    () => emitOverSegments(attention, [shared, own], inputs.splitWithPrefix, 'forked'),
    () => emitOverSegments(attention, [own], inputs.split, 'alone'),
  );
}

/** @param split name of the segment lengths and 1 for the new position. */
function emitOverSegments(
  { decoder, graph, name: layerName, flat }: LayerAttention,
  segments: readonly Segment[],
  split: string,
  variant: string,
): string {
  const { attentionHeads, keyValueHeads, headDim, attentionScale, attentionSoftcap } = decoder;
  const name = (part: string) => layerName(`${variant}.${part}`);
  const context = { decoder, graph, name };
  // With a softcap, the scores are computed as multiples of it.
  const unit = attentionScale / (attentionSoftcap ?? 1);
  const factor = graph.floats('query_factor', Float32Array.of(unit), []);
  const scaled = graph.emit('Mul', [flat.query, factor], name('query_scaled'));
  // With one position, the heads of a group are contiguous already.
  const group = graph.integers('query_group_shape', [0, keyValueHeads, -1, headDim]);
  const query = graph.emit('Reshape', [scaled, group], name('query')); // [batch, kvHeads, group, headDim]

  const isFloat = segments.every(({ cache }) => cache.scales === null);
  const scoresOf = isFloat
    ? emitFloatScores(context, query)
    : emitInt8Scores(context, emitQuantizedSmallRows(graph, query, 'query'));
  const newShape = graph.integers('one_row_shape', [0, keyValueHeads, 1, headDim]);
  const newKey = graph.emit('Reshape', [flat.key, newShape], name('new_key'));
  const newValue = graph.emit('Reshape', [flat.value, newShape], name('new_value'));
  const newScores = graph.emit('FusedMatMul', [query, newKey], name('new_scores'), {
    transB: { int: 1 },
  });
  const scores = graph.emit('Concat', [...segments.map(scoresOf), newScores], name('scores'), {
    axis: { int: 3 },
  }); // [batch, kvHeads, group, prefix + past + 1]
  const capped =
    attentionSoftcap === null ? scores : emitSoftcap(context, scores, attentionSoftcap);
  const biased = graph.emit('Add', [capped, 'attention_bias'], name('scores_biased'));
  const weights = graph.emit('Softmax', [biased], name('weights'), { axis: { int: -1 } });
  const splitWeights = [
    ...segments.map(({ label }) => name(`${label}_weights`)),
    name('new_weights'),
  ];
  graph.emitAll('Split', [weights, split], splitWeights, { axis: { int: 3 } });

  const newSum = graph.emit('MatMul', [name('new_weights'), newValue], name('new_mixed'));
  const emitPastSum = isFloat ? emitFloatWeightedSum : emitInt8WeightedSum;
  const pastSum = emitPastSum(context, segments);
  const mixed = graph.emit('Add', [pastSum, newSum], name('mixed')); // [batch, kvHeads, group, headDim]
  const row = graph.integers('step_row_shape', [0, 1, attentionHeads * headDim]);
  return graph.emit('Reshape', [mixed, row], name('output'));
}

/** cap * tanh(x); x is in units of the cap. */
function emitSoftcap({ graph, name }: DecodeContext, x: string, cap: number): string {
  const limit = graph.floats('score_softcap', Float32Array.of(cap), []);
  return graph.emit(
    'Mul',
    [graph.emit('Tanh', [x], name('scores_tanh')), limit],
    name('scores_capped'),
  );
}

/**
 * Applies a product to x [batch, kvHeads, rows, n]. For a shared segment, the rows of all sequences are merged into one
 * product with batch 1.
 */
function emitForOwner(
  { graph, decoder }: DecodeContext,
  owner: Owner,
  [x, rows]: readonly [name: string, rows: number],
  output: string,
  emitProduct: Product,
): string {
  if (owner === 'own') return emitProduct(x, output);
  const byHead = { perm: { ints: [1, 0, 2, 3] } };
  const { keyValueHeads } = decoder;
  const headFirst = graph.emit('Transpose', [x], `${output}.by_head`, byHead);
  const asOne = graph.integers('shape_as_one', [1, keyValueHeads, -1, 0]);
  const left = graph.emit('Reshape', [headFirst, asOne], `${output}.as_one`);
  const product = emitProduct(left, `${output}.of_all`); // [1, kvHeads, batch * rows, m]
  const unmergedShape = graph.integers(`shape_apart_${rows}`, [keyValueHeads, -1, rows, 0]);
  const bySequence = graph.emit('Reshape', [product, unmergedShape], `${output}.apart`);
  return graph.emit('Transpose', [bySequence], output, byHead);
}

/** Integer product: x [batch, kvHeads, rows, n] times `right` [batch or 1, kvHeads, n, m], int32. */
function emitInt8Product(
  context: DecodeContext,
  owner: Owner,
  x: readonly [name: string, rows: number],
  right: string,
  output: string,
): string {
  const { graph } = context;
  const rows = x[1];
  return emitForOwner(context, owner, x, output, (left, product) => {
    if (owner === 'shared' || rows === 1 || rows > MAX_SEPARATE_ROWS) {
      return graph.emit('MatMulInteger', [left, right], product);
    }
    const [third, fourth] = [graph.integers('axis_2', [2]), graph.integers('axis_3', [3])];
    const each = graph.emit('Unsqueeze', [left, fourth], `${product}.rows`);
    const all = graph.emit('Unsqueeze', [right, third], `${product}.right`);
    const sums = graph.emit('MatMulInteger', [each, all], `${product}.sums`);
    return graph.emit('Squeeze', [sums, fourth], product);
  });
}

/** Attention scores of a float32 cache, [batch, kvHeads, group, positions]. */
function emitFloatScores(context: DecodeContext, query: string): (segment: Segment) => string {
  const { graph, name } = context;
  const rows = groupOf(context);
  return ({ owner, cache: { key }, label }) =>
    emitForOwner(context, owner, [query, rows], name(`${label}_scores`), (x, output) =>
      graph.emit('FusedMatMul', [x, key], output, { transB: { int: 1 } }),
    );
}

/** Sum of the cached float32 values weighted by attention, [batch, kvHeads, group, headDim]. */
function emitFloatWeightedSum(context: DecodeContext, segments: readonly Segment[]): string {
  const { graph, name } = context;
  const sums = segments.map(({ owner, cache: { value }, label }) => {
    const weights = [name(`${label}_weights`), groupOf(context)] as const;
    return emitForOwner(context, owner, weights, name(`${label}_mixed`), (x, output) =>
      graph.emit('MatMul', [x, value], output),
    );
  });
  return emitSum(context, sums, name('past_sum'));
}

function emitSum({ graph }: DecodeContext, terms: readonly string[], label: string): string {
  const [first = '', ...rest] = terms;
  return rest.reduce((sum, term, i) => graph.emit('Add', [sum, term], `${label}_${i}`), first);
}

/** Attention scores of an int8 cache as integer products, [batch, kvHeads, group, positions]. */
function emitInt8Scores(
  context: DecodeContext,
  query: QuantizedRows,
): (segment: Segment) => string {
  const { graph, name } = context;
  const left = [query.values, groupOf(context)] as const;
  return ({ owner, cache, label }) => {
    const output = name(`${label}_scores`);
    const { key, keyShift } = scalesOf(cache);
    const sums = emitInt8Product(context, owner, left, cache.key, `${output}.sums`);
    const floats = graph.emit('Cast', [sums], `${output}.floats`, { to: { int: 1 } });
    const scaled = graph.emit('Mul', [floats, key], `${output}.scaled`);
    const shifted = graph.emit('Sub', [scaled, keyShift], `${output}.shifted`);
    return graph.emit('Mul', [shifted, query.scale], output);
  };
}

/**
 * Weighted sum of int8 values as integer products. With 8 bits, small attention weights beside a large one would round
 * to zero, so each weight is split into two bytes, which are two rows of the product. All segments use the same unit
 * and are added as integers: the result is bit-identical with a shared prefix and without one.
 */
function emitInt8WeightedSum(context: DecodeContext, segments: readonly Segment[]): string {
  const { graph, name } = context;
  const group = groupOf(context);
  // The scales of the values are per position, as the weights are, so they are multiplied into the weights.
  const scaled = segments.map(({ cache, label }) =>
    graph.emit('Mul', [name(`${label}_weights`), scalesOf(cache).value], name(`${label}_scaled`)),
  );
  const unit = emitUnit(context, scaled);
  const sums = segments.map(({ owner, cache, label }, index) => {
    const output = name(`${label}_sums`);
    const bytes = emitTwoBytes(context, scaled[index] ?? '', unit, output);
    return emitInt8Product(context, owner, [bytes, 2 * group], cache.value, output);
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

/** Largest weight of each row / 127, [batch, kvHeads, group, 1]. */
function emitUnit({ graph, name }: DecodeContext, weights: readonly string[]): string {
  const largest = weights.map((x) =>
    graph.emit('ReduceMax', [x], `${x}.largest`, { axes: { ints: [-1] }, keepdims: { int: 1 } }),
  );
  const smallest = graph.floats('smallest_weight', Float32Array.of(1e-30), []);
  const guarded = graph.emit('Max', [...largest, smallest], name('largest_weight'));
  const byte = graph.floats('largest_weight_byte', Float32Array.of(LARGEST_BYTE), []);
  return graph.emit('Div', [guarded, byte], name('weight_unit'));
}

/** Splits x >= 0 [.., rows, n] into uint8 [.., 2 * rows, n] with x ≈ (high + low / 127) * unit. */
function emitTwoBytes({ graph }: DecodeContext, x: string, unit: string, label: string): string {
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

/** Query heads per key head. */
function groupOf({ decoder: { attentionHeads, keyValueHeads } }: DecodeContext): number {
  return attentionHeads / keyValueHeads;
}

function scalesOf({ scales }: CachedKeyValues): NonNullable<CachedKeyValues['scales']> {
  if (scales) return scales;
  throw new TypeError('A float32 cache has no scales.');
}
