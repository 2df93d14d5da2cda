import { TestEnvironment } from 'jest-environment-node';

const SHARED_TYPES = [
  'ArrayBuffer',
  'SharedArrayBuffer',
  'DataView',
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float16Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
];

/**
 * Jest's sandbox has typed arrays of its own, and native modules check against the host's. Both must be the
 * same classes, or onnxruntime-node refuses every tensor a test makes.
 */
export default class SharedTypedArraysEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    for (const name of SHARED_TYPES) {
      if (name in globalThis) this.global[name] = globalThis[name];
    }
  }
}
