import { checkAgainst, NO_SUCH_KEY, type Topology, TopologySchema } from '@lifeboat/contracts';
import type { Complaint } from '@lifeboat/kernel';
import { LineCounter, parseDocument } from 'yaml';
import { relationComplaints } from './topology-relations.ts';

export type ReadTopology = Readonly<{ ok: true; topology: Topology }> | Readonly<{ ok: false; complaints: readonly Complaint[] }>;

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
  let root: unknown;
  try {
    root = document.toJS();
  } catch (e) {
    // an alias without its anchor parses, and fails only here; so does one that unfolds without end
    const problem = `not YAML: ${(e as Error).message}; write text that begins with * or & in quotes`;
    return { ok: false, complaints: [{ where: file, field: '(whole)', problem }] };
  }
  const checked = checkAgainst(TopologySchema, root);
  if (!checked.ok) {
    const [field = '', ...problem] = checked.problem.split(' ');
    const mend = 'see TopologySchema in libs/contracts/src/topology/topology.ts for what may stand there';
    return {
      ok: false,
      complaints: [
        {
          where: file,
          field: named(root, field),
          problem: problem.join(' ') === NO_SUCH_KEY ? NO_SUCH_KEY : `${problem.join(' ')}; ${mend}`,
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
