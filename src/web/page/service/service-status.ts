import { computed, type ReadonlySignal, signal } from '@preact/signals';

import type { Language, Model } from './api-types.js';
import { get, getList } from './http.js';
import { ServiceError } from './service-error.js';

/** The state of the service as the page knows it. */
export type ServiceStatus =
  | { readonly state: 'connecting' }
  | { readonly state: 'loading'; readonly step: string }
  | { readonly state: 'ready'; readonly model: Model }
  /** The model is unusable; waiting does not help. */
  | { readonly state: 'failed'; readonly reason: string }
  /** The service needs an API key. */
  | { readonly state: 'locked' }
  | { readonly state: 'unreachable' };

const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 5_000;
/** Short enough to notice a stopped service before the next request fails. */
const READY_DELAY_MS = 15_000;

const status = signal<ServiceStatus>({ state: 'connecting' });
const mediaSupport = signal(true);
const videoSupport = signal(true);
const knownLanguages = signal<readonly Language[]>([]);
/** Codes; those of the last model that was ready. */
const modelLanguages = signal<readonly string[]>([]);

/** The current status, updated by `watchService`. */
export const serviceStatus: ReadonlySignal<ServiceStatus> = status;

/** Whether the last known model accepts images; true until the first model is known. */
export const modelSupportsMedia: ReadonlySignal<boolean> = mediaSupport;

/** Whether the last known model accepts videos; true until the first model is known. */
export const modelSupportsVideos: ReadonlySignal<boolean> = videoSupport;

/** The languages that the last known model offers; empty until a model is ready. */
export const languages: ReadonlySignal<readonly Language[]> = computed(() =>
  knownLanguages.value.filter(({ code }) => modelLanguages.value.includes(code)),
);

/** Looks up a language by its code, also one that the model does not offer. */
export function languageOf(code: string): Language | undefined {
  return knownLanguages.value.find((language) => language.code === code);
}

/** Whether the demo model is loaded. */
export const isDemoLoaded: ReadonlySignal<boolean> = computed(
  () => status.value.state === 'ready' && isDemoModel(status.value.model.id),
);

/** Whether a model id of the HTTP API is that of the demo model, whose captions of photographs are random. */
export function isDemoModel(modelId: string | null): boolean {
  return modelId === 'demo';
}

let delayMs = FIRST_DELAY_MS;
let timer: ReturnType<typeof setTimeout> | undefined;
let running: Promise<void> | undefined;

/** Starts polling the service. Call once, when the page starts. */
export function watchService(): void {
  addEventListener('online', checkNow);
  addEventListener('offline', checkNow);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') checkNow();
  });
  checkNow();
}

/** Checks the service immediately and restarts the polling interval. */
export function checkNow(): void {
  delayMs = FIRST_DELAY_MS;
  clearTimeout(timer);
  running ??= check().finally(() => {
    running = undefined;
    timer = setTimeout(checkAgain, status.value.state === 'ready' ? READY_DELAY_MS : delayMs);
  });
}

function checkAgain(): void {
  const nextMs = Math.min(delayMs * 2, MAX_DELAY_MS);
  checkNow();
  delayMs = nextMs;
}

async function check(): Promise<void> {
  const next = await fetchStatus().catch(readStatus);
  if (next.state === 'ready') {
    const { input_modalities: modalities } = next.model.architecture;
    mediaSupport.value = modalities.includes('image');
    videoSupport.value = modalities.includes('video');
    // Assigning an equal list would reset the selection.
    if (next.model.languages.join() !== modelLanguages.value.join()) {
      modelLanguages.value = next.model.languages;
    }
  }
  // Assigning an equal object would render every subscriber again.
  if (JSON.stringify(next) !== JSON.stringify(status.value)) status.value = next;
}

/** Requests the model on every check, because a restarted service may have loaded another one. @throws ServiceError */
async function fetchStatus(): Promise<ServiceStatus> {
  await get('health/ready', (reply) => reply.text());
  const [model] = await getList<Model>('v1/models');
  if (knownLanguages.value.length === 0) {
    knownLanguages.value = await getList<Language>('v1/languages');
  }
  if (!model) return { state: 'unreachable' };
  return { state: 'ready', model };
}

/** Maps a failed readiness check to a status. */
export function readStatus(error: unknown): ServiceStatus {
  const problem = error instanceof ServiceError ? error.problem : undefined;
  if (!problem) return { state: 'unreachable' };
  switch (problem.code) {
    case 'MODEL_NOT_READY': {
      const step = problem.parameters?.['step'];
      return { state: 'loading', step: typeof step === 'string' ? step : '' };
    }
    case 'MODEL_INVALID':
    case 'MODEL_NOT_FOUND':
    case 'MODEL_LOAD_FAILED':
    case 'INTERNAL':
      return { state: 'failed', reason: problem.detail };
    case 'UNAUTHENTICATED':
      return { state: 'locked' };
    default:
      return { state: 'unreachable' };
  }
}
