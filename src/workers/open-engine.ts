import { createReceiptSigner } from '../engine/receipts/signing-key.js';
import { withReceipts } from '../engine/receipts/with-receipts.js';
import type { EngineStatus, VisionLanguageEngine } from '../engine/vision-language-engine.js';
import type { Configuration } from '../config/configuration.js';
import { createWorkerEngine } from './worker-engine.js';

export interface OpenEngineOptions {
  readonly configuration: Configuration;
  /** The module `inference.worker.js`. */
  readonly entry: URL;
  /** Called on every change, including loading progress. */
  readonly onStatus: (status: EngineStatus) => void;
}

/** The engine of the HTTP service, the CLI and the library: the model in a process of its own, with receipts. */
export function openEngine({ configuration, ...options }: OpenEngineOptions): VisionLanguageEngine {
  const worker = createWorkerEngine({ ...options, configuration });
  return withReceipts(worker, createReceiptSigner(configuration.home));
}
