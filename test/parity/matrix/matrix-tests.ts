import { createTemporaryFolder, type TemporaryFolder } from '../../setup/temporary-folder.js';
import { compareVariant, problemsOf } from './compare-variant.js';
import { loadMatrix } from './matrix-references.js';
import { formatMatrixHeader, formatMatrixRow } from './matrix-row.js';

const references = await loadMatrix();

/** Defines the tests of some groups of the matrix. Three spec files share them: Jest runs files in parallel. */
export function describeMatrix(groups: readonly string[]): void {
  const rows = references.variants.filter(({ group }) => groups.includes(group));
  let folder: TemporaryFolder;

  beforeAll(() => {
    folder = createTemporaryFolder();
    process.stdout.write(`${formatMatrixHeader()}\n`);
  });

  afterAll(() => folder.remove());

  describe.each(groups)('%s', (name) => {
    const variants = rows.filter(({ group }) => group === name);

    it.each(variants.map((variant) => [variant.name, variant] as const))(
      'the checkpoint "%s" gives the values of transformers, or is refused for the stated reason',
      async (_, variant) => {
        const report = await compareVariant(references, variant, folder.path('.'));
        process.stdout.write(`${formatMatrixRow(variant, report)}\n`);

        expect(problemsOf(variant, report)).toEqual([]);
      },
    );
  });
}
