import { readFileSync } from 'node:fs';
import type { Complaint } from '@lifeboat/kernel';
import { type AuthMethod, authMethod } from './auth.ts';
import { ConfigProblem, type ConfigSource, type Dict, findFile, isDict, mergeDeep, normalized } from './files.ts';

/** Everything that is needed to talk to one OpenStack region. */
export interface CloudConfig {
  readonly name: string;
  /** Where it was read, for errors: a file, or 'environment'. */
  readonly from: string;
  /** Keystone's v3 root, without a slash at the end. */
  readonly authUrl: string;
  readonly auth: AuthMethod;
  /** undefined: the only region of the catalog. */
  readonly region: string | undefined;
  readonly interface: Interface;
  readonly compute: ServiceConfig;
  readonly placement: ServiceConfig;
  readonly tls: TlsConfig;
}
export const interfaces = ['public', 'internal', 'admin'] as const;
export type Interface = (typeof interfaces)[number];
export interface ServiceConfig {
  readonly endpointOverride: string | undefined;
  readonly interface: Interface | undefined;
  readonly region: string | undefined;
}
export interface TlsConfig {
  readonly verify: boolean;
  /** PEM text. */
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}
export type LoadedCloud = Readonly<{ ok: true; value: CloudConfig } | { ok: false; complaints: readonly Complaint[] }>;

const readText = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};
export const systemSource = (env: ConfigSource['env']): ConfigSource => ({ env, cwd: process.cwd(), read: readText });

/** Reads clouds.yaml, secure.yaml, clouds-public.yaml and OS_* as openstacksdk does. Never throws: problems are complaints. */
export const loadCloud = (source: ConfigSource, cloud?: string): LoadedCloud => {
  try {
    return { ok: true, value: load(source, cloud) };
  } catch (e) {
    if (!(e instanceof ConfigProblem)) throw e;
    return { ok: false, complaints: [{ where: e.where, field: e.field, problem: e.message }] };
  }
};

const load = (source: ConfigSource, wanted: string | undefined): CloudConfig => {
  const { env } = source;
  const file = findFile(source, 'clouds', env.OS_CLIENT_CONFIG_FILE);
  const secure = findFile(source, 'secure', env.OS_CLIENT_SECURE_FILE);
  const where = file?.path ?? secure?.path ?? 'environment';
  const clouds = cloudsOf(where, mergeDeep(file?.content ?? {}, secure?.content ?? {}));
  const envCloud = cloudOfEnvironment(env);
  const envName = env.OS_CLOUD_NAME ?? 'envvars';
  if (clouds[envName] !== undefined)
    throw new ConfigProblem(
      where,
      `clouds.${envName}`,
      `is the name kept for the OS_* variables; rename the cloud, or set OS_CLOUD_NAME to another word`,
    );
  if (envCloud !== undefined) clouds[envName] = envCloud;
  const names = Object.keys(clouds);
  const name = wanted ?? env.OS_CLOUD ?? (envCloud === undefined ? (names.length === 1 ? names[0] : undefined) : envName);
  if (name === undefined) {
    const mend =
      names.length === 0
        ? `${noFile(env)}, and no OS_* variables are set`
        : `there are several clouds (${names.join(', ')}); set OS_CLOUD to one`;
    throw new ConfigProblem(where, 'OS_CLOUD', mend);
  }
  const own = clouds[name];
  if (own === undefined) {
    // where nothing was found to read, the name is not what is wrong
    if (file === undefined && secure === undefined)
      throw new ConfigProblem(where, 'OS_CLOUD', `cloud ${name} is not known: ${noFile(env)}`);
    throw new ConfigProblem(where, `clouds.${name}`, `there is no such cloud; known: ${names.join(', ') || 'none'}`);
  }
  const from = name === envName && envCloud !== undefined ? 'environment' : where;
  return configOf(source, name, from, withProfile(source, from, name, own));
};

const noFile = ({ OS_CLIENT_CONFIG_FILE: named }: ConfigSource['env']): string =>
  named === undefined || named === ''
    ? 'no clouds.yaml was found; put it into the working directory, ~/.config/openstack or /etc/openstack, or name it by OS_CLIENT_CONFIG_FILE'
    : `no clouds.yaml was found, and OS_CLIENT_CONFIG_FILE names ${named}, which cannot be read; put the file there, or name the right one`;

const cloudsOf = (where: string, content: Dict): Record<string, Dict> => {
  const clouds = content.clouds ?? {};
  if (!isDict(clouds)) throw new ConfigProblem(where, 'clouds', 'must be a mapping from cloud names to clouds');
  return Object.fromEntries(
    Object.entries(clouds).map(([name, cloud]) => {
      if (!isDict(cloud)) throw new ConfigProblem(where, `clouds.${name}`, 'must be a mapping');
      return [name, cloud];
    }),
  );
};

