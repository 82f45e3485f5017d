import { blockWord } from '../../host/contract/contract.gen.js';
import type { KernelEngine } from '../../host/kernel/engine.js';
import { loadKernelBytes } from '../../host/kernel/load.js';
import { openV8Engine } from '../../host/kernel/v8-engine.js';
import { compileScript, readOutcomes } from '../conformance/compile.js';
import { findDifference } from '../conformance/run.js';
import { runScript } from '../oracle/run-script.js';
import { decodeResult, encodeTape } from '../runtimes/tape.js';
import { interpretTape } from '../runtimes/v8.js';
import type { BlockWord, Outcome, Step } from '../vectors/script.js';

/** One kernel in V8 that runs scripts, and whose memory can be looked at. */
export class Driver {
  private constructor(readonly engine: KernelEngine) {}

  static async open(): Promise<Driver> {
    return new Driver(await openV8Engine(loadKernelBytes()));
  }

  run(script: readonly Step[]): Outcome[] {
    const steps = compileScript(script);
    const records = steps.flatMap((step) => step.records);
    const result = interpretTape(this.engine, encodeTape(records));
    return readOutcomes(steps, decodeResult(records, result));
  }

  /** Where kernel and oracle part on a script, in words; undefined if they agree. */
  compare(script: readonly Step[]): string | undefined {
    const outcomes = runScript(script);
    return findDifference({ name: 'compared', script, outcomes }, this.run(script));
  }

  word(name: BlockWord): number {
    const bytes = this.engine.readBytes(this.addressOf(name), 4);
    return new DataView(bytes.buffer).getUint32(0, true);
  }

  setWord(name: BlockWord, value: number): void {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    this.engine.writeBytes(this.addressOf(name), bytes);
  }

  private addressOf(name: BlockWord): number {
    return this.engine.call('block') + 4 * blockWord[name];
  }
}
