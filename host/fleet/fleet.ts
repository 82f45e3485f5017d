/**
 * A fleet's authority and everything that follows from it, in one folder:
 *
 *   fleet.json       what was issued and revoked      nodes/NODE/   credentials of a node
 *   ca/              the authority: keep it offline   aggregator/   those of the aggregator
 *   root/            its root key: offline as well    old/          revoked and renewed credentials
 *   broker/          files of the broker
 *   keys/            NODE.key for the aggregator: the keys that nodes and it share
 */
import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LinnetError } from '../contract/error.js';
import { aggregatorIdentity, brokerIdentity } from '../contract/identity.js';
import { createKeyText, keySuffix, sharedKeys } from '../contract/node-key.js';
import { checkName } from '../contract/topics.js';
import { credentialFiles, nodeKeyFile } from '../mqtt/credentials.js';
import { rootFile, roundKeyFile, type KeyObject } from '../proof/keys.js';
import { accessList } from './access.js';
import {
  daysBetween,
  issueClient,
  issueRevocations,
  issueServer,
  openAuthority,
  type Authority,
  type Issued,
} from './certificates.js';
import {
  makeFolder,
  moveFolder,
  removeFile,
  replaceFile,
  withLock,
  writeFolder,
  writeNew,
} from './files.js';
import { brokerFiles } from './mosquitto.js';
import {
  admitted,
  entriesOf,
  packRegistry,
  parseRegistry,
  stateOf,
  withCertificate,
  withRevoked,
  type CertificateEntry,
  type CertificateState,
  type Registry,
} from './registry.js';
import {
  createRoot,
  createRound,
  packRoot,
  readRoot,
  rootFiles,
  type DelegationEntry,
  type Signing,
} from './signing-keys.js';

/** In ca/. */
export const authorityFiles = { cert: 'ca.pem', key: 'ca.key' } as const;

export interface CertificateReport extends CertificateEntry {
  readonly state: CertificateState;
}

/** A name for a node; unlike a topic, a file system has a meaning for . and .. */
function checkNode(name: string): string {
  if (!/^\.{1,2}$/.test(name)) return checkName(name, 'node');
  throw new LinnetError('ERR_RANGE', `node "${name}" is not a name for a folder`, {
    remedy: 'use letters as well',
  });
}

function usage(cause: string, remedy: string): LinnetError {
  return new LinnetError('ERR_USAGE', cause, { remedy });
}

export class Fleet {
  private registry: Registry;

  /** Throws ERR_USAGE if there is no fleet, ERR_CONFIG if its state is damaged. */
  constructor(
    private readonly folder: string,
    private readonly now = new Date(),
  ) {
    this.registry = this.readRegistry();
  }

  /** Every certificate that was issued, in order. */
  list(): CertificateReport[] {
    const { certificates } = this.registry;
    return certificates.map((entry) => ({ ...entry, state: stateOf(entry, this.now) }));
  }

  /** The root key and every delegation of a round key, in order. */
  get signing(): Signing {
    return this.registry.signing;
  }

  /**
   * Nodes that are new, or whose certificates are all revoked or expired; an aggregator that was
   * revoked as well. Throws ERR_USAGE for others.
   */
  add(names: readonly string[], days: number): Promise<CertificateReport[]> {
    return this.change(async () => {
      for (const name of names) {
        if (name !== aggregatorIdentity) checkNode(name);
        const active = this.list().find((entry) => entry.name === name && entry.state === 'active');
        if (!active) continue;
        throw usage(
          `${name} has a certificate until ${active.notAfter}`,
          `make another with linnet fleet renew ${name}, or revoke it first`,
        );
      }
      return this.issue(names, days);
    });
  }

  /** New keys and certificates for identities that have some; the old ones last until they expire. */
  renew(names: readonly string[], days: number): Promise<CertificateReport[]> {
    return this.change(async () => {
      for (const name of names) {
        const entries = this.known(name);
        if (entries.some(({ revoked }) => revoked === undefined)) continue;
        throw usage(`${name} was revoked`, `let it in again with linnet fleet add ${name}`);
      }
      return this.issue(names, days);
    });
  }

