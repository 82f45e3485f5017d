import { nodeState, split } from '../contract/contract.gen.js';
import type { Announcement } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { nodeKeyOf } from '../contract/hash.js';
import { Kernel, type KernelCounters } from '../kernel/kernel.js';
import { openV8Engine } from '../kernel/v8-engine.js';
import { unpackSnapshot } from '../model/snapshot.js';
import { fetchObject, fetchSnapshot } from './node-fetch.js';
import type { NodeHost, StoredKernel } from './node-host.js';
import {
  buildEnvelope,
  chooseKernel,
  sampleOfStep,
  samplesOfRound,
  settingsOf,
  taskEvaluates,
  taskTrains,
} from './node-rules.js';

/** How long the kernel may compute before the link is served, milliseconds. */
const sliceMs = 4;

/** Lets the event loop run if the last time was long enough ago. */
class Breather {
  private lastMs = performance.now();

  async breathe(signal: AbortSignal): Promise<void> {
    if (performance.now() - this.lastMs < sliceMs) return;
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
    this.lastMs = performance.now();
  }
}

/**
 * One announced version on one node: fetch, evaluate, train (SPEC, sections 7.3 to 7.6).
 *
 * `run` returns the envelope, or undefined if the task asks for none. Throws a LinnetError when the
 * node cannot do it, and the signal's reason when the work is abandoned.
 */
export class NodeRound {
  private readonly breather = new Breather();

  constructor(
    private readonly host: NodeHost,
    private readonly announcement: Announcement,
    private readonly signal: AbortSignal,
  ) {}

  async run(): Promise<Uint8Array | undefined> {
    const { announcement, host } = this;
    host.enter(nodeState.FETCH);
    const chosen = chooseKernel(announcement, host.objects.kernel?.hash);
    const { hash, bytes } = await fetchObject(host, host.objects.kernel, chosen, this.signal);
    const kernel = new Kernel(await openV8Engine(bytes));
    try {
      const numerics = kernel.word('numerics');
      host.objects.kernel = { hash, bytes, numerics };
      if (numerics !== announcement.numerics) {
        throw new LinnetError('ERR_UNSUPPORTED', `the kernel computes numerics ${numerics}`);
      }
      return await this.work(kernel, host.objects.kernel);
    } finally {
      kernel.close();
    }
  }

  private async work(kernel: Kernel, stored: StoredKernel): Promise<Uint8Array | undefined> {
    const { announcement, host } = this;
    const { plan } = announcement;
    const base = await this.loadModel(kernel);
    if (!taskTrains(plan) && !taskEvaluates(plan)) return undefined;
    const evaluation = taskEvaluates(plan) ? await this.evaluate(kernel) : undefined;
    const result = {
      node: host.node,
      kernelHash: stored.hash,
      numerics: stored.numerics,
      ...(evaluation && { evaluation }),
    };
    if (!taskTrains(plan)) {
      if (!evaluation) throw new LinnetError('ERR_NO_SAMPLES', 'there are no test samples');
      return buildEnvelope(announcement, { ...result, samples: 0 });
    }
    const samples = samplesOfRound(plan, host.samples.count(split.TRAIN));
    const training = await this.train(kernel, samples);
    return buildEnvelope(announcement, { ...result, samples, training, delta: kernel.delta(base) });
  }

  private async loadModel(kernel: Kernel): Promise<Int16Array> {
    const { descriptor, snapshot } = await fetchSnapshot(this.host, this.announcement, this.signal);
    kernel.plan(descriptor.bytes);
    const words = unpackSnapshot(snapshot.bytes, descriptor.hash);
    kernel.loadParameters(words);
    this.host.install(this.announcement.version);
    return words;
  }

  private begin(kernel: Kernel, totalSteps: number): void {
    const nodeKey = nodeKeyOf(this.host.node);
    kernel.begin(settingsOf(this.announcement, nodeKey, totalSteps, kernel.word('classes')));
  }

  /** Undefined without test samples. */
  private async evaluate(kernel: Kernel): Promise<KernelCounters | undefined> {
    const { host, signal } = this;
    const count = host.samples.count(split.TEST);
    if (count === 0) return undefined;
    host.enter(nodeState.EVALUATE);
    this.begin(kernel, 0);
    const inputs = kernel.word('inputBytes');
    for (let index = 0; index < count; index++) {
      const { x, label } = await host.samples.read(split.TEST, index, inputs, signal);
      kernel.evaluate(x, label);
      await this.breather.breathe(signal);
    }
    return kernel.counters();
  }

  private async train(kernel: Kernel, samples: number): Promise<KernelCounters> {
    const { host, signal } = this;
    const available = host.samples.count(split.TRAIN);
    host.enter(nodeState.TRAIN);
    const totalSteps = this.announcement.plan.epochs * samples;
    this.begin(kernel, totalSteps);
    const inputs = kernel.word('inputBytes');
    for (let step = 0; step < totalSteps; step++) {
      host.countSteps(step, totalSteps);
      const index = sampleOfStep(kernel, step, samples, available);
      const { x, label } = await host.samples.read(split.TRAIN, index, inputs, signal);
      kernel.train(x, label);
      await this.breather.breathe(signal);
    }
    host.countSteps(totalSteps, totalSteps);
    kernel.check();
    return kernel.counters();
  }
}
