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
 * Shares the typed-array classes of the host with Jest's sandbox: native modules check for the host's classes, and
 * onnxruntime-node would reject every tensor that a test creates.
 */
export default class SharedTypedArraysEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    for (const name of SHARED_TYPES) {
      if (name in globalThis) this.global[name] = globalThis[name];
    }
  }
}
