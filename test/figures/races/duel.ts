import type { LifeboatEvent } from '@lifeboat/contracts';
import { clusterId, hostId, incidentId, instant, rackId } from '@lifeboat/kernel';
import { notify } from '@lifeboat/notifier/decide/decide';
import type { NotifierInput } from '@lifeboat/notifier/decide/effects';
import { notifierSettings } from '@lifeboat/notifier/settings';
import { initialState, type NotifierState } from '@lifeboat/notifier/state';
import type { InboundAnswer } from '@lifeboat/ports';
import type { SchedulerState } from '@lifeboat/scheduler/state';
import { INCIDENT, IncidentStory } from '../../../services/scheduler/src/incident.test.ts';

/** What is taken away from the decisions, from outside: nothing in them knows of it. */
export interface Missing {
  /** Also believed: anybody with this number. */
  readonly believes?: string;
  readonly expiresMs?: number;
  /** As it is heard, instead of as it was written. */
  readonly hears?: (text: string, d: Duel) => string;
  /** What the scheduler tells does not reach the notifier. */
  readonly unheard?: LifeboatEvent['type'];
  /** Which question an answer is passed on for, instead of the one it was given to. */
  readonly passedOnFor?: (d: Duel) => string;
  /** What the scheduler's state becomes after everything that happens. */
  readonly turns?: (s: SchedulerState) => SchedulerState;
}

const settingsOf = ({ believes }: Missing) =>
  notifierSettings({
    region: 'races',
    clusters: [{ cluster: clusterId('main'), contacts: ['Mei', 'Jan', ...(believes === undefined ? [] : ['Anybody'])] }],
    racks: [{ rack: rackId('r1') }],
    hosts: ['h1', 'h4'].map((h) => ({ host: hostId(h), cluster: clusterId('main'), rack: rackId('r1'), managementAddress: h, fence: [] })),
    contacts: [
      { name: 'Mei', phone: '+8613812341234', language: 'zh-CN' },
      { name: 'Jan', email: 'jan@example.org' },
      ...(believes === undefined ? [] : [{ name: 'Anybody', phone: believes }]),
    ],
  });
const codes = ['482193', '775501', '118264', '900417', '336628', '551200'];
/** Another incident, whose question stands beside ours with a code of its own. */
const OTHER = incidentId('inc-h4-2');

/** The decisions of scheduler and notifier, face to face: what one tells the other hears at once. */
export class Duel {
  readonly story: IncidentStory;
  readonly #missing: Missing;
  readonly #decide: ReturnType<typeof notify>;
  #notifier: NotifierState = initialState;
  #heard = 0;
  #made = 0;
  /** Codes in the order of the questions: ours first. */
  readonly sent: string[] = [];

  constructor(missing: Missing = {}) {
    this.#missing = missing;
    this.#decide = notify(settingsOf(missing));
    const confirmation = { expiresMs: missing.expiresMs ?? 600_000, onNoAnswer: 'hold' as const };
    this.story = new IncidentStory({ policy: { automation: 'semi-automatic', confirmation } });
    this.story.has(1).has(2).has(3, { to: 'no-room' });
    this.story.fails().isolated().shutOut();
    this.pass();
    this.story.has(4, { host: 'h4', to: 'h5' }).fails(['h4'], OTHER).isolated('h4', OTHER).shutOut('h4', OTHER);
    this.pass();
  }

  /** Hands everything that was told since over to the notifier. */
  pass(): this {
    for (; this.#heard < this.story.told.length; this.#heard += 1) {
      const event = this.story.told[this.#heard];
      if (event !== undefined && event.type !== this.#missing.unheard) this.#put({ kind: 'event', event, at: this.story.at });
    }
    this.#turn();
    return this;
  }

  #turn(): void {
    this.story.state = this.#missing.turns?.(this.story.state) ?? this.story.state;
  }

  #put(input: NotifierInput): void {
    const step = this.#decide(this.#notifier, input);
    this.#notifier = step.state;
    for (const o of step.outputs) {
      if (o.kind === 'tell') {
        this.refused += o.event.type === 'lifeboat.confirmation.refused' ? 1 : 0;
        if (o.event.type === 'lifeboat.confirmation.received') {
          const confirmation = this.#missing.passedOnFor?.(this) ?? o.event.data.confirmation;
          this.story.hear(o.event.type, { ...o.event.data, confirmation }).answer();
          this.#turn();
        }
      } else if (o.effect.kind === 'make-code') {
        const code = codes[this.#made++ % codes.length] ?? '';
        this.sent.push(code);
        this.#put({ kind: 'settled', effect: o.effect, result: { kind: 'code', code, key: `key-${code}` }, at: this.story.at });
      }
    }
  }

  /** Answers that the notifier itself refused. */
  refused = 0;

  writes(channel: InboundAnswer['channel'], from: string, text: string, messageId: string): this {
    const answer = {
      channel,
      from,
      text: this.#missing.hears?.(text, this) ?? text,
      messageId,
      receivedAt: instant(this.story.now),
      references: [],
      authentication: 'none',
      automatic: null,
    } as const;
    this.#put({ kind: 'observed', observation: { kind: 'answer', answer }, at: this.story.at });
    return this.pass();
  }

  /** Time passes at one stroke; what was due in it is found then. */
  wait(seconds: number): this {
    this.story.now += seconds * 1_000;
    this.story.run(2);
    return this.pass();
  }

  /** VMs of our incident that were ordered to be evacuated, in their order. */
  get ordered(): number[] {
    return this.story.told.flatMap((e) =>
      e.type === 'lifeboat.evacuation.requested' && e.data.incident === INCIDENT
        ? e.data.placements.map((p) => Number(p.vm.slice(-12)))
        : [],
    );
  }
  /** VMs of the other incident that were. */
  get strayed(): number {
    return this.story.told.filter((e) => e.type === 'lifeboat.evacuation.requested' && e.data.incident === OTHER).length;
  }
  get declined(): boolean {
    return this.story.told.some(
      (e) => e.type === 'lifeboat.confirmation.settled' && e.data.incident === INCIDENT && e.data.answer === 'do-not',
    );
  }
  /** Questions of our incident, and those that were told to hold no longer. */
  get asked(): number {
    return this.story.told.filter((e) => e.type === 'lifeboat.confirmation.requested' && e.data.incident === INCIDENT).length;
  }
  get recorded(): number {
    return this.refused + this.story.told.filter((e) => e.type === 'lifeboat.confirmation.refused').length;
  }
}
