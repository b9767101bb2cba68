import { act, busiestHost } from './faults.ts';
import type { EmbeddedRegion } from './region.ts';
import type { HostPhase, RegionView } from './view.ts';

const colour = (code: number, text: string) => `\u001b[${code}m${text}\u001b[0m`;
const cells: Record<HostPhase, [string, number]> = {
  well: ['■', 32],
  suspected: ['?', 33],
  alerted: ['!', 33],
  confirmed: ['✗', 31],
  isolated: ['✗', 35],
  'shut out': ['↑', 36],
  'kept out': ['·', 90],
};
const DRAW_MS = 500;

/** The progress view: one line a rack, the open incidents, the latest sentences. Keys break things. */
export function terminalView(region: EmbeddedRegion, view: RegionView, url: string, quit: () => void): () => void {
  const out = process.stdout;
  if (!out.isTTY) return plainLines(view);
  const onKey = (data: Buffer) => key(region, data.toString(), quit);
  if (process.stdin.isTTY) {
    process.stdin.setRawMode(true);
    process.stdin.resume().on('data', onKey);
  }
  let drawn = -1;
  const draw = () => {
    if (drawn === view.version) return;
    drawn = view.version;
    out.write(`\u001b[H\u001b[2J${screen(view, url, out.rows ?? 40, out.columns ?? 100)}`);
  };
  const timer = setInterval(draw, DRAW_MS);
  draw();
  return () => {
    clearInterval(timer);
    process.stdin.off('data', onKey).pause();
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
  };
}

export function screen(view: RegionView, url: string, rows: number, columns: number): string {
  const s = view.snapshot();
  const lines = [
    `${colour(1, 'Lifeboat')}  embedded region ${s.region}   ${url}`,
    `${s.vms.running} VMs run${s.vms.twice > 0 ? colour(31, `, ${s.vms.twice} TWICE`) : ', none twice'}   keys: h fail a host  r fail a rack  m mend all  q quit`,
    '',
    ...s.racks.map((r) => {
      const hosts = r.hosts.map((h) => (h.os === 'booting' ? colour(34, 'b') : colour(cells[h.phase][1], cells[h.phase][0]))).join(' ');
      const n = r.hosts.reduce((sum, h) => sum + h.running, 0);
      return `  ${r.rack.padEnd(10)} ${hosts}   ${String(n).padStart(4)} VMs${r.power ? '' : colour(31, '  no power')}`;
    }),
    '',
    ...s.incidents.slice(0, 6).map((i) => {
      const left = `  ${i.hosts.length === 1 ? i.hosts[0] : `${i.hosts.length} hosts`}: ${i.verdict}`;
      const took = `${(((i.closedAt ?? s.at) - i.openedAt) / 1000).toFixed(1)} s`;
      return `${left.padEnd(46)} ${bar(i.verified + i.unevacuable, i.vms)} ${i.verified}/${i.vms} verified  ${took}  ${i.closedAt === null ? i.waitingFor : i.outcome}`.slice(
        0,
        columns - 1,
      );
    }),
    '',
  ];
  const room = Math.max(3, rows - lines.length - 1);
  const told = s.lines
    .slice(-room)
    .map((l) => `  ${new Date(l.at).toISOString().slice(11, 19)} ${l.source.padEnd(16)} ${l.text}`.slice(0, columns - 1));
  return [...lines, ...told].join('\n');
}

const bar = (done: number, of: number, width = 20): string => {
  const n = of === 0 ? 0 : Math.round((Math.min(done, of) / of) * width);
  return `[${'█'.repeat(n)}${' '.repeat(width - n)}]`;
};

function key(region: EmbeddedRegion, pressed: string, quit: () => void): void {
  if (pressed === 'q' || pressed === '\u0003') quit();
  if (pressed === 'h') {
    const host = busiestHost(region);
    if (host !== null) act(region, 'fail-host', host);
  }
  if (pressed === 'r') {
    const rack = [...region.world.racks.values()].find((r) => r.power)?.rack;
    if (rack !== undefined) act(region, 'fail-rack', rack);
  }
  if (pressed === 'm') for (const r of region.world.racks.keys()) act(region, 'mend-rack', r);
}

/** Without a terminal: every sentence once, a line each. */
function plainLines(view: RegionView): () => void {
  let last = 0;
  const timer = setInterval(() => {
    for (const l of view.lines.filter((x) => x.at > last)) console.log(`${new Date(l.at).toISOString()} ${l.source.padEnd(16)} ${l.text}`);
    last = view.lines.at(-1)?.at ?? last;
  }, DRAW_MS);
  return () => clearInterval(timer);
}
