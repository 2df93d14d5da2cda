import { createTemporaryFolder, type TemporaryFolder } from '../setup/temporary-folder.js';
import { checkImported, checkShape } from './check-shape.js';
import { compareRopes } from './compare-ropes.js';
import { MAX_ROPE_DIFFERENCE } from './shape-bounds.js';
import { fingerprintOf } from './shape-checkpoint.js';
import { loadShapeReferences, type ShapeReferences } from './shape-references.js';
import { printShapeHeader } from './shape-row.js';

const SHAPES = [
  ...['multi-head', 'grouped-tied', 'sees'],
  ...['rope-linear', 'rope-llama3', 'rope-yarn', 'rope-yarn-all'],
];
const IMPORTED = ['gptq', 'awq', 'w4a16', 'fp8-rows', 'fp8-matrix'];
const ROPES = [
  ...['default', 'default, theta of a million', 'linear', 'llama3'],
  ...['yarn', 'yarn with all it may say', 'yarn with two scales'],
];
/** Long tables take long in Jest's sandbox. */
const MAX_POSITIONS = 4096;

/** Small models of every kind in the family. `npm run parity:shapes` compares the published sizes. */
describe('shapes of the model family', () => {
  let references: ShapeReferences;
  let imported: ShapeReferences;
  let folder: TemporaryFolder;

  beforeAll(async () => {
    references = await loadShapeReferences('small');
    imported = await loadShapeReferences('imported');
    folder = createTemporaryFolder();
    printShapeHeader();
  });

  afterAll(() => folder.remove());

  it('has references of every kind', () => {
    expect(references.cases.map(({ name }) => name)).toEqual(SHAPES);
    expect(imported.imported.map(({ name }) => name)).toEqual(IMPORTED);
    expect(references.ropes.map(({ kind }) => kind)).toEqual(ROPES);
    const quantized = references.cases.flatMap((one) => Object.keys(one.quantised));
    expect(quantized.sort()).toEqual([
      'int4',
      'int4',
      'int4',
      'int8',
      'int8',
      'int8',
      'mixed',
      'mixed',
    ]);
  });

  it('creates the weights that the references were computed from', () => {
    const different = references.cases.filter((one) => fingerprintOf(one) !== one.fingerprint);

    expect(different.map(({ name }) => name)).toEqual([]);
  });

  it.each(SHAPES)('computes the values of transformers for %s', async (name) => {
    const one = references.cases.find((item) => item.name === name)!;

    expect(await checkShape(one, references, folder.path('.'))).toEqual([]);
  });

  it.each(IMPORTED)(
    'computes the values of transformers for the quantized checkpoint %s',
    async (name) => {
      const one = imported.imported.find((item) => item.name === name)!;

      expect(await checkImported(one, imported, folder.path('.'))).toEqual([]);
    },
  );

  it('computes the sines and cosines of transformers for every kind of RoPE', () => {
    const differences = references.ropes.map((one) => compareRopes(one, references, MAX_POSITIONS));

    expect(Math.max(...differences)).toBeLessThanOrEqual(MAX_ROPE_DIFFERENCE);
  });
});
