import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { messageId, nodeState } from '../../host/contract/contract.gen.js';
import { packRequest, unpackResponse } from '../../host/contract/pack.js';
import type { ScriptedHost } from './scripted-host.js';

/** None of the numbers a ScriptedHost gives its own requests. */
const firstSequence = 40_000;
/** Far more than a PING takes on a busy PC; a lost one never comes. */
const patienceMs = 10_000;
/** Of every state that is waited for: V8 trains for some milliseconds and no longer. */
const enough = 1;

/** Sends a PING once and waits for its answer. */
function ping(host: ScriptedHost, token: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const sequence = firstSequence + (token % 20_000);
    const timer = setTimeout(() => reject(new Error(`PING ${token} has no answer`)), patienceMs);
    host.onAnswer(sequence, (body) => {
      clearTimeout(timer);
      expect(unpackResponse('PING', body).body).toEqual({ token });
      resolve();
    });
    host.sendMessage(messageId.PING, 0, sequence, packRequest('PING', { token }));
  });
}

/**
 * Sends PINGs one after another for as long as the round goes on; every one must be answered, and
 * some of them in the middle of training and of the upload, which loses a few slices to last longer.
 */
export async function pingThrough<T>(host: ScriptedHost, runRound: () => Promise<T>): Promise<T> {
  let isOver = false;
  let lost = 0;
  host.intercept = ({ name }) => (name === 'UPLOAD' && lost++ < 2 ? 'lose' : undefined);
  const round = runRound().finally(() => (isOver = true));
  const answered = new Map<number, number>();
  for (let token = 0; !isOver; token++) {
    await delay(1); // a node in this process needs its turn
    const before = await host.state();
    await ping(host, token);
    if ((await host.state()) === before) answered.set(before, (answered.get(before) ?? 0) + 1);
  }
  for (const state of ['TRAIN', 'UPLOAD'] as const)
    expect(answered.get(nodeState[state]) ?? 0, state).toBeGreaterThanOrEqual(enough);
  return round;
}
