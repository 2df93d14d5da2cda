import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * How many cores' worth of time a Linux container leaves to this process, from cgroup v2 or v1; null where nothing limits
 * it. Node's count of cores does not know of it. Source: https://docs.kernel.org/admin-guide/cgroup-v2.html, "cpu.max".
 */
export async function readCoreLimit(root = '/sys/fs/cgroup'): Promise<number | null> {
  const [second, quota, period] = await Promise.all([
    readText(join(root, 'cpu.max')),
    readText(join(root, 'cpu', 'cpu.cfs_quota_us')),
    readText(join(root, 'cpu', 'cpu.cfs_period_us')),
  ]);
  const [limit, each] = second === null ? [quota, period] : second.trim().split(' ');
  const cores = Number(limit ?? 'max') / Number(each ?? 'max');
  return Number.isFinite(cores) && cores > 0 ? cores : null;
}

async function readText(path: string): Promise<string | null> {
  return await readFile(path, 'utf8').catch(() => null);
}
