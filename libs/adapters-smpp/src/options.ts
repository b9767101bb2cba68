import type { Complaint } from '@lifeboat/kernel';

export interface SmppOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly systemId: string;
  readonly password: string;
  readonly systemType?: string;
  /** The sender: +8610123456, a short code, or up to 11 letters (which nobody can answer). */
  readonly from: string;
  readonly ca?: string;
  /** For one answer of the SMS centre. */
  readonly timeLimitMs?: number;
  readonly enquireMs?: number;
  readonly firstPauseMs?: number;
}

/** smpp://system:password@host:2775 · ssmpp://... (TLS, 3550) */
export const smppOptionsFromUrl = (url: string, from: string, systemType?: string, where = 'smpp url'): SmppOptions | Complaint => {
  const problem = (text: string): Complaint => ({ where, field: 'url', problem: text });
  // URL knows the hosts and passwords of http alone
  const m = /^(s?smpp):\/\/([^:@/]*):([^@/]*)@(\[[0-9A-Fa-f:.]+\]|[^:/@?]+)(?::(\d{1,5}))?\/?$/.exec(url);
  if (m === null) return problem('is no SMPP address; write smpp://system:password@host:2775, @ in the password as %40');
  const [, protocol = '', system = '', password = '', host = '', port] = m;
  if (!/^(\+?[0-9]{3,15}|[A-Za-z0-9 ]{1,11})$/.test(from))
    return { where, field: 'from', problem: 'is neither a number (+8610123456 or a short code) nor up to 11 letters' };
  const tls = protocol === 'ssmpp';
  try {
    return {
      host: host.replace(/^\[|\]$/g, ''),
      port: port === undefined ? (tls ? 3550 : 2775) : Number(port),
      tls,
      systemId: decodeURIComponent(system),
      password: decodeURIComponent(password),
      from,
      ...(systemType === undefined ? {} : { systemType }),
    };
  } catch {
    return problem('has a % that begins no escape; write it as %25');
  }
};
