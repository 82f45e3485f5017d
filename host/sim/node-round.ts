import { codec, nodeState, split } from '../contract/contract.gen.js';
import type { Announcement, Kernel as AllowedKernel } from '../contract/contract.gen.js';
import type { LinnetError } from '../contract/error.js';
import { equalBytes } from '../contract/hash.js';
import type { Kernel } from '../kernel/kernel.js';
import { openV8Engine } from '../kernel/v8-engine.js';
import { unpackSnapshot } from '../model/snapshot.js';
import { fetchDescriptor, fetchObject, fetchSnapshot } from './node-fetch.js';
import { keepPending, localFor } from './node-local.js';
import type { NodeHost, StoredKernel, StoredObject } from './node-host.js';
import { chooseKernel, keepsLocal } from './node-rules.js';
import { performWork } from './node-work.js';
import { judgeKernel, planKernel, tryKernel, type Verdict } from './node-trial.js';

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

/** A kernel hung in its trial: the node starts over, as a device whose watchdog fired. */
export class WatchdogReset extends Error {}

/** A kernel with the announced model in it. */
interface Loaded {
  readonly kernel: Kernel;
  readonly stored: StoredKernel;
  /** Words of the snapshot. */
  readonly base: Int16Array;
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
    this.host.enter(nodeState.FETCH);
    const passedOver: Uint8Array[] = [];
    for (;;) {
      const chosen = this.chooseKernel(passedOver);
      const loaded = await this.tryLoad(chosen, passedOver);
      if (!loaded) continue;
      try {
        return await this.work(loaded);
      } finally {
        loaded.kernel.close();
      }
    }
  }

  private chooseKernel(passedOver: readonly Uint8Array[]): AllowedKernel {
    const { intrinsicSet, objects } = this.host;
    const out = [...passedOver, ...(objects.failedKernels ?? [])];
    return chooseKernel(this.announcement, intrinsicSet, out);
  }

  /** Undefined if the kernel cannot be used here and another one can be tried. */
  private async tryLoad(
    chosen: AllowedKernel,
    passedOver: Uint8Array[],
  ): Promise<Loaded | undefined> {
    const { objects } = this.host;
    const proved = [objects.kernel, objects.formerKernel].find(
      (kernel) => kernel && equalBytes(kernel.hash, chosen.hash),
    );
    const isProved = proved !== undefined;
    const stored = proved ?? (await this.fetchKernel(chosen));
    const descriptor = await fetchDescriptor(this.host, this.announcement, this.signal);
    let kernel: Kernel;
    try {
      kernel = await this.openKernel(chosen, stored, isProved, descriptor.bytes);
    } catch (error) {
      const verdict = judgeKernel(error, isProved);
      if (verdict === undefined) throw error;
      this.giveUp(chosen.hash, verdict, error as LinnetError);
      passedOver.push(chosen.hash);
      if (!this.hasAnother(passedOver)) throw error;
      return undefined;
    }
    try {
      return { kernel, stored: objects.kernel!, base: await this.load(kernel, descriptor.hash) };
    } catch (error) {
      kernel.close();
      throw error;
    }
  }

  /** The words of the announced snapshot, which the kernel then holds. */
  private async load(kernel: Kernel, descriptorHash: Uint8Array): Promise<Int16Array> {
    const snapshot = await fetchSnapshot(this.host, this.announcement, kernel, this.signal);
    const words = unpackSnapshot(snapshot.bytes, descriptorHash);
    kernel.loadParameters(words);
    this.host.install(this.announcement.version);
    return words;
  }

  private hasAnother(passedOver: readonly Uint8Array[]): boolean {
    try {
      this.chooseKernel(passedOver);
      return true;
    } catch {
      return false;
    }
  }

  private async fetchKernel(chosen: AllowedKernel): Promise<StoredObject> {
    const { objects } = this.host;
    const stored = await fetchObject(this.host, objects.candidate, chosen, this.signal);
    objects.candidate = stored;
    return stored;
  }

  private async openKernel(
    chosen: AllowedKernel,
    { hash, bytes }: StoredObject,
    isProved: boolean,
    descriptor: Uint8Array,
  ): Promise<Kernel> {
    const { host, announcement } = this;
    const engine = await openV8Engine(bytes);
    const plan = (): Kernel => planKernel(engine, chosen, announcement, descriptor);
    const kernel = isProved ? plan() : tryKernel(host.watchdogMs, plan);
    const { objects } = host;
    if (!isProved) delete objects.candidate;
    if (objects.kernel && !equalBytes(objects.kernel.hash, hash)) {
      objects.formerKernel = objects.kernel;
    }
    objects.kernel = { hash, bytes, numerics: announcement.numerics };
    return kernel;
  }

  private giveUp(hash: Uint8Array, verdict: Verdict, error: LinnetError): void {
    const { host } = this;
    const hasFailed = verdict !== 'unfit';
    if (hasFailed) {
      host.objects.failedKernels = [hash, ...(host.objects.failedKernels ?? [])].slice(0, 2);
      delete host.objects.candidate;
    }
    const cause = verdict === 'hung' ? 'the watchdog reset the device' : error.message;
    host.noteKernel(hash, hasFailed, error.code, cause);
    if (verdict === 'hung') throw new WatchdogReset();
  }

  private async work({ kernel, stored, base }: Loaded): Promise<Uint8Array | undefined> {
    const { announcement, host } = this;
    const local = localFor(host.objects.local, announcement, base.length);
    const steps = performWork(kernel, {
      announcement,
      node: host.node,
      ...(host.key && { key: host.key }),
      kernelHash: stored.hash,
      base,
      trainSamples: host.samples.count(split.TRAIN),
      testSamples: host.samples.count(split.TEST),
      local,
    });
    const envelope = await this.supply(steps, kernel.word('inputBytes'));
    if (envelope && keepsLocal(announcement)) {
      if (announcement.plan.codec === codec.SPARSE_TERNARY) {
        host.noteResidualSaturations(kernel.word('residualSaturations'));
      }
      keepPending(host.objects, announcement, local.words, envelope);
    }
    return envelope;
  }

  /** Brings the samples the work asks for and lets the link be served in between. */
  private async supply(
    steps: ReturnType<typeof performWork>,
    inputs: number,
  ): Promise<Uint8Array | undefined> {
    const { host, signal } = this;
    let totalSteps = 0;
    for (let next = steps.next(); ;) {
      if (next.done) {
        host.countSteps(totalSteps, totalSteps);
        return next.value;
      }
      const { part, index, step } = next.value;
      ({ totalSteps } = next.value);
      host.enter(part === split.TRAIN ? nodeState.TRAIN : nodeState.EVALUATE);
      host.countSteps(step, totalSteps);
      const sample = await host.samples.read(part, index, inputs, signal);
      next = steps.next(sample);
      await this.breather.breathe(signal);
    }
  }
}
