import { exposeResidualStream } from '../../src/measure/verify/residual-stream.js';
import { readCheckpointFiles } from '../../src/models/convert/checkpoint/checkpoint-files.js';
import { listTensors } from '../../src/models/convert/checkpoint/tensor-list.js';
import { planConversion } from '../../src/models/convert/plan-conversion.js';
import { type Precision, PACKAGE_FILES } from '../../src/models/package/manifest.js';
import { createTemporaryFolder, type TemporaryFolder } from '../setup/temporary-folder.js';
import { openNetwork } from '../tiny-model/converted-model.js';
import {
  type FamilyCase,
  type FamilyReferences,
  loadFamilyReferences,
  writeFamilyCheckpoint,
} from './family-references.js';
import { type Distance, measureDistance } from './measures.js';

const CASES = [
  ...['llama', 'llama, biases', 'llama, tied', 'llama, tied with an own head', 'llama, GELU'],
  ...['llama, dynamic', 'llama, longrope', 'mistral', 'mistral, window'],
  ...['qwen2', 'qwen2, tied', 'qwen2, window', 'qwen3', 'qwen3, biases and tied'],
  ...['gemma2', 'gemma2, long', 'gemma2, biases and an own head'],
];
const MAX_FLOAT_ERROR = 1e-4;
/** Minimum cosines of the logits. The layers are narrow, so that the errors of few values average out. */
const MIN_COSINE = { int8: 0.995, mixed: 0.99, int4: 0.985 } as const;

/** Logits of the first and the last token of the reference's answer, and the tokens that the model would choose. */
interface Answer {
  readonly first: Float32Array;
  readonly last: Float32Array;
  readonly ids: readonly number[];
  readonly maxPositions: number;
}

let references: FamilyReferences;
let folder: TemporaryFolder;

beforeAll(async () => {
  references = await loadFamilyReferences();
  folder = createTemporaryFolder();
});

afterAll(() => folder.remove());

function caseOf(name: string): FamilyCase {
  return references.cases.find((one) => one.name === name)!;
}

/** Prefills the prompt in two chunks, and decodes the reference's answer. */
async function answer(one: FamilyCase, precision: Precision): Promise<Answer> {
  const checkpoint = folder.path(one.name);
  await writeFamilyCheckpoint(one, checkpoint);
  const model = await openNetwork(checkpoint, folder.path(`${one.name} ${precision}`), precision);
  try {
    const { decoder, tokenEmbeddings } = model;
    const sequence = decoder.createSequence();
    await decoder.prefill(sequence, tokenEmbeddings.embed(one.ids.slice(0, 16)));
    const hidden = await decoder.prefill(sequence, tokenEmbeddings.embed(one.ids.slice(16)));
    const rows = await decoder.logits([hidden]);
    for (const id of one.answer.slice(0, -1))
      rows.push(...(await decoder.step([{ sequence, id }])));
    return {
      first: rows[0]!,
      last: rows.at(-1)!,
      ids: rows.map((row) => row.indexOf(Math.max(...row))),
      maxPositions: decoder.maxPositions,
    };
  } finally {
    await model.close();
  }
}

function compare(one: FamilyCase, { first, last }: Answer): Distance {
  const distances = one.logits.map((stored, index) =>
    measureDistance(index === 0 ? first : last, references.read(stored)),
  );
  return {
    maxAbs: Math.max(...distances.map(({ maxAbs }) => maxAbs)),
    cosine: Math.min(...distances.map(({ cosine }) => cosine)),
  };
}

function print(name: string, { maxAbs, cosine }: Distance): void {
  const error = `max abs error ${maxAbs.toExponential(1)}, cosine ${cosine.toFixed(5)}`;
  process.stdout.write(`${name}: ${error}\n`);
}

describe('decoder families', () => {
  it('has references of every case', () => {
    expect(references.cases.map(({ name }) => name)).toEqual(CASES);
  });

  it.each(CASES)('computes the values of transformers for %s in float32', async (name) => {
    const one = caseOf(name);
    const result = await answer(one, 'fp32');
    const distance = compare(one, result);
    print(`${name} fp32`, distance);

    expect(result.ids).toEqual(one.answer);
    expect(distance.maxAbs).toBeLessThan(MAX_FLOAT_ERROR);
  });

  it.each(
    ['llama, biases', 'mistral', 'qwen2', 'qwen3, biases and tied', 'gemma2, long'].flatMap(
      (name) => (['int8', 'mixed', 'int4'] as const).map((precision) => [name, precision] as const),
    ),
  )('approximates %s in %s', async (name, precision) => {
    const one = caseOf(name);
    const distance = compare(one, await answer(one, precision));
    print(`${name} ${precision}`, distance);

    expect(distance.cosine).toBeGreaterThan(MIN_COSINE[precision]);
  });

  it.each(CASES)('exposes the residual stream of every layer of %s', async (name) => {
    const checkpoint = folder.path(name);
    await writeFamilyCheckpoint(caseOf(name), checkpoint);
    const files = await readCheckpointFiles(checkpoint);
    const { contents } = planConversion(files, await listTensors(checkpoint), 'mixed');

    for (const graph of [PACKAGE_FILES.decoder, PACKAGE_FILES.prefill]) {
      expect(exposeResidualStream(contents.get(graph)!).outputs).toHaveLength(3);
    }
  });

  it.each([
    ['mistral, window', 47],
    ['qwen2, window', 47],
    ['gemma2', 47],
    ['llama, dynamic', 47],
    ['llama, longrope', 47],
    ['mistral', 2048],
    ['gemma2, long', 2048],
  ])('limits the context of %s to %i tokens', async (name, positions) => {
    expect((await answer(caseOf(name), 'fp32')).maxPositions).toBe(positions);
  });
});
