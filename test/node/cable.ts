import { nodeState } from '../../host/contract/contract.gen.js';
import type { Announcement, StatusResponse } from '../../host/contract/contract.gen.js';
import type { Dataset } from '../../host/data/dataset.js';
import { equalBytes, sha256 } from '../../host/contract/hash.js';
import type { Conditions } from '../../host/sim/v8-node.js';
import { expectedEnvelope, tagOf, type Task } from './expectation.js';
import * as fixture from './fixture.js';
import { makeFlash, type Flash, type Implementation, type RunningNode } from './implementations.js';
import { ScriptedHost } from './scripted-host.js';

export interface SetupOptions {
  readonly node?: string;
  /** false: the node pulls its samples. */
  readonly dataset?: Dataset | false;
  readonly key?: Uint8Array;
  /** What the node knows of its device. */
  readonly conditions?: Conditions;
  /** Prepares the host before the node's first byte. */
  readonly prepare?: (host: ScriptedHost) => void;
}

/** Makes a cable that is closed at the end of the test. */
export type OpenCable = (options?: SetupOptions) => Cable;

/** A node on a cable to a scripted host; close() ends whatever still runs. */
export class Cable {
  readonly host: ScriptedHost;
  private readonly flash: Flash = makeFlash();
  private node: RunningNode;
  /** Given to the node when it starts. */
  key: Uint8Array | undefined;

  constructor(
    private readonly implementation: Implementation,
    private readonly options: SetupOptions = {},
  ) {
    this.key = options.key;
    this.node = this.powerUp();
    this.host = new ScriptedHost(this.node);
    this.host.serve(fixture.kernelBytes, fixture.descriptor, fixture.snapshotOf(0));
    options.prepare?.(this.host);
  }

  get name(): string {
    return this.options.node ?? 'alpha';
  }

  /** The envelope the specification asks for, whoever computes it, with whichever kernel; what stays on the node is `residual` then. */
  expected(
    announcement: Announcement,
    node = this.name,
    kernelHash = fixture.kernelHash,
    { residual, words, own }: Partial<Pick<Task, 'residual' | 'words' | 'own'>> = {},
  ): Uint8Array {
    const { descriptorHash } = announcement;
    const models = [fixture.descriptor, fixture.autoencoder, fixture.convolutional];
    const descriptor = models.find((model) => equalBytes(sha256(model), descriptorHash))!;
    return expectedEnvelope({
      announcement,
      node,
      descriptor,
      words: words ?? fixture.wordsOf(announcement.version, descriptor),
      dataset: this.options.dataset || fixture.dataset,
      kernelHash,
      ...(this.key && { key: this.key }),
      ...(residual && { residual }),
      ...(own && { own }),
    });
  }

  /** The tag of an announcement for the node, zeros if it has no key. */
  tagOf(announcement: Announcement): Uint8Array {
    return tagOf(this.key, this.name, announcement);
  }

  /** Announces and returns the upload that follows. */
  async runRound(announcement: Announcement): Promise<Uint8Array> {
    this.host.forgetOffer();
    const before = this.host.uploads.length;
    const status = await this.host.announce(announcement, this.tagOf(announcement));
    if (status !== 0) throw new Error(`the announcement was refused with ${status}`);
    await this.host.until('an upload', () => this.host.uploads.length > before);
    return this.host.uploads[before];
  }

  /** Asks for STATUS until it is as wanted. */
  async untilStatus(what: string, isWanted: (body: StatusResponse) => boolean): Promise<void> {
    let last: StatusResponse | undefined;
    for (const deadline = performance.now() + 20_000; performance.now() < deadline;) {
      last = (await this.host.request('STATUS', {})).body;
      if (last && isWanted(last)) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error(`the node did not reach ${what}: ${JSON.stringify(last)}`);
  }

  untilState(name: keyof typeof nodeState): Promise<void> {
    return this.untilStatus(name, ({ state }) => state === nodeState[name]);
  }

  /** kill -9, and power again with what was in the flash; the samples may be others. */
  async powerCycle(dataset = this.options.dataset): Promise<void> {
    await this.node.kill();
    this.node = this.powerUp(dataset);
    this.host.connect(this.node);
  }

  unplug(): Promise<number> {
    return this.node.closeInput();
  }

  close(): Promise<void> {
    return this.node.kill();
  }

  private powerUp(dataset: Dataset | false = this.options.dataset ?? fixture.dataset): RunningNode {
    const { node = 'alpha', conditions } = this.options;
    const { key, flash } = this;
    return this.implementation.start({
      ...{ node, flash },
      ...(dataset && { dataset }),
      ...(key && { key }),
      ...(conditions && { conditions }),
    });
  }
}
