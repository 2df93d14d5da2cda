import type { LayerAttention, CachedKeyValues } from './attention-inputs.js';
import { emitQuantizedSmallRows, type QuantizedRows } from './quantize-activations.js';

/**
 * Attention of one new position for each of several sequences. The cache is read once and never copied: scores and
 * mixtures are products with each of its parts, and query heads that share a key head are rows of one product. A beginning
 * that all sequences share is multiplied with the queries of all of them at once.
 *
 * @returns name of the result [batch, 1, attentionHeads * headDim].
 */
export function emitDecodeAttention(attention: LayerAttention): string {
  const { graph, run, name, prefix, past } = attention;
  const own: Part = { owner: 'own', rows: past, label: 'past' };
  const shared: Part = { owner: 'shared', rows: prefix, label: 'prefix' };
  return graph.emitIf(
    run.hasPrefix,
    name('step.output'),
    () => emitOver(attention, [shared, own], run.splitWithPrefix, 'forked'),
    () => emitOver(attention, [own], run.split, 'alone'),
  );
}

/** @param split sizes of the parts and of the new position. */
function emitOver(
  { decoder, graph, name: layerName, flat }: LayerAttention,
  parts: readonly Part[],
  split: string,
  variant: string,
): string {
  const { attentionHeads, keyValueHeads, headDim } = decoder;
  const name = (part: string) => layerName(`${variant}.${part}`);
  const context = { decoder, graph, name };
  const factor = graph.floats('query_factor', Float32Array.of(headDim ** -0.5), []);
  const scaled = graph.emit('Mul', [flat.query, factor], name('query_scaled'));
  // One position: its heads lie beside each other already.
  const group = graph.integers('query_group_shape', [0, keyValueHeads, -1, headDim]);
  const query = graph.emit('Reshape', [scaled, group], name('query')); // [batch, kvHeads, group, headDim]

  const isFloat = parts.every(({ rows }) => rows.scales === null);
  const scoresOf = isFloat
    ? floatScores(context, query)
    : byteScores(context, emitQuantizedSmallRows(graph, query, 'query'));
  const one = graph.integers('one_row_shape', [0, keyValueHeads, 1, headDim]);
  const newKey = graph.emit('Reshape', [flat.key, one], name('new_key'));
  const newValue = graph.emit('Reshape', [flat.value, one], name('new_value'));
  const newScores = graph.emit('FusedMatMul', [query, newKey], name('new_scores'), {
    transB: { int: 1 },
  });
  const scores = graph.emit('Concat', [...parts.map(scoresOf), newScores], name('scores'), {
    axis: { int: 3 },
  }); // [batch, kvHeads, group, prefix + past + 1]
  const biased = graph.emit('Add', [scores, 'attention_bias'], name('scores_biased'));
  const weights = graph.emit('Softmax', [biased], name('weights'), { axis: { int: -1 } });
  const pieces = [...parts.map(({ label }) => name(`${label}_weights`)), name('new_weights')];
  graph.emitAll('Split', [weights, split], pieces, { axis: { int: 3 } });

  const newMixed = graph.emit('MatMul', [name('new_weights'), newValue], name('new_mixed'));
  const emitPastMixture = isFloat ? emitFloatMixture : emitByteMixture;
  const pastMixed = emitPastMixture(context, parts);
  const mixed = graph.emit('Add', [pastMixed, newMixed], name('mixed')); // [batch, kvHeads, group, headDim]
  const row = graph.integers('step_row_shape', [0, 1, attentionHeads * headDim]);
  return graph.emit('Reshape', [mixed, row], name('output'));
}

/** Of the bytes that a weight is split into: two of them times a value's byte stay within sixteen bits. */
const LARGEST_BYTE = 127;

/** Where the rows of a part of the cache belong: to all sequences, or to each its own. */
type Owner = 'shared' | 'own';

export interface Part {
  readonly owner: Owner;
  readonly rows: CachedKeyValues;
  readonly label: string;
}

/** Of one way through a layer's step. */
export type StepContext = Pick<LayerAttention, 'decoder' | 'graph' | 'name'>;

/**
 * Rows of a sequence up to which each of them is a product of its own. The runtime has a kernel for a single row that reads
 * the right operand as it lies, and packs it anew in every run for several: from here on that costs less.
 */
const MOST_ROWS_APART = 8;

/** One product of the rows x with what `output` is to be called. */
type Product = (x: string, output: string) => string;

/**
 * What a product makes of x [batch, kvHeads, rows, n]. Where all sequences share its right operand, the rows of all of them
 * are those of one product.
 */