  /** Ends every certificate of these identities. Doing it again repeats what was interrupted. */
  revoke(names: readonly string[]): Promise<CertificateReport[]> {
    return this.change(async () => {
      for (const name of names) {
        this.known(name);
        if (name !== brokerIdentity) continue;
        throw usage('clients do not ask whether the broker was revoked', 'make a new fleet');
      }
      let { registry } = this;
      for (const name of names) registry = withRevoked(registry, name, this.now);
      this.writeRegistry(registry);
      // Without the authority's key the access list alone is enough to silence them.
      this.writeAccess();
      await this.writeRevocations(await this.authority());
      for (const name of names) {
        removeFile(this.sharedKeyPath(name));
        this.retire(name);
      }
      return this.list().filter(({ name }) => names.includes(name));
    });
  }

  /**
   * A new round key for the aggregator, signed by the root key in root/ or in the file `rootKey`; or by a new
   * one, in the place of a root key that is lost. The round key before is gone.
   */
  delegate(options: { rootKey?: string; newRoot?: boolean } = {}): Promise<DelegationEntry> {
    return this.change(() => {
      const folder = this.folderOf(aggregatorIdentity);
      if (!existsSync(folder)) {
        throw usage(
          'the aggregator was revoked',
          'let it in again with linnet fleet add @aggregator',
        );
      }
      const root = options.newRoot ? this.replaceRoot() : this.openRoot(options.rootKey);
      const { registry } = this;
      const { entry, file } = createRound(root, registry.federation, registry.signing, this.now);
      const delegations = [...registry.signing.delegations, entry];
      this.writeRegistry({ ...registry, signing: { ...registry.signing, delegations } });
      replaceFile(join(folder, roundKeyFile), file);
      return Promise.resolve(entry);
    });
  }

  private openRoot(path = join(this.folder, 'root', rootFiles.key)): KeyObject {
    return readRoot(path, this.registry.signing);
  }

  /** Serials go on; every folder of credentials gets the new public key. */
  private replaceRoot(): KeyObject {
    const folder = join(this.folder, 'root');
    const { root, files } = createRoot();
    const signing = { ...this.registry.signing, root };
    this.writeRegistry({ ...this.registry, signing });
    if (existsSync(folder)) moveFolder(folder, this.freeOld('@root'));
    writeFolder(folder, files, join(this.folder, 'draft'));
    const nodes = readdirSync(join(this.folder, 'nodes'));
    for (const name of [aggregatorIdentity, ...nodes])
      replaceFile(join(this.folderOf(name), rootFile), packRoot(signing));
    return this.openRoot();
  }

  /** Certificates for identities, whatever they have now. */
  async issue(names: readonly string[], days: number): Promise<CertificateReport[]> {
    const authority = await this.authority();
    this.checkDays(authority, days);
    const reports: CertificateReport[] = [];
    for (const name of new Set(names)) {
      const issued = await this.issueOne(authority, name, days);
      const { serial, notAfter } = issued;
      const entry = { name, serial, notAfter: notAfter.toISOString() };
      this.writeRegistry(withCertificate(this.registry, entry));
      const roundKey = this.findRoundKey(name);
      this.retire(name);
      this.place(name, issued, roundKey);
      reports.push({ ...entry, state: stateOf(entry, this.now) });
    }
    this.writeAccess();
    await this.writeRevocations(authority);
    return reports;
  }

  private issueOne(authority: Authority, name: string, days: number): Promise<Issued> {
    const validity = { now: this.now, days };
    return name === brokerIdentity
      ? issueServer(authority, name, this.registry.hosts, validity)
      : issueClient(authority, name, validity);
  }

  private checkDays({ certificate }: Authority, days: number): void {
    const left = daysBetween(this.now, certificate.notAfter);
    if (days <= left) return;
    throw usage(
      `${days} days are more than the ${Math.max(0, left)} that the fleet’s authority has left`,
      left > 0 ? `give at most --days ${left}` : 'make a new fleet',
    );
  }

  private folderOf(name: string): string {
    return name === aggregatorIdentity
      ? join(this.folder, 'aggregator')
      : join(this.folder, 'nodes', name);
  }

