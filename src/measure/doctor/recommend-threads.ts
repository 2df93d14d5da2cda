import { countUsableCores } from '../../config/cpu-cores.js';
import type { Machine } from './machine.js';

/** Numbers of threads worth trying on a machine: its cores, its hyper-threads, and what is configured; ascending. */
export function threadCounts(
  { logicalCores, coreLimit, facts }: Pick<Machine, 'logicalCores' | 'coreLimit' | 'facts'>,
  configured: number,
): number[] {
  const found = { logical: logicalCores, physical: facts?.physicalCores ?? null, limit: coreLimit };
  const cores = countUsableCores(found);
  const hyperThreads = countUsableCores({ ...found, physical: null });
  return [...new Set([cores, hyperThreads, configured])].sort((a, b) => a - b);
}

/** A number of threads, and how long an ordinary request took with it. */
export interface MeasuredThreads {
  readonly threads: number;
  readonly requestMs: number;
}

/** What is as fast but for this share is a matter of noise, and fewer threads leave more to others. */
const NOISE = 0.1;

/** The fewest threads that are as fast as any. @param measured at least one. */
export function recommendThreads(measured: readonly MeasuredThreads[]): number {
  const fastestMs = Math.min(...measured.map(({ requestMs }) => requestMs));
  const good = measured.filter(({ requestMs }) => requestMs <= fastestMs * (1 + NOISE));
  return Math.min(...good.map(({ threads }) => threads));
}
