import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One machine behind a Redfish service, with what may be wrong with it. */
export interface RedfishMachine {
  readonly uuid: string;
  power: 'On' | 'Off' | 'PoweringOff';
  /** Takes orders and does nothing. */
  ignores: boolean;
}
export interface RedfishServer {
  readonly port: number;
  readonly machines: ReadonlyMap<string, RedfishMachine>;
  close(): Promise<void>;
}
export const [REDFISH_USER, REDFISH_PASSWORD] = ['admin', 'redfish-secret'] as const;

const SYSTEMS = '/redfish/v1/Systems';
const RESET = '/Actions/ComputerSystem.Reset';

/** A BMC's Redfish service on loopback: HTTPS with a certificate of its own, HTTP basic authentication, one system for each name. */
export const startRedfish = async (names: readonly string[], uuidOf: (name: string) => string): Promise<RedfishServer> => {
  const machines = new Map<string, RedfishMachine>(names.map((n) => [n, { uuid: uuidOf(n), power: 'On', ignores: false }]));
  const dir = mkdtempSync(join(tmpdir(), 'lifeboat-redfish-'));
  const [key, cert] = [join(dir, 'key'), join(dir, 'cert')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      ...subject,
      '-keyout',
      key,
      '-out',
      cert,
    ],
    { stdio: 'ignore' },
  );
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (q, a) => void answer(machines, q, a));
  rmSync(dir, { recursive: true });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    machines,
    close: () =>
      new Promise<void>((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
};

const allowed = `Basic ${Buffer.from(`${REDFISH_USER}:${REDFISH_PASSWORD}`).toString('base64')}`;

async function answer(machines: ReadonlyMap<string, RedfishMachine>, q: IncomingMessage, a: ServerResponse): Promise<void> {
  const say = (status: number, body: object = {}) => {
    a.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  const path = (q.url ?? '').replace(/\/$/, '');
  if (path === '/redfish/v1') return say(200, { Systems: { '@odata.id': SYSTEMS } });
  if (q.headers.authorization !== allowed) return say(401, { error: { message: 'The username or password is incorrect' } });
  if (path === SYSTEMS) return say(200, { Members: [...machines.keys()].map((n) => ({ '@odata.id': `${SYSTEMS}/${n}` })) });
  const name = path.slice(SYSTEMS.length + 1).replace(RESET, '');
  const machine = machines.get(name);
  if (!path.startsWith(`${SYSTEMS}/`) || machine === undefined) return say(404);
  if (q.method === 'GET') {
    const reset = { target: `${SYSTEMS}/${name}${RESET}`, 'ResetType@Redfish.AllowableValues': ['On', 'ForceOff', 'ForceRestart'] };
    return say(200, { Id: name, UUID: machine.uuid, PowerState: machine.power, Actions: { '#ComputerSystem.Reset': reset } });
  }
  let text = '';
  for await (const part of q) text += String(part);
  const { ResetType: order } = JSON.parse(text) as { ResetType: string };
  if (!machine.ignores) machine.power = order === 'ForceOff' ? 'Off' : 'On';
  say(204);
}
