import type { EngineCaches } from '../cache/engine-caches.js';
import { decodeConversations } from './decode.js';
import { encodeMedia } from './encode-media.js';
import type { PipelineModel } from './loaded-model.js';
import { planRequest } from './plan-request.js';
import { lookUpPrefix, prefillConversations } from './prefill.js';
import { preparationTimes, prepareMedia, totalVisualTokens } from './prepare-media.js';
import { createTimer, type RequestTimer, timeRun, toRequestTimings } from './request-timings.js';
import type { MemoryAdmission } from './scheduling/memory-admission.js';
import type { PlanningTurns } from './scheduling/planning-turns.js';
import type { RequestHandle } from './scheduling/queue-ticket.js';
import type { ScheduleRun, Scheduler } from './scheduling/scheduler.js';
import type { EngineEvent, EngineRequest } from './vision-language-engine.js';

/** Resources that requests share, and the callbacks of one request. */
export interface RequestContext {
  readonly planning: PlanningTurns;
  readonly admission: MemoryAdmission;
  readonly scheduler: Scheduler;
  /** The caches as this client may use them. */
  readonly caches: EngineCaches;
  readonly handle: RequestHandle;
  readonly emit: (event: EngineEvent) => void;
  /** Called when the request is admitted. */
  readonly onStart: () => void;
  /** Aborts all work of the request. */
  readonly fail: (error: unknown) => void;
}

/** One request from encoded media to text: prepare -> encode -> prefill -> decode. */
export async function runPipeline(
  request: EngineRequest,
  context: RequestContext,
  model: PipelineModel,
): Promise<void> {
  const { conversations, settings, receipts = false, echo } = request;
  const { planning, admission, caches, handle, emit } = context;
  const arrivalMs = performance.now();
  const timer = createTimer();

  const plan = await planRequest(request, model, (textBytes, tokenize) =>
    planning.run(handle, textBytes, tokenize),
  );
  const reservation = await admission.acquire(handle.ticket, plan.worstCase, handle.signal);
  try {
    context.onStart();
    const queueMs = performance.now() - arrivalMs;

    const media = await prepareMedia(request, plan.visualTokenBudget, model, context);
    emit({ type: 'media', media: media.map(({ report }) => report) });
    reservation.shrink(plan.estimateMemory(totalVisualTokens(media)));

    const prompts = await lookUpPrefix(plan, conversations, media, caches);
    const schedule = scheduleTimed('encodeMs', [timer], context);
    const features = await encodeMedia(prompts.uncachedMedia, model.vision, {
      ...context,
      schedule,
    });

    const prefill = await prefillConversations(
      prompts,
      {
        sequences: reservation.sequences,
        maxTokens: settings.maxTokens,
        until: echo === 'logprobs' ? 'first-token' : 'end',
      },
      {
        ...{ ...model, ...context, features },
        scheduleFor: (own) => scheduleTimed('prefillMs', [own, timer], context),
      },
    );
    await decodeConversations(prefill, {
      ...{ ...model, ...context, settings, receipts, timer },
      ...(echo !== undefined && { echo: { kind: echo, conversations } }),
    });

    const timings = toRequestTimings(timer, { arrivalMs, queueMs, ...preparationTimes(media) });
    emit({ type: 'done', timings });
  } finally {
    reservation.release();
  }
}

/** Schedules graph runs among those of other requests and adds their time to the timers. */
function scheduleTimed(
  stage: 'encodeMs' | 'prefillMs',
  timers: readonly RequestTimer[],
  { scheduler, handle }: Pick<RequestContext, 'scheduler' | 'handle'>,
): ScheduleRun {
  return (run) =>
    scheduler.schedulePrefill(handle, (fraction) => timeRun(stage, timers, () => run(fraction)));
}
