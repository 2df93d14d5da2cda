/** The part of the codec's interface that is used. Source: `J2KDecoder.hpp` of cornerstonejs/codecs. */
declare module '@cornerstonejs/codec-openjpeg/decodewasmjs' {
  interface J2KDecoder {
    /** Allocates the input, and returns a view of it that the next allocation may detach. */
    getEncodedBuffer(bytes: number): Uint8Array;
    /** Decodes to `levels` resolution levels below the full size; 0 layers stand for all. */
    decodeSubResolution(levels: number, layers: number): void;
    /** A copy of the decoded samples: one byte each, or two from 9 bits on. */
    getDecodedBuffer(): Uint8ClampedArray<ArrayBuffer>;
    /** Zero if nothing was decoded. */
    getFrameInfo(): { readonly width: number };
  }
  interface Codec {
    readonly J2KDecoder: new () => J2KDecoder;
  }
  interface CodecOptions {
    readonly instantiateWasm: (
      imports: WebAssembly.Imports,
      done: (instance: WebAssembly.Instance) => void,
    ) => object;
    readonly print: (line: string) => void;
    readonly printErr: (line: string) => void;
  }
  export default function createCodec(options: CodecOptions): Promise<Codec>;
}
