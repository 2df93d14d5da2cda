// The order matters: modules are evaluated in the order of their imports.
import './disable-telemetry.js';

import { env } from 'onnxruntime-node';

export { InferenceSession, Tensor } from 'onnxruntime-node';

/** Version of the native library. */
export const ONNX_RUNTIME_VERSION = env.versions.node ?? env.versions.common;
