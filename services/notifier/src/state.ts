import type { Verdict } from '@lifeboat/contracts';
import { type ClusterId, type HostId, type IncidentId, type Instant, Table } from '@lifeboat/kernel';

/** What a text needs of an incident that its later events do not carry. */
export type IncidentMemo = Readonly<{
  hosts: readonly HostId[];
  clusters: readonly ClusterId[];
  verdict: Verdict;
  at: Instant;
  closed: boolean;
  /** When it was opened, where people are asked about it: its question is on the way. */
  asksSince: Instant | null;
  /** How far it is: VMs of its plans, and those seen running on their new hosts; `told`: of which people were told, and when. */
  progress?: Readonly<{ vms: number; running: number; told: number; at: Instant }>;
}>;

export const urgencies = ['asks', 'failed', 'done', 'progress'] as const;
/** asks: somebody must do something. failed: something is broken. done: an end. progress: for the record. */
export type Urgency = (typeof urgencies)[number];

export type Notice = Readonly<{
  /** The same notice has the same id, however often its event comes. */
  id: string;
  urgency: Urgency;
  subject: string;
  text: string;
  at: Instant;
  incident: string | null;
}>;

/** Notices that wait for company: what comes within the window goes out as one mail. */
export type Gathering = Readonly<{ since: Instant; notices: readonly Notice[] }>;

/**
 * The question of one incident, from the scheduler's request to a while after its end.
 *
 *   waiting --its inquiry is sent--> open --confirmation.settled--> answered
 *                                     `----confirmation.expired--> void
 */
export type Ask = Readonly<{
  incident: IncidentId;
  confirmation: string;
  inquiry: string;
  hosts: readonly HostId[];
  clusters: readonly ClusterId[];
  verdict: Verdict | null;
  vms: number;
  stopped: number;
  unplaced: number;
  to: readonly Readonly<{ cluster: ClusterId; hosts: number; vms: number }>[];
  quorum: number;
  at: Instant;
  expiresAt: Instant;
  stage: 'waiting' | 'open' | 'answered' | 'void';
  answers: Readonly<Record<string, 'evacuate' | 'do-not'>>;
  /** How it ended: the answer, or why it holds no longer; and by whom. */
  ended: string;
  by: string;
}>;

/**
 * What people are sent: one question, or in a storm all that wait for the same people, with one code. What it lists never
 * grows once it is sent, so an answer is to exactly what was shown; each question in it is judged, and ends, by itself.
 *
 *   gathering --no other is on the way, or long enough--> making --code made--> open
 */
export type Inquiry = Readonly<{
  /** The confirmation of its first question. */
  id: string;
  confirmations: readonly string[];
  /** Whom it is for; questions for others are inquiries of their own. */
  audience: string;
  quorum: number;
  at: Instant;
  stage: 'gathering' | 'making' | 'open';
  /** Never leaves this state but in messages to those who are asked. */
  code: string;
  /** Signs the links. */
  key: string;
  codes: number;
  /** Wrong codes since the last one was made. */
  wrong: number;
  /** Contact → when it was asked. */
  asked: Readonly<Record<string, Instant>>;
  /** Of these, contacts whom no message of it has reached: 'contact channel'. */
  unreached: readonly string[];
  /** Questions that ended, of which its people are still to be told; since when. */
  untold: readonly string[];
  untoldSince: Instant | null;
}>;

/** A text message whose fate its provider may still tell. */
export type Sent = Readonly<{ contact: string; incident: string | null; subject: string; providerId: string; at: Instant }>;

/** A way for answers to come in that is closed. `told`: people know. */
export type Trouble = Readonly<{ since: Instant; what: string; told: boolean }>;

/** How many there were of late; a window begins with its first. */
export type Tally = Readonly<{ since: Instant; count: number }>;

export type NotifierState = Readonly<{
  incidents: Table<IncidentMemo>;
  /** Notice id → when it was first taken up. */
  told: Table<Instant>;
  /** Contact's name → what waits for it. */
  gathering: Table<Gathering>;
  /** Message id → when it was first tried. */
  mails: Table<Instant>;
  /** By message id. */
  texts: Table<Sent>;
  /** By the name of the way. */
  troubles: Table<Trouble>;
  /** By confirmation. */
  asks: Table<Ask>;
  inquiries: Table<Inquiry>;
  /** Answers taken up, by their message ids. */
  heard: Table<Instant>;
  /** 'from …' (a sender, hashed), 'to …' and 'ask …' (a contact: notices, questions): what there was of late. */
  tallies: Table<Tally>;
}>;

export const initialState: NotifierState = {
  incidents: Table.empty(),
  told: Table.empty(),
  gathering: Table.empty(),
  mails: Table.empty(),
  texts: Table.empty(),
  troubles: Table.empty(),
  asks: Table.empty(),
  inquiries: Table.empty(),
  heard: Table.empty(),
  tallies: Table.empty(),
};
