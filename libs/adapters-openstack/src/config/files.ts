import { join } from 'node:path';
import { parse } from 'yaml';

/** What the configuration is read from; in production `process.env`, the working directory and the file system. */
export interface ConfigSource {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** The text of a file; undefined when it is absent or may not be read: the search goes on, as in openstacksdk. */
  readonly read: (path: string) => string | undefined;
}

export type Dict = { [key: string]: unknown };
export const isDict = (v: unknown): v is Dict => typeof v === 'object' && v !== null && !Array.isArray(v);

/** A problem in a configuration file or variable; caught by the loader and handed over as a complaint. */
export class ConfigProblem extends Error {
  readonly where: string;
  readonly field: string;
  constructor(where: string, field: string, problem: string) {
    super(problem);
    this.where = where;
    this.field = field;
  }
}

const searchFolders = (s: ConfigSource): string[] => {
  const home = s.env.SNAP_REAL_HOME ?? s.env.HOME;
  const user = s.env.XDG_CONFIG_HOME;
  return [
    s.cwd,
    ...(user ? [join(user, 'openstack')] : []),
    ...(home ? [join(home, '.config', 'openstack')] : []),
    ...(s.env.XDG_CONFIG_DIRS ?? '/etc/xdg')
      .split(':')
      .filter((d) => d !== '')
      .map((d) => join(d, 'openstack')),
    '/etc/openstack',
  ];
};

const parsed = (path: string, text: string): Dict => {
  let value: unknown;
  try {
    value = path.endsWith('json') ? JSON.parse(text) : parse(text);
  } catch (e) {
    const [first] = String(e instanceof Error ? e.message : e).split('\n');
    throw new ConfigProblem(path, '(whole file)', `is not valid ${path.endsWith('json') ? 'JSON' : 'YAML'}: ${first}`);
  }
  if (value === null || value === undefined) return {};
  if (!isDict(value)) throw new ConfigProblem(path, '(whole file)', 'must be a mapping, e.g. "clouds: {...}"');
  return value;
};

/** The first of <override>, ./NAME, ~/.config/openstack/NAME, /etc/openstack/NAME (.yaml, .yml, .json) that is there. */
export const findFile = (s: ConfigSource, name: string, override?: string): { path: string; content: Dict } | undefined => {
  const usual = searchFolders(s).flatMap((d) => ['.yaml', '.yml', '.json'].map((ext) => join(d, name + ext)));
  for (const path of [...(override ? [override] : []), ...usual]) {
    const text = s.read(path);
    if (text !== undefined) return { path, content: parsed(path, text) };
  }
  return undefined;
};

/** Mappings are merged key by key, everything else is replaced. */
export const mergeDeep = (into: Dict, from: Dict): Dict => {
  const out: Dict = { ...into };
  for (const [k, v] of Object.entries(from)) {
    const was = out[k];
    out[k] = isDict(v) && isDict(was) ? mergeDeep(was, v) : v;
  }
  return out;
};

/** 'user-domain-name' and 'user_domain_name' are the same key; numbers are read as text. */
export const normalized = (d: Dict): Dict =>
  Object.fromEntries(
    Object.entries(d).map(([k, v]) => [k.replaceAll('-', '_'), isDict(v) ? normalized(v) : typeof v === 'number' ? String(v) : v]),
  );
