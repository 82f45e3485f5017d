import { blockWord } from '../../host/contract/contract.gen.js';
import { runOnQemu, type RunnerUsage } from './qemu.js';
import {
  decodeResult,
  encodeTape,
  type TapeRecord,
  type TapeRuntime,
  type TapeValue,
} from './tape.js';

/**
 * Tapes for a core whose RAM does not hold the compiled code of plan(): another runtime plans with the
 * same kernel, and the core is given the linear memory that plan() left, in which is all that a
 * planned kernel knows.
 */

/** A word of the block that is always 0, so that offsets from it are addresses. */
const zeroWord = blockWord.reserved0;

const emits = ({ op }: TapeRecord): boolean => op !== 'SET_WORD' && op !== 'WRITE';
const isPlan = (record: TapeRecord): boolean => record.op === 'CALL' && record.name === 'plan';

/** A record of the tape without plan(); `status` is what plan() answered elsewhere. */
interface PlannedRecord {
  readonly record: TapeRecord;
  readonly status?: number;
}

/** What plan() needs and leaves is looked at right behind it. */
function watchPlans(records: readonly TapeRecord[], memoryBytes: number): TapeRecord[] {
  const look: readonly TapeRecord[] = [
    { op: 'GET_WORD', word: blockWord.arenaBytes },
    { op: 'READ', word: zeroWord, offset: 0, length: memoryBytes },
  ];
  return records.flatMap((record) => (isPlan(record) ? [record, ...look] : [record]));
}

async function planElsewhere(
  planner: TapeRuntime,
  kernelWasm: Uint8Array,
  records: readonly TapeRecord[],
  memoryBytes: number,
): Promise<PlannedRecord[]> {
  const watched = watchPlans(records, memoryBytes);
  const result = await planner.run(kernelWasm, encodeTape(watched), { memoryBytes });
  const values = decodeResult(watched, result);
  let at = 0;
  return records.map((record): PlannedRecord => {
    if (!emits(record)) return { record };
    const status = values[at++] as number;
    if (!isPlan(record)) return { record };
    const [arenaBytes, memory] = [values[at++] as number, values[at++] as Uint8Array];
    const bytes = memory.slice(0, arenaBytes);
    return { record: { op: 'WRITE', word: zeroWord, offset: 0, bytes }, status };
  });
}

/**
 * What each emitting record of a tape gives on the micro:bit, and the RAM it took, when `planner` does
 * the planning. The core has as much linear memory as the largest model needs.
 */
export async function runPlannedOnMicrobit(
  planner: TapeRuntime,
  kernelWasm: Uint8Array,
  records: readonly TapeRecord[],
  memoryBytes: number,
): Promise<{ values: TapeValue[]; usage: RunnerUsage; arenaBytes: number }> {
  const planned = await planElsewhere(planner, kernelWasm, records, memoryBytes);
  const sizes = planned.map(({ record, status }) =>
    status !== undefined && record.op === 'WRITE' ? record.bytes.length : 0,
  );
  const arenaBytes = Math.max(...sizes);
  const tape = planned.map(({ record }) => record);
  const { output, usage } = await runOnQemu(kernelWasm, encodeTape(tape), arenaBytes, 'microbit');
  const emitted = decodeResult(tape, output)[Symbol.iterator]();
  const values = planned.flatMap(({ record, status }): TapeValue[] => {
    if (status !== undefined) return [status];
    return emits(record) ? [emitted.next().value as TapeValue] : [];
  });
  return { values, usage, arenaBytes };
}
