/** Worker threads that train and evaluate; what they answer does not depend on how many they are. */
import { Worker } from 'node:worker_threads';
import { LinnetError } from '../contract/error.js';
import { status, type StatusName } from '../contract/contract.gen.js';
import { packagePath } from '../kernel/load.js';
import type { Evaluation, Job, JobResult, Trained, Version, WorkerData } from './job.js';

interface Waiting {
  readonly resolve: (result: JobResult) => void;
  readonly reject: (error: unknown) => void;
}

interface Member {
  readonly worker: Worker;
  /** Jobs it has not answered yet. */
  readonly waiting: Map<number, Waiting>;
}

export class WorkerPool {
  readonly #members: Member[];
  #nextId = 0;
  #isClosed = false;

  constructor(data: WorkerData, workers: number) {
    this.#members = Array.from({ length: workers }, () => this.#hire(data));
  }

  /** All later jobs may name this version. */
  learn(version: Version): void {
    for (const { worker } of this.#members)
      worker.postMessage({ type: 'version', version } satisfies Job);
  }

  forget(before: number): void {
    for (const { worker } of this.#members)
      worker.postMessage({ type: 'forget', before } satisfies Job);
  }

  /** Trains nodes, each on what it had when it took the version. */
  async train(
    version: number,
    nodes: readonly number[],
    beginMs: readonly number[],
  ): Promise<readonly Trained[]> {
    const result = await this.#ask((id) => ({ type: 'train', id, version, nodes, beginMs }));
    const { envelopes, lengths, local } = result as Extract<JobResult, { envelopes: unknown }>;
    const parameters = local ? local.length / nodes.length : 0;
    let end = 0;
    return lengths.map((length, i) => ({
      envelope: envelopes.slice(end, (end += length)),
      ...(local && { local: local.slice(i * parameters, (i + 1) * parameters) }),
    }));
  }

  /** Of all samples together, in order. */
  async evaluate(words: Int16Array, samples: readonly number[]): Promise<Evaluation> {
    const share = Math.ceil(samples.length / this.#members.length);
    const parts = this.#members
      .map((_, i) => samples.slice(i * share, (i + 1) * share))
      .filter((part) => part.length > 0);
    const results = await Promise.all(
      parts.map((part) => this.#ask((id) => ({ type: 'evaluate', id, words, samples: part }))),
    );
    return results
      .map((result) => (result as Extract<JobResult, { evaluation: unknown }>).evaluation)
      .reduce((a, b) => ({
        correct: Uint8Array.from([...a.correct, ...b.correct]),
        samples: a.samples + b.samples,
        loss: a.loss + b.loss,
        confusion: a.confusion.map((value, i) => value + b.confusion[i]),
      }));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#members.map(({ worker }) => worker.terminate()));
  }

  #hire(workerData: WorkerData): Member {
    const worker = new Worker(packagePath('dist/simulator/worker.js'), { workerData });
    const waiting = new Map<number, Waiting>();
    const end = (error: unknown): void => {
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
    };
    worker.on('message', (result: JobResult) => {
      const job = waiting.get(result.id);
      waiting.delete(result.id);
      if ('error' in result) job?.reject(errorOf(result.error));
      else job?.resolve(result);
    });
    worker.on('error', end);
    worker.on('exit', () => {
      if (!this.#isClosed) end(new LinnetError('ERR_INTERNAL', 'a worker thread ended'));
    });
    return { worker, waiting };
  }

  /** Whoever has least to do gets it. */
  #ask(make: (id: number) => Job): Promise<JobResult> {
    const { worker, waiting } = this.#members.reduce((a, b) =>
      b.waiting.size < a.waiting.size ? b : a,
    );
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      worker.postMessage(make(id));
    });
  }
}

function errorOf({ code, message }: { code?: string; message: string }): LinnetError {
  const known = code !== undefined && code in status ? (code as StatusName) : 'ERR_INTERNAL';
  return new LinnetError(known, `a virtual node failed: ${message}`);
}
