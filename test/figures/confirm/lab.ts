import { readFileSync } from 'node:fs';
import { sentence } from '@lifeboat/story';
import { SmsCentre } from '../../../libs/adapters-smpp/test-support/sms-centre.ts';
import { boot, lookAfterwards, type Run, timesOf } from '../../e2e/evacuation.ts';
import { vmsOn } from '../../e2e/main-job.ts';
import { type Stack, upStack } from '../../e2e/stack.ts';
import { timelineOf } from '../../e2e/timeline.ts';
import { type MailServers, startMail } from '../../servers/mail.ts';
import type { Figure } from '../index.ts';
import { contactsOf, janAnswers, MEI, meiIsTold, told } from './people.ts';

const VICTIM = 1;
const VMS = { [VICTIM]: 8, 2: 2, 3: 2, 4: 2 } as const;
const LIMIT_MS = 240_000;

/** A real OpenStack, hosts with BMCs, Kafka, ZooKeeper, Redis, Postfix, Dovecot and an SMS centre; the cluster asks before it evacuates. */
export const confirmOnTheLab = async (): Promise<Figure> => {
  const mail = await startMail(['lifeboat', 'jan']);
  const centre = new SmsCentre();
  const smsPort = await centre.open();
  let stack: Stack | null = null;
  try {
    const login = `lifeboat:${mail.password}@127.0.0.1`;
    stack = await upStack((line) => console.log(line), {
      policy: { automation: 'semi-automatic', confirmation: { expiresMs: 600_000, onNoAnswer: 'hold' } },
      contacts: contactsOf(mail.domain),
      ca: mail.ca,
      env: {
        LIFEBOAT_SMTP_URL: `smtp://${login}:${mail.submissionPort}`,
        LIFEBOAT_MAIL_FROM: `Lifeboat <lifeboat@${mail.domain}>`,
        LIFEBOAT_IMAP_URL: `imaps://${login}:${mail.imapsPort}/INBOX`,
        LIFEBOAT_SMPP_URL: `smpp://${centre.systemId}:${centre.password}@127.0.0.1:${smsPort}`,
        LIFEBOAT_SMS_FROM: '+10086',
      },
    });
    return await killAskAnswer(stack, mail, centre);
  } finally {
    await stack?.down();
    await centre.close();
    await mail.stop();
  }
};

async function killAskAnswer(stack: Stack, mail: MailServers, centre: SmsCentre): Promise<Figure> {
  for (const [n, count] of Object.entries(VMS)) await boot(stack, Number(n), count);
  const vms = await vmsOn(stack, VICTIM);
  const { recorder } = stack;
  const host = stack.host(VICTIM);
  const from = recorder.events.length;
  const cutAt = Date.now();
  const lines: { at: number; what: string }[] = [];
  const note = (what: string) => lines.push({ at: Date.now(), what });
  note(`${host} loses power, with ${vms.length} VMs`);
  await stack.hosts.powerCut(VICTIM);
  const code = await janAnswers(mail, centre, note);
  const answeredAt = Date.now();
  await recorder.until('lifeboat.incident.closed', (e) => e.data.hosts.includes(host) && e.time >= cutAt, LIMIT_MS);
  await meiIsTold(centre, note);
  const events = recorder.events.slice(from);
  const [{ incident } = { incident: undefined }] = events.filter((e) => e.type === 'lifeboat.incident.closed');
  if (incident === undefined) throw new Error('an incident that closes has a name');
  for (const e of events) if (told.includes(e.type) && e.time >= cutAt) lines.push({ at: e.time, what: sentence(e) });
  for (const l of lines.sort((a, b) => a.at - b.at)) console.log(`  ${((l.at - cutAt) / 1000).toFixed(1).padStart(6)} s  ${l.what}`);
  const run: Run = { host, vms, cutAt, incident, events, times: timesOf(stack, host, incident, cutAt) };
  for (const line of timelineOf(run)) console.log(line);
  const wrong = await lookAfterwards(stack, run);
  for (const line of [...wrong.forgotten, ...wrong.twice]) console.log(`  WRONG: ${line}`);
  const early = events.filter((e) => e.type === 'lifeboat.evacuation.requested' && e.time < answeredAt - 1_000).length;
  const leaked = leaksOf(stack, code);
  for (const l of leaked) console.log(`  LEAKED: ${l}`);
  const last = ((run.times['last vm.verified'] - cutAt) / 1000).toFixed(1);
  const bad = wrong.forgotten.length + wrong.twice.length;
  return {
    value: `${vms.length - wrong.forgotten.length} of ${vms.length} VMs back ${last} s after the power cut, by a reply to a mail, on a real OpenStack; ${wrong.twice.length} started twice; ${early} orders before the answer; code or number in ${leaked.length} events or logs`,
    asked: 'all VMs back once, nothing before the answer, no code and no number in any event or log',
    met: vms.length > 0 && bad === 0 && early === 0 && leaked.length === 0,
  };
}

/** Where the code, or Mei's number, can be read though it should not. */
function leaksOf(stack: Stack, code: string): string[] {
  const shows = (text: string) => text.includes(code) || text.includes(MEI);
  return [
    ...stack.recorder.events.filter((e) => shows(JSON.stringify(e))).map((e) => e.type),
    ...stack.services.names.filter((name) => shows(readFileSync(stack.services.logOf(name), 'utf8'))),
  ];
}
