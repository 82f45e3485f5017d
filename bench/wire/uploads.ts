/** Uploads as trained nodes send them: many nodes, a few different deltas. */
import { seal } from '../../host/contract/authentic.js';
import {
  decay,
  macKind,
  task,
  version,
  type Announcement,
} from '../../host/contract/contract.gen.js';
import { noMac } from '../../host/contract/hash.js';
import { SeededRandom } from '../../host/data/random.js';
import { evaluationSettings, Kernel } from '../../host/kernel/kernel.js';
import { loadKernelBytes } from '../../host/kernel/load.js';
import { openV8EngineNow } from '../../host/kernel/v8-engine.js';
import { parseDescriptor } from '../../host/model/descriptor.js';
import { buildEnvelope } from '../../host/sim/node-rules.js';
import { benchKey, federation, nodeName } from './models.js';

/** Spread of a word of the deltas: about that of a round of training. */
const DELTA_SPREAD = 300;
const DELTAS = 16;
const SAMPLES = 150;

/** Payloads of deltas that look like those of training, in the codec of the plan. */
export function makePayloads(descriptor: Uint8Array, codec: number, count = DELTAS): Uint8Array[] {
  const kernel = new Kernel(openV8EngineNow(loadKernelBytes()));
  kernel.plan(descriptor);
  const base = new Int16Array(parseDescriptor(descriptor).parameters);
  return Array.from({ length: count }, (_, seed) => {
    const random = new SeededRandom(seed);
    kernel.loadParameters(base.map(() => Math.round(random.normal() * DELTA_SPREAD)));
    kernel.begin({ ...evaluationSettings, nodeKey: seed });
    return kernel.encodeDelta(codec, base);
  });
}

/** An announcement of version 0, for envelopes that go nowhere. */
export function sampleAnnouncement(descriptor: Uint8Array, codec: number): Announcement {
  return {
    format: version.WIRE_FORMAT,
    federation,
    epoch: 0,
    version: 0,
    artefactHash: new Uint8Array(32),
    artefactBytes: 1,
    descriptorHash: parseDescriptor(descriptor).hash,
    descriptorBytes: descriptor.length,
    numerics: version.NUMERICS,
    kernels: [{ hash: new Uint8Array(32), bytes: 1, intrinsicSet: 0 }],
    plan: {
      task: task.TRAIN,
      seed: 1,
      lrShift: 6,
      lrDecay: decay.CONSTANT,
      epochs: 1,
      samples: 0,
      skipThreshold: 0,
      codec,
      weightUnit: 10,
    },
  };
}

/** Makes the authenticated envelope of a node, by its index. */
export function envelopeMaker(
  announcement: Announcement,
  descriptor: Uint8Array,
): (index: number) => Uint8Array {
  const { classes } = parseDescriptor(descriptor);
  const training = {
    samples: SAMPLES,
    skipped: 100,
    saturations: 0,
    loss: 60_000,
    confusion: new Uint32Array(classes * classes).fill(SAMPLES, 0, 1),
  };
  const unsealed = makePayloads(descriptor, announcement.plan.codec).map((payload) =>
    buildEnvelope(announcement, {
      kernelHash: announcement.kernels[0].hash,
      samples: SAMPLES,
      training,
      payload,
      mac: noMac,
    }),
  );
  const { descriptorHash } = announcement;
  return (index) => {
    const envelope = unsealed[index % unsealed.length];
    return seal(benchKey(nodeName(index)), macKind.UPLOAD, descriptorHash, envelope);
  };
}

/** That of each of `nodes` nodes. */
export function makeEnvelopes(
  announcement: Announcement,
  descriptor: Uint8Array,
  nodes: number,
): Uint8Array[] {
  const makeEnvelope = envelopeMaker(announcement, descriptor);
  return Array.from({ length: nodes }, (_, index) => makeEnvelope(index));
}
