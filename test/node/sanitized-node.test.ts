import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { packagePath } from '../../host/kernel/load.js';
import { expectedEnvelope } from './expectation.js';
import * as fixture from './fixture.js';
import { nativeImplementation, shortTiming } from './implementations.js';
import { whereNative } from './native.js';
import { ScriptedHost } from './scripted-host.js';
import { describeNode } from './suite.js';

function buildSanitized(): string {
  const script = packagePath('test/node/build-sanitized.mjs');
  return execFileSync(process.execPath, [script], { encoding: 'utf8' }).trim();
}

function hostOn(output: Writable, input: Readable, name: string): ScriptedHost {
  const host = new ScriptedHost({
    send: (bytes) => void output.write(bytes),
    onBytes: (listener) => void input.on('data', (chunk: Buffer) => listener(chunk)),
  });
  host.samples = fixture.dataset;
  host.hello = {
    ...host.hello,
    node: name,
    trainSamples: fixture.trainSamples,
    testSamples: fixture.testSamples,
  };
  host.serve(fixture.kernelBytes, fixture.descriptor, fixture.snapshotOf(0));
  return host;
}

await whereNative(() => {
  const folder = buildSanitized();
  const binary = join(folder, 'linnet-node-sanitized');
  describeNode(nativeImplementation('native, sanitized', binary, shortTiming));

  describe('two nodes in one process', () => {
    it('train side by side without touching each other', async () => {
      const child = spawn(join(folder, 'two-nodes-sanitized'), [], {
        stdio: ['pipe', 'pipe', 'inherit', 'pipe', 'pipe'],
      });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      const [stdin, stdout, , input, output] = child.stdio as [
        Writable,
        Readable,
        null,
        Writable,
        Readable,
      ];
      const hosts = [hostOn(stdin, stdout, 'one'), hostOn(input, output, 'two')];
      const announcement = fixture.announcementOf(0);
      await Promise.all(hosts.map((host) => host.announce(announcement)));
      for (const [i, node] of ['one', 'two'].entries()) {
        await hosts[i].until('the upload', () => hosts[i].uploads.length === 1);
        expect(hosts[i].uploads[0]).toEqual(
          expectedEnvelope({
            announcement,
            node,
            descriptor: fixture.descriptor,
            words: fixture.wordsOf(0),
            dataset: fixture.dataset,
            kernelHash: fixture.kernelHash,
          }),
        );
      }
      stdin.end();
      expect(await ended).toBe(0);
    });
  });
});
