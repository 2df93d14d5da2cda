import { readFileSync } from 'node:fs';
import { kill } from 'node:process';

/** Whether a process exists. A zombie, which its parent has not waited for, still does. */
export function isAlive(pid: number): boolean {
  try {
    kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The process ids of the children of a process. Linux only. */
export function listChildren(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}
