import { join } from 'node:path';
import { ask, call, image, named, type Server, serversNamed } from './api.ts';
import { guestAddress, guestDir, guestMac, hostName, inside, spaces } from './places.ts';
import { tryRun, untilSo } from './tools.ts';

export const PREFIX = 'true-';
const NETWORK = 'true-production';
const IMAGE = 'true-guest';
const FLAVOR = 'true.nano';

/** Images, flavor and network, where they are missing. */
export const prepare = async (): Promise<void> => {
  const kernel = await image('true-kernel', join(guestDir, 'vmlinux'), { disk_format: 'aki', container_format: 'aki' });
  const ramdisk = await image('true-ramdisk', join(guestDir, 'initrd.gz'), { disk_format: 'ari', container_format: 'ari' });
  await image(IMAGE, join(guestDir, 'disk.raw'), {
    disk_format: 'raw',
    kernel_id: kernel,
    ramdisk_id: ramdisk,
    os_command_line: 'console=ttyS0 quiet panic=0',
    hw_machine_type: 'pc',
    hw_rng_model: 'virtio',
    hw_vif_model: 'virtio',
  });
  if ((await named('compute', '/flavors', 'flavors', FLAVOR)) === undefined)
    await call('POST', 'compute', '/flavors', { flavor: { name: FLAVOR, vcpus: 1, ram: 128, disk: 0 } });
  if ((await named('network', '/networks', 'networks', NETWORK)) !== undefined) return;
  const network = { name: NETWORK, 'provider:network_type': 'local' };
  const made = await call<{ network: { id: string } }>('POST', 'network', '/networks', { network });
  const pools = [{ start: guestAddress(1), end: guestAddress(250) }];
  const range = { ip_version: 4, cidr: '10.88.0.0/16', enable_dhcp: false, gateway_ip: null, allocation_pools: pools };
  await call('POST', 'network', '/subnets', { subnet: { network_id: made.network.id, name: NETWORK, ...range } });
};

/** Deletes what is the lab's own in Nova and Neutron, except what the next run would only have to make again. */
export const removeGuests = async (): Promise<void> => {
  for (const s of await serversNamed(PREFIX)) await ask('POST', 'compute', `/servers/${s.id}/action`, { forceDelete: null });
  await untilSo('the guests are gone from Nova', 90_000, async () => (await serversNamed(PREFIX)).length === 0);
  const { body } = await ask('GET', 'network', '/ports');
  const { ports = [] } = (body ?? {}) as { ports?: readonly { id: string; name: string }[] };
  for (const p of ports) if (p.name.startsWith(PREFIX)) await ask('DELETE', 'network', `/ports/${p.id}`);
};

/** Guest number `g`, with a disk of its own on the shared storage and a real port; its server's id. */
export const startGuest = async (g: number, host: number): Promise<string> => {
  const name = `${PREFIX}${g}`;
  const network = (await named('network', '/networks', 'networks', NETWORK))?.id;
  const place = { network_id: network, name, mac_address: guestMac(g), fixed_ips: [{ ip_address: guestAddress(g) }] };
  const made = await call<{ port: { id: string } }>('POST', 'network', '/ports', { port: place });
  const imageRef = (await named('image', '/images', 'images', IMAGE))?.id;
  const flavorRef = (await named('compute', '/flavors', 'flavors', FLAVOR))?.id;
  const metadata = { 'lifeboat:business_type': 'web' };
  const server = { name, imageRef, flavorRef, networks: [{ port: made.port.id }], host: hostName(host), metadata };
  const { id } = (await call<{ server: { id: string } }>('POST', 'compute', '/servers', { server })).server;
  await untilSo(`guest ${g} is active on ${hostName(host)}`, 180_000, async () => {
    const s = await serverOf(id);
    if (s.status === 'ERROR') throw new Error(`guest ${g} could not be booted: ${s.fault?.message}`);
    return s.status === 'ACTIVE' && s['OS-EXT-STS:task_state'] === null;
  });
  return id;
};

export const serverOf = async (id: string): Promise<Server> => (await call<{ server: Server }>('GET', 'compute', `/servers/${id}`)).server;

/** What a guest says of itself. */
export interface GuestWord {
  readonly uuid: string;
  readonly data: string;
  /** Counted on its disk. */
  readonly boots: number;
  readonly seq: number;
  /** How often it found another's writing in its heartbeat block. */
  readonly split: number;
  readonly ioerr: number;
  readonly marker: string;
}

const FIELDS = /^uuid=(\S+) ip=\S+ data=(\S+) boots=(\d+) bootid=\S+ seq=(\d+) split=(\d+) ioerr=(\d+) marker=(.*)$/;
/** As a customer on the production network is answered; null: not at all. */
export const askGuest = async (g: number): Promise<GuestWord | null> => {
  const page = await tryRun([...inside(spaces.customer), 'curl', '-s', '--noproxy', '*', '-m', '1', `http://${guestAddress(g)}/`], 5_000);
  const said = FIELDS.exec(page?.trim() ?? '');
  if (said === null) return null;
  const [, uuid = '', data = '', boots, seq, split, ioerr, marker = ''] = said;
  return { uuid, data, boots: Number(boots), seq: Number(seq), split: Number(split), ioerr: Number(ioerr), marker };
};

/** Has the guest write a text onto its disk. */
export const mark = async (g: number, text: string): Promise<void> => {
  const say = `(echo "marker ${text}"; sleep 0.3) | nc -w 2 ${guestAddress(g)} 9`;
  await untilSo(`guest ${g} has written its marker`, 120_000, async () => {
    if ((await askGuest(g))?.marker === text) return true;
    await tryRun([...inside(spaces.customer), 'busybox', 'sh', '-c', say], 5_000);
    return false;
  });
};
