import { effect, signal } from '@preact/signals';

import { media, type MediaItem } from '../media/media-store.js';
import { setReport } from '../report/report-store.js';
import { sendStream } from '../service/send-stream.js';
import { captionOptions, chosenLanguages } from './stored-caption-options.js';
import { toRunReport } from './caption-report.js';
import { captionForm, captionPath, toCaptionRequest } from './caption-request.js';
import {
  applyEvent,
  type CaptionRun,
  createRun,
  isRunning,
  remainingRequest,
  rewindRun,
  type RunPhase,
} from './caption-run.js';

const runs = signal<ReadonlyMap<string, CaptionRun>>(new Map());

interface Task {
  readonly item: MediaItem;
  readonly controller: AbortController;
}

/** The queued and active runs by media id. Runs started together share a list, so that one click stops all of them. */
const tasks = new Map<string, readonly Task[]>();

/** The latest run of an image or video. A component that calls this renders again when the run changes. */
export function runOf(mediaId: string): CaptionRun | undefined {
  return runs.value.get(mediaId);
}

/** Starts a run for each item with the current options, one after another. Items with an active run are skipped. */
export function writeCaptions(items: readonly MediaItem[]): void {
  const languages = chosenLanguages.value;
  start(items, ({ file, kind }, previous) =>
    createRun(file.name, toCaptionRequest(kind, captionOptions.value, languages), previous),
  );
}

/** Requests the missing texts of a failed or stopped run again, with the options of that run. */
export function finishCaptions(item: MediaItem): void {
  start([item], (_, previous) => previous && rewindRun(previous));
}

/** Stops the run of an item and all runs started with it. */
export function stopCaptions(mediaId: string): void {
  for (const { controller } of tasks.get(mediaId) ?? []) controller.abort();
}

type MakeRun = (item: MediaItem, previous: CaptionRun | undefined) => CaptionRun | undefined;

function start(items: readonly MediaItem[], makeRun: MakeRun): void {
  const started: Task[] = [];
  for (const item of items) {
    const previous = runs.peek().get(item.id);
    if (previous && isRunning(previous)) continue;
    const run = makeRun(item, previous);
    if (!run) continue;
    put(item.id, run);
    if (isRunning(run)) started.push({ item, controller: new AbortController() });
  }
  for (const { item } of started) tasks.set(item.id, started);
  void runAll(started);
}

async function runAll(started: readonly Task[]): Promise<void> {
  for (const { item, controller } of started) {
    const { signal: stop } = controller;
    await runOne(item, stop).catch((error: unknown) => {
      const phase: RunPhase = stop.aborted ? { name: 'stopped' } : { name: 'failed', error };
      change(item.id, (run) => ({ ...run, phase }));
    });
    tasks.delete(item.id);
  }
}

async function runOne({ id, file }: MediaItem, stop: AbortSignal): Promise<void> {
  const queued = runs.peek().get(id);
  if (!queued) return;
  const request = remainingRequest(queued);
  const handlers = {
    onUpload(fraction: number) {
      change(id, (run) => ({ ...run, phase: uploadPhase(fraction) }));
    },
    onEvent(name: string, data: unknown) {
      change(id, (run) => applyEvent(run, name, data));
      if (name !== 'text-delta') updateReport(id);
    },
  };
  await sendStream(captionPath(request), captionForm(request, file), handlers, stop);
}

function uploadPhase(fraction: number): RunPhase {
  return fraction < 1 ? { name: 'uploading', fraction } : { name: 'processing' };
}

function updateReport(id: string): void {
  const run = runs.peek().get(id);
  const report = run && toRunReport(run);
  if (report) setReport(id, report);
}

/** Updates the run of an item. No effect if the item was removed. */
function change(id: string, update: (run: CaptionRun) => CaptionRun): void {
  const run = runs.peek().get(id);
  if (run) put(id, update(run));
}

function put(id: string, run: CaptionRun): void {
  runs.value = new Map(runs.peek()).set(id, run);
}

// Removing an item drops its texts and stops its run.
effect(() => {
  const ids = new Set(media.value.map(({ id }) => id));
  const removed = [...runs.peek().keys()].filter((id) => !ids.has(id));
  if (removed.length === 0) return;
  runs.value = new Map([...runs.peek()].filter(([id]) => ids.has(id)));
  for (const id of removed) {
    tasks
      .get(id)
      ?.find(({ item }) => item.id === id)
      ?.controller.abort();
  }
});
