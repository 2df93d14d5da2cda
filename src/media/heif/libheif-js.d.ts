/** The part of the codec's interface that is used. Source: libheif's `bindings.cpp`. */
declare module 'libheif-js/libheif-wasm/libheif.js' {
  interface HeifError {
    readonly code: unknown;
    readonly message: string;
  }
  type Handle = { readonly code?: undefined } | HeifError | null;
  interface DecodedHeif {
    readonly code?: undefined;
    readonly width: number;
    readonly height: number;
    readonly channels: readonly {
      /** Bytes per row. */
      readonly stride: number;
      readonly data: Uint8Array;
    }[];
  }
  interface Libheif {
    readonly heif_error_code: { readonly heif_error_Ok: unknown };
    readonly heif_colorspace: { readonly heif_colorspace_RGB: unknown };
    readonly heif_chroma: { readonly heif_chroma_interleaved_RGBA: unknown };
    heif_context_alloc(): object;
    heif_context_read_from_memory(context: object, file: Uint8Array): HeifError;
    heif_js_context_get_primary_image_handle(context: object): Handle;
    heif_js_decode_image2(
      handle: object,
      space: unknown,
      chroma: unknown,
    ): Promise<DecodedHeif | HeifError | null>;
  }
  interface LibheifOptions {
    readonly wasmBinary: Uint8Array;
    readonly print: (line: string) => void;
    readonly printErr: (line: string) => void;
  }
  export default function createLibheif(options: LibheifOptions): Libheif;
}
