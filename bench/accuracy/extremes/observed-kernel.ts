/** A kernel in V8 whose exponents can be watched while it trains. */
import { constant, layerFlag, region } from '../../../host/contract/contract.gen.js';
import { fieldOffsets } from '../../../host/contract/layout.js';
import { structs } from '../../../host/contract/schema.js';
import type { IntrinsicName, Intrinsics, KernelEngine } from '../../../host/kernel/engine.js';
import { Kernel } from '../../../host/kernel/kernel.js';
import { loadKernelBytes } from '../../../host/kernel/load.js';
import { openV8Engine } from '../../../host/kernel/v8-engine.js';
import { nativeIntrinsics } from '../../../host/wasm3/engine.js';

/** Least and greatest value seen. */
export class Extent {
  least = Infinity;
  greatest = -Infinity;

  add(value: number): void {
    this.least = Math.min(this.least, value);
    this.greatest = Math.max(this.greatest, value);
  }

  get isEmpty(): boolean {
    return this.least > this.greatest;
  }
}

const layerFields = structs.find(({ name }) => name === 'LAYER')!.fields;
const layerLayout = fieldOffsets(layerFields);

function offsetOf(field: string): number {
  return layerLayout.offsets[layerFields.findIndex(({ name }) => name === field)];
}

/** True if a call of `name` on the structure at `address` makes an error, whose exponent it answers. */
function makesError(name: IntrinsicName, memory: ArrayBuffer, address: number): boolean {
  if (name.endsWith('_forward')) return false;
  if (!name.endsWith('_backward')) return true;
  const flags = new DataView(memory).getUint16(address + offsetOf('flags'), true);
  return (flags & layerFlag.PROPAGATE) !== 0;
}

/** `intrinsics`, telling `errors` of every exponent that a loss or a backward pass answers. */
function observe(intrinsics: Intrinsics, errors: Extent): Intrinsics {
  const observed = Object.entries(intrinsics).map(([name, native]) => [
    name,
    (memory: ArrayBuffer, ...args: number[]): number => {
      const answer = native(memory, ...args);
      const isExponent = answer >= 0 && answer < constant.LOSS_SKIPPED;
      if (isExponent && makesError(name as IntrinsicName, memory, args[0])) {
        errors.add(answer - constant.EXPONENT_BIAS);
      }
      return answer;
    },
  ]);
  return Object.fromEntries(observed) as Intrinsics;
}

export class ObservedKernel {
  /** Of the inputs and outputs of layers, the logits included. */
  readonly activations = new Extent();

  private constructor(
    readonly kernel: Kernel,
    private readonly engine: KernelEngine,
    /** Of the errors of layers; undefined where there is no native binding to watch. */
    readonly errors: Extent | undefined,
  ) {}

  /**
   * Errors have exponents that only pass from call to call, so the accelerated kernel is watched at its imports. Without
   * a C compiler it is the portable one, whose bits are the same, and only activations are seen.
   */
  static async open(descriptor: Uint8Array): Promise<ObservedKernel> {
    const intrinsics = nativeIntrinsics();
    const errors = intrinsics && new Extent();
    const engine =
      intrinsics && errors
        ? await openV8Engine(loadKernelBytes('accelerated'), observe(intrinsics, errors))
        : await openV8Engine(loadKernelBytes());
    const kernel = new Kernel(engine);
    kernel.plan(descriptor);
    return new ObservedKernel(kernel, engine, errors);
  }

  /** A training step, and a look at the exponents of its forward pass. */
  train(x: Int8Array, label: number): void {
    this.kernel.train(x, label);
    const table = this.engine.readBytes(this.kernel.word('regionsPtr') + 8 * region.LAYERS, 8);
    const [address, bytes] = new Uint32Array(table.buffer);
    const view = new DataView(this.engine.readBytes(address, bytes).buffer);
    for (let at = 0; at + layerLayout.bytes <= bytes; at += layerLayout.bytes) {
      this.activations.add(view.getInt32(at + offsetOf('inputExponent'), true));
      this.activations.add(view.getInt32(at + offsetOf('outputExponent'), true));
    }
  }
}
