import {
  MAX_DICOM_BYTES,
  MAX_IMAGE_CHANNELS,
  MAX_IMAGE_PIXELS,
  MAX_JPEG_XL_BYTES,
  MAX_JPEG_XL_PIXELS,
  MAX_OPENEXR_BYTES,
  MAX_OPENEXR_PIXELS,
  MAX_WHOLE_IMAGE_PIXELS,
} from '../config/limits.js';
import type { ByteSource } from './byte-source.js';
import { decodeDicom } from './dicom/decode-dicom.js';
import { openDicom } from './dicom/open-dicom.js';
import { drawDjVu, MAX_DJVU_SUBSAMPLING } from './djvu/draw-djvu.js';
import { readDjVu } from './djvu/read-djvu.js';
import { decodeRadiance, readRadianceHeader } from './hdr/decode-radiance.js';
import { decodeIcoBitmap, openIco } from './ico/open-ico.js';
import { damagedImage, grouped, imageTooLarge } from './image-errors.js';
import { decodeJxl } from './jpeg-xl/decode-jxl.js';
import { readJxlSize } from './jpeg-xl/read-jxl-size.js';
import { decodeJpeg2000, openJpeg2000 } from './jpeg2000/decode-jpeg2000.js';
import { readMetadata } from './libvips.js';
import { decodeOpenExr } from './openexr/decode-openexr.js';
import { readOpenExr } from './openexr/read-openexr.js';
import { type ImageFile, type OpenedImage, toInput, wholeOnly } from './opened-image.js';
import { decodePsd } from './psd/decode-psd.js';
import { readPsdHeader } from './psd/read-psd-header.js';
import { decodeTga, hasTgaAlpha, readTgaHeader } from './tga/decode-tga.js';

/** Their decoders take the file as a whole. */
export function checkBytes(label: string, { length }: ByteSource, limit: number): void {
  if (length <= limit) return;
  const message = `The ${label} file has ${grouped(length)} bytes. The limit is ${grouped(limit)} bytes. Convert the image to JPEG.`;
  throw imageTooLarge('bytes', length, limit, message);
}

export function openJxl(source: ByteSource): OpenedImage {
  checkBytes('JPEG XL', source, MAX_JPEG_XL_BYTES);
  return {
    ...readJxlSize(source),
    ...{ channels: 4, frames: 1, limit: wholeOnly(MAX_JPEG_XL_PIXELS), reducesBy: 'averaging' },
    load: async () => toInput(await decodeJxl(source)),
  };
}

export function openPsd(source: ByteSource): OpenedImage {
  const header = readPsdHeader(source);
  const { width, height, channels } = header;
  return {
    ...{ width, height, frames: 1, limit: wholeOnly(MAX_IMAGE_PIXELS), reducesBy: 'averaging' },
    // Saved selections are not read.
    channels: Math.min(channels, MAX_IMAGE_CHANNELS),
    load: (_, reduction) => Promise.resolve(toInput(decodePsd(source, header, reduction))),
  };
}

export function openDicomImage(source: ByteSource): OpenedImage {
  checkBytes('DICOM', source, MAX_DICOM_BYTES);
  const image = openDicom(source);
  const { width, height, samples: channels } = image;
  return {
    ...{ width, height, channels, frames: 1, reducesBy: 'averaging' },
    limit: wholeOnly(MAX_WHOLE_IMAGE_PIXELS),
    load: async () => toInput(image.coding === 'jpeg' ? image.frame : await decodeDicom(image)),
  };
}

export function openRadiance(source: ByteSource): OpenedImage {
  const header = readRadianceHeader(source);
  const { width, height } = header;
  return {
    ...{ width, height, channels: 3, frames: 1, reducesBy: 'averaging' },
    limit: wholeOnly(MAX_WHOLE_IMAGE_PIXELS),
    load: () => Promise.resolve(toInput(decodeRadiance(source, header))),
  };
}

export function openOpenExr({ source, encoded }: ImageFile): OpenedImage {
  checkBytes('OpenEXR', source, MAX_OPENEXR_BYTES);
  const header = readOpenExr(source);
  const { width, height, planes } = header;
  return {
    ...{ width, height, channels: planes.length, frames: 1, reducesBy: 'averaging' },
    limit: wholeOnly(MAX_OPENEXR_PIXELS),
    load: async () => toInput(await decodeOpenExr(encoded, source, header)),
  };
}

/** @param page counted from 1. Undefined: the first one. */
export function openDjVu({ source, encoded }: ImageFile, page: number | undefined): OpenedImage {
  const opened = readDjVu(source, page);
  return {
    ...{ ...opened, channels: 3, frames: 1, reducesBy: 'levels' },
    limit: wholeOnly(MAX_WHOLE_IMAGE_PIXELS),
    async load(_, { across, down }) {
      const subsampling = Math.min(across, down, MAX_DJVU_SUBSAMPLING);
      return toInput(await drawDjVu(encoded, opened, subsampling));
    },
  };
}

export function openTga(source: ByteSource): OpenedImage {
  const header = readTgaHeader(source);
  const { width, height } = header;
  return {
    ...{ width, height, frames: 1, reducesBy: 'averaging' },
    channels: hasTgaAlpha(header) ? 4 : 3,
    limit: wholeOnly(MAX_WHOLE_IMAGE_PIXELS),
    load: () => Promise.resolve(toInput(decodeTga(source, header))),
  };
}

export async function openIcoImage({ source }: Pick<ImageFile, 'source'>): Promise<OpenedImage> {
  const image = openIco(source);
  const limit = wholeOnly(MAX_WHOLE_IMAGE_PIXELS);
  if (image.kind === 'bmp') {
    const { width, height } = image.header;
    return {
      ...{ width, height, channels: 4, frames: 1, limit, reducesBy: 'averaging' },
      load: () => Promise.resolve(toInput(decodeIcoBitmap(image))),
    };
  }
  const input = toInput(image.bytes);
  const { width, height, channels } = await readMetadata(input).catch((cause: unknown) => {
    throw damagedImage({ format: 'ICO', cause });
  });
  return {
    ...{ width, height, channels, frames: 1, limit, reducesBy: 'averaging' },
    load: () => Promise.resolve(input),
  };
}

export function openJpeg2000Image(source: ByteSource): OpenedImage {
  const image = openJpeg2000(source);
  const { width, height, levels } = image.codestream;
  return {
    ...{ width, height, frames: 1, limit: wholeOnly(MAX_IMAGE_PIXELS), reducesBy: 'levels' },
    channels: image.plan.colors.length + (image.plan.alpha ? 1 : 0),
    async load(_, { across, down }) {
      const level = Math.min(levels, Math.floor(Math.log2(Math.min(across, down))));
      return toInput(await decodeJpeg2000(source, image, level));
    },
  };
}
