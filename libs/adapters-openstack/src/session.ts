import { failed, type Outcome, ok } from '@lifeboat/kernel';
import type { CloudFailure } from '@lifeboat/ports';
import Type from 'typebox';
import type { CloudConfig, ServiceConfig } from './config/clouds.ts';
import { readAs } from './http/answer.ts';
import { badAnswer, failureOf, onTheWay, unsent } from './http/failure.ts';
import type { Transport } from './http/transport.ts';
import type { Surroundings } from './options.ts';

const TokenSchema = Type.Object({
  token: Type.Object({
    expires_at: Type.String(),
    issued_at: Type.String(),
    user: Type.Optional(Type.Object({ id: Type.String() })),
    project: Type.Optional(Type.Object({ id: Type.String() })),
    catalog: Type.Array(
      Type.Object({
        type: Type.String(),
        endpoints: Type.Array(
          Type.Object({
            interface: Type.String(),
            url: Type.String(),
            region: Type.Optional(Type.Union([Type.String(), Type.Null()])),
            region_id: Type.Optional(Type.Union([Type.String(), Type.Null()])),
          }),
        ),
      }),
    ),
  }),
});
type Catalog = Type.Static<typeof TokenSchema>['token']['catalog'];

export interface Token {
  readonly value: string;
  readonly catalog: Catalog;
  readonly projectId: string | undefined;
  readonly userId: string | undefined;
  /** On the monotonic clock: no matter how wrong the wall clock is. */
  readonly renewAt: number;
}

/** A token from Keystone, renewed before it lapses; one renewal however many calls want it. */
export class Session {
  readonly #config: CloudConfig;
  readonly #transport: Transport;
  readonly #around: Surroundings;
  #token: Token | undefined;
  #renewing: Promise<Outcome<Token, CloudFailure>> | undefined;

  constructor(config: CloudConfig, transport: Transport, around: Surroundings) {
    this.#config = config;
    this.#transport = transport;
    this.#around = around;
  }

  async token(): Promise<Outcome<Token, CloudFailure>> {
    if (this.#token !== undefined && this.#around.clock.monotonic() < this.#token.renewAt) return ok(this.#token);
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  /** A service refused this token. Ten calls that were refused together drop it once. */
  refuse(token: Token): void {
    if (this.#token === token) this.#token = undefined;
  }

  async #renew(): Promise<Outcome<Token, CloudFailure>> {
    const { clock, limits, log } = this.#around;
    const asked = clock.monotonic();
    let outcome = await this.#ask(asked);
    for (const wait of limits.backoffMs) {
      // asking Keystone again does no harm; refused credentials stay refused
      if (outcome.ok || outcome.code !== 'CLOUD_UNREACHABLE') break;
      if (clock.monotonic() - asked > limits.readMs) break;
      await clock.sleep(wait);
      outcome = await this.#ask(clock.monotonic());
    }
    if (outcome.ok) {
      this.#token = outcome.value;
      log('token', { cloud: this.#config.name, validMs: Math.round(outcome.value.renewAt - clock.monotonic()) });
    } else log('token-failed', { cloud: this.#config.name, code: outcome.code, detail: outcome.detail });
    return outcome;
  }

  async #ask(asked: number): Promise<Outcome<Token, CloudFailure>> {
    const what = `POST ${this.#config.authUrl}/auth/tokens`;
    const answer = await this.#transport.send({
      method: 'POST',
      url: `${this.#config.authUrl}/auth/tokens`,
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: JSON.stringify(this.#config.auth.body),
      limitMs: this.#around.limits.readMs,
    });
    if (answer.kind !== 'answer') return unsent(what, answer.why);
    if (answer.status !== 201 && answer.status !== 200) return onTheWay(failureOf(what, answer));
    const read = readAs(what, TokenSchema, answer.body);
    if (!read.ok) return read;
    const value = answer.headers['x-subject-token'];
    if (value === undefined) return badAnswer(what, 'the header X-Subject-Token is missing');
    const { expires_at, issued_at, user, project, catalog } = read.value.token;
    const lifetime = Date.parse(expires_at) - Date.parse(issued_at);
    if (!(lifetime > 0)) return badAnswer(what, `token.expires_at: '${expires_at}' is not after issued_at '${issued_at}'`);
    const margin = Math.min(60_000, lifetime / 5);
    return ok({ value, catalog, projectId: project?.id, userId: user?.id, renewAt: asked + lifetime - margin });
  }

  /** The address of a service: its override, or the catalog's for this region and interface. */
  endpoint(token: Token, type: string, service: ServiceConfig): Outcome<string, CloudFailure> {
    if (service.endpointOverride !== undefined) return ok(service.endpointOverride);
    return endpointOf(token.catalog, type, service.region ?? this.#config.region, service.interface ?? this.#config.interface);
  }
}

/** Errors say what the catalog does have: a wrong region or interface is the usual mistake. */
export const endpointOf = (catalog: Catalog, type: string, region: string | undefined, face: string): Outcome<string, CloudFailure> => {
  // never CLOUD_NOT_FOUND: that would say of every VM that it is gone
  const missing = (problem: string) => failed('CLOUD_BAD_ANSWER', `Keystone's catalog: ${problem}`);
  const entries = catalog.filter((s) => s.type === type);
  if (entries.length === 0)
    return missing(
      `has no service of type '${type}', only ${[...new Set(catalog.map((s) => s.type))].sort().join(', ') || 'nothing (is the token scoped to a project?)'}`,
    );
  const all = entries.flatMap((s) => s.endpoints);
  const regionOf = (e: (typeof all)[number]) => e.region_id ?? e.region ?? '';
  const here = region === undefined ? all : all.filter((e) => regionOf(e) === region);
  const regions = [...new Set(all.map(regionOf))].sort();
  if (here.length === 0) return missing(`'${type}' is not in region '${region}', only in ${regions.join(', ') || 'none'}; see region_name`);
  if (region === undefined && regions.length > 1)
    return missing(`'${type}' is in several regions (${regions.join(', ')}); set region_name`);
  const found = here.find((e) => e.interface.replace(/URL$/, '') === face);
  if (found === undefined)
    return missing(
      `'${type}' has no ${face} endpoint, only ${[...new Set(here.map((e) => e.interface))].sort().join(', ')}; see interface`,
    );
  return ok(found.url.replace(/\/+$/, ''));
};
