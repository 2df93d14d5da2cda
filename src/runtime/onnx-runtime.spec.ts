import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

it('runs ONNX Runtime without telemetry, which would leave files in the temporary folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'onnx-runtime-'));
  // Telemetry starts with the first session, even if its graph is invalid.
  const script =
    "import('./src/runtime/onnx-runtime.ts').then(({ InferenceSession }) => InferenceSession.create(new Uint8Array(1)))";
  const run = (code: string) =>
    promisify(execFile)(process.execPath, ['--import', 'tsx', '--eval', code], {
      env: { ...process.env, ORT_DISABLE_TELEMETRY: '', TMPDIR: folder, TSX_DISABLE_CACHE: '1' },
    });
  try {
    await run(`${script}.catch(() => setTimeout(() => undefined, 200))`);
    expect((await readdir(folder)).filter((name) => !name.startsWith('tsx-'))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
