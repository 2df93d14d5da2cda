/**
 * The Node.js library: `import { openModel } from 'visual-salamandra'`.
 *
 * @module
 */
export {
  type Answer,
  type AskOptions,
  type Caption,
  type CaptionOptions,
  type CaptionResult,
  type MediaInput,
  type Model,
  type ModelOptions,
  openModel,
  type TextOptions,
} from './open-model.js';
export type { FinishReason } from '../decoder/sampling/generator.js';
export type { EarlierTurn } from '../engine/conversations.js';
export type {
  EngineEvent,
  EngineRequest,
  LoadProgress,
  ModelDescription,
} from '../engine/vision-language-engine.js';
export { type ErrorCode, type ErrorDetails, SalamandraError } from '../errors/salamandra-error.js';
export type { CaptionKind } from '../language/languages.js';
export type { MediaReport } from '../media/media-report.js';
export type { Detail } from '../vision/plan-tiles.js';
