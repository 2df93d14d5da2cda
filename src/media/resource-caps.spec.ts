import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

import { MAX_MEDIA_WORKER_BYTES, MAX_MEDIA_WORKER_FILE_BYTES } from '../config/limits.js';
import { canCapResources, capResources } from './resource-caps.js';

it('limits the memory and the files of a process, on Linux with prlimit', async () => {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()']);
  await once(child, 'spawn');
  const isCapped = await capResources(child.pid!);

  expect(isCapped).toBe(await canCapResources());
  if (isCapped) {
    const limits = readFileSync(`/proc/${child.pid}/limits`, 'utf8');
    expect(limits).toMatch(new RegExp(`Max data size +${MAX_MEDIA_WORKER_BYTES} `));
    expect(limits).toMatch(new RegExp(`Max file size +${MAX_MEDIA_WORKER_FILE_BYTES} `));
    expect(limits).toMatch(/Max core file size +0 /);
  }
  child.kill();
  await once(child, 'exit');
  expect(await capResources(child.pid!)).toBe(false);
});
