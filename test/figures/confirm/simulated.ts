import { wallClock } from '@lifeboat/adapters-memory';
import type { LifeboatEvent } from '@lifeboat/contracts';
import { EmbeddedRegion } from '@lifeboat/embedded';
import { type HostId, hostId } from '@lifeboat/kernel';
import { openChannels } from '@lifeboat/notifier/perform/channels';
import { eventually } from '@lifeboat/ports/contract-tools';
import { sentence } from '@lifeboat/story';
import { region, simulatedRegion } from '@lifeboat/world';
import { SmsCentre } from '../../../libs/adapters-smpp/test-support/sms-centre.ts';
import { startMail } from '../../servers/mail.ts';
import type { Figure } from '../index.ts';
import { contactsOf, janAnswers, MEI, meiIsTold, told } from './people.ts';

const victim = hostId('compute-01');
const LIMIT_MS = 40_000;

/** Both clusters ask: Jan by mail at once, Mei by text message at once; Jan answers from a mail program. */
const askingRegion = (mailDomain: string) => {
  const policy = { automation: 'semi-automatic', confirmation: { expiresMs: 600_000, onNoAnswer: 'hold' } } as const;
  const plain = { ownerStopped: 0, unevacuable: 0, antiAffinityGroups: 0 };
  const r = region({ ...simulatedRegion, ...plain, seed: 4, policy, brake: { clusterShare: 0.6, regionShare: 0.6 } });
  const contacts = contactsOf(mailDomain);
  const clusters = r.topology.clusters.map((c) => ({ ...c, contacts: ['Jan', 'Mei'] }));
  return { ...r, topology: { ...r.topology, clusters, contacts } };
};

interface Timeline {
  readonly began: number;
  readonly lines: string[];
  readonly events: LifeboatEvent[];
}

/** The region is simulated; mail and text messages are real. */
export const confirmSimulated = async (): Promise<Figure> => {
  const mail = await startMail(['lifeboat', 'jan']);
  const centre = new SmsCentre();
  const smsPort = await centre.open();
  const clock = wallClock();
  const from = `Lifeboat <lifeboat@${mail.domain}>`;
  const auth = { user: 'lifeboat', password: mail.password };
  const channels = openChannels(
    {
      smtp: { host: '127.0.0.1', port: mail.submissionPort, tls: 'starttls', auth, from, ca: mail.ca },
      imap: { host: '127.0.0.1', port: mail.imapsPort, tls: 'tls', auth, mailbox: 'INBOX', from, ca: mail.ca },
      smpp: { host: '127.0.0.1', port: smsPort, tls: false, systemId: centre.systemId, password: centre.password, from: '+10086' },
      twilio: null,
      web: null,
    },
    clock,
  );
  const t: Timeline = { began: Date.now(), lines: [], events: [] };
  let killedAt = 0;
  const note = (what: string) => t.lines.push(`  ${((Date.now() - killedAt) / 1000).toFixed(1).padStart(6)} s  ${what}`);
  const seen = new Set<string>();
  const r = new EmbeddedRegion({
    ...{ clock, seed: 4, replicas: 1, sessionTimeoutMs: 4_000, channels, region: askingRegion(mail.domain) },
    onEvent: (e) => {
      if (seen.has(e.id)) return;
      seen.add(e.id);
      t.events.push(e);
      if (killedAt > 0 && told.includes(e.type)) note(sentence(e));
    },
  });
  r.start();
  try {
    await eventually('all agents are registered', () => t.events.filter((e) => e.type === 'lifeboat.agent.registered').length >= 8, 20_000);
    await clock.sleep(3_000);
    const vms = r.world.runningOn(victim);
    killedAt = Date.now();
    note(`${victim} loses power, with ${vms.length} VMs`);
    r.world.powerOff(victim);
    const code = await janAnswers(mail, centre, note);
    const answeredAt = Date.now();
    const closed = () => t.events.find((e) => e.type === 'lifeboat.incident.closed');
    await eventually('the incident is closed', () => closed() !== undefined, LIMIT_MS);
    await meiIsTold(centre, note);
    const back = vms.filter((vm) => placesOf(r, vm).length === 1 && placesOf(r, vm)[0] !== victim);
    const early = t.events.some((e) => e.type === 'lifeboat.evacuation.requested' && e.time < answeredAt);
    for (const line of t.lines) console.log(line);
    const leaked = t.events.filter((e) => JSON.stringify(e).includes(code) || JSON.stringify(e).includes(MEI)).length;
    const took = (t.events.find((e) => e.type === 'lifeboat.incident.closed')?.time ?? 0) - killedAt;
    return {
      value: `${back.length} of ${vms.length} VMs back ${(took / 1000).toFixed(1)} s after the power cut, by a reply to a mail; ${early ? 'some' : 'none'} moved before the answer; code or number in ${leaked} events`,
      asked: 'all VMs back, none before the answer, no code and no number in any event',
      met: vms.length > 0 && back.length === vms.length && !early && leaked === 0,
    };
  } finally {
    r.stop();
    await clock.sleep(500);
    await channels.close();
    await centre.close();
    await mail.stop();
  }
};

const placesOf = (r: EmbeddedRegion, vm: ReturnType<EmbeddedRegion['world']['runningOn']>[number]): HostId[] => [
  ...r.world.vm(vm).copies.keys(),
];
