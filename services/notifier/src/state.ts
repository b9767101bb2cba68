import type { Verdict } from '@lifeboat/contracts';
import { type ClusterId, type HostId, type Instant, Table } from '@lifeboat/kernel';

/** What a text needs of an incident that its later events do not carry. */
export type IncidentMemo = Readonly<{
  hosts: readonly HostId[];
  clusters: readonly ClusterId[];
  verdict: Verdict;
  at: Instant;
  closed: boolean;
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

export type NotifierState = Readonly<{
  incidents: Table<IncidentMemo>;
  /** Notice id → when it was first taken up. */
  told: Table<Instant>;
  /** Contact's name → what waits for it. */
  gathering: Table<Gathering>;
  /** Mail id → when it was first tried. */
  mails: Table<Instant>;
}>;

export const initialState: NotifierState = {
  incidents: Table.empty(),
  told: Table.empty(),
  gathering: Table.empty(),
  mails: Table.empty(),
};
