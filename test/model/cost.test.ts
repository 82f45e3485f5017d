import { describe, expect, it } from 'vitest';
import { countModel } from '../../bench/cost-count.js';
import { fittedModels, heldOutModels } from '../../bench/cost-models.js';
import { fitNonNegative } from '../../bench/least-squares.js';
import { kernelBuilds, loadKernelBytes } from '../../host/kernel/load.js';
import { loadCosts, predict, predictSteps, stepTerms } from '../../host/model/cost.js';
import { buildDescriptor, parseDescriptor } from '../../host/model/descriptor.js';
import { qemuRuntime } from '../runtimes/qemu.js';

const { cores } = loadCosts();

describe('the cost of a step', () => {
  it('has a coefficient for every piece of work a model may need', () => {
    for (const { spec } of [...fittedModels, ...heldOutModels]) {
      const { infer, train } = stepTerms(parseDescriptor(buildDescriptor(spec)));
      const needed = [...Object.keys(infer), ...Object.keys(train)];
      for (const builds of Object.values(cores)) {
        for (const build of kernelBuilds) {
          expect(Object.keys(builds[build].coefficients)).toEqual(expect.arrayContaining(needed));
        }
      }
    }
  });

  it('is less for a skipped step, for frozen layers and for native functions', () => {
    const har = heldOutModels.find(({ name }) => name === 'HAR net')!;
    const model = parseDescriptor(buildDescriptor(har.spec));
    for (const { accelerated, portable } of Object.values(cores)) {
      const all = predictSteps(model, 0, accelerated);
      expect(all.infer).toBeLessThan(all.skipped);
      expect(all.skipped).toBeLessThan(all.train);
      const last = predictSteps(model, 0b11, accelerated);
      expect(last.infer).toBe(all.infer);
      expect(last.train).toBeLessThan(1.05 * last.skipped);
      expect(predictSteps(model, 0, portable).train).toBeGreaterThan(2 * all.train);
    }
  });

  it('was fitted well, also for models that were kept apart', () => {
    for (const builds of Object.values(cores)) {
      for (const { fitted, heldOut } of Object.values(builds)) {
        expect(fitted.mean).toBeLessThan(0.04);
        expect(heldOut.mean).toBeLessThan(0.06);
        expect(heldOut.max).toBeLessThan(0.15);
        expect(heldOut.models).toBe(heldOutModels.length);
      }
    }
  });
});

const reason = qemuRuntime.available();
if (reason !== undefined && !process.env['CI']) console.log(`counts skipped: ${reason}`);

describe.skipIf(reason !== undefined && !process.env['CI'])('counted on a Cortex-M4', () => {
  it.each(kernelBuilds)('a %s step costs what is predicted', async (build) => {
    const model = heldOutModels.find(({ name }) => name.startsWith('A '))!;
    const counted = await countModel('cortex-m4', loadKernelBytes(build), model);
    expect(counted).toHaveLength(3);
    for (const { terms, instructions } of counted) {
      const predicted = predict(terms, cores['cortex-m4'][build].coefficients);
      const off = Math.abs(predicted / instructions - 1);
      expect(off, 'the kernel costs something else now: run `npm run bench:cost`').toBeLessThan(
        0.2,
      );
    }
  });
});

describe('least squares without negatives', () => {
  it('finds the coefficients data were made with', () => {
    const rows = Array.from({ length: 12 }, (_, i) => [i + 1, (i * 7) % 5, (i * 3) % 4]);
    const targets = rows.map(([a, b, c]) => 2 * a + 0.5 * b + 3 * c);
    const found = fitNonNegative(rows, targets);
    [2, 0.5, 3].forEach((value, i) => expect(found[i]).toBeCloseTo(value, 4));
  });

  it('gives 0 where a negative would fit', () => {
    const rows = [1, 2, 3, 4].map((a) => [a, 1]);
    const found = fitNonNegative(rows, [1, 3, 5, 7]);
    expect(found[1]).toBe(0);
    expect(found[0]).toBeGreaterThan(1);
  });
});
