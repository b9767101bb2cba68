import { readFileSync } from 'node:fs';
import { type Complaint, complain } from '@lifeboat/kernel';

export type Variables = Readonly<Record<string, string | undefined>>;

/** Names that end in _FILE and mean a file, not 'the value is in this file'. */
const OWN_FILES = new Set(['OS_CLIENT_CONFIG_FILE', 'OS_CLIENT_SECURE_FILE', 'OS_CERT_FILE', 'OS_KEY_FILE', 'OS_CACERT_FILE']);
const READS_FILES = /^(LIFEBOAT|OS)_[A-Z0-9_]+_FILE$/;

/** Everything that is wrong with a process's settings, at once. */
export class SettingsError extends Error {
  readonly complaints: readonly Complaint[];
  constructor(complaints: readonly Complaint[]) {
    super(complaints.map(complain).join('\n'));
    this.complaints = complaints;
  }
}

/** NAME_FILE: the value of NAME stands in that file (secrets of Docker and systemd). Complaints never show a value. */
export function withFiles(
  env: Variables,
  read = (path: string) => readFileSync(path, 'utf8'),
): { env: Variables; complaints: Complaint[] } {
  const merged: Record<string, string | undefined> = { ...env };
  const complaints: Complaint[] = [];
  for (const [name, path] of Object.entries(env)) {
    if (path === undefined || path === '' || !READS_FILES.test(name) || OWN_FILES.has(name)) continue;
    const plain = name.slice(0, -'_FILE'.length);
    if (env[plain] !== undefined && env[plain] !== '') {
      complaints.push({ where: 'environment', field: name, problem: `${plain} is set too; keep one of the two` });
      continue;
    }
    try {
      merged[plain] = read(path).trimEnd();
    } catch (e) {
      complaints.push({
        where: 'environment',
        field: name,
        problem: `cannot read ${path} (${(e as NodeJS.ErrnoException).code ?? 'error'}); name a readable file`,
      });
    }
  }
  return { env: merged, complaints };
}

/** Reads settings one by one and gathers what is wrong; `finish` throws it all together. */
export class Environment {
  readonly #env: Variables;
  readonly #complaints: Complaint[];

  constructor(env: Variables, complaints: readonly Complaint[] = []) {
    this.#env = env;
    this.#complaints = [...complaints];
  }

  complain(field: string, problem: string): void {
    this.#complaints.push({ where: 'environment', field, problem });
  }

  optional(name: string): string | undefined {
    const value = this.#env[name]?.trim();
    return value === undefined || value === '' ? undefined : value;
  }

  text(name: string, mend: string): string {
    const value = this.optional(name);
    if (value === undefined) this.complain(name, `missing; ${mend}`);
    return value ?? '';
  }

  list(name: string, item: RegExp, mend: string): string[] {
    const items = this.text(name, mend)
      .split(',')
      .map((s) => s.trim())
      .filter((s) => s !== '');
    for (const i of items) if (!item.test(i)) this.complain(name, `'${i}' does not fit; ${mend}`);
    return items;
  }

  milliseconds(name: string, byDefault: number, least: number, most: number): number {
    const text = this.optional(name);
    if (text === undefined) return byDefault;
    const n = Number(text);
    if (Number.isInteger(n) && n >= least && n <= most) return n;
    this.complain(name, `'${text}' is not a whole number of milliseconds from ${least} to ${most}; leave it out for ${byDefault}`);
    return byDefault;
  }

  oneOf<const V extends string>(name: string, values: readonly V[], byDefault: V): V {
    const text = this.optional(name);
    if (text === undefined) return byDefault;
    const found = values.find((v) => v === text);
    if (found === undefined) this.complain(name, `'${text}' is none of ${values.join(', ')}; leave it out for ${byDefault}`);
    return found ?? byDefault;
  }

  url(name: string, protocols: readonly string[], mend: string): string {
    const text = this.text(name, mend);
    if (text === '') return text;
    // The value may carry a password: it is not repeated.
    const protocol = URL.canParse(text) ? new URL(text).protocol : '';
    if (!protocols.includes(protocol)) this.complain(name, `not a URL of ${protocols.map((p) => `${p}//`).join(' or ')}; ${mend}`);
    return text;
  }

  address(name: string, byDefault: string): { host: string; port: number } {
    const text = this.optional(name) ?? byDefault;
    const m = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text);
    if (m !== null && Number(m[3]) <= 65_535) return { host: (m[1] ?? m[2]) as string, port: Number(m[3]) };
    this.complain(name, `'${text}' is not host:port; e.g. 127.0.0.1:8080, or port 0 for any free one`);
    return { host: '127.0.0.1', port: 0 };
  }

  finish(): void {
    if (this.#complaints.length > 0) throw new SettingsError(this.#complaints);
  }
}