function emitForOwner(
  { graph, decoder }: StepContext,
  owner: Owner,
  [x, rows]: readonly [name: string, rows: number],
  output: string,
  emitProduct: Product,
): string {
  if (owner === 'own') return emitProduct(x, output);
  const byHead = { perm: { ints: [1, 0, 2, 3] } };
  const { keyValueHeads } = decoder;
  const turned = graph.emit('Transpose', [x], `${output}.by_head`, byHead);
  const asOne = graph.integers('shape_as_one', [1, keyValueHeads, -1, 0]);
  const left = graph.emit('Reshape', [turned, asOne], `${output}.as_one`);
  const product = emitProduct(left, `${output}.of_all`); // [1, kvHeads, batch * rows, m]
  const apart = graph.integers(`shape_apart_${rows}`, [keyValueHeads, -1, rows, 0]);
  const bySequence = graph.emit('Reshape', [product, apart], `${output}.apart`);
  return graph.emit('Transpose', [bySequence], output, byHead);
}

/** Of bytes: x [batch, kvHeads, rows, n] times right [batch or 1, kvHeads, n, m]. */
function emitByteProduct(
  context: StepContext,
  owner: Owner,
  x: readonly [name: string, rows: number],
  right: string,
  output: string,
): string {
  const { graph } = context;
  const rows = x[1];
  return emitForOwner(context, owner, x, output, (left, product) => {
    if (owner === 'shared' || rows === 1 || rows > MOST_ROWS_APART) {
      return graph.emit('MatMulInteger', [left, right], product);
    }
    const [third, fourth] = [graph.integers('axis_2', [2]), graph.integers('axis_3', [3])];
    const each = graph.emit('Unsqueeze', [left, fourth], `${product}.rows`);
    const all = graph.emit('Unsqueeze', [right, third], `${product}.right`);
    const sums = graph.emit('MatMulInteger', [each, all], `${product}.sums`);
    return graph.emit('Squeeze', [sums, fourth], product);
  });
}

export function floatScores(context: StepContext, query: string): (part: Part) => string {
  const { graph, name } = context;
  const rows = groupOf(context);
  return ({ owner, rows: { key }, label }) =>
    emitForOwner(context, owner, [query, rows], name(`${label}_scores`), (x, output) =>
      graph.emit('FusedMatMul', [x, key], output, { transB: { int: 1 } }),
    );
}

/** What the weights make of the cached values, [batch, kvHeads, group, headDim]. */
export function emitFloatMixture(context: StepContext, parts: readonly Part[]): string {
  const { graph, name } = context;
  const mixtures = parts.map(({ owner, rows: { value }, label }) => {
    const weights = [name(`${label}_weights`), groupOf(context)] as const;
    return emitForOwner(context, owner, weights, name(`${label}_mixed`), (x, output) =>
      graph.emit('MatMul', [x, value], output),
    );
  });
  return emitSum(context, mixtures, name('past_sum'));
}

function emitSum({ graph }: StepContext, terms: readonly string[], label: string): string {
  const [first = '', ...rest] = terms;
  return rest.reduce((sum, term, i) => graph.emit('Add', [sum, term], `${label}_${i}`), first);
}

/** Scores as products of bytes. */
export function byteScores(context: StepContext, query: QuantizedRows): (part: Part) => string {
  const { graph, name } = context;
  const left = [query.values, groupOf(context)] as const;
  return ({ owner, rows, label }) => {
    const output = name(`${label}_scores`);
    const { key, keyShift } = scalesOf(rows);
    const sums = emitByteProduct(context, owner, left, rows.key, `${output}.sums`);
    const floats = graph.emit('Cast', [sums], `${output}.floats`, { to: { int: 1 } });
    const scaled = graph.emit('Mul', [floats, key], `${output}.scaled`);
    const shifted = graph.emit('Sub', [scaled, keyShift], `${output}.shifted`);
    return graph.emit('Mul', [shifted, query.scale], output);
  };
}

/**
 * Mixtures as products of bytes. Eight bits would lose the many small weights beside a large one, so a weight takes two
 * bytes, and each of them is a row of the product. All parts share one unit and are added up as integers: whether a beginning
 * is shared or a sequence's own makes no difference to the result.
 */
export function emitByteMixture(context: StepContext, parts: readonly Part[]): string {
  const { graph, name } = context;
  const group = groupOf(context);
  // The scale of a value belongs to its position, as the weight does.
  const scaled = parts.map(({ rows, label }) =>
    graph.emit('Mul', [name(`${label}_weights`), scalesOf(rows).value], name(`${label}_scaled`)),
  );
  const unit = emitUnit(context, scaled);
  const sums = parts.map(({ owner, rows, label }, index) => {
    const output = name(`${label}_sums`);
    const bytes = emitTwoBytes(context, scaled[index] ?? '', unit, output);
    return emitByteProduct(context, owner, [bytes, 2 * group], rows.value, output);
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

/** Query heads that share a key head. */
function groupOf({ decoder: { attentionHeads, keyValueHeads } }: StepContext): number {
  return attentionHeads / keyValueHeads;
}

function scalesOf({ scales }: CachedKeyValues): NonNullable<CachedKeyValues['scales']> {
  if (scales) return scales;
  throw new TypeError('Rows of float32 have no scales.');
}
