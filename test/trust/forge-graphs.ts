import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { SalamandraError } from '../../src/errors/salamandra-error.js';
import {
  type ModelManifest,
  MANIFEST_FILE,
  PACKAGE_FILES,
} from '../../src/models/package/manifest.js';
import {
  parseManifestJson,
  sealManifest,
  serializeManifest,
} from '../../src/models/package/manifest-json.js';
import { loadModelPackage } from '../../src/models/package/model-package.js';
import type { TamperOutcome } from './tamper-package.js';

/** An edit to a graph that keeps its length, so that the rest of the file stays valid. */
interface Forgery {
  readonly what: string;
  readonly from: string;
  readonly to: string;
}

const DATA = PACKAGE_FILES.decoderWeights;

/** Each `to` has the length of its `from`. */
const FORGERIES: readonly Forgery[] = [
  { what: 'weights from the root of the disk', from: DATA, to: '/etc/ssl/cert.pem' },
  { what: 'weights from further up', from: DATA, to: '../../../../hosts' },
  { what: 'weights from a folder inside', from: DATA, to: 'weights/secret/aa' },
  { what: 'weights of the other graph', from: DATA, to: './vision.onnx.dat' },
  { what: 'the same file by another way', from: DATA, to: './././decoder.onn' },
  { what: 'a name that ends early', from: DATA, to: 'decoder.onnx.dat\0' },
  { what: 'an unknown key', from: 'location', to: 'checksum' },
  { what: 'no length', from: 'length', to: 'lengtg' },
  { what: 'a negative offset', from: '4096', to: '-409' },
  { what: 'an offset in hex', from: '4096', to: '0xff' },
  { what: 'a custom operator', from: 'com.microsoft', to: 'com.microsofu' },
  { what: 'an unknown operator', from: 'Concat', to: 'Loooop' },
  { what: 'a branch of another name', from: 'then_branch', to: 'thin_branch' },
  { what: 'an input nobody feeds', from: 'inputs_embeds', to: 'inputs_embedz' },
];

/**
 * Loads copies of a package with edited graphs and manifests with matching hashes, as a hostile author could write
 * them.
 */
export async function loadForgeries(
  directory: string,
  workFolder: string,
): Promise<TamperOutcome[]> {
  const outcomes: TamperOutcome[] = [];
  const graph = await readFile(join(directory, PACKAGE_FILES.decoder));
  await mkdir(workFolder, { recursive: true });
  for (const forgery of FORGERIES) {
    const copy = await mkdtemp(join(workFolder, 'forged-'));
    await cp(directory, copy, { recursive: true });
    await replaceFile(copy, PACKAGE_FILES.decoder, edit(graph, forgery));
    outcomes.push({ what: forgery.what, code: await codeOfLoading(copy) });
    await rm(copy, { recursive: true });
  }
  return outcomes;
}

async function codeOfLoading(directory: string): Promise<string | null> {
  try {
    await loadModelPackage(directory);
    return null;
  } catch (error) {
    return error instanceof SalamandraError ? error.code : null;
  }
}

/** @throws RangeError if the edit does not apply, which would otherwise count as rejected */
function edit(graph: Buffer, { what, from, to }: Forgery): Buffer {
  const position = graph.indexOf(from, 0, 'latin1');
  if (position === -1 || from.length !== to.length) throw new RangeError(`Cannot forge: ${what}`);
  const forged = Buffer.from(graph);
  forged.write(to, position, 'latin1');
  return forged;
}

/** Writes a file of a package, its hash into the manifest, and the digest of the manifest. */
async function replaceFile(directory: string, name: string, content: Buffer): Promise<void> {
  const path = join(directory, MANIFEST_FILE);
  const manifest: ModelManifest = parseManifestJson(await readFile(path));
  const sha256 = createHash('sha256').update(content).digest('hex');
  const files = { ...manifest.files, [name]: { bytes: content.length, sha256 } };
  await writeFile(join(directory, name), content);
  await writeFile(path, serializeManifest(sealManifest({ ...manifest, files })));
}
