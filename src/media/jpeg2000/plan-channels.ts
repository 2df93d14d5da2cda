import { unsupportedFeature } from '../image-errors.js';
import type { ChannelSource, ColorSpecification, ImageBoxes, Palette } from './read-boxes.js';
import { type Codestream, damaged, LABEL, REMEDY } from './read-codestream.js';

/** Which component or palette column each sample of the picture comes from. */
export interface ChannelPlan {
  /** `subsampled` is YCbCr with fewer chroma samples, which the decoder converts to RGB itself. */
  readonly model: 'gray' | 'rgb' | 'ycc' | 'subsampled' | 'cmyk';
  readonly colors: readonly ChannelSource[];
  readonly alpha: (ChannelSource & { readonly isPremultiplied: boolean }) | null;
  /** Whether alpha is a guess, so that alpha of zero everywhere means something else. */
  readonly isAlphaGuessed: boolean;
  readonly palette: Palette | null;
  /** Empty for none. */
  readonly iccProfile: Uint8Array;
}

const COLOR_COUNT = { gray: 1, rgb: 3, ycc: 3, subsampled: 3, cmyk: 4 } as const;

type Model = keyof typeof COLOR_COUNT;

/** Enumerated color spaces that are read. Source: ISO/IEC 15444-2, table M.25. */
const MODELS: ReadonlyMap<number, Model> = new Map([
  [12, 'cmyk'],
  [16, 'rgb'],
  [17, 'gray'],
  [18, 'ycc'],
]);

const SPACE_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'bi-level'],
  [1, 'YCbCr of BT.709'],
  [3, 'YCbCr of BT.601'],
  [4, 'YCbCr of BT.601'],
  [9, 'PhotoYCC'],
  [11, 'CMY'],
  [13, 'YCCK'],
  [14, 'CIELab'],
  [15, 'bi-level'],
  [19, 'CIEJab'],
  [20, 'e-sRGB'],
  [21, 'ROMM-RGB'],
  [24, 'e-sYCC'],
]);

/** Color spaces of ICC profiles, by their signatures. */
const PROFILE_MODELS: ReadonlyMap<string, Model> = new Map([
  ['GRAY', 'gray'],
  ['RGB ', 'rgb'],
  ['CMYK', 'cmyk'],
]);

const OPACITY = 1;
const PREMULTIPLIED_OPACITY = 2;

/**
 * Decides what the channels of a picture mean.
 *
 * @param boxes `null` for a bare codestream, whose second or fourth component is taken for alpha, as in other decoders.
 * @throws MEDIA_CORRUPT, UNSUPPORTED_FEATURE
 */
export function planChannels(codestream: Codestream, boxes: ImageBoxes | null): ChannelPlan {
  const { components } = codestream;
  const palette = boxes?.palette ?? null;
  const channels: readonly ChannelSource[] =
    palette && boxes
      ? boxes.mapping
      : components.map((_, component) => ({ component, column: null }));
  for (const { component, column } of channels) {
    const isValid = component < components.length && (column ?? 0) < (palette?.bits.length ?? 1);
    if (!isValid) throw damaged('its component mapping is invalid');
  }
  const { model: stated, iccProfile } = readModel(boxes?.colors ?? [], channels.length);
  // Writers state RGB for gray pictures too.
  const model = channels.length < COLOR_COUNT[stated] ? 'gray' : stated;
  const definitions = boxes?.definitions ?? [];
  const colors = Array.from({ length: COLOR_COUNT[model] }, (_, index) => {
    const defined = definitions.find((each) => each.type === 0 && each.association === index + 1);
    return channels[defined?.channel ?? index];
  });
  const opacity = definitions.find(
    ({ type }) => type === OPACITY || type === PREMULTIPLIED_OPACITY,
  );
  const guessed =
    boxes === null && channels.length === colors.length + 1 ? channels.at(-1) : undefined;
  const alpha = opacity ? channels[opacity.channel] : guessed;
  if (colors.includes(undefined) || (opacity && !alpha)) {
    throw damaged('its channel definitions are invalid');
  }
  const known = colors.filter((color) => color !== undefined);
  const isPremultiplied = opacity?.type === PREMULTIPLIED_OPACITY;
  return {
    model: isSubsampled(codestream, model, boxes) ? 'subsampled' : model,
    colors: known,
    alpha: alpha ? { ...alpha, isPremultiplied } : null,
    isAlphaGuessed: guessed !== undefined,
    ...{ palette, iccProfile: model === stated ? iccProfile : new Uint8Array() },
  };
}

function readModel(
  colors: readonly ColorSpecification[],
  channels: number,
): { readonly model: Model; readonly iccProfile: Uint8Array } {
  const NO_PROFILE = new Uint8Array();
  for (const color of colors) {
    if (color.kind === 'enumerated') {
      const model = MODELS.get(color.space);
      if (model) return { model, iccProfile: NO_PROFILE };
    } else {
      const model = PROFILE_MODELS.get(profileSpace(color.profile));
      if (model) return { model, iccProfile: color.profile };
    }
  }
  const [unknown] = colors;
  if (unknown) throw unsupportedFeature(LABEL, nameSpace(unknown), REMEDY);
  if (channels > 4) {
    throw unsupportedFeature(LABEL, `${channels} components without a color space`, REMEDY);
  }
  return { model: channels < 3 ? 'gray' : 'rgb', iccProfile: NO_PROFILE };
}

/** The signature of the data color space. Source: ICC.1, section 7.2.6. */
function profileSpace(profile: Uint8Array): string {
  return Buffer.from(profile.subarray(16, 20)).toString('latin1');
}

function nameSpace(color: ColorSpecification): string {
  if (color.kind === 'icc') return 'an ICC profile of another color space than gray, RGB and CMYK';
  const name = SPACE_NAMES.get(color.space);
  return name === undefined ? `color space ${color.space}` : `color space ${name} (${color.space})`;
}

/** @throws UNSUPPORTED_FEATURE for other subsampling than 4:2:0 and 4:2:2 of three components. */
function isSubsampled(
  { components, isIrreversible }: Codestream,
  model: Model,
  boxes: ImageBoxes | null,
): boolean {
  if (components.every(({ across, down }) => across === 1 && down === 1)) return false;
  const [luma, ...chroma] = components;
  const [first] = chroma;
  const isCommon =
    luma?.across === 1 &&
    luma.down === 1 &&
    chroma.length === 2 &&
    first?.across === 2 &&
    first.down <= 2 &&
    chroma.every(({ across, down }) => across === first.across && down === first.down);
  const isYcc = model === 'ycc' || (boxes === null && model === 'rgb');
  const areBytes = isIrreversible || components.every(({ bits }) => bits <= 8);
  if (isCommon && isYcc && areBytes) return true;
  const factors = components.map(({ across, down }) => `${across} × ${down}`).join(', ');
  throw unsupportedFeature(LABEL, `components subsampled by ${factors}`, REMEDY);
}
