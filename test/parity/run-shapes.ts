/**
 * `npm run parity:shapes [-- small 2b 7b 7b-vision]`: converts the published models, cut to four layers, with synthetic
 * weights, and compares every precision with transformers and with an independent quantization. Prints all differences
 * and exits with 1 if a bound is broken. Needs 20 GB of disk and 12 GB of memory.
 */
import { createTemporaryFolder } from '../setup/temporary-folder.js';
import { compareRopes } from './compare-ropes.js';
import { checkImported, checkShape } from './check-shape.js';
import { MAX_ROPE_DIFFERENCE } from './shape-bounds.js';
import { loadShapeReferences, SHAPE_SETS } from './shape-references.js';
import { printShapeHeader } from './shape-row.js';

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !SHAPE_SETS.some((set) => set === name));
if (unknown.length > 0)
  throw new RangeError(`Unknown set: ${unknown.join(', ')}. Known: ${SHAPE_SETS.join(', ')}.`);

const folder = createTemporaryFolder();
const broken: string[] = [];
printShapeHeader();
try {
  for (const set of SHAPE_SETS.filter((name) => wanted.length === 0 || wanted.includes(name))) {
    const references = await loadShapeReferences(set);
    for (const one of references.cases) {
      const far = await checkShape(one, references, folder.path('.'));
      broken.push(...far.map((precision) => `${one.name} ${precision}`));
    }
    for (const one of references.imported) {
      const far = await checkImported(one, references, folder.path('.'));
      broken.push(...far.map((precision) => `${one.name} ${precision}`));
    }
    for (const one of references.ropes) {
      const difference = compareRopes(one, references, Infinity);
      if (!(difference <= MAX_ROPE_DIFFERENCE)) broken.push(`rope ${one.kind}`);
    }
  }
} finally {
  folder.remove();
}
console.log(broken.length === 0 ? '\nEvery bound is kept.' : `\nBROKEN: ${broken.join(', ')}`);
process.exitCode = broken.length === 0 ? 0 : 1;
