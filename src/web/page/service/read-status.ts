import type { Model } from './api-types.js';
import { ServiceError } from './service-error.js';

/** How the service is, as the page knows it. */
export type ServiceStatus =
  | { readonly state: 'connecting' }
  | { readonly state: 'loading'; readonly step: string }
  | { readonly state: 'ready'; readonly model: Model }
  /** The model is unusable, and waiting would not change that. */
  | { readonly state: 'failed'; readonly reason: string }
  | { readonly state: 'unreachable' };

/** What a failed question about readiness says. */
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
    case 'INTERNAL':
      return { state: 'failed', reason: problem.detail };
    default:
      return { state: 'unreachable' };
  }
}
