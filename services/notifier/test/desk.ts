import assert from 'node:assert/strict';
import { encode, type LifeboatEvent, type NewEvent } from '@lifeboat/contracts';
import { clusterId, hostId, instant, rackId } from '@lifeboat/kernel';
import type { InboundAnswer } from '@lifeboat/ports';
import { notify } from '../src/decide/decide.ts';
import type { NotifierInput, SendMail, SendText, Taken } from '../src/decide/effects.ts';
import { type NotifierSettings, notifierSettings } from '../src/settings.ts';
import { initialState, type NotifierState } from '../src/state.ts';

export const incident = 'inc-compute-3-1';
export const confirmation = `${incident}/confirmation/1`;
/** 02:00 in Shanghai. */
export const NIGHT = 1_795_284_000_000;
export const MEI = '+8613812341234';
export const JAN = 'jan@example.org';
export const settings = notifierSettings(
  {
    region: 'lab',
    clusters: [
      {
        cluster: clusterId('web'),
        contacts: ['Mei', 'Jan', 'Boss'],
        escalation: [
          { contacts: ['Mei'], afterMinutes: 0 },
          { contacts: ['Jan'], afterMinutes: 10 },
          { contacts: ['Boss'], afterMinutes: 15 },
        ],
      },
    ],
    racks: [{ rack: rackId('r1') }],
    hosts: [{ host: hostId('compute-3'), cluster: clusterId('web'), rack: rackId('r1'), managementAddress: 'm', fence: [] }],
    contacts: [
      { name: 'Mei', phone: MEI, language: 'zh-CN', quietHours: { from: '22:00', to: '07:00', timeZone: 'Asia/Shanghai' } },
      { name: 'Jan', email: JAN },
      { name: 'Boss', phone: '+4915112345678' },
      { name: 'Dba', email: 'dba@example.org' },
    ],
  },
  { webUrl: 'https://l.example' },
);

/** The notifier's decisions, with people before it: what it sends, tells and shows. */
export class Desk {
  state: NotifierState = initialState;
  now = NIGHT;
  readonly settings: NotifierSettings;
  readonly texts: SendText[] = [];
  readonly mails: SendMail[] = [];
  readonly told: string[] = [];
  readonly events: NewEvent[] = [];
  readonly pages: string[] = [];
  readonly keptAs: Taken[] = [];
  #codes = ['482193', '775501', '118264'];
  #messages = 0;
  constructor(change: Partial<NotifierSettings> = {}) {
    this.settings = { ...settings, ...change };
  }

  put(input: NotifierInput): this {
    const step = notify(this.settings)(this.state, input);
    this.state = step.state;
    for (const o of step.outputs) {
      if (o.kind === 'tell') {
        const d = o.event.data as { reason?: string; answer?: string; by?: string };
        encode({ ...o.event, id: '0'.repeat(32), source: 'n/1', time: instant(this.now), sequence: 1 } as LifeboatEvent);
        assert.doesNotMatch(JSON.stringify(o.event), /482193|\+86138[0-9]|jan@example/, 'no event shows a code, a number or an address');
        this.events.push(o.event);
        if (o.event.type.startsWith('lifeboat.confirmation.'))
          this.told.push(
            `${o.event.type.replace('lifeboat.confirmation.', '')} ${d.reason ?? d.answer ?? ''}${d.by === undefined ? '' : ` ${d.by}`}`,
          );
      } else if (o.effect.kind === 'send-text') this.texts.push(o.effect);
      else if (o.effect.kind === 'send-mail') this.mails.push(o.effect);
      else if (o.effect.kind === 'keep') this.keptAs.push(o.effect.as);
      else if (o.effect.kind === 'show') this.pages.push(o.effect.html);
      else {
        const result = { kind: 'code', code: this.#codes.shift() ?? '000001', key: 'k' } as const;
        this.put({ kind: 'settled', effect: o.effect, result, at: instant(this.now) });
      }
    }
    return this;
  }

  get kept(): number {
    return this.keptAs.length;
  }

  hears(type: LifeboatEvent['type'], data: object): this {
    const common = { incident, confirmation, at: this.now };
    const all = { ...common, ...data };
    const of = { id: 'x', source: 'scheduler/1', time: instant(this.now), sequence: 1, incident: all.incident };
    const event = { type, data: all, ...of };
    return this.put({ kind: 'event', event: event as unknown as LifeboatEvent, at: instant(this.now) });
  }
  asks(more: object = {}): this {
    const plan = { planHash: 'p', vms: 3, stopped: 1, summary: 's', expiresAt: NIGHT + 1_800_000, hosts: ['compute-3'] };
    return this.hears('lifeboat.confirmation.requested', { ...plan, verdict: 'host failure', quorum: 1, ...more });
  }
  writes(from: string, text: string, more: Partial<InboundAnswer> = {}): this {
    this.#messages += 1;
    const channel = from.includes('@') ? ('e-mail' as const) : ('sms' as const);
    const of = { channel, from, text, messageId: `m${this.#messages}`, references: [], receivedAt: instant(this.now) };
    const answer: InboundAnswer = { ...of, authentication: 'none', automatic: null, ...more };
    return this.put({ kind: 'observed', observation: { kind: 'answer', answer }, at: instant(this.now) });
  }
  visits(link: string, answer?: 'evacuate' | 'do-not'): this {
    const observation = { kind: 'visit', request: `r${this.pages.length}`, link, ...(answer === undefined ? {} : { answer }) } as const;
    return this.put({ kind: 'observed', observation, at: instant(this.now) });
  }
  after(minutes: number): this {
    return this.afterSeconds(minutes * 60);
  }
  afterSeconds(seconds: number): this {
    this.now += seconds * 1_000;
    return this.put({ kind: 'tick', at: instant(this.now) });
  }
  get link(): string {
    return /answer\/([0-9a-f]+)/.exec(this.texts[0]?.text.text ?? '')?.[1] ?? '';
  }
  get asked(): string[] {
    return [...this.texts, ...this.mails].filter((e) => e.operation.endsWith('/1')).map((e) => e.contact);
  }
}
