/** The part of the codec's interface that is used. Source: `jxl_dec.cpp` of jSquash. */
declare module '@jsquash/jxl/codec/dec/jxl_dec.js' {
  interface Codec {
    /** `null` for a damaged file. */
    decode(file: Uint8Array): {
      readonly width: number;
      readonly height: number;
      readonly data: Uint8ClampedArray;
    } | null;
  }
  interface CodecOptions {
    readonly noInitialRun: true;
    readonly instantiateWasm: (
      imports: WebAssembly.Imports,
      done: (instance: WebAssembly.Instance) => void,
    ) => object;
    readonly print: (line: string) => void;
    readonly printErr: (line: string) => void;
  }
  export default function createCodec(options: CodecOptions): Promise<Codec>;
}
