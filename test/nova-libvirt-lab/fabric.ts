import { CONTROL, HOSTS, hostSpace, mgmtAddress, prodAddress, STORAGE, spaces } from './places.ts';
import { run, shell, tryRun } from './tools.ts';

const { fabric } = spaces;

/** A cable from a namespace's interface to a port of one of the two switches. */
const plug = (space: string, name: string, bridge: string, port: string, address?: string): string[] => [
  `ip link add ${name} netns ${space} type veth peer name ${port} netns ${fabric}`,
  `ip -n ${fabric} link set ${port} master ${bridge} up`,
  `ip -n ${space} link set ${name} up`,
  ...(address === undefined ? [] : [`ip -n ${space} addr add ${address}/16 dev ${name}`]),
];
const space = (name: string): string[] => [`ip netns add ${name}`, `ip -n ${name} link set lo up`];

const hostOn = (n: number): string[] => {
  const s = hostSpace(n);
  return [
    ...space(s),
    ...plug(s, 'mgmt', 'br-mgmt', `m-h${n}`, mgmtAddress(n)),
    // the guests' taps and the host's own production address are on one bridge
    `ip -n ${s} link add br-prod type bridge forward_delay 0`,
    `ip -n ${s} link set br-prod up`,
    ...plug(s, 'prod', 'br-prod', `p-h${n}`),
    `ip -n ${s} link set prod master br-prod`,
    `ip -n ${s} addr add ${prodAddress(n)}/16 dev br-prod`,
  ];
};

/** Two switches, the places that hang on them, and the hosts' cables. */
export const buildFabric = async (bmcs: readonly string[]): Promise<void> => {
  const switches = ['br-mgmt', 'br-prod'].flatMap((b) => [
    `ip -n ${fabric} link add ${b} type bridge stp_state 0 forward_delay 0`,
    `ip -n ${fabric} link set ${b} up`,
  ]);
  await shell([
    ...space(fabric),
    ...switches,
    ...Object.values(spaces)
      .filter((s) => s !== fabric)
      .flatMap(space),
    ...plug(spaces.monitor, 'mgmt', 'br-mgmt', 'm-mon', '10.77.0.1'),
    ...plug(spaces.customer, 'prod', 'br-prod', 'p-cus', '10.88.0.1'),
    ...plug(spaces.control, 'mgmt', 'br-mgmt', 'm-ctl', CONTROL),
    ...plug(spaces.storage, 'mgmt', 'br-mgmt', 'm-sto', STORAGE),
    ...plug(spaces.bmc, 'mgmt', 'br-mgmt', 'm-bmc'),
    ...bmcs.map((a) => `ip -n ${spaces.bmc} addr add ${a}/16 dev mgmt`),
    ...HOSTS.flatMap(hostOn),
  ]);
};

export const removeFabric = async (): Promise<void> => {
  for (const s of [...Object.values(spaces), ...HOSTS.map(hostSpace)]) await tryRun(['ip', 'netns', 'del', s]);
};

const ports = { management: 'm-h', production: 'p-h' } as const;
export type Network = keyof typeof ports;
/** Pulls or plugs a host's cable: the switch port loses its carrier. */
export const setCable = (n: number, network: Network, up: boolean): Promise<string> =>
  run(['ip', '-n', fabric, 'link', 'set', `${ports[network]}${n}`, up ? 'up' : 'down']);
