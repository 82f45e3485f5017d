/**
 * The lock: every released number under its name. A number may be added, never changed or reused:
 * devices in the field keep the firmware they have.
 */
import { block, constants, enumerations, messages, records, statuses, wireMaps } from './schema.js';

type Lock = Record<string, number | string>;

/** What the schema says now, flat: name → number, or → field list where the layout matters. */
export function lockOfSchema(): Lock {
  const lock: Lock = {};
  for (const s of statuses) lock[`status.${s.name}`] = s.code;
  for (const e of enumerations) for (const x of e.entries) lock[`${e.name}.${x.name}`] = x.value;
  for (const c of constants) if (c.name.endsWith('MAGIC')) lock[`constant.${c.name}`] = c.value;
  block.forEach((word, index) => {
    if (!word.name.startsWith('reserved')) lock[`block.${word.name}`] = index;
  });
  for (const r of records)
    lock[`record.${r.tag}`] = r.fields.map((f) => `${f.type} ${f.name}`).join(', ');
  for (const m of messages) {
    lock[`message.${m.name}`] = m.id;
    lock[`message.${m.name}.request`] = m.request.map((f) => `${f.type} ${f.name}`).join(', ');
    if (m.response)
      lock[`message.${m.name}.response`] = m.response.map((f) => `${f.type} ${f.name}`).join(', ');
  }
  for (const map of wireMaps) for (const k of map.keys) lock[`${map.name}.${k.name}`] = k.key;
  return lock;
}

/** The first contradiction between a released lock and the schema, or undefined. */
export function findRenumbering(released: Lock, current: Lock): string | undefined {
  for (const [name, value] of Object.entries(released)) {
    if (current[name] === undefined) return `${name} was released as ${value} and is gone`;
    if (current[name] !== value)
      return `${name} was released as ${value} and is now ${current[name]}`;
  }
  const owner = new Map<string, string>();
  for (const [name, value] of Object.entries(current)) {
    if (typeof value !== 'number') continue;
    const key = `${name.slice(0, name.lastIndexOf('.'))}=${value}`;
    const other = owner.get(key);
    if (other !== undefined) return `${name} and ${other} share the number ${value}`;
    owner.set(key, name);
  }
  return undefined;
}

/** The new lock file. Throws if the schema contradicts the one that stands. */
export function emitLock(standing: string): string {
  const current = lockOfSchema();
  const problem = findRenumbering(standing === '' ? {} : (JSON.parse(standing) as Lock), current);
  if (problem !== undefined) throw new Error(`schema.lock.json: ${problem}`);
  return JSON.stringify(current, null, 2) + '\n';
}
