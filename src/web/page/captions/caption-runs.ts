import { effect, signal } from '@preact/signals';

import { media, type MediaItem } from '../media/tray.js';
import { setReport } from '../report/reports.js';
import { sendStream } from '../service/send-stream.js';
import { captionOptions, chosenLanguages } from './caption-choices.js';
import { toRunReport } from './caption-report.js';
import { captionForm, captionPath, planCaptions } from './caption-request.js';
import {
  applyEvent,
  type CaptionRun,
  createRun,
  isUnderWay,
  remainingRequest,
  rewindRun,
  type RunPhase,
} from './caption-run.js';

const runs = signal<ReadonlyMap<string, CaptionRun>>(new Map());

interface Task {
  readonly item: MediaItem;
  readonly controller: AbortController;
}

/** The runs under way, by medium; those that were begun together share a list, and a stop button. */
const tasks = new Map<string, readonly Task[]>();

/** The last run about a picture or a clip of the tray; read in a component, it follows. */
export function runOf(mediaId: string): CaptionRun | undefined {
  return runs.value.get(mediaId);
}

/** Writes about some media, one after another, what is chosen now. Those being written about already are left alone. */
export function writeCaptions(items: readonly MediaItem[]): void {
  const languages = chosenLanguages.value;
  begin(items, ({ file, kind }, before) =>
    createRun(file.name, planCaptions(kind, captionOptions.value, languages), before),
  );
}

/** Asks again for what a failed or stopped run has not written, with what was chosen then. */
export function finishCaptions(item: MediaItem): void {
  begin([item], (_, before) => before && rewindRun(before));
}

/** Stops the run of a medium, and those that were begun with it. */
export function stopCaptions(mediaId: string): void {
  for (const { controller } of tasks.get(mediaId) ?? []) controller.abort();
}

type MakeRun = (item: MediaItem, before: CaptionRun | undefined) => CaptionRun | undefined;

function begin(items: readonly MediaItem[], makeRun: MakeRun): void {
  const begun: Task[] = [];
  for (const item of items) {
    const before = runs.peek().get(item.id);
    if (before && isUnderWay(before)) continue;
    const run = makeRun(item, before);
    if (!run) continue;
    put(item.id, run);
    if (isUnderWay(run)) begun.push({ item, controller: new AbortController() });
  }
  for (const { item } of begun) tasks.set(item.id, begun);
  void runAll(begun);
}

async function runAll(begun: readonly Task[]): Promise<void> {
  for (const { item, controller } of begun) {
    const { signal: stop } = controller;
    await runOne(item, stop).catch((error: unknown) => {
      const phase: RunPhase = stop.aborted ? { name: 'stopped' } : { name: 'failed', error };
      change(item.id, (run) => ({ ...run, phase }));
    });
    tasks.delete(item.id);
  }
}

async function runOne({ id, file }: MediaItem, stop: AbortSignal): Promise<void> {
  const run = runs.peek().get(id);
  if (!run) return;
  const request = remainingRequest(run);
  const handlers = {
    onUpload(fraction: number) {
      change(id, (before) => ({ ...before, phase: uploadPhase(fraction) }));
    },
    onEvent(name: string, data: unknown) {
      change(id, (before) => applyEvent(before, name, data));
      if (name !== 'text-delta') report(id);
    },
  };
  await sendStream(captionPath(request), captionForm(request, file), handlers, stop);
}

function uploadPhase(fraction: number): RunPhase {
  return fraction < 1 ? { name: 'uploading', fraction } : { name: 'looking' };
}

function report(id: string): void {
  const run = runs.peek().get(id);
  const found = run && toRunReport(run);
  if (found) setReport(id, found);
}

/** Changes the run of a medium that is still in the tray. */
function change(id: string, by: (run: CaptionRun) => CaptionRun): void {
  const run = runs.peek().get(id);
  if (run) put(id, by(run));
}

function put(id: string, run: CaptionRun): void {
  runs.value = new Map(runs.peek()).set(id, run);
}

// What leaves the tray leaves its texts, and nothing works for it any more.
effect(() => {
  const kept = new Set(media.value.map(({ id }) => id));
  const gone = [...runs.peek().keys()].filter((id) => !kept.has(id));
  if (gone.length === 0) return;
  runs.value = new Map([...runs.peek()].filter(([id]) => kept.has(id)));
  for (const id of gone) {
    tasks
      .get(id)
      ?.find(({ item }) => item.id === id)
      ?.controller.abort();
  }
});
