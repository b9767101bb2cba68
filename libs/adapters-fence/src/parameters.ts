import { readFile } from 'node:fs/promises';

/** Where ${env:NAME} and ${file:/path} are looked up. undefined: there is none of that name. */
export type SecretSource = (kind: 'env' | 'file', name: string) => Promise<string | undefined>;

/** The process's own environment, and files; read at every call, so that a changed password needs no restart. */
export const secretsOfProcess: SecretSource = async (kind, name) => {
  if (kind === 'env') return process.env[name];
  try {
    return (await readFile(name, 'utf8')).replace(/\r?\n$/, '');
  } catch {
    return undefined;
  }
};

export type Resolved =
  | Readonly<{ ok: true; lines: readonly string[]; secrets: readonly string[] }>
  | Readonly<{ ok: false; problem: string }>;

const reference = /\$\{(env|file):([^}]+)\}/g;
const secretName = /passw|secret|token|_kg$|community/;

/** Parameters as the lines an agent reads from standard input, and every value that must never be shown. */
export const resolveParameters = async (given: Readonly<Record<string, string>>, source: SecretSource): Promise<Resolved> => {
  const lines: string[] = [];
  const secrets: string[] = [];
  for (const [name, template] of Object.entries(given)) {
    let value = template;
    for (const [whole, kind, key] of template.matchAll(reference)) {
      const secret = await source(kind as 'env' | 'file', key ?? '');
      if (secret === undefined) return { ok: false, problem: `parameters.${name}: ${whole} is not there; set it where the migrator runs` };
      if (secret === '') return { ok: false, problem: `parameters.${name}: ${whole} is empty` };
      secrets.push(secret);
      value = value.replace(whole, () => secret);
    }
    // A line break would begin a parameter of its own.
    if (/[\r\n\0]/.test(value)) return { ok: false, problem: `parameters.${name}: has a line break; a value is one line` };
    if (secretName.test(name) && value !== '') secrets.push(value);
    lines.push(`${name}=${value}`);
  }
  return { ok: true, lines, secrets };
};

/** Longest first, so that no part of one secret is left behind by another. */
export const masked = (text: string, secrets: readonly string[]): string =>
  [...secrets].sort((a, b) => b.length - a.length).reduce((t, s) => t.replaceAll(s, '***'), text);
