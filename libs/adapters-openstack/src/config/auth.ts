import { ConfigProblem, type Dict, isDict } from './files.ts';

/** How we show Keystone who we are: the body of POST /v3/auth/tokens, ready but for the secret being ours to keep out of logs. */
export interface AuthMethod {
  readonly kind: 'password' | 'token' | 'application_credential';
  readonly body: Readonly<Record<string, unknown>>;
}

const kinds: Readonly<Record<string, AuthMethod['kind']>> = {
  password: 'password',
  v3password: 'password',
  token: 'token',
  v3token: 'token',
  v3applicationcredential: 'application_credential',
};
/** Newest name last: it wins. */
const aliases: readonly (readonly [string, readonly string[]])[] = [
  ['project_id', ['tenant_id', 'project_id']],
  ['project_name', ['tenant_name', 'project_name']],
  ['username', ['user_name', 'username']],
  ['token', ['auth_token', 'token']],
];
// biome-ignore format: a list of words
const authKeys = [
  'auth_url', 'username', 'user_id', 'password', 'user_domain_id', 'user_domain_name', 'default_domain_id', 'default_domain_name',
  'project_id', 'project_name', 'project_domain_id', 'project_domain_name', 'domain_id', 'domain_name', 'system_scope', 'trust_id',
  'token', 'application_credential_id', 'application_credential_name', 'application_credential_secret',
] as const;
type AuthKey = (typeof authKeys)[number];
type AuthValues = Partial<Record<AuthKey, string>>;

/** `base` goes before a key in complaints: 'clouds.NAME.', or 'OS_' for variables. */
export const authMethod = (from: string, base: string, cloud: Dict): { auth: AuthMethod; authUrl: string } => {
  const fieldOf = (key: string) => (base === 'OS_' ? `OS_${key.toUpperCase()}` : `${base}auth.${key}`);
  const values = gather(from, base, cloud, fieldOf);
  const type = cloud.auth_type ?? cloud.auth_plugin ?? 'password';
  const kind = typeof type === 'string' ? kinds[type] : undefined;
  if (kind === undefined)
    throw new ConfigProblem(
      from,
      base === 'OS_' ? 'OS_AUTH_TYPE' : `${base}auth_type`,
      `'${String(type)}' is not supported; use one of ${Object.keys(kinds).join(', ')}`,
    );
  const need = (key: AuthKey, mend = 'is missing'): string => {
    const v = values[key];
    if (v === undefined) throw new ConfigProblem(from, fieldOf(key), mend);
    return v;
  };
  const authUrl = v3Root(
    from,
    fieldOf('auth_url'),
    need('auth_url', 'is missing: the address of Keystone, e.g. https://keystone.example.com:5000/v3'),
  );
  const identity = { password: passwordIdentity, token: tokenIdentity, application_credential: credentialIdentity }[kind](values, need);
  // an application credential carries its own scope; Keystone refuses another
  const scope = kind === 'application_credential' ? undefined : scopeOf(values, need);
  return { authUrl, auth: { kind, body: { auth: { identity, ...(scope === undefined ? {} : { scope }) } } } };
};

const gather = (from: string, base: string, cloud: Dict, fieldOf: (key: string) => string): AuthValues => {
  const auth = cloud.auth ?? {};
  if (!isDict(auth)) throw new ConfigProblem(from, `${base}auth`, 'must be a mapping');
  const out: AuthValues = {};
  for (const key of authKeys) {
    const names = aliases.find(([k]) => k === key)?.[1] ?? [key];
    for (const name of names)
      for (const v of [cloud[name], auth[name]]) {
        if (v === undefined || v === null || v === '') continue;
        if (typeof v !== 'string') throw new ConfigProblem(from, fieldOf(name), 'must be text');
        out[key] = v;
      }
  }
  // one domain may be said once for user and project
  const scoped = out.project_id !== undefined || out.project_name !== undefined;
  for (const part of ['id', 'name'] as const) {
    const shared = (scoped ? out[`domain_${part}`] : undefined) ?? out[`default_domain_${part}`];
    if (shared === undefined) continue;
    if (out.user_domain_id === undefined && out.user_domain_name === undefined) out[`user_domain_${part}`] = shared;
    if (out.project_domain_id === undefined && out.project_domain_name === undefined) out[`project_domain_${part}`] = shared;
  }
  return out;
};

const v3Root = (from: string, field: string, text: string): string => {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new ConfigProblem(from, field, `'${text}' is not an http or https address`);
  const url = text.replace(/\/+$/, '');
  return /\/v3$/.test(url) ? url : `${url.replace(/\/v2\.0$/, '')}/v3`;
};

type Need = (key: AuthKey, mend?: string) => string;
const domain = (values: AuthValues, need: Need, whose: 'user' | 'project') => {
  const id = values[`${whose}_domain_id`];
  return id === undefined ? { name: need(`${whose}_domain_name`, `is missing: the domain of the ${whose}, often Default`) } : { id };
};
const passwordIdentity = (values: AuthValues, need: Need) => {
  if (values.application_credential_id !== undefined)
    need('password', 'is missing; to use the application credential, set auth_type to v3applicationcredential');
  const user = values.user_id === undefined ? { name: need('username'), domain: domain(values, need, 'user') } : { id: values.user_id };
  return { methods: ['password'], password: { user: { ...user, password: need('password') } } };
};
const tokenIdentity = (_: AuthValues, need: Need) => ({ methods: ['token'], token: { id: need('token') } });
const credentialIdentity = (values: AuthValues, need: Need) => {
  const secret = need('application_credential_secret');
  if (values.application_credential_id !== undefined)
    return { methods: ['application_credential'], application_credential: { id: values.application_credential_id, secret } };
  const name = need('application_credential_name', 'is missing: give application_credential_id, or the name and its user');
  const user = values.user_id === undefined ? { name: need('username'), domain: domain(values, need, 'user') } : { id: values.user_id };
  return { methods: ['application_credential'], application_credential: { name, user, secret } };
};

const scopeOf = (values: AuthValues, need: Need) => {
  if (values.trust_id !== undefined) return { 'OS-TRUST:trust': { id: values.trust_id } };
  if (values.system_scope !== undefined) return { system: { all: true } };
  if (values.project_id !== undefined) return { project: { id: values.project_id } };
  if (values.project_name === undefined) {
    if (values.domain_id !== undefined) return { domain: { id: values.domain_id } };
    if (values.domain_name !== undefined) return { domain: { name: values.domain_name } };
  }
  return {
    project: { name: need('project_name', 'is missing: a token without a scope has no catalog'), domain: domain(values, need, 'project') },
  };
};
