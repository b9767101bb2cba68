import { act, busiestHost } from './faults.ts';
import type { EmbeddedRegion } from './region.ts';
import type { Told } from './telling.ts';
import type { HostPhase, RegionView } from './view.ts';

const colour = (code: number, text: string) => `\u001b[${code}m${text}\u001b[0m`;
/** Sign, colour, and the word for it in the legend; '' where another has it. */
const cells: Record<HostPhase, readonly [string, number, string]> = {
  well: ['■', 32, 'well'],
  suspected: ['?', 33, 'suspected'],
  alerted: ['!', 33, 'held'],
  confirmed: ['✗', 31, 'failed'],
  isolated: ['✗', 35, ''],
  'shut out': ['↑', 36, 'evacuating'],
  'kept out': ['·', 90, 'kept out'],
  drained: ['→', 36, 'drained'],
};
const looks: Record<Told['is'], number> = { open: 31, asks: 33, well: 32 };
const LEGEND = [...Object.values(cells), ['b', 34, 'boots'] as const].flatMap(([sign, code, word]) =>
  word === '' ? [] : `${colour(code, sign)} ${word}`,
);
const WORKS = 4;
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
    out.write(`\u001b[H${screen(view, url, out.rows ?? 40, out.columns ?? 100).replaceAll('\n', '\u001b[K\n')}\u001b[K\u001b[J`);
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
    `${s.vms.running} VMs run${s.vms.twice > 0 ? colour(31, `, ${s.vms.twice} TWICE`) : ', none twice'}   h fail a host  r fail a rack  m mend all  q quit`,
    '',
    ...s.racks.map((r) => {
      const hosts = r.hosts.map((h) => (h.os === 'booting' ? colour(34, 'b') : colour(cells[h.phase][1], cells[h.phase][0]))).join(' ');
      const n = r.hosts.reduce((sum, h) => sum + h.running, 0);
      return `  ${r.rack.padEnd(10)} ${hosts}   ${String(n).padStart(4)} VMs${r.power ? '' : colour(31, '  no power')}`;
    }),
    `  ${LEGEND.join(' ')}`,
    '',
    ...s.works
      .slice(0, WORKS)
      .flatMap((w) => [
        `  ${bar(w.bar)} ${colour(looks[w.is], w.what)}`,
        `    ${w.done}`,
        ...(w.asked === '' ? [] : [colour(33, `    ${w.asked}`)]),
      ]),
    '',
  ];
  const room = Math.max(3, rows - lines.length - 1);
  const told = s.lines.slice(-room).map((l) => `  ${new Date(l.at).toISOString().slice(11, 19)} ${l.source.padEnd(16)} ${l.text}`);
  return [...lines, ...told]
    .slice(0, rows - 1)
    .map((l) => cut(l, columns))
    .join('\n');
}

const ESCAPE = '\u001b[';
/** So much of a line as fits, its colours kept: a line that wraps would push the others off the screen. */
function cut(line: string, columns: number): string {
  let room = columns - 1;
  const take = (text: string) => {
    const some = [...text].slice(0, room);
    room -= some.length;
    return some.join('');
  };
  const [plain = '', ...coloured] = line.split(ESCAPE);
  const before = take(plain);
  const after = coloured.map((part) => {
    const code = part.slice(0, part.indexOf('m') + 1);
    return `${ESCAPE}${code}${take(part.slice(code.length))}`;
  });
  return before + after.join('');
}

const bar = ({ verified, left }: Told['bar'], width = 20): string => {
  const n = Math.round(verified * width);
  const stays = Math.min(width - n, Math.ceil(left * width));
  return `[${'█'.repeat(n)}${colour(33, '▒'.repeat(stays))}${' '.repeat(width - n - stays)}]`;
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
