import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadCloud } from './clouds.ts';
import type { ConfigSource } from './files.ts';

const source = (files: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}): ConfigSource => ({
  env: { HOME: '/home/op', ...env },
  cwd: '/work',
  read: (path) => files[path],
});
const auth = 'auth_url: https://k:5000/v3, username: op, password: s, project_name: ops, user_domain_name: D, project_domain_name: D';
const lab = `clouds: { lab: { auth: { ${auth} } } }`;
const load = (files: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}, cloud?: string) => {
  const loaded = loadCloud(source(files, env), cloud);
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return loaded.value;
};
const complaint = (files: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}, cloud?: string): string => {
  const loaded = loadCloud(source(files, env), cloud);
  assert.equal(loaded.ok, false);
  return loaded.ok ? '' : loaded.complaints.map((c) => `${c.where} | ${c.field} | ${c.problem}`).join('\n');
};
const osEnv = {
  OS_AUTH_URL: 'http://k:5000',
  OS_USERNAME: 'op',
  OS_PASSWORD: 's',
  OS_PROJECT_NAME: 'ops',
  OS_USER_DOMAIN_NAME: 'D',
  OS_PROJECT_DOMAIN_ID: 'd',
};

describe('clouds.yaml: where it is looked for', () => {
  const places = [
    ['/elsewhere/c.yaml', { OS_CLIENT_CONFIG_FILE: '/elsewhere/c.yaml' }],
    ['/work/clouds.yaml', {}],
    ['/home/op/.config/openstack/clouds.yml', {}],
    ['/etc/openstack/clouds.json', {}],
  ] as const;
  for (const [path, env] of places)
    it(path, () =>
      assert.equal(
        load({ [path]: path.endsWith('json') ? JSON.stringify({ clouds: { lab: { auth: { ...yamlAuth } } } }) : lab }, env).from,
        path,
      ),
    );
  it('takes the first one only', () => {
    const other = `clouds: { other: { auth: { ${auth} } } }`;
    assert.equal(load({ '/work/clouds.yaml': lab, '/etc/openstack/clouds.yaml': other }).name, 'lab');
    assert.equal(load({ '/x.yaml': other, '/work/clouds.yaml': lab }, { OS_CLIENT_CONFIG_FILE: '/x.yaml' }).name, 'other');
  });
  it('goes on where a named file is not there', () =>
    assert.equal(load({ '/work/clouds.yaml': lab }, { OS_CLIENT_CONFIG_FILE: '/gone.yaml' }).name, 'lab'));
});
const yamlAuth = {
  auth_url: 'https://k:5000/v3',
  username: 'op',
  password: 's',
  project_name: 'ops',
  user_domain_name: 'D',
  project_domain_name: 'D',
};

describe('clouds.yaml: which cloud', () => {
  const two = `clouds: { a: { auth: { ${auth} } }, b: { auth: { ${auth} } } }`;
  it('the one asked for, OS_CLOUD, or the only one', () => {
    assert.equal(load({ '/work/clouds.yaml': two }, { OS_CLOUD: 'a' }, 'b').name, 'b');
    assert.equal(load({ '/work/clouds.yaml': two }, { OS_CLOUD: 'a' }).name, 'a');
    assert.equal(load({ '/work/clouds.yaml': lab }).name, 'lab');
  });
  it('the OS_* variables make the cloud envvars, taken when OS_CLOUD is not set', () => {
    const c = load({ '/work/clouds.yaml': two }, osEnv);
    assert.deepEqual([c.name, c.from, c.authUrl], ['envvars', 'environment', 'http://k:5000/v3']);
    assert.equal(load({ '/work/clouds.yaml': two }, { ...osEnv, OS_CLOUD: 'b' }).name, 'b');
    assert.equal(load({}, osEnv).name, 'envvars');
  });
  it('variables that only select do not make a cloud', () =>
    assert.equal(load({ '/work/clouds.yaml': lab }, { OS_REGION_NAME: 'x' }).name, 'lab'));
  it('complains by name', () => {
    assert.match(complaint({ '/work/clouds.yaml': two }), /OS_CLOUD \| there are several clouds \(a, b\)/);
    assert.match(
      complaint({ '/work/clouds.yaml': two }, { OS_CLOUD: 'c' }),
      /\/work\/clouds.yaml \| clouds\.c \| there is no such cloud; known: a, b/,
    );
    assert.match(complaint({}), /environment \| OS_CLOUD \| no clouds.yaml was found/);
    assert.match(complaint({}, { OS_CLOUD: 'lab' }), /OS_CLOUD \| cloud lab is not known: no clouds.yaml was found; put it into/);
    assert.match(
      complaint({}, { OS_CLOUD: 'lab', OS_CLIENT_CONFIG_FILE: '/gone.yaml' }),
      /OS_CLOUD \| cloud lab is not known: .* OS_CLIENT_CONFIG_FILE names \/gone.yaml, which cannot be read/,
    );
    assert.match(complaint({ '/work/clouds.yaml': lab.replace('lab', 'envvars') }, osEnv), /clouds\.envvars \| is the name kept/);
  });
});

