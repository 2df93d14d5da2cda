import {
  decoderLayerWeights,
  type ModelShape,
  type VisionShape,
} from '../../models/package/known-models.js';
import type { Precision } from '../../models/package/manifest.js';
import { stepBytes } from './model-bytes.js';
import type { Curve, SpeedModel } from './speed-model.js';

/** The measured speed of a small model with the layers of large ones, in the two encodings of layers. */
export interface ProbeSpeed {
  readonly shape: ModelShape;
  readonly speeds: Readonly<Record<'int4' | 'int8', SpeedModel>>;
}

/** Quantized precisions; each runs the 4-bit or the 8-bit layers. */
export type ServedPrecision = Exclude<Precision, 'fp32'>;

/**
 * Attention of the vision encoder is float32, and a multiply-add takes about three times as long as in an 8-bit
 * product.
 */
const FLOAT_ATTENTION_COST = 3;

/**
 * Projects the measured speed of the probe to another model: prefill and vision encoder by multiply-adds, a decode step
 * by the bytes of weights that it reads, attention by the width of all heads.
 */
export function projectSpeed(
  { shape: probe, speeds }: ProbeSpeed,
  model: ModelShape,
  precision: ServedPrecision,
): SpeedModel {
  const decode = speeds[precision === 'int8' ? 'int8' : 'int4'];
  const prefill = speeds[precision === 'int4' ? 'int4' : 'int8'];
  const ratio = (work: (shape: ModelShape) => number) => work(model) / work(probe);
  const layers = ratio(({ decoder }) => decoder.layers);
  const attention = ratio(
    ({ decoder }) => decoder.layers * decoder.attentionHeads * decoder.headDim,
  );
  const cache = ratio(({ decoder }) => decoder.layers * decoder.keyValueHeads * decoder.headDim);
  const products = ratio(({ decoder }) => decoder.layers * decoderLayerWeights(decoder));
  return {
    vision: projectVision(decode.vision, probe, model),
    prefill: scale(prefill.prefill, { fixed: layers, linear: products, square: attention }),
    step: scale(decode.step, {
      fixed: ratio((shape) => stepBytes(shape, precision)),
      linear: cache,
      square: cache,
    }),
    extraSequenceShare: decode.extraSequenceShare,
  };
}

function projectVision(
  speed: SpeedModel['vision'],
  probe: ModelShape,
  model: ModelShape,
): SpeedModel['vision'] {
  if (!speed || !probe.vision || !model.vision) return null;
  const linear = tileCost(model, model.vision) / tileCost(probe, probe.vision);
  const fixed = model.vision.layers / probe.vision.layers;
  return { tiling: speed.tiling, encoding: scale(speed.encoding, { fixed, linear, square: 1 }) };
}

/** Multiply-adds of a tile in vision encoder and projector, in units of an 8-bit one. */
function tileCost({ decoder }: ModelShape, vision: VisionShape): number {
  const { hiddenSize, intermediateSize, layers, patches } = vision;
  const products = 4 * hiddenSize ** 2 + 2 * hiddenSize * intermediateSize;
  const attention = FLOAT_ATTENTION_COST * 2 * patches * hiddenSize;
  const projector = (hiddenSize + decoder.hiddenSize) * decoder.hiddenSize;
  return patches * (layers * (products + attention) + projector);
}

function scale(curve: Curve, by: Curve): Curve {
  return {
    fixed: curve.fixed * by.fixed,
    linear: curve.linear * by.linear,
    square: curve.square * by.square,
  };
}
