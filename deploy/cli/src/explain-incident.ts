import type { LifeboatEvent } from '@lifeboat/contracts';
import { evidenceLine, inOrder, seconds } from '@lifeboat/fault-correlator';
import { type IncidentId, isoTime } from '@lifeboat/kernel';

/** Why an incident was opened, and by what its hosts are proven dead. */
export function explainIncident(events: readonly LifeboatEvent[], incident: IncidentId): string[] {
  const ordered = inOrder(events).filter((e) => e.incident === incident);
  const fault = ordered.find((e) => e.type === 'lifeboat.fault.confirmed');
  if (fault?.type !== 'lifeboat.fault.confirmed') return [`${incident}: its verdict is not on the topics any more`];
  const { verdict, rule, suspectedAt, at, hosts, evidence, rackRule } = fault.data;
  const proofs = ordered.flatMap((e) => (e.type === 'lifeboat.host.isolated' ? [e] : []));
  return [
    `${incident}: ${verdict}, confirmed at ${isoTime(at)}, first suspected ${seconds(at - suspectedAt)} before`,
    `  by the row: ${rule}`,
    ...hosts.flatMap((host) => {
      const proof = proofs.find((e) => e.data.host === host);
      return [
        `  ${host}`,
        ...evidence.filter((l) => l.host === host).map((l) => `  ${evidenceLine(l, '')}`),
        proof === undefined
          ? `    proof of death: ${rackRule ? 'the rack rule, not yet taken up' : 'none yet, so nothing is evacuated from it'}`
          : `    proof of death: ${proof.data.proof.kind} by ${proof.data.proof.method}, ${seconds(proof.time - at)} later: ${proof.data.proof.detail}`,
      ];
    }),
  ];
}