describe('clouds.yaml: how we show who we are', () => {
  const cloud = (text: string) => load({ '/work/clouds.yaml': `clouds: { lab: ${text} }` });
  const body = (text: string) => cloud(text).auth.body as { auth: { identity: Record<string, unknown>; scope?: unknown } };
  it('by password, with secure.yaml laid over it', () => {
    const c = load({
      '/work/clouds.yaml': lab.replace('password: s, ', ''),
      '/etc/openstack/secure.yaml': 'clouds: { lab: { auth: { password: secret } } }',
    });
    assert.deepEqual(c.auth.body, {
      auth: {
        identity: { methods: ['password'], password: { user: { name: 'op', domain: { name: 'D' }, password: 'secret' } } },
        scope: { project: { name: 'ops', domain: { name: 'D' } } },
      },
    });
  });
  it('by application credential, which has its own scope', () =>
    assert.deepEqual(
      body(
        '{ auth_type: v3applicationcredential, auth: { auth_url: "http://k/identity", application_credential_id: i, application_credential_secret: z } }',
      ).auth,
      { identity: { methods: ['application_credential'], application_credential: { id: 'i', secret: 'z' } } },
    ));
  it('by token', () =>
    assert.deepEqual(body('{ auth_type: v3token, auth: { auth_url: "http://k/v3", token: t, project_id: p } }').auth, {
      identity: { methods: ['token'], token: { id: 't' } },
      scope: { project: { id: 'p' } },
    }));
  it('with dashes, old names, one domain for both, and keys outside of auth', () =>
    assert.deepEqual(
      body('{ tenant-name: ops, domain-id: d, auth: { auth-url: "http://k:5000/v2.0/", username: op, password: 42 } }').auth,
      {
        identity: { methods: ['password'], password: { user: { name: 'op', domain: { id: 'd' }, password: '42' } } },
        scope: { project: { name: 'ops', domain: { id: 'd' } } },
      },
    ));
  it('finds v3 below the root of Keystone', () =>
    assert.deepEqual(
      ['http://k/identity', 'http://k:5000/v3/', 'http://k:5000/v2.0'].map(
        (url) => cloud(`{ auth: { ${auth.replace('https://k:5000/v3', `"${url}"`)} } }`).authUrl,
      ),
      ['http://k/identity/v3', 'http://k:5000/v3', 'http://k:5000/v3'],
    ));
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['{ auth: { username: op } }', /\/work\/clouds.yaml \| clouds\.lab\.auth\.auth_url \| is missing/],
    ['{ auth: { auth_url: "k:5000" } }', /auth\.auth_url \| 'k:5000' is not an http/],
    ['{ auth: { auth_url: "http://k", username: op, project_id: p, user_domain_id: d } }', /clouds\.lab\.auth\.password \| is missing/],
    [
      '{ auth: { auth_url: "http://k", username: op, password: s, project_id: p } }',
      /auth\.user_domain_name \| is missing: the domain of the user/,
    ],
    ['{ auth: { auth_url: "http://k", user_id: u, password: s } }', /auth\.project_name \| is missing/],
    [
      '{ auth: { auth_url: "http://k", application_credential_id: i, application_credential_secret: z } }',
      /password \| is missing; .* v3applicationcredential/,
    ],
    ['{ auth_type: v3oidcpassword, auth: {} }', /clouds\.lab\.auth_type \| 'v3oidcpassword' is not supported/],
    ['{ auth: [] }', /clouds\.lab\.auth \| must be a mapping/],
    ['7', /clouds\.lab \| must be a mapping/],
  ];
  for (const [text, says] of wrong)
    it(`complains: ${says.source}`, () => assert.match(complaint({ '/work/clouds.yaml': `clouds: { lab: ${text} }` }), says));
  it('names the variable when it came from the environment', () => {
    const { OS_PASSWORD: _, ...rest } = osEnv;
    assert.match(complaint({}, rest), /environment \| OS_PASSWORD \| is missing/);
  });
  it('names the file that cannot be read', () => {
    assert.match(complaint({ '/work/clouds.yaml': 'clouds: {' }), /\/work\/clouds.yaml \| \(whole file\) \| is not valid YAML/);
    assert.match(complaint({ '/work/clouds.json': '{' }), /\/work\/clouds.json \| \(whole file\) \| is not valid JSON/);
    assert.match(complaint({ '/work/clouds.yaml': '- a' }), /must be a mapping/);
  });
});

