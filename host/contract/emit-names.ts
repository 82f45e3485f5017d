/** Spelling of one schema name in the languages that share it. */

export const generatedNotice =
  'Generated from host/contract/schema.ts by `npm run gen`; do not edit.';

/** `weightExponent` → `weight_exponent`. */
export function snakeCase(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}

/** `weightExponent` → `WEIGHT_EXPONENT`. */
export function upperCase(name: string): string {
  return snakeCase(name).toUpperCase();
}

/** `NODE_STATE` → `NodeState`. */
export function pascalCase(name: string): string {
  return name
    .split('_')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1).toLowerCase())
    .join('');
}
