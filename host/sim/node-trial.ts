/** The trial of a kernel that is new on a node (SPEC, section 7.1); firmware/src/trial.c in C. */
import { decay } from '../contract/contract.gen.js';
import type {
  Announcement,
  Kernel as AllowedKernel,
  StatusName,
} from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { runWithin } from '../kernel/deadline.js';
import type { KernelEngine } from '../kernel/engine.js';
import { Kernel } from '../kernel/kernel.js';

/** Why a kernel cannot be used here. */
export type Verdict =
  /** A defect: it is not tried again. */
  | 'failed'
  /** It hung: the device is reset. */
  | 'hung'
  /** Not for this node, or not what was announced: another one of the list may be. */
  | 'unfit'
  /** The work cannot be done, with this kernel or any other. */
  | undefined;

const verdicts: Partial<Record<StatusName, Verdict>> = {
  ERR_TRAP: 'failed',
  ERR_CANARY: 'failed',
  ERR_TIMEOUT: 'hung',
  ERR_ENGINE: 'unfit',
  ERR_ABI: 'unfit',
  ERR_INTRINSICS: 'unfit',
  ERR_UNSUPPORTED: 'unfit',
};

/** What an error means that a kernel which is not loaded yet came to. */
export function judgeKernel(error: unknown, isProved: boolean): Verdict {
  const verdict = error instanceof LinnetError ? verdicts[error.code] : undefined;
  return isProved && verdict !== 'unfit' ? undefined : verdict;
}

/** A kernel that holds the announced model. Throws ERR_ABI, ERR_UNSUPPORTED, ERR_INTRINSICS or its status. */
export function planKernel(
  engine: KernelEngine,
  allowed: AllowedKernel,
  announcement: Announcement,
  descriptor: Uint8Array,
): Kernel {
  const kernel = new Kernel(engine);
  const numerics = kernel.word('numerics');
  if (numerics !== announcement.numerics) {
    throw new LinnetError('ERR_UNSUPPORTED', `the kernel computes numerics ${numerics}`);
  }
  const intrinsicSet = kernel.word('intrinsicSet');
  if (intrinsicSet !== allowed.intrinsicSet) {
    throw new LinnetError('ERR_INTRINSICS', `the kernel imports intrinsic set ${intrinsicSet}`);
  }
  kernel.plan(descriptor, { frozenLayers: announcement.plan.frozenLayers ?? 0 });
  return kernel;
}

function trainOnce(kernel: Kernel, sample: Int8Array): void {
  try {
    kernel.train(sample, 0);
  } catch (error) {
    // Every layer is frozen.
    if (!(error instanceof LinnetError && error.code === 'ERR_STATE')) throw error;
  }
}

function exercise(kernel: Kernel): void {
  const sample = new Int8Array(kernel.word('inputBytes'));
  kernel.infer(sample);
  kernel.begin({
    federationSeed: 0,
    baseVersion: 0,
    nodeKey: 0,
    lrShift: 0,
    lrDecay: decay.CONSTANT,
    totalSteps: 0,
    skipThreshold: 0,
  });
  trainOnce(kernel, sample);
  // With `saturations`.
  kernel.counters();
  kernel.check();
}

/** As planKernel() for a kernel that is not proved; throws ERR_TIMEOUT if it hangs. */
export function tryKernel(timeoutMs: number, plan: () => Kernel): Kernel {
  return runWithin(timeoutMs, 'the trial of the kernel', () => {
    const kernel = plan();
    exercise(kernel);
    return kernel;
  });
}
