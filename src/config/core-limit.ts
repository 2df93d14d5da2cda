import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where Linux tells of control groups: all of them, and those of this process. */
const CONTROL_GROUPS = { all: '/sys/fs/cgroup', own: '/proc/self/cgroup' };

/**
 * How many cores' worth of time control groups, a container's or a service's, leave to this process; null where nothing
 * limits it. Node's count of cores does not know of it. Source: https://docs.kernel.org/admin-guide/cgroup-v2.html,
 * "cpu.max", and the first version's cpu.cfs_quota_us.
 */
export function readCoreLimit({ all, own } = CONTROL_GROUPS): number | null {
  const limits = [...groupFolders(all, own)].flatMap((folder) => {
    const [quota, period] =
      readText(join(folder, 'cpu.max'))?.split(' ') ??
      ['quota', 'period'].map((part) => readText(join(folder, `cpu.cfs_${part}_us`)));
    const cores = Number(quota ?? 'max') / Number(period ?? 'max');
    return Number.isFinite(cores) && cores > 0 ? [cores] : [];
  });
  return limits.length === 0 ? null : Math.min(...limits);
}

/** The groups of this process and all around them; inside a container, where its own cannot be seen, the outermost. */
function groupFolders(all: string, own: string): Set<string> {
  const folders = new Set<string>();
  const lines = ['0::/', '0:cpu:/', ...(readText(own)?.split('\n') ?? [])];
  for (const line of lines) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined || controllers === undefined) continue;
    const isFirstVersion = controllers.split(',').includes('cpu');
    if (controllers !== '' && !isFirstVersion) continue;
    const root = isFirstVersion ? join(all, 'cpu') : all;
    for (let at = path; ; at = dirname(at)) {
      folders.add(join(root, at));
      if (at === '/') break;
    }
  }
  return folders;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
