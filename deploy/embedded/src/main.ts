import { parseArgs } from 'node:util';
import { wallClock } from '@lifeboat/adapters-memory';
import { embeddedRegion, region } from '@lifeboat/world';
import { servePage } from './page-server.ts';
import { EmbeddedRegion } from './region.ts';
import { terminalView } from './terminal.ts';
import { RegionView } from './view.ts';

const HELP = `npm start [-- options]: Lifeboat on a simulated region, everything in this process

  --port N     of the live page (default 8080; 0 = any free one)
  --seed N     another region (default ${embeddedRegion.seed})
  --hosts N --vms N --racks N --clusters N   another size (default ${embeddedRegion.hosts}, ${embeddedRegion.vms}, ${embeddedRegion.racks}, ${embeddedRegion.clusters})
  --help       this text`;

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8080' },
    seed: { type: 'string' },
    hosts: { type: 'string' },
    vms: { type: 'string' },
    racks: { type: 'string' },
    clusters: { type: 'string' },
    help: { type: 'boolean' },
  },
});
if (values.help === true) {
  console.log(HELP);
  process.exit(0);
}

const whole = (name: 'port' | 'seed' | 'hosts' | 'vms' | 'racks' | 'clusters', otherwise: number): number => {
  const text = values[name];
  if (text === undefined) return otherwise;
  const n = Number(text);
  if (Number.isInteger(n) && n >= 0) return n;
  console.error(`--${name}: a whole number wanted, got '${text}'`);
  process.exit(2);
};

const seed = whole('seed', embeddedRegion.seed);
const built = region({
  ...embeddedRegion,
  seed,
  hosts: whole('hosts', embeddedRegion.hosts),
  vms: whole('vms', embeddedRegion.vms),
  racks: whole('racks', embeddedRegion.racks),
  clusters: whole('clusters', embeddedRegion.clusters),
  policy: { releaseAfterHealthyMs: 15_000 },
  brake: { clusterShare: 0.5, regionShare: 0.5 },
});
const r = new EmbeddedRegion({
  clock: wallClock(),
  region: built,
  seed,
  replicas: 2,
  sessionTimeoutMs: 4_000,
  times: { bootMs: [8_000, 15_000] },
  onEvent: (e) => view.observe(e),
});
const view = new RegionView(r);
r.start();
const page = await servePage(r, view, whole('port', 8080)).catch((e: NodeJS.ErrnoException) => {
  console.error(e.code === 'EADDRINUSE' ? `--port: ${values.port} is in use; say another: npm start -- --port 0` : e.message);
  process.exit(1);
});
console.log(`Lifeboat runs on a simulated region: ${page.url}`);
const leave = () => {
  endView();
  r.stop();
  void page.close().then(() => process.exit(0));
};
const endView = terminalView(r, view, page.url, leave);
process.on('SIGINT', leave).on('SIGTERM', leave);
