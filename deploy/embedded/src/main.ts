import { wallClock } from '@lifeboat/adapters-memory';
import { automationLevels } from '@lifeboat/contracts';
import { commandLine, notUnderstood } from '@lifeboat/runtime/command-line';
import { embeddedRegion, region } from '@lifeboat/world';
import { embeddedConsole } from './console.ts';
import { servePage } from './page-server.ts';
import { EmbeddedRegion } from './region.ts';
import { terminalView } from './terminal.ts';
import { RegionView } from './view.ts';

const HELP = `npm start [-- options]: Lifeboat on a simulated region, everything in this process

  --port N     of the live page (default 8080; 0 = any free one)
  --console N  port of the console (default 8092; 0 = any free one)
  --mode M     what the clusters do about a failed host: automatic (default), semi-automatic or manual
  --seed N     another region (default ${embeddedRegion.seed})
  --hosts N --vms N --racks N --clusters N   another size (default ${embeddedRegion.hosts}, ${embeddedRegion.vms}, ${embeddedRegion.racks}, ${embeddedRegion.clusters})
  --help       this text`;

const { values, positionals } = commandLine(HELP, {
  port: { type: 'string', default: '8080' },
  console: { type: 'string', default: '8092' },
  mode: { type: 'string', default: 'automatic' },
  seed: { type: 'string' },
  hosts: { type: 'string' },
  vms: { type: 'string' },
  racks: { type: 'string' },
  clusters: { type: 'string' },
  help: { type: 'boolean' },
});
if (positionals.length > 0) notUnderstood(`not an option: ${positionals.join(' ')}`, HELP);

type Whole = 'port' | 'console' | 'seed' | 'hosts' | 'vms' | 'racks' | 'clusters';
const whole = (name: Whole, otherwise: number, least = 1, most = 1_000_000): number => {
  const text = values[name];
  if (text === undefined) return otherwise;
  const n = Number(text);
  if (text !== '' && Number.isInteger(n) && n >= least && n <= most) return n;
  return notUnderstood(`--${name}: a whole number from ${least} to ${most} wanted, got '${text}'`, HELP);
};

const mode = automationLevels.find((m) => m === values.mode);
if (mode === undefined) notUnderstood(`--mode: one of ${automationLevels.join(', ')}, got '${values.mode}'`, HELP);
const port = whole('port', 8080, 0, 65_535);
const consolePort = whole('console', 8092, 0, 65_535);
const seed = whole('seed', embeddedRegion.seed, 0);
const built = fitting({
  ...embeddedRegion,
  seed,
  hosts: whole('hosts', embeddedRegion.hosts),
  vms: whole('vms', embeddedRegion.vms, 0),
  racks: whole('racks', embeddedRegion.racks),
  clusters: whole('clusters', embeddedRegion.clusters),
  policy: { releaseAfterHealthyMs: 15_000, automation: mode ?? 'automatic' },
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
const taken = (option: 'port' | 'console') => (e: NodeJS.ErrnoException) => {
  console.error(e.code === 'EADDRINUSE' ? `--${option}: ${values[option]} is in use; say another: npm start -- --${option} 0` : e.message);
  process.exit(1);
};
const page = await servePage(r, view, port).catch(taken('port'));
const desk = embeddedConsole(r);
const deskUrl = await desk.server.listen({ host: '127.0.0.1', port: consolePort }).catch(taken('console'));
console.log(`Lifeboat runs on a simulated region: ${page.url}; the console of its operators: ${deskUrl}/`);
const leave = () => {
  endView();
  r.stop();
  void Promise.all([page.close(), desk.close()]).then(() => process.exit(0));
};
const endView = terminalView(r, view, page.url, leave);
process.on('SIGINT', leave).on('SIGTERM', leave);

/** More than the hosts can take is no region. */
function fitting(options: Parameters<typeof region>[0]): ReturnType<typeof region> {
  try {
    return region(options);
  } catch (e) {
    return notUnderstood((e as Error).message, HELP);
  }
}
