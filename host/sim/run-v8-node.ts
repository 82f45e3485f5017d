import type { Readable, Writable } from 'node:stream';
import type { Dataset } from '../data/dataset.js';
import type { NodeObjects } from './node-host.js';
import { ownSamples } from './node-samples.js';
import type { NodeTiming } from './node-timing.js';
import { V8Node, type Conditions } from './v8-node.js';

export interface V8NodeRun {
  /** Name of the node; empty lets the host give one. */
  readonly name: string;
  /** Of the node and the aggregator alone; absent: it follows whoever announces. */
  readonly key?: Uint8Array;
  /** Absent: the node pulls its samples over the link. */
  readonly dataset?: Dataset;
  /** The link. */
  readonly input: Readable;
  readonly output: Writable;
  readonly signal: AbortSignal;
  readonly timing?: NodeTiming;
  readonly objects?: NodeObjects;
  readonly watchdogMs?: number;
  readonly conditions?: Conditions;
}

/** Runs one V8 node on a byte stream, until the stream ends or the signal aborts. */
export async function runV8Node(run: V8NodeRun): Promise<void> {
  const { name, key, dataset, input, output, signal, timing, objects, watchdogMs, conditions } =
    run;
  const ended = new AbortController();
  const end = (): void => ended.abort();
  const node = new V8Node({
    node: name,
    write: (bytes) => output.write(bytes),
    ...(key && { key }),
    ...(dataset && { samples: ownSamples(dataset) }),
    ...(timing && { timing }),
    ...(objects && { objects }),
    ...(watchdogMs !== undefined && { watchdogMs }),
    ...(conditions && { conditions }),
  });
  for (const event of ['end', 'close', 'error']) input.once(event, end);
  output.once('error', end);
  input.on('data', (chunk: Uint8Array) => node.receive(new Uint8Array(chunk)));
  await node.run(AbortSignal.any([signal, ended.signal]));
}
