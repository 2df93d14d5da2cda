import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { type Service, startService } from '../e2e/service.js';
import { poll } from '../setup/poll.js';
import { createTemporaryFolder } from '../setup/temporary-folder.js';
import type { Report } from './report.js';
import { codeOf, form, send, unseen } from './send.js';
import { findDescendants } from './watch-process.js';

const clip = readFileSync('samples/rabbit-enters.webm');
/** Larger than the limits below: an image of that size is stored on disk as well. */
const padded = Buffer.concat([clip, Buffer.alloc(3_000_000)]);

const caption = async (service: Service, file: Uint8Array = clip) => {
  const fields = { max_tokens: '1', num_frames: '1' };
  const answer = await send(service.url, { path: '/v1/captions', ...form(unseen(file), fields) });
  return answer.status === 200 ? '200' : `${answer.status} ${codeOf(answer) ?? ''}`;
};

interface Fault {
  readonly what: string;
  readonly env?: (folder: string) => Record<string, string>;
  /** Before the start. */
  readonly prepare?: (folder: string) => void;
  /** Once the service is ready, and a request has succeeded. */
  readonly breakIt?: (folder: string, service: Service) => void;
  readonly file?: Uint8Array;
  readonly expected: string;
  /** In the log. Undefined where the fault is the client's, or mended by the service. */
  readonly log?: RegExp;
  readonly mend?: (folder: string, service: Service) => void;
}

