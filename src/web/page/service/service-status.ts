import { type ReadonlySignal, signal } from '@preact/signals';

import type { Language, Model } from './api-types.js';
import { get, getList } from './get.js';
import { readStatus, type ServiceStatus } from './read-status.js';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5_000;
/** Often enough to notice that the service went away before the next request does. */
const READY_WAIT_MS = 15_000;

const status = signal<ServiceStatus>({ state: 'connecting' });
const sight = signal(true);
const knownLanguages = signal<readonly Language[]>([]);

/** How the service is; kept up to date by `watchService`. */
export const serviceStatus: ReadonlySignal<ServiceStatus> = status;

/**
 * Whether pictures and clips can be shown to the model: to the one before while the service is away, and until the first is
 * known, it is not ruled out.
 */
export const seesMedia: ReadonlySignal<boolean> = sight;

/** The languages that the model was taught; empty until the service has said them. */
export const languages: ReadonlySignal<readonly Language[]> = knownLanguages;

/** A language of those, by its code. */
export function languageOf(code: string): Language | undefined {
  return knownLanguages.value.find((language) => language.code === code);
}

let waitMs = FIRST_WAIT_MS;
let timer: ReturnType<typeof setTimeout> | undefined;
let running: Promise<void> | undefined;

/** Begins to watch the service. Called once, when the page starts. */
export function watchService(): void {
  addEventListener('online', checkNow);
  addEventListener('offline', checkNow);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') checkNow();
  });
  checkNow();
}

/** Asks the service now and not when its turn comes. */
export function checkNow(): void {
  waitMs = FIRST_WAIT_MS;
  clearTimeout(timer);
  running ??= check().finally(() => {
    running = undefined;
    timer = setTimeout(checkAgain, status.value.state === 'ready' ? READY_WAIT_MS : waitMs);
  });
}

function checkAgain(): void {
  const nextMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  checkNow();
  waitMs = nextMs;
}

async function check(): Promise<void> {
  const next = await askStatus().catch(readStatus);
  if (next.state === 'ready') {
    sight.value = next.model.architecture.input_modalities.includes('image');
  }
  // The same status stays the same object, so that nothing is drawn again.
  if (JSON.stringify(next) !== JSON.stringify(status.value)) status.value = next;
}

/** Asks for the model each time: a service that was restarted may have another. @throws ServiceError */
async function askStatus(): Promise<ServiceStatus> {
  await get('/health/ready', (reply) => reply.text());
  const [model] = await getList<Model>('/v1/models');
  if (knownLanguages.value.length === 0) {
    knownLanguages.value = await getList<Language>('/v1/languages');
  }
  if (!model) return { state: 'unreachable' };
  return { state: 'ready', model };
}
