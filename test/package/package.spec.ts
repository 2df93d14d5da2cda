import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { createTemporaryFolder, type TemporaryFolder } from '../setup/temporary-folder.js';
import { copySamples, environmentOfUser, installFromTarball, pack } from './installed-package.js';
import { generateReference, REFERENCE } from './library-reference.js';

const execute = promisify(execFile);
const GUIDE = join(import.meta.dirname, '../../docs/library.md');

let folder: TemporaryFolder;
let project: string;
let installed: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = createTemporaryFolder();
  project = folder.path('project');
  installed = await installFromTarball(await pack(folder.path('')), project);
  copySamples(project, ['fox.png', 'owl-and-guitar.jpg', 'street.png']);
  writeFileSync(join(project, 'package.json'), '{"type":"module"}');
  env = environmentOfUser(folder.path('home'));
});

afterAll(() => folder.remove());

/** Runs Node in the project. */
async function node(...args: readonly string[]): Promise<string> {
  return (await execute(process.execPath, args, { cwd: project, env })).stdout;
}

it('contains no specs, no sources and no files of the checkout', () => {
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });

  expect(files.filter((file) => /\.spec\.|\.tsx?$/.test(file) && !file.endsWith('.d.ts'))).toEqual(
    [],
  );
  expect(readdirSync(installed).sort()).toEqual([
    ...['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'models', 'package.json'],
    ...['samples', 'src'],
  ]);
});

it('captions from any folder, and keeps its data in the data folder of the user', async () => {
  const command = join(installed, 'src/salamandra.mjs');

  expect(await node(command, '--version')).toBe('0.2.0\n');
  expect(await node(command, 'caption', 'fox.png', '--languages', 'ca')).toMatch(/\tguineu\n$/);
  expect(existsSync(join(installed, '.salamandra'))).toBe(false);
  expect(readdirSync(folder.path('home/.local/share/visual-salamandra'))).toContain('packages');
}, 120_000);

it('runs every example of the guide', async () => {
  const blocks = readFileSync(GUIDE, 'utf8').matchAll(/```js\n([\s\S]*?)```/g);
  const outputs: string[] = [];
  for (const [index, [, code = '']] of [...blocks].entries()) {
    const file = `example-${index}.js`;
    writeFileSync(join(project, file), code);
    outputs.push(await node(file));
  }

  expect(outputs).toEqual([
    'ca caption guineu\nca alt Imatge: guineu\nen caption fox\nen alt Picture: fox\n',
    expect.stringMatching(/owl.* ok\n$/i),
    expect.stringMatching(/house/),
    'AbortError\n',
  ]);
}, 120_000);

it('has types that a strict program compiles against', async () => {
  writeFileSync(
    join(project, 'program.ts'),
    `import { openModel, type Model, SalamandraError } from 'visual-salamandra';
const model: Model = await openModel({ precision: 'int8' });
const texts: string[] = (await model.caption('a.jpg', { kinds: ['alt'] })).captions.map(({ text }) => text);
// @ts-expect-error There is no such kind.
await model.caption('a.jpg', { kinds: ['poem'] });
export { texts, SalamandraError };
`,
  );
  const compiler = join(import.meta.dirname, '../../node_modules/typescript/bin/tsc');
  const types = [
    '--types',
    'node',
    '--typeRoots',
    join(import.meta.dirname, '../../node_modules/@types'),
  ];

  await expect(
    node(
      ...[compiler, '--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022'],
      ...['--module', 'nodenext', ...types, 'program.ts'],
    ),
  ).resolves.toBe('');
}, 120_000);

it('has a reference that is generated from the source as it is', async () => {
  expect(await generateReference()).toBe(readFileSync(REFERENCE, 'utf8'));
}, 120_000);