const selectors = new Set(['OS_CLOUD', 'OS_REGION_NAME', 'OS_CLIENT_CONFIG_FILE', 'OS_CLIENT_SECURE_FILE', 'OS_CLOUD_NAME']);
/** The cloud that the OS_* variables describe; none when they only select one. */
const cloudOfEnvironment = (env: ConfigSource['env']): Dict | undefined => {
  const keys = Object.keys(env).filter((k) => k.startsWith('OS_') && !/^OS_(TEST|STD|LOG)/.test(k) && env[k] !== undefined);
  if (keys.every((k) => selectors.has(k))) return undefined;
  return Object.fromEntries(keys.map((k) => [k.slice(3).toLowerCase(), env[k]]));
};

const withProfile = (source: ConfigSource, where: string, name: string, own: Dict): Dict => {
  const profile = own.profile || own.cloud;
  if (!profile || where === 'environment') return own;
  const publicFile = findFile(source, 'clouds-public');
  const known = publicFile?.content['public-clouds'];
  const found = isDict(known) && typeof profile === 'string' ? known[profile] : undefined;
  if (!isDict(found))
    throw new ConfigProblem(
      where,
      `clouds.${name}.profile`,
      `'${String(profile)}' is not in a clouds-public.yaml; write its settings into the cloud itself`,
    );
  return { ...mergeDeep(found, own), auth: mergeDeep(isDict(found.auth) ? found.auth : {}, isDict(own.auth) ? own.auth : {}) };
};

/** The region asked for by the cloud itself: the first of `regions` (with its own values), or region_name. */
const withRegion = (cloud: Dict): Dict => {
  const first = Array.isArray(cloud.regions) ? (cloud.regions[0] as unknown) : undefined;
  if (typeof first === 'string') return { ...cloud, region_name: first };
  if (isDict(first)) return { ...mergeDeep(cloud, isDict(first.values) ? normalized(first.values) : {}), region_name: first.name };
  if (typeof cloud.region_name === 'string') return { ...cloud, region_name: cloud.region_name.split(',')[0] };
  return cloud;
};

const configOf = (source: ConfigSource, name: string, from: string, raw: Dict): CloudConfig => {
  const cloud = withRegion(normalized(raw));
  const base = from === 'environment' ? '' : `clouds.${name}.`;
  const fieldOf = (key: string) => (from === 'environment' ? `OS_${key.toUpperCase()}` : `${base}${key}`);
  const textAt = (key: string): string | undefined => {
    const v = cloud[key];
    if (v === undefined || v === null || v === '') return undefined;
    if (typeof v !== 'string') throw new ConfigProblem(from, fieldOf(key), 'must be text');
    return v;
  };
  const interfaceAt = (prefix: string): Interface | undefined => {
    const key = textAt(`${prefix}interface`) === undefined ? `${prefix}endpoint_type` : `${prefix}interface`;
    const v = textAt(key)?.replace(/URL$/, '');
    if (v === undefined) return undefined;
    if (!interfaces.includes(v as Interface)) throw new ConfigProblem(from, fieldOf(key), `'${v}' is none of ${interfaces.join(', ')}`);
    return v as Interface;
  };
  const service = (type: string): ServiceConfig => ({
    endpointOverride: urlAt(from, fieldOf(`${type}_endpoint_override`), textAt(`${type}_endpoint_override`) ?? textAt(`${type}_endpoint`)),
    interface: interfaceAt(`${type}_`),
    region: textAt(`${type}_region_name`),
  });
  const { auth, authUrl } = authMethod(from, from === 'environment' ? 'OS_' : base, cloud);
  return {
    name,
    from,
    authUrl,
    auth,
    region: textAt('region_name'),
    interface: interfaceAt('') ?? 'public',
    compute: service('compute'),
    placement: service('placement'),
    tls: tlsOf(source, from, fieldOf, cloud, textAt),
  };
};

export const urlAt = (from: string, field: string, text: string | undefined): string | undefined => {
  if (text === undefined) return undefined;
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new ConfigProblem(from, field, `'${text}' is not an http or https address`);
  return text.replace(/\/+$/, '');
};

const truth = (v: unknown): boolean => v === true || (typeof v === 'string' && v.toLowerCase() === 'true');
const tlsOf = (
  source: ConfigSource,
  from: string,
  fieldOf: (key: string) => string,
  cloud: Dict,
  textAt: (key: string) => string | undefined,
): TlsConfig => {
  const pem = (key: string): string | undefined => {
    const path = textAt(key);
    if (path === undefined) return undefined;
    const text = source.read(path);
    if (text === undefined) throw new ConfigProblem(from, fieldOf(key), `the file ${path} cannot be read`);
    return text;
  };
  // insecure wins over verify, as in openstacksdk
  const verify = truth(cloud.insecure) ? false : cloud.verify === undefined || truth(cloud.verify);
  return { verify, ca: verify ? pem('cacert') : undefined, cert: pem('cert'), key: pem('key') };
};
