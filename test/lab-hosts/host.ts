// host.ts N: the first process of a lab host. It answers on the host's two addresses and starts what a compute node
// starts at boot. It restarts nothing: what dies stays dead until the next power on.
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { HOST_PORT, hostDir, mgmtAddress, prodAddress, readConfig, writeUnder } from './places.ts';

const n = Number(process.argv[2]);
const config = readConfig(n);
const say = (text: string) => console.log(`${new Date().toISOString()} ${text}`);

const answerOn = (address: string) =>
  new Promise<void>((resolve, reject) => {
    const server = createServer((socket) => socket.on('error', () => undefined).end());
    server.on('error', reject);
    server.listen(HOST_PORT, address, resolve);
  });

const child = (name: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv) => {
  const log = openSync(join(hostDir(n), `${name}.log`), 'a');
  const started: ChildProcess = spawn(command, args, { env, stdio: ['ignore', log, log] });
  started.on('error', (e) => say(`${name}: ${e.message}`));
  started.on('exit', (code, signal) => say(`${name} ended: ${signal ?? code}`));
};

/** As start_compute of the OpenStack lab does, but as a child of this host; the lab's own scripts see its pid. */
const novaCompute = `. ./lab-common.sh
mkdir -p "$LAB/nova/compute-$0"
read -r pid _ < /proc/self/stat
echo "$pid $(_start_of "$pid")" > "$RUN/nova-compute-$0.pid"
exec "\${NOVA_COMPUTE[@]}" --config-file "$CFG/nova.conf" --config-file "$CFG/compute-$0.conf" >> "$LOG/nova-compute-$0.log" 2>&1`;

await Promise.all([answerOn(mgmtAddress(n)), answerOn(prodAddress(n))]);
say(`${hostname()} has power and answers on ${mgmtAddress(n)} and ${prodAddress(n)}`);
if (config.compute)
  child('nova-compute', 'bash', ['-c', `cd ${join(import.meta.dirname, '../openstack-lab')} && ${novaCompute}`, String(n)], process.env);
const [command, ...args] = config.agent?.command ?? [];
if (command !== undefined) child('agent', command, args, { ...process.env, ...config.agent?.env });
writeUnder(join(hostDir(n), 'ready'), 'ready 1\n');
