import { join } from 'node:path';

import { PROJECT_DIRECTORY } from '../../src/config/configuration.js';
import type { Sequence } from '../../src/decoder/decoder.js';
import type { KvPrefix } from '../../src/decoder/kv-cache/kv-prefix.js';
import { createTemporaryFolder, type TemporaryFolder } from '../setup/temporary-folder.js';
import { openNetwork } from '../tiny-model/converted-model.js';
import { loadFamilyReferences, writeFamilyCheckpoint } from './family-references.js';

/** Lengths of chunks and of cached prefixes, and numbers of other sequences in the batch. */
const ALL = {
  chunks: [16, 112, 128, 256, 400],
  prefixes: [16, 160, 336],
  others: [1, 2, 7],
};
const FEW = { chunks: [16, 400], prefixes: [160], others: [2] };
/** The demo model and one model of each family with layers of its own, by the name of its case. */
const MODELS = [
  { name: 'demo', ...ALL },
  ...['llama, biases', 'qwen2', 'qwen3, biases and tied', 'gemma2, long'].map((name) => ({
    name,
    ...FEW,
  })),
];
const STEPS = 24;
const LONGEST_CHUNK = 512;

let folder: TemporaryFolder;
let model: Awaited<ReturnType<typeof openNetwork>>;

/** Converts a model to the default precision. */
async function openModel(name: string) {
  folder = createTemporaryFolder();
  let checkpoint = join(PROJECT_DIRECTORY, 'models', 'demo');
  const one = (await loadFamilyReferences()).cases.find((item) => item.name === name);
  if (one) {
    checkpoint = folder.path('checkpoint');
    await writeFamilyCheckpoint(one, checkpoint);
  }
  return openNetwork(checkpoint, folder.path('package'), 'int8');
}

/** A different text for each number. */
function textOf(number: number, length: number): number[] {
  const { vocabularySize } = model.manifest.decoder;
  return Array.from(
    { length },
    (_, i) => (300 + (((number * 1_009 + i) * 7_919) % 8_000)) % vocabularySize,
  );
}

async function readText(ids: readonly number[], chunk = LONGEST_CHUNK, prefix?: KvPrefix) {
  const { decoder, tokenEmbeddings } = model;
  const sequence = decoder.createSequence(prefix);
  while (sequence.length < ids.length) {
    const from = sequence.length;
    await decoder.prefill(sequence, tokenEmbeddings.embed(ids.slice(from, from + chunk)));
  }
  return sequence;
}

/** Decodes all sequences in one batch, then closes them. @returns the KV cache of the first */
async function stepTogether(sequences: readonly Sequence[]): Promise<Uint8Array[]> {
  const { decoder, manifest } = model;
  const { vocabularySize } = manifest.decoder;
  for (let step = 0; step < STEPS; step++) {
    const idOf = (index: number) => (500 + index * 31 + step * 17) % vocabularySize;
    const tokens = sequences.map((sequence, i) => ({ sequence, id: idOf(i) }));
    await decoder.step(tokens);
  }
  const [first] = sequences;
  const { planes } = decoder.snapshotPrefix(first!, first!.length);
  for (const sequence of sequences) decoder.close(sequence);
  return planes.map(({ data }) => new Uint8Array(data.buffer));
}

/** The number of different bytes of keys and values. */
function countDifferent(some: readonly Uint8Array[], others: readonly Uint8Array[]): number {
  expect(some.length).toBeGreaterThan(0);
  expect(some.length).toBe(others.length);
  return some.reduce((sum, plane, which) => {
    const other = others[which]!;
    expect(plane.length).toBe(other.length);
    return sum + plane.reduce((count, byte, i) => count + Number(byte !== other[i]), 0);
  }, 0);
}

describe.each(MODELS)('keys and values in the KV cache of $name, bit for bit', (of) => {
  beforeAll(async () => {
    model = await openModel(of.name);
  }, 60_000);

  afterAll(async () => {
    await model.close();
    folder.remove();
  });

  it.each(of.chunks)('are the same with chunks of %i tokens', async (chunk) => {
    const ids = textOf(1, 780);
    const whole = await stepTogether([await readText(ids)]);
    expect(countDifferent(whole, await stepTogether([await readText(ids, chunk)]))).toBe(0);
  });

  it.each(of.prefixes)('are the same after a cached prefix of %i tokens', async (length) => {
    const ids = textOf(2, 366);
    const reader = await readText(ids);
    const prefix = model.decoder.snapshotPrefix(reader, length);
    const whole = await stepTogether([reader]);

    const behind = await readText(ids, LONGEST_CHUNK, prefix);
    expect(countDifferent(whole, await stepTogether([behind]))).toBe(0);
    const again = await readText(ids, LONGEST_CHUNK, prefix);
    const other = await readText([...ids.slice(0, length), 7, 8, 9], LONGEST_CHUNK, prefix);
    expect(countDifferent(whole, await stepTogether([again, other]))).toBe(0);
  });

  it.each(of.others)(
    'are the same in a batch with %i other sequences, with and without shared prefixes',
    async (count) => {
      const ids = textOf(3, 333);
      const whole = await stepTogether([await readText(ids)]);
      const beginning = textOf(4, 208);
      const reader = await readText(beginning);
      const prefix = model.decoder.snapshotPrefix(reader, 208);
      model.decoder.close(reader);
      const mine = await readText(ids);
      const myBeginning = model.decoder.snapshotPrefix(mine, 320);
      model.decoder.close(mine);

      for (const own of [undefined, myBeginning]) {
        for (const theirs of [undefined, prefix]) {
          const one = await readText(ids, LONGEST_CHUNK, own);
          const others: Sequence[] = [];
          for (let i = 0; i < count; i++) {
            const text = [...beginning, ...textOf(5 + i, 3 + i * 60)];
            others.push(await readText(text, LONGEST_CHUNK, theirs));
          }
          expect(countDifferent(whole, await stepTogether([one, ...others]))).toBe(0);
        }
      }
    },
  );
});
