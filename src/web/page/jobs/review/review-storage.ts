/**
 * What the service has not confirmed yet, in the local storage of this browser, one entry for each decision and each
 * unsaved text: several windows of the page share the storage, and a list in one entry would lose those of another.
 */
import { isPendingDecision, type PendingDecision } from './decisions.js';

const DECISION = 'salamandra.decision.';
const EDIT = 'salamandra.unsaved.';

/** @returns the decisions of earlier visits, in the order in which they were made. */
export function readDecisions(): readonly PendingDecision[] {
  return keysOf(DECISION)
    .sort()
    .flatMap((key) => {
      const value = parse(localStorage.getItem(key));
      return isPendingDecision(value) ? [value] : [];
    });
}

export function storeDecision(decision: PendingDecision): void {
  write(DECISION + decision.id, JSON.stringify(decision));
}

export function removeDecision({ id }: PendingDecision): void {
  remove(DECISION + id);
}

/** Ids sort in the order of their time, across the windows of a browser. */
export function newDecisionId(): string {
  sequence += 1;
  const parts = [Date.now().toString().padStart(15, '0'), String(sequence).padStart(6, '0')];
  return [...parts, Math.random().toString(36).slice(2, 10)].join('-');
}

let sequence = 0;

/** A text that was typed and not saved. */
export function readUnsaved(job: string, item: number, number: number): string | null {
  try {
    return localStorage.getItem(editKey(job, item, number));
  } catch {
    return null;
  }
}

/** @param text `null` removes the stored one. */
export function storeUnsaved(job: string, item: number, number: number, text: string | null): void {
  const key = editKey(job, item, number);
  if (text === null) remove(key);
  else write(key, text);
}

function editKey(job: string, item: number, number: number): string {
  return `${EDIT}${job}.${item}.${number}`;
}

function keysOf(prefix: string): string[] {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(prefix));
  } catch {
    return [];
  }
}

function parse(text: string | null): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Storage is full or blocked: the decision is still sent, and lost only if the page closes before.
  }
}

function remove(key: string): void {
  try {
    localStorage.removeItem(key);
  } catch {
    // Blocked, so nothing is stored.
  }
}
