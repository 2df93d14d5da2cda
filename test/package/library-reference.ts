import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { Application, TSConfigReader, TypeDocReader } from 'typedoc';

const ROOT = join(import.meta.dirname, '../..');

/** The committed reference of the library. */
export const REFERENCE = join(ROOT, 'docs/library-reference.md');

/** Generates the reference of the library from its source, by the settings of typedoc.json. */
export async function generateReference(): Promise<string> {
  const out = join(ROOT, '.cache/library-reference');
  const options = { options: ROOT, out, logLevel: 'Error' } as const;
  const application = await Application.bootstrapWithPlugins(options, [
    new TypeDocReader(),
    new TSConfigReader(),
  ]);
  const project = await application.convert();
  if (!project) throw new Error('The source of the library has errors: run npm run types.');
  await application.generateOutputs(project);
  return await readFile(join(out, 'library.md'), 'utf8');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await writeFile(REFERENCE, await generateReference());
}