describe('clouds.yaml: region, endpoints, TLS', () => {
  const cloud = (more: string, files: Readonly<Record<string, string>> = {}) =>
    load({ '/work/clouds.yaml': `clouds: { lab: { auth: { ${auth} }, ${more} } }`, ...files });
  it('regions', () => {
    assert.equal(cloud('region_name: R1').region, 'R1');
    assert.equal(cloud('regions: [R2, R3]').region, 'R2');
    const c = cloud('regions: [{ name: R4, values: { interface: internal } }]');
    assert.deepEqual([c.region, c.interface], ['R4', 'internal']);
  });
  it('interfaces and overrides, for all and for one service', () => {
    const c = cloud('endpoint_type: internalURL, compute_endpoint_override: "https://nova/v2.1/", placement_interface: admin');
    assert.deepEqual([c.interface, c.compute.endpointOverride, c.placement.interface], ['internal', 'https://nova/v2.1', 'admin']);
    assert.equal(cloud('profile: ""').interface, 'public');
  });
  it('CA, verify, insecure', () => {
    const ca = { '/etc/ca.pem': 'PEM' };
    assert.deepEqual(cloud('cacert: /etc/ca.pem', ca).tls, { verify: true, ca: 'PEM', cert: undefined, key: undefined });
    assert.equal(cloud('verify: false').tls.verify, false);
    assert.equal(cloud('verify: true, insecure: "True"').tls.verify, false);
  });
  it('a profile of clouds-public.yaml, under the cloud itself', () => {
    const c = cloud('profile: big, region_name: R1', {
      '/etc/openstack/clouds-public.yaml': 'public-clouds: { big: { region_name: R0, interface: internal } }',
    });
    assert.deepEqual([c.region, c.interface], ['R1', 'internal']);
  });
  it('complains by key', () => {
    const says = (more: string) => complaint({ '/work/clouds.yaml': `clouds: { lab: { auth: { ${auth} }, ${more} } }` });
    assert.match(says('interface: open'), /clouds\.lab\.interface \| 'open' is none of public, internal, admin/);
    assert.match(says('compute_endpoint_override: nova'), /clouds\.lab\.compute_endpoint_override \| 'nova' is not an http/);
    assert.match(says('cacert: /gone.pem'), /clouds\.lab\.cacert \| the file \/gone.pem cannot be read/);
    assert.match(says('profile: nobody'), /clouds\.lab\.profile \| 'nobody' is not in a clouds-public.yaml/);
  });
});
