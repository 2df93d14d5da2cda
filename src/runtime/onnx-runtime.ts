// The order matters: modules are evaluated in the order of their imports.
import './disable-telemetry.js';

export { InferenceSession, Tensor } from 'onnxruntime-node';
