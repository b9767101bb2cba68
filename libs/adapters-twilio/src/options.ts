export interface TwilioOptions {
  /** AC... */
  readonly accountSid: string;
  /** Signs the webhooks, too. */
  readonly authToken: string;
  /** A number of the account (+1...), or a messaging service (MG...). */
  readonly from: string;
  /** How Twilio reaches our webhooks, as it is written in its console: before any proxy. No slash at the end. */
  readonly publicUrl: string;
  readonly listen: Readonly<{ host: string; port: number }>;
  /** Another address of the REST API than Twilio's own: a proxy, or a test. */
  readonly api?: string;
  readonly timeLimitMs?: number;
}

export const INBOUND_PATH = '/twilio/inbound';
export const STATUS_PATH = '/twilio/status';
