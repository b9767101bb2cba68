import { eventually } from '@lifeboat/ports/contract-tools';
import type { SmsCentre } from '../../../libs/adapters-smpp/test-support/sms-centre.ts';
import type { MailServers } from '../../servers/mail.ts';

export const MEI = '+8613812341234';
const LIMIT_MS = 60_000;
/** What a timeline tells of. */
export const told = [
  'lifeboat.fault.confirmed',
  'lifeboat.host.isolated',
  'lifeboat.confirmation.requested',
  'lifeboat.notice.sent',
  'lifeboat.confirmation.received',
  'lifeboat.confirmation.settled',
  'lifeboat.evacuation.requested',
  'lifeboat.vm.verified',
  'lifeboat.incident.closed',
];

/** Jan reads mail, Mei has a phone; both are asked at once. */
export const contactsOf = (mailDomain: string) => [
  { name: 'Jan', email: `jan@${mailDomain}` },
  { name: 'Mei', phone: MEI, language: 'zh-CN' as const },
];

/** As a mail program answers: quoted, with a greeting. */
const replyTo = (raw: string, from: string, code: string): string => {
  const id = /^message-id: *(<[^>]+>)/im.exec(raw)?.[1] ?? '';
  const head = [
    `From: Jan <${from}>`,
    'To: lifeboat@lab.test',
    'Subject: Re: CONFIRM',
    `In-Reply-To: ${id}`,
    'Message-ID: <r1@client.test>',
  ];
  const text = [
    'Hello,',
    '',
    `yes ${code}`,
    '',
    '-- ',
    'Jan, night shift',
    '',
    'On Sun, 22 Nov 2026 at 10:00, Lifeboat wrote:',
    '> Answer this message with YES 000000 or NO 000000',
  ];
  return `${[...head, 'MIME-Version: 1.0', 'Content-Type: text/plain; charset=utf-8'].join('\n')}\n\n${text.join('\n')}\n`;
};

const decodedMail = (raw: string): string =>
  raw.replace(/=\r?\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/** The question is in Jan's mailbox and on Mei's phone. */
async function askedByBoth(mail: MailServers, centre: SmsCentre, note: (what: string) => void): Promise<void> {
  await eventually("the question is on Mei's phone", () => centre.phones.some((p) => p.to === MEI && /同意 \d{6}/.test(p.text)), LIMIT_MS);
  note(`Mei's phone: ${(centre.phones.find((p) => p.to === MEI)?.text ?? '').replace(/\d{6}/g, '······')}`);
  await eventually("the question is in Jan's mailbox", async () => (await mail.inbox('jan')).some((m) => /CONFIRM/.test(m.raw)), LIMIT_MS);
  note("Jan's mailbox: CONFIRM: evacuate ...");
}

/** Both are asked; Jan answers from a mail program. Answers the code that Jan was sent. */
export async function janAnswers(mail: MailServers, centre: SmsCentre, note: (what: string) => void): Promise<string> {
  await askedByBoth(mail, centre, note);
  const raw = (await mail.inbox('jan')).find((m) => /CONFIRM/.test(m.raw))?.raw ?? '';
  const code = /YES (\d{6})/.exec(decodedMail(raw))?.[1] ?? '';
  note('Jan answers from a mail program: yes and the code, with a greeting and a quote');
  await mail.deliver(`jan@${mail.domain}`, `lifeboat@${mail.domain}`, replyTo(raw, `jan@${mail.domain}`, code));
  return code;
}

/** Mei, who was asked too, is told that it is settled. */
export async function meiIsTold(centre: SmsCentre, note: (what: string) => void): Promise<void> {
  await eventually('Mei is told', () => centre.phones.some((p) => /已同意/.test(p.text)), 10_000);
  note(`Mei's phone: ${centre.phones.find((p) => /已同意/.test(p.text))?.text ?? ''}`);
}
