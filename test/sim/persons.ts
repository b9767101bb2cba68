import type { EmbeddedRegion } from '@lifeboat/embedded';
import { type Instant, stableId } from '@lifeboat/kernel';
import { type Checker, Prng } from '@lifeboat/world';

/** Who may answer in a simulated region that asks; the others are strangers. */
export const OPERATOR = { name: 'operator', email: 'operator@example.org', phone: '+15550100' };
const STRANGER = { email: 'stranger@example.org', phone: '+15550199' };
const LOOK_MS = 1_000;

/** What somebody does about a question; most days, most people just answer. */
const habits = [
  ...(['yes', 'yes', 'yes', 'yes', 'no', 'late', 'twice', 'both', 'never'] as const),
  ...(['stranger', 'wrong-code', 'stranger-then-yes', 'prose-then-yes', 'old-code'] as const),
];

/** The seeds in which clusters ask; regressions have others. */
export const asks = (seed: number): boolean => seed % 7 === 1;
export const askingPolicy = (seed: number) =>
  ({
    automation: 'semi-automatic',
    // 'hold' would leave incidents open for ever where nobody answers: that is its purpose, and no end of a run
    confirmation: { expiresMs: new Prng(seed).fork('patience').between(40, 120) * 1_000, onNoAnswer: 'abort' },
  }) as const;

interface Read {
  readonly channel: 'sms' | 'e-mail';
  readonly code: string;
  readonly confirmation: string | null;
  /** All that the message lists: its answer is for each of them. */
  readonly listed: readonly string[];
  /** Which code of its question it is. */
  readonly nth: number;
}
const nobodys = { confirmation: null, listed: [], nth: 0 };
/** As a message that asks about several incidents lists them: (inc-compute-03-7) or, asked anew, (inc-compute-03-7 #2). */
const LISTED = /\((inc-[^ )]+)(?: #(\d+))?\)/g;
type Sim = Pick<EmbeddedRegion, 'clock' | 'inbox' | 'mailbox' | 'phones' | 'world'>;

/** The people of a simulated region: they read their phones and mails, and answer as people do. */
export class Persons {
  readonly #r: Sim;
  readonly #checker: Checker;
  readonly #prng: Prng;
  readonly #seen = new Set<string>();
  readonly #questions: Read[] = [];

  constructor(r: Sim, checker: Checker, seed: number) {
    this.#r = r;
    this.#checker = checker;
    this.#prng = new Prng(seed).fork('persons');
  }

  async live(until: () => boolean): Promise<void> {
    while (!until()) {
      for (const t of this.#r.phones.texts()) this.#read(t.id, t.to, t.text, 'sms');
      for (const m of this.#r.mailbox.mails()) this.#read(m.id, m.to, m.text, 'e-mail');
      await this.#r.clock.sleep(LOOK_MS);
    }
  }

  #read(id: string, to: string, text: string, channel: Read['channel']): void {
    if (this.#seen.has(`${channel} ${id}`)) return;
    const mail = this.#r.mailbox.mails().find((m) => m.id === id.replace(/-t$/, ''));
    // a text message counts the incidents, its mail lists them: who has both reads both
    if (channel === 'sms' && / incidents\)/.test(text) && mail === undefined) return;
    this.#seen.add(`${channel} ${id}`);
    const code = /YES (\d{6})/.exec(text)?.[1];
    if (code === undefined || (to !== OPERATOR.email && to !== OPERATOR.phone)) return;
    // the same question comes by phone and by mail: whichever is read first is answered
    if (this.#questions.some((q) => q.code === code)) return;
    const old = this.#questions.at(-1);
    const question = this.#questionOf(id.replace(/-t$/, ''));
    const several = [...(mail?.text ?? '').matchAll(LISTED)].map(([, incident, nth]) => `${incident}/confirmation/${nth ?? 1}`);
    const listed = several.length > 0 ? several : question.confirmation === null ? [] : [question.confirmation];
    const read = { channel, code, listed, ...question };
    this.#questions.push(read);
    this.#act(read, old);
  }

  /** Which question a message puts: its id says so, as that of any of its codes. */
  #questionOf(id: string): Pick<Read, 'confirmation' | 'nth'> {
    for (const confirmation of this.#checker.consents.questions())
      for (const nth of [1, 2, 3]) if (stableId('ask', confirmation, OPERATOR.name, nth) === id) return { confirmation, nth };
    return { confirmation: null, nth: 0 };
  }

  #act(read: Read, old: Read | undefined): void {
    const habit = this.#prng.pick(habits);
    this.#r.world.trace.add(this.#r.clock.now(), 'operator', `reads a question by ${read.channel}; habit: ${habit}`);
    const soon = this.#prng.between(2, 30) * 1_000;
    const yes = (ms: number) => this.#later(ms, (at) => this.#says(read, `YES ${read.code}`, at));
    const no = (ms: number) => this.#later(ms, () => this.#write(read, OPERATOR, `NO ${read.code}`));
    const wrong = read.code === '000000' ? '111111' : '000000';
    switch (habit) {
      case 'yes':
      case 'late':
        yes(habit === 'late' ? soon + 120_000 : soon);
        break;
      case 'no':
        no(soon);
        break;
      case 'twice':
        yes(soon);
        yes(soon + 3_000);
        break;
      case 'both':
        yes(soon);
        no(soon + this.#prng.between(0, 2_000));
        break;
      case 'never':
        break;
      case 'stranger':
      case 'stranger-then-yes':
        this.#later(soon, () => this.#write(read, STRANGER, `YES ${read.code}`));
        if (habit === 'stranger-then-yes') yes(soon + 10_000);
        break;
      case 'wrong-code':
        this.#later(soon, () => this.#write(read, OPERATOR, `YES ${wrong}`));
        break;
      case 'old-code': {
        const code = old?.code ?? wrong;
        // of a question that may well be open still: then it is a yes to that one
        this.#later(soon, (at) => this.#says({ ...(old ?? nobodys), channel: read.channel, code }, `YES ${code}`, at));
        break;
      }
      case 'prose-then-yes':
        this.#later(soon, () => this.#write(read, OPERATOR, `What is this? I would say YES, but not ${read.code} now.`));
        yes(soon + 5_000);
        break;
    }
  }

  #later(ms: number, act: (at: Instant) => void): void {
    void this.#r.clock.sleep(ms).then(() => act(this.#r.clock.now()));
  }

  #says(read: Read, text: string, at: Instant): void {
    const renewed = this.#questions.some((q) => q.confirmation === read.confirmation && q.nth > read.nth);
    if (!renewed) for (const confirmation of read.listed) this.#checker.consents.saidYes(confirmation, at);
    this.#write(read, OPERATOR, text);
  }

  #write(read: Read, who: { readonly email: string; readonly phone: string }, text: string): void {
    this.#r.world.trace.add(this.#r.clock.now(), who === OPERATOR ? 'operator' : 'stranger', `writes by ${read.channel}: ${text}`);
    if (read.channel === 'sms') this.#r.phones.reply(who.phone, text);
    else this.#r.inbox.write(who.email, text);
  }
}
