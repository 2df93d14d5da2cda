import { readFileSync } from 'node:fs';
import { kill } from 'node:process';

/** Whether a process exists. One that ended and was not waited for by its parent still does. */
export function isAlive(pid: number): boolean {
  try {
    kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The ids of a process's children. Linux only. */
export function listChildren(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}
