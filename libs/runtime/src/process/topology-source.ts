import { readFileSync, type Stats, unwatchFile, watchFile } from 'node:fs';
import type { Topology } from '@lifeboat/contracts';
import { type Complaint, complain } from '@lifeboat/kernel';
import { SettingsError } from './environment.ts';
import { parseTopology } from './topology-file.ts';

const LOOK_EVERY_MS = 5_000;

export interface TopologySource {
  /** null while no readable file has been seen yet. */
  current(): Topology | null;
  /** Of the newest file, when it was refused; empty while the file in use is the newest. */
  complaints(): readonly Complaint[];
  /** Reads the file again now. A bad file is refused and the old topology stays. */
  reload(): void;
  close(): void;
}

/** The topology file, looked at for changes. */
export function openTopology(
  path: string,
  onChange: (t: Topology) => void,
  onRefused: (complaints: readonly Complaint[]) => void,
): TopologySource {
  let text: string | null = null;
  let topology: Topology | null = null;
  let complaints: readonly Complaint[] = [];

  const refuse = (why: readonly Complaint[]) => {
    // The same complaint again, because the file was touched again, is no news.
    if (why.map(complain).join() === complaints.map(complain).join()) return;
    complaints = why;
    onRefused(why);
  };
  const reload = () => {
    let newest: string;
    try {
      newest = read(path);
    } catch (e) {
      refuse((e as SettingsError).complaints);
      return;
    }
    if (newest === text && complaints.length === 0) return;
    const next = parseTopology(path, newest);
    if (!next.ok) {
      refuse(next.complaints);
      return;
    }
    complaints = [];
    if (newest === text) return;
    text = newest;
    topology = next.topology;
    onChange(next.topology);
  };
  // Polling: editors and Kubernetes replace the file, and then a watch on the old one is blind.
  const look = (now: Stats, before: Stats) => {
    if (now.mtimeMs !== before.mtimeMs || now.ino !== before.ino || now.size !== before.size) reload();
  };
  reload();
  watchFile(path, { interval: LOOK_EVERY_MS, persistent: false }, look);
  return { current: () => topology, complaints: () => complaints, reload, close: () => unwatchFile(path, look) };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (e) {
    const problem = `cannot be read (${(e as NodeJS.ErrnoException).code ?? 'error'}); put the topology file there, or set LIFEBOAT_TOPOLOGY to where it is`;
    throw new SettingsError([{ where: path, field: '(whole)', problem }]);
  }
}
