/**
 * What a fleet has issued and revoked: fleet.json. A certificate stands here before it leaves the
 * authority's hands, so whatever was issued can be revoked. Access list and revocation list follow
 * from it.
 */
import { z } from 'zod';
import { LinnetError } from '../contract/error.js';
import { brokerIdentity } from '../contract/identity.js';
import { signingSchema, type Signing } from './signing-keys.js';

const format = 1;

const certificateSchema = z.strictObject({
  /** A node, or one of contract/identity.ts. */
  name: z.string(),
  serial: z.string().regex(/^[0-9a-f]+$/),
  notAfter: z.iso.datetime(),
  revoked: z.iso.datetime().optional(),
});

const registrySchema = z.strictObject({
  format: z.literal(format),
  base: z.string(),
  federation: z.string(),
  hosts: z.array(z.string()).min(1),
  signing: signingSchema,
  certificates: z.array(certificateSchema),
});

export type CertificateEntry = Readonly<z.infer<typeof certificateSchema>>;

export interface Registry extends Omit<
  Readonly<z.infer<typeof registrySchema>>,
  'certificates' | 'hosts'
> {
  readonly hosts: readonly string[];
  /** In the order in which they were issued. */
  readonly certificates: readonly CertificateEntry[];
}

export type CertificateState = 'active' | 'revoked' | 'expired';

export function emptyRegistry(scope: {
  readonly base: string;
  readonly federation: string;
  readonly hosts: readonly string[];
  readonly signing: Signing;
}): Registry {
  return { format, ...scope, certificates: [] };
}

export function packRegistry(registry: Registry): string {
  return `${JSON.stringify(registry, null, 2)}\n`;
}

/** Throws ERR_CONFIG with the place of the mistake. */
export function parseRegistry(text: string, path: string): Registry {
  const fail = (cause: string, source?: unknown): never => {
    throw new LinnetError('ERR_CONFIG', `${path}: ${cause}`, {
      remedy: 'restore the fleet’s folder from a copy',
      source,
    });
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return fail('the file is damaged', error);
  }
  const parsed = registrySchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  return fail(`${issue.path.join('.') || 'the file'}: ${issue.message}`, parsed.error);
}

/** The state of a certificate at a moment: revoked is for ever. */
export function stateOf(entry: CertificateEntry, now: Date): CertificateState {
  if (entry.revoked !== undefined) return 'revoked';
  return now.getTime() < Date.parse(entry.notAfter) ? 'active' : 'expired';
}

export function entriesOf(registry: Registry, name: string): readonly CertificateEntry[] {
  return registry.certificates.filter((entry) => entry.name === name);
}

export function withCertificate(registry: Registry, entry: CertificateEntry): Registry {
  return { ...registry, certificates: [...registry.certificates, entry] };
}

/** Every certificate of `name` is revoked; those that were, keep their date. */
export function withRevoked(registry: Registry, name: string, at: Date): Registry {
  const certificates = registry.certificates.map((entry) =>
    entry.name === name && entry.revoked === undefined
      ? { ...entry, revoked: at.toISOString() }
      : entry,
  );
  return { ...registry, certificates };
}

/** Who has a certificate that is not revoked, the broker aside: the identities of the access list. */
export function admitted(registry: Registry): readonly string[] {
  const entries = registry.certificates.filter(
    ({ name, revoked }) => name !== brokerIdentity && revoked === undefined,
  );
  return [...new Set(entries.map(({ name }) => name))];
}
