/**
 * What stands around payloads where nodes have keys: going up the envelope with its tag and the counters of the
 * training, coming down announcement and tag. The lengths of MQTT payloads, as aggregator and nodes write them.
 */
import {
  constant,
  decay,
  task as taskCode,
  version,
  type Announcement,
} from '../../host/contract/contract.gen.js';
import { encodeWire } from '../../host/contract/wire.js';
import { buildDescriptor, parseDescriptor } from '../../host/model/descriptor.js';
import { buildEnvelope } from '../../host/sim/node-rules.js';
import type { CodedScheme } from './schemes.js';
import type { Framing } from './table.js';
import type { TrafficTask } from './tasks.js';

/** Of about the length that coded deltas have: lengths of lengths differ by a byte. */
const PAYLOAD_BYTES = 300;
const ROUND = 50;
/** All that occur are a byte long. */
const LR_SHIFT = 5;

const hash = new Uint8Array(constant.HASH_BYTES).fill(1);
const id = hash.subarray(0, constant.ID_BYTES);
const mac = hash.subarray(0, constant.MAC_BYTES);

function announce(task: TrafficTask, scheme: CodedScheme): Announcement {
  const { model, plan, skipThreshold, classWeights } = task;
  const descriptor = buildDescriptor(model);
  const { parameters } = parseDescriptor(descriptor);
  return {
    format: version.WIRE_FORMAT,
    federation: 'linnet',
    epoch: 0,
    version: ROUND,
    parent: ROUND - 1,
    artefactHash: hash,
    artefactBytes: constant.SNAPSHOT_HEADER_BYTES + 2 * parameters,
    descriptorHash: hash,
    descriptorBytes: descriptor.length,
    numerics: version.NUMERICS,
    // Accelerated and portable.
    kernels: [1, 0].map((intrinsicSet) => ({ hash, bytes: 20_000, intrinsicSet })),
    plan: {
      task: taskCode.TRAIN,
      seed: 1,
      lrShift: LR_SHIFT,
      lrDecay: decay.CONSTANT,
      epochs: plan.localEpochs,
      samples: plan.samplesPerRound,
      skipThreshold,
      ...(classWeights && { classWeights: new Uint8Array(Int8Array.from(classWeights)) }),
      codec: scheme.up.codec,
      ...(scheme.up.density !== undefined && { density: scheme.up.density }),
      weightUnit: 10,
    },
    difference: { base: id, codec: scheme.down.codec, hash, bytes: PAYLOAD_BYTES },
  };
}

export function framingOf(task: TrafficTask, scheme: CodedScheme): Framing {
  const announcement = announce(task, scheme);
  const samples = task.plan.samplesPerRound || 600;
  const envelope = buildEnvelope(announcement, {
    kernelHash: hash,
    samples,
    training: {
      samples,
      skipped: samples >> 1,
      saturations: 0,
      loss: 500 * samples,
      confusion: Uint32Array.of(samples),
    },
    payload: new Uint8Array(PAYLOAD_BYTES),
    mac,
  });
  const tag = encodeWire('Authorisation', { announcement: id, mac });
  return {
    up: envelope.length - PAYLOAD_BYTES,
    down: encodeWire('Announcement', announcement).length + tag.length,
  };
}