  /** A renewed aggregator keeps its round key. */
  private findRoundKey(name: string): string | undefined {
    const path = join(this.folderOf(name), roundKeyFile);
    return name === aggregatorIdentity && existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  }

  /** Writes what an identity needs. */
  private place(name: string, { cert, key }: Issued, roundKey?: string): void {
    if (name === brokerIdentity) {
      const folder = join(this.folder, 'broker');
      writeNew(join(folder, brokerFiles.cert), cert);
      writeNew(join(folder, brokerFiles.key), key);
      return;
    }
    const files = {
      ...(name !== aggregatorIdentity && { [nodeKeyFile]: this.keyOf(name) }),
      [credentialFiles.cafile]: readFileSync(join(this.folder, 'ca', authorityFiles.cert), 'utf8'),
      [credentialFiles.cert]: cert,
      [credentialFiles.key]: key,
      [rootFile]: packRoot(this.registry.signing),
      ...(roundKey !== undefined && { [roundKeyFile]: roundKey }),
    };
    writeFolder(this.folderOf(name), files, join(this.folder, 'draft'));
  }

  /** The key of a node: that which it has, for a device is not given another with a certificate. */
  private keyOf(node: string): string {
    const path = this.sharedKeyPath(node);
    if (existsSync(path)) return readFileSync(path, 'utf8');
    const text = createKeyText();
    if (!existsSync(dirname(path))) makeFolder(dirname(path));
    replaceFile(path, text);
    return text;
  }

  private sharedKeyPath(node: string): string {
    return join(this.folder, sharedKeys, node + keySuffix);
  }

  /** Puts the files an identity has away, so that nobody uses them by mistake. */
  private retire(name: string): void {
    const old = this.freeOld(name);
    if (name !== brokerIdentity) {
      if (existsSync(this.folderOf(name))) moveFolder(this.folderOf(name), old);
      return;
    }
    const files = [brokerFiles.cert, brokerFiles.key].filter((file) =>
      existsSync(join(this.folder, 'broker', file)),
    );
    if (files.length > 0) makeFolder(old);
    for (const file of files) renameSync(join(this.folder, 'broker', file), join(old, file));
  }

  private freeOld(name: string): string {
    for (let i = 1; ; i++) {
      const path = join(this.folder, 'old', `${name}.${i}`);
      if (!existsSync(path)) return path;
    }
  }

  private known(name: string): readonly CertificateEntry[] {
    const entries = entriesOf(this.registry, name);
    if (entries.length > 0) return entries;
    throw usage(`there is no ${name} in ${this.folder}`, 'see linnet fleet list');
  }

  private change<T>(work: () => Promise<T>): Promise<T> {
    return withLock(this.folder, () => {
      this.registry = this.readRegistry();
      return work();
    });
  }

  private writeAccess(): void {
    const list = accessList(admitted(this.registry), this.registry);
    replaceFile(join(this.folder, 'broker', brokerFiles.acl), list);
  }

  private async writeRevocations(authority: Authority): Promise<void> {
    const revoked = this.registry.certificates.flatMap(({ serial, revoked }) =>
      revoked === undefined ? [] : [{ serial, at: new Date(revoked) }],
    );
    const list = await issueRevocations(authority, revoked, this.now);
    replaceFile(join(this.folder, 'broker', brokerFiles.revoked), list);
  }

  /** Throws ERR_USAGE while its key is elsewhere. */
  private async authority(): Promise<Authority> {
    const [cert, key] = Object.values(authorityFiles).map((file) => {
      const path = join(this.folder, 'ca', file);
      if (existsSync(path)) return readFileSync(path, 'utf8');
      throw usage(`${path} is not there`, 'bring the authority to the folder and do it again');
    });
    return openAuthority({ cert, key });
  }

  private get registryPath(): string {
    return join(this.folder, 'fleet.json');
  }

  private readRegistry(): Registry {
    if (!existsSync(this.registryPath)) {
      throw usage(`there is no fleet in ${this.folder}`, 'make one with linnet fleet init');
    }
    return parseRegistry(readFileSync(this.registryPath, 'utf8'), this.registryPath);
  }

  private writeRegistry(registry: Registry): void {
    replaceFile(this.registryPath, packRegistry(registry));
    this.registry = registry;
  }
}
