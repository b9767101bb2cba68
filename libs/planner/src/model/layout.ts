import { at, pick } from '../arrays.ts';
import type { HostTable } from './hosts.ts';

/**
 * The known hosts in the order in which a plan walks them: by cluster, then rack, then the fleet's own order. The hosts
 * of one cluster in one rack are a segment, a run of neighbours: a plan scans it like a string.
 */
export interface Layout {
  readonly shape: number;
  readonly hosts: number;
  readonly segments: number;
  /** Position → row of the host table, and back (-1: not known). */
  readonly rowAt: Int32Array;
  readonly positionOf: Int32Array;
  readonly segmentOf: Int32Array;
  /** Segment s holds the positions from start[s] to start[s + 1]. */
  readonly start: Int32Array;
  readonly rackOf: Int32Array;
  readonly clusterOf: Int32Array;
  /** The segments of each cluster. */
  readonly ofCluster: readonly (readonly number[])[];
}

export const layoutOf = (t: HostTable): Layout => {
  const rows: number[] = [];
  for (let i = 0; i < t.size; i++) if (at(t.known, i)) rows.push(i);
  rows.sort((a, b) => at(t.cluster, a) - at(t.cluster, b) || at(t.rack, a) - at(t.rack, b) || a - b);
  const positionOf = new Int32Array(t.size).fill(-1);
  const segmentOf = new Int32Array(rows.length);
  const start: number[] = [];
  const racks: number[] = [];
  const clusters: number[] = [];
  rows.forEach((row, position) => {
    const before = position === 0 ? undefined : pick(rows, position - 1);
    if (before === undefined || at(t.cluster, before) !== at(t.cluster, row) || at(t.rack, before) !== at(t.rack, row)) {
      start.push(position);
      racks.push(at(t.rack, row));
      clusters.push(at(t.cluster, row));
    }
    positionOf[row] = position;
    segmentOf[position] = start.length - 1;
  });
  const ofCluster: number[][] = Array.from({ length: t.clusters.size }, () => []);
  for (const [s, c] of clusters.entries()) ofCluster[c]?.push(s);
  return {
    shape: t.shape,
    hosts: rows.length,
    segments: start.length,
    rowAt: Int32Array.from(rows),
    positionOf,
    segmentOf,
    start: Int32Array.from([...start, rows.length]),
    rackOf: Int32Array.from(racks),
    clusterOf: Int32Array.from(clusters),
    ofCluster,
  };
};