const temporary = (folder: string) => ({ TMPDIR: join(folder, 'tmp') });
const toFile = (path: string) => {
  rmSync(path, { recursive: true, force: true });
  writeFileSync(path, '');
};
const limitFiles =
  (bytes: string) =>
  (_: string, { process: { pid = 0 } }: Service) =>
    void execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`]);

/** Faults in work: of the temporary folder and of the disk cache. */
const IN_WORK: readonly Fault[] = [
  {
    what: 'temporary folder full, in work',
    breakIt: limitFiles('1000000'),
    ...{ file: padded, expected: '507 STORAGE_FULL', log: /STORAGE_FULL/ },
    mend: limitFiles('unlimited'),
  },
  {
    what: 'temporary folder removed, in work',
    breakIt: (folder) => rmSync(join(folder, 'tmp'), { recursive: true }),
    expected: '200',
  },
  {
    what: 'temporary folder replaced by a file, in work',
    breakIt: (folder) => toFile(join(folder, 'tmp')),
    ...{ expected: '503 STORAGE_UNAVAILABLE', log: /STORAGE_UNAVAILABLE: (ENOTDIR|EEXIST)/ },
    mend: (folder) => rmSync(join(folder, 'tmp')),
  },
  {
    what: 'temporary folder forbidden, in work',
    breakIt: (folder) => forbid(join(folder, 'tmp'), true),
    ...{ expected: '503 STORAGE_UNAVAILABLE', log: /STORAGE_UNAVAILABLE: (EACCES|EPERM)/ },
    mend: (folder) => forbid(join(folder, 'tmp'), false),
  },
  {
    what: 'disk cache replaced by a file, in work',
    breakIt: (folder) => toFile(join(folder, 'home', 'cache')),
    expected: '200',
    mend: (folder) => rmSync(join(folder, 'home', 'cache')),
  },
  {
    what: 'quota of temporary files, in work',
    env: () => ({ SALAMANDRA_TEMPORARY_MB: '2' }),
    ...{ file: padded, expected: '429 RATE_LIMITED' },
    mend: () => undefined,
  },
];

/** Faults at the start, of the temporary folder. */
const AT_START: readonly Fault[] = [
  {
    what: 'temporary folder missing, at the start',
    prepare: (folder) => rmSync(join(folder, 'tmp'), { recursive: true }),
    expected: '200',
  },
  {
    what: 'temporary folder a file, at the start',
    prepare: (folder) => toFile(join(folder, 'tmp')),
    ...{ expected: '503 STORAGE_UNAVAILABLE', log: /STORAGE_UNAVAILABLE: (ENOTDIR|EEXIST)/ },
    mend: (folder) => rmSync(join(folder, 'tmp')),
  },
];

/** Faults of the home folder at the start: the model cannot be installed, and the reason is told. */
const HOMES: readonly { what: string; home: (folder: string) => string; reason: RegExp }[] = [
  {
    what: 'home a file, at the start',
    home(folder) {
      writeFileSync(join(folder, 'file'), '');
      return join(folder, 'file');
    },
    reason: /is a file/,
  },
  // Not even root can make a folder there.
  { what: 'home read-only, at the start', home: () => '/sys/salamandra', reason: /not writable/ },
  {
    what: 'home missing and forbidden, at the start',
    home: () => '/proc/salamandra',
    reason: /home folder/,
  },
];

/** The right code, a line in the log, and recovery once the fault is mended. */
export async function runDisk(report: Report, isShort: boolean): Promise<void> {
  const home = createTemporaryFolder();
  try {
    const shared = home.path('shared');
    for (const fault of isShort ? IN_WORK.slice(0, 3) : [...IN_WORK, ...AT_START]) {
      if (fault.what.includes('forbidden') && !canForbid(home.path('probe'))) {
        report.skip(fault.what, 'this user may ignore permissions');
        continue;
      }
      await tryFault(report, fault, shared);
    }
    for (const each of isShort ? HOMES.slice(0, 1) : HOMES) {
      await tryHome(report, each.what, each.home(home.path('')), each.reason);
    }
    if (!isShort) await tryFullHome(report, home.path('full'));
  } finally {
    home.remove();
  }
}

async function tryFault(report: Report, fault: Fault, home: string): Promise<void> {
  const folder = createTemporaryFolder();
  const path = folder.path('');
  mkdirSync(join(path, 'tmp'), { recursive: true });
  fault.prepare?.(path);
  const service = await startService({
    ...temporary(path),
    SALAMANDRA_HOME: fault.what.includes('cache') ? join(path, 'home') : home,
    SALAMANDRA_DISK_CACHE_MB: fault.what.includes('cache') ? '50' : '0',
    ...fault.env?.(path),
  });
  try {
    await service.waitUntilReady();
    const before = fault.prepare ? '200' : await caption(service);
    fault.breakIt?.(path, service);
    const during = await caption(service, fault.file);
    const isLogged = !fault.log || fault.log.test(service.output());
    fault.mend?.(path, service);
    const after = await caption(service);
    report.check(
      fault.what,
      `${fault.expected}${fault.log ? ', logged' : ''}, then 200`,
      `${during}${isLogged ? '' : ', not logged'}, then ${after}`,
      before === '200' && during === fault.expected && isLogged && after === '200',
    );
  } finally {
    await service.stop();
    folder.remove();
  }
}

async function tryHome(report: Report, what: string, home: string, reason: RegExp): Promise<void> {
  const service = await startService({ SALAMANDRA_HOME: home });
  try {
    await poll(() => /model: MODEL_LOAD_FAILED/.test(service.output()) || undefined, 60_000).catch(
      () => undefined,
    );
    const ready = await send(service.url, { path: '/health/ready' });
    const isLogged = reason.test(service.output());
    report.check(
      what,
      '503 with the reason, logged',
      `${ready.status} ${codeOf(ready) ?? ''}${isLogged ? '' : ', not logged'}`,
      ready.status === 503 && isLogged && reason.test(ready.text),
    );
  } finally {
    service.process.kill('SIGKILL');
  }
}

/** The files of the process that converts the model are limited, as by a quota. */
async function tryFullHome(report: Report, home: string): Promise<void> {
  const service = await startService({ SALAMANDRA_HOME: home });
  try {
    const [worker] = await poll(() => {
      const found = findDescendants(service.process.pid ?? 0, 'inference.worker');
      return found.length > 0 ? found : undefined;
    });
    execFileSync('prlimit', ['--pid', String(worker), '--fsize=500000:']);
    const log = () => /model: (?:MODEL_LOAD_FAILED|demo).*/.exec(service.output())?.[0];
    const line = await poll(log, 120_000).catch(() => 'not told');
    const left = readdirSync(join(home, 'packages', 'demo'));
    report.check(
      'home full, at the start',
      'the reason is logged, nothing is left',
      `${line.slice(0, 120)}; ${left.length} left`,
      /home folder is full/.test(line) && left.length === 0,
    );
  } finally {
    service.process.kill('SIGKILL');
  }
}

function forbid(path: string, isForbidden: boolean): void {
  for (const name of readdirSync(path)) chmodSync(join(path, name), isForbidden ? 0o500 : 0o700);
  chmodSync(path, isForbidden ? 0o500 : 0o700);
}

/** Root ignores permissions. */
function canForbid(path: string): boolean {
  mkdirSync(path, { mode: 0o500 });
  try {
    writeFileSync(join(path, 'probe'), '');
    return false;
  } catch {
    return true;
  }
}
