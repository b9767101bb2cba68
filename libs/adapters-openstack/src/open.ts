import type { Complaint } from '@lifeboat/kernel';
import type { Clock } from '@lifeboat/ports';
import { OpenStackCloud } from './cloud.ts';
import { type CloudConfig, loadCloud, systemSource } from './config/clouds.ts';
import type { Places } from './fleet/join.ts';
import { Hosts } from './hosts.ts';
import { Transport } from './http/transport.ts';
import { Nova } from './nova/nova.ts';
import { defaultLimits, type Limits, type Log, type Surroundings } from './options.ts';
import { Placement } from './placement.ts';
import { Service } from './service.ts';
import { Session } from './session.ts';

export interface OpenStackOptions {
  /** OS_CLOUD, OS_CLIENT_CONFIG_FILE, OS_AUTH_URL, ... as openstacksdk reads them. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A cloud of clouds.yaml; absent: OS_CLOUD, the OS_* variables, or the only one. */
  readonly cloud?: string;
  readonly clock: Clock;
  /** Hosts and clusters of the topology file; asked anew whenever it matters, so that the file may change. */
  readonly topology?: () => Places;
  readonly log?: Log;
  /** All that is wrong with topology, metadata and Nova's data, after each `fleet()`; an empty list when all is well. */
  readonly complaints?: (all: readonly Complaint[]) => void;
  readonly limits?: Partial<Limits>;
}
export type Opened = Readonly<{ ok: true; value: OpenStackCloud } | { ok: false; complaints: readonly Complaint[] }>;

/**
 * Reads the configuration and gives a Cloud at once, even while Keystone is away: the first call authenticates. Only a
 * configuration that cannot be read is refused, with file and key.
 */
export const openOpenStack = (options: OpenStackOptions): Opened => {
  const config = loadCloud(systemSource(options.env), options.cloud);
  return config.ok ? { ok: true, value: cloudOn(config.value, options) } : config;
};

/** The APIs of a configured cloud, for what the Cloud port does not hold (the lab's tools). */
export const connect = (config: CloudConfig, around: Surroundings) => {
  const transport = new Transport(config.tls, { connectLimitMs: around.limits.connectMs });
  const session = new Session(config, transport, around);
  return {
    compute: new Service('compute', config.compute, session, transport, around),
    placement: new Service('placement', config.placement, session, transport, around),
    close: () => transport.close(),
  };
};

export const cloudOn = (config: CloudConfig, options: Omit<OpenStackOptions, 'env' | 'cloud'>): OpenStackCloud => {
  const around: Surroundings = {
    clock: options.clock,
    limits: { ...defaultLimits, ...options.limits },
    log: options.log ?? (() => undefined),
  };
  const { compute, placement, close } = connect(config, around);
  const nova = new Nova(compute);
  const places = () => options.topology?.();
  return new OpenStackCloud({
    nova,
    placement: new Placement(placement),
    hosts: new Hosts(nova, places),
    places,
    around,
    complaints: options.complaints ?? (() => undefined),
    close,
  });
};
