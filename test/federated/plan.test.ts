import { describe, expect, it } from 'vitest';
import { codec, constant, task, version } from '../../host/contract/contract.gen.js';
import { decodeWire } from '../../host/contract/wire.js';
import {
  checkPlanSettings,
  linearDecayShift,
  lrShiftOf,
  packAnnouncement,
  planOf,
  type AnnouncedModel,
} from '../../host/federated/plan.js';
import { planSettings } from './fixture.js';

describe('learning-rate schedule', () => {
  it('is 1 − r/R to the nearest power of two', () => {
    expect(Array.from({ length: 10 }, (_, r) => linearDecayShift(r, 10))).toEqual([
      0, 0, 0, 1, 1, 1, 1, 2, 2, 3,
    ]);
    for (const rounds of [1, 2, 3, 7, 30, 64, 1000]) {
      for (let r = 0; r < rounds; r++) {
        const exact = Math.log2(rounds / (rounds - r));
        // Never a tie: the nearest integer is the one less than half away.
        expect(Math.abs(linearDecayShift(r, rounds) - exact)).toBeLessThan(0.5);
      }
    }
  });

  it('is added to the base, stays a shift the kernel takes, or is left out', () => {
    const linear = { ...planSettings, lrSchedule: 'linear' } as const;
    expect(lrShiftOf(linear, 9, 10)).toBe(9);
    expect(lrShiftOf({ ...linear, lrShift: 23 }, 9, 10)).toBe(24);
    expect(lrShiftOf(planSettings, 9, 10)).toBe(6);
  });
});

describe('plan', () => {
  it('tells nodes to rest in the last version and gives no deadline then', () => {
    expect(planOf(planSettings, 2, 3, 500)).toMatchObject({ task: task.TRAIN, deadlineMs: 500 });
    const last = planOf(planSettings, 3, 3, 500);
    expect(last.task).toBe(task.NONE);
    expect(last.deadlineMs).toBeUndefined();
  });

  it('asks for no delta where nobody trains', () => {
    const evaluation = planOf({ ...planSettings, task: task.EVALUATE }, 0, 1);
    expect(evaluation).toMatchObject({ task: task.EVALUATE, codec: codec.NONE });
    expect(planOf(planSettings, 0, 1).codec).toBe(codec.RAW_INT16);
  });

  it('carries class weights as bytes of int8', () => {
    const classWeights = Int8Array.of(0, -1, 2);
    expect(planOf({ ...planSettings, classWeights }, 0, 1).classWeights).toEqual(
      Uint8Array.of(0, 255, 2),
    );
  });

  it.each([
    { task: task.NONE },
    { seed: -1 },
    { seed: 2 ** 32 },
    { lrShift: 25 },
    { lrShift: 1.5 },
    { lrDecay: 2 },
    { epochs: 0 },
    { epochs: 256 },
    { samples: 2 ** 30 + 1 },
    { skipThreshold: 32768 },
    { weightUnit: 0 },
    { classWeights: new Int8Array(2) },
    { frozenLayers: -1 },
    { frozenLayers: 2 ** 32 },
    { frozenLayers: 0b11 },
    { personalLayers: 2 ** 32 },
    { personalLayers: 0b11, codec: codec.RICE_INT16 },
    { personalLayers: 0b10, frozenLayers: 0b01, codec: codec.RICE_INT16 },
    { personalLayers: 0b10, codec: codec.RAW_INT16 },
    { fineTuneEpochs: 256 },
    { proximalShift: 16 },
    { proximalShift: 0.5 },
  ])('refuses %j, which no node would follow', (wrong) => {
    expect(() => checkPlanSettings({ ...planSettings, ...wrong }, 3, 2)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG' }),
    );
    expect(() => checkPlanSettings(planSettings, 3, 2)).not.toThrow();
  });

  it('carries frozen layers and the pull where there are any', () => {
    const settings = { ...planSettings, frozenLayers: 0b01, proximalShift: 3 };
    expect(() => checkPlanSettings(settings, 3, 2)).not.toThrow();
    expect(planOf(settings, 0, 1)).toMatchObject({ frozenLayers: 1, proximalShift: 3 });
    expect(planOf({ ...planSettings, frozenLayers: 0, proximalShift: 0 }, 0, 1)).toEqual(
      planOf(planSettings, 0, 1),
    );
  });

  it('codes exactly what personal layers leave, unless it is told how', () => {
    const settings = { ...planSettings, personalLayers: 0b10 };
    expect(() => checkPlanSettings(settings, 3, 2)).not.toThrow();
    expect(planOf(settings, 0, 1)).toMatchObject({ personalLayers: 2, codec: codec.RICE_INT16 });
  });

  it('lets nodes tune the model after the last round, and then rest', () => {
    const settings = { ...planSettings, fineTuneEpochs: 3, maxStaleness: 2 };
    expect(planOf(settings, 1, 2)).toEqual(planOf({ ...settings, fineTuneEpochs: 0 }, 1, 2));
    const tuning = planOf(settings, 2, 2, 500);
    expect(tuning).toMatchObject({
      ...{ task: task.PERSONALISE, codec: codec.NONE, personalLayers: 0xffff_ffff, epochs: 3 },
      deadlineMs: 500,
    });
    expect(tuning).not.toHaveProperty('maxStaleness');
    expect(planOf(settings, 3, 2, 500)).toMatchObject({
      ...{ task: task.NONE, personalLayers: 0xffff_ffff },
    });
    expect(() => checkPlanSettings(settings, 3, 33)).toThrow(/cannot be tuned locally/);
  });

  it('may freeze every layer where nobody trains', () => {
    const settings = { ...planSettings, task: task.EVALUATE, frozenLayers: 0b11 };
    expect(() => checkPlanSettings(settings, 3, 2)).not.toThrow();
  });
});

describe('announcement', () => {
  const model: AnnouncedModel = {
    federation: 'test',
    epoch: 0,
    version: 2,
    artefactHash: new Uint8Array(32).fill(1),
    artefactBytes: 100,
    descriptorHash: new Uint8Array(32).fill(2),
    descriptorBytes: 60,
    kernels: [{ hash: new Uint8Array(32).fill(3), bytes: 5000, intrinsicSet: 0 }],
    plan: planOf(planSettings, 2, 3),
  };

  it('names its parent, but for version 0, and says when it is the last', () => {
    const read = (changes: Partial<AnnouncedModel>) =>
      decodeWire('Announcement', packAnnouncement({ ...model, ...changes }));
    expect(read({})).toMatchObject({ version: 2, parent: 1, numerics: version.NUMERICS });
    expect(read({}).final).toBeUndefined();
    expect(read({ version: 0 }).parent).toBeUndefined();
    expect(read({ version: 3, plan: planOf(planSettings, 3, 3) }).final).toBe(true);
  });

  it('refuses what would not fit a frame', () => {
    const kernels = Array.from({ length: 8 }, () => model.kernels[0]);
    expect(() => packAnnouncement({ ...model, kernels })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG' }),
    );
    expect(packAnnouncement(model).length).toBeLessThanOrEqual(constant.ANNOUNCEMENT_MAX_BYTES);
  });
});
