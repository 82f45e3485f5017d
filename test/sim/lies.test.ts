/** Nodes that lie: the same lie for the same seed, node and version, and what the aggregator makes of it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareSimulation } from '../../host/cli/sim/prepare.js';
import { decodeWire } from '../../host/contract/wire.js';
import { Ledger } from '../../host/federated/ledger.js';
import { decodePayload } from '../../host/federated/codecs.js';
import { parseDescriptor } from '../../host/model/descriptor.js';
import {
  flipLabel,
  lieStream,
  randomBytes,
  randomWords,
  scaleWords,
  type Lie,
} from '../../host/simulator/lies.js';
import { nodeNumber } from '../../host/simulator/fleet.js';
import { parseScenario } from '../../host/simulator/scenario.js';
import { Scene } from '../e2e/scene.js';
import { runScenario, type Ran } from './rig.js';

const nodes = 8;
const liars = 2;

function scenarioOf(lies: Lie | undefined): string {
  const group = lies === undefined ? '' : `, lies: ${lies}`;
  return `
nodes: ${nodes}
rounds: 2
deal: { people: 4, samplesPerNode: 12 }
plan: { samplesPerRound: 6, codec: exact }
round: { deadlineMinutes: 30 }
fleet:
  - { name: honest, share: ${nodes - liars} }
  - { name: others, share: ${liars}${group} }
`;
}

let scene: Scene;
beforeAll(() => {
  scene = new Scene();
});
afterAll(() => scene.end());

/** Delta of each node in version 0, by its name. */
async function deltasOf(name: string, lies?: Lie): Promise<[Ran, Map<string, Int16Array>]> {
  const folder = scene.path(name);
  const ran = await runScenario(folder, scenarioOf(lies));
  const { aggregator } = prepareSimulation(parseScenario(scenarioOf(undefined)), '').options;
  const model = parseDescriptor(aggregator.descriptor);
  const ledger = Ledger.openExisting(join(folder, 'store'), 'read');
  try {
    const deltas = [...ledger.uploadsOf(0)].map(({ node, envelope }): [string, Int16Array] => {
      const { codec, payload } = decodeWire('Envelope', envelope);
      return [node, decodePayload(model, 0, codec, payload)!];
    });
    return [ran, new Map(deltas)];
  } finally {
    ledger.close();
  }
}

describe('a lie', () => {
  it('turns labels round, scales and saturates', () => {
    expect([0, 1, 2].map((label) => flipLabel(label, 3))).toEqual([2, 1, 0]);
    const base = Int16Array.of(0, 5, -30000, 30000);
    expect([...scaleWords(base, Int16Array.of(7, 4, -31000, 31000))]).toEqual([
      70, -5, -32768, 32767,
    ]);
  });

  it('is drawn from seed, node and version alone, over the full range', () => {
    const base = new Int16Array(2000);
    const words = randomWords(base, lieStream(1, 2, 3));
    expect(randomWords(base, lieStream(1, 2, 3))).toEqual(words);
    for (const other of [lieStream(2, 2, 3), lieStream(1, 3, 3), lieStream(1, 2, 4)])
      expect(randomWords(base, other)).not.toEqual(words);
    expect(Math.min(...words)).toBeLessThan(-32_000);
    expect(Math.max(...words)).toBeGreaterThan(32_000);
    expect(randomBytes(9, lieStream(1, 2, 3))).toEqual(randomBytes(9, lieStream(1, 2, 3)));
  });

  it('of random bytes needs a deadline where all nodes are waited for', () => {
    const text = scenarioOf('random-bytes').replace(/round: .*\n/, '');
    expect(() => parseScenario(text)).toThrow(/fleet\.1\.lies/);
  });

  it('about labels is refused where a model has none', () => {
    const model = scene.path('autoencoder.yaml');
    writeFileSync(
      model,
      'input: { width: 130, exponent: -6 }\nlayers: [{ dense: 130 }]\nloss: squared-error\n',
    );
    const scenario = parseScenario(`${scenarioOf('flip-labels')}task: { model: ${model} }\n`);
    expect(() => prepareSimulation(scenario, '')).toThrow('no labels to flip');
  });
});

describe('liars in a simulation', () => {
  it('say the same each time, and honest nodes what they say without them', async () => {
    const [, honest] = await deltasOf('honest');
    const [first, flipped] = await deltasOf('flipped', 'flip-labels');
    const [again] = await deltasOf('again', 'flip-labels');
    expect(again.text).toBe(first.text);
    expect(first.fleet.group.filter((group) => group === 1)).toHaveLength(liars);
    expect(flipped.size).toBe(nodes);
    for (const [node, delta] of flipped) {
      const isLiar = first.fleet.group[nodeNumber(node)] === 1;
      expect(delta.every((word, i) => word === honest.get(node)![i])).toBe(!isLiar);
    }
  });

  it('scale what they have learned, before it is coded', async () => {
    const [, honest] = await deltasOf('unscaled');
    const [{ fleet }, scaled] = await deltasOf('scaled', 'scale-10');
    for (const [node, delta] of scaled) {
      const factor = fleet.group[nodeNumber(node)] === 1 ? 10 : 1;
      const expected = honest.get(node)!.map((word) => factor * word);
      expect(delta).toEqual(expected);
    }
  });

  it('that send random bytes are refused and counted', async () => {
    const [{ records, fleet }, deltas] = await deltasOf('bytes', 'random-bytes');
    expect(deltas.size).toBe(nodes - liars);
    expect(records.map(({ contributions, refused }) => [contributions, refused])).toEqual([
      [nodes - liars, liars],
      [nodes - liars, liars],
    ]);
    fleet.state.refused.forEach((refused, node) => {
      expect(refused).toBe(fleet.group[node] === 1 ? 2 : 0);
    });
  });

  it('send random words of every size that count', async () => {
    const [{ fleet }, deltas] = await deltasOf('words', 'random-words');
    for (const [node, delta] of deltas) {
      const isLoud = delta.some((word) => Math.abs(word) > 30_000);
      expect(isLoud).toBe(fleet.group[nodeNumber(node)] === 1);
    }
  });
});
