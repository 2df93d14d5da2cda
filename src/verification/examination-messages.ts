import type { Examination, ExaminationTask } from './examination.js';

/** What the process that examines a package is told, once. */
export interface MessageToExaminer {
  readonly task: ExaminationTask;
}

export type MessageFromExaminer =
  | { readonly type: 'progress'; readonly step: string }
  | { readonly type: 'result'; readonly result: Examination }
  /** As `SalamandraError.toJSON` writes it. */
  | { readonly type: 'error'; readonly error: unknown };
