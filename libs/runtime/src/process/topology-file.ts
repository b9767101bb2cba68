import { checkAgainst, type Topology, TopologySchema } from '@lifeboat/contracts';
import type { Complaint } from '@lifeboat/kernel';
import { LineCounter, parseDocument } from 'yaml';
import { relationComplaints } from './topology-relations.ts';

export type ReadTopology = Readonly<{ ok: true; topology: Topology }> | Readonly<{ ok: false; complaints: readonly Complaint[] }>;

const NO_SUCH_KEY = 'no such key; correct its name or remove it';

/** Reads a topology from its text. Each complaint names the file, the field and how to mend it. */
export function parseTopology(file: string, text: string): ReadTopology {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  if (document.errors.length > 0) {
    const complaints = document.errors.map((e) => {
      const { line, col } = lines.linePos(e.pos[0]);
      return { where: file, field: `line ${line}, column ${col}`, problem: `not YAML: ${e.message.split('\n')[0]}` };
    });
    return { ok: false, complaints };
  }
  const checked = checkAgainst(TopologySchema, document.toJS() as unknown);
  if (!checked.ok) {
    const [field = '', ...problem] = checked.problem.split(' ');
    const mend = 'see TopologySchema in libs/contracts/src/topology/topology.ts for what may stand there';
    return {
      ok: false,
      complaints: [
        {
          where: file,
          field: named(document.toJS(), field),
          problem: problem.join(' ') === 'schema is false' ? NO_SUCH_KEY : `${problem.join(' ')}; ${mend}`,
        },
      ],
    };
  }
  const complaints = relationComplaints(file, checked.value);
  return complaints.length > 0 ? { ok: false, complaints } : { ok: true, topology: checked.value };
}

/** 'hosts.17.rack' → 'hosts.17.rack (host compute-18)': nobody counts lines of a list. */
function named(root: unknown, field: string): string {
  const [list, index] = field.split('.');
  const item = (root as Record<string, unknown> | null)?.[list ?? ''];
  const entry = Array.isArray(item) ? (item[Number(index)] as Record<string, unknown> | undefined) : undefined;
  for (const key of ['host', 'cluster', 'rack', 'name']) if (typeof entry?.[key] === 'string') return `${field} (${key} ${entry[key]})`;
  return field;
}
