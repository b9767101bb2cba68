import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { end, launch, type Pid } from '@lifeboat/local';
import { freePorts } from './ports.ts';

const run = promisify(execFile);
const PASSWORD = 'lab';
const READY_MS = 20_000;

/** Postfix and Dovecot on loopback, as processes of this test, with their data in a folder that goes with them. */
export interface MailServers {
  /** Mail for users of this domain is delivered; any other is refused. */
  readonly domain: string;
  readonly password: string;
  /** PEM of what signed their certificate, for 127.0.0.1. */
  readonly ca: string;
  /** STARTTLS and a login are insisted on. */
  readonly submissionPort: number;
  readonly imapsPort: number;
  /** STARTTLS is offered. */
  readonly imapPort: number;
  /** A mail as it stands, headers and all, given to the server as any other machine would. */
  deliver(from: string, to: string, raw: string | Buffer): Promise<void>;
  /** Raw mails in a user's INBOX, and which of them are marked seen. */
  inbox(user: string): Promise<readonly Readonly<{ raw: string; seen: boolean }>[]>;
  /** Where Dovecot keeps a user's mails, for who breaks things. */
  readonly maildir: (user: string) => string;
  readonly imap: { away(): Promise<void>; back(): Promise<void> };
  stop(): Promise<void>;
}

const dovecotConf = (at: string, imapPort: number, imapsPort: number) => `
base_dir = ${at}/run
state_dir = ${at}/state
log_path = ${at}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <${at}/cert.pem
ssl_key = <${at}/key.pem
auth_mechanisms = plain login
mail_location = maildir:${at}/mail/%n
mail_uid = nobody
mail_gid = nogroup
first_valid_uid = 1
# the notices of IDLE come half a second late otherwise
mailbox_idle_check_interval = 1 secs
passdb {
  driver = static
  args = password=${PASSWORD}
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=${at}/mail/%n
}
namespace inbox {
  inbox = yes
}
service imap-login {
  inet_listener imap {
    port = ${imapPort}
  }
  inet_listener imaps {
    port = ${imapsPort}
    ssl = yes
  }
}
service lmtp {
  unix_listener lmtp {
    mode = 0666
  }
}
service auth {
  unix_listener sasl {
    mode = 0666
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
`;

const postfixMain = (at: string, domain: string, users: readonly string[]) => `
compatibility_level = 3.6
queue_directory = ${at}/queue
data_directory = ${at}/data
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = ${domain}
mydestination =
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = ${domain}
virtual_mailbox_maps = inline:{ ${users.map((u) => `${u}@${domain}=1`).join(', ')} }
virtual_transport = lmtp:unix:${at}/run/lmtp
default_transport = error:no mail leaves the lab
smtpd_tls_cert_file = ${at}/cert.pem
smtpd_tls_key_file = ${at}/key.pem
smtpd_tls_security_level = may
smtpd_sasl_type = dovecot
smtpd_sasl_path = ${at}/run/sasl
maillog_file = ${at}/postfix.log
maillog_file_prefixes = ${at}
alias_maps =
alias_database =
`;

const postfixMaster = (port: number, submission: number) => `
127.0.0.1:${port} inet n - n - - smtpd
127.0.0.1:${submission} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
${['rewrite trivial-rewrite', 'error error', 'retry error', 'lmtp lmtp', 'smtp smtp'].map((l) => `${l.split(' ')[0]} unix - - n - - ${l.split(' ')[1]}`).join('\n')}
${['bounce', 'defer bounce', 'trace bounce'].map((l) => `${l.split(' ')[0]} unix - - n - 0 bounce`).join('\n')}
verify unix - - n - 1 verify
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
proxymap unix - - n - - proxymap
`;

export async function startMail(users: readonly string[], domain = 'lab.test'): Promise<MailServers> {
  const at = await mkdtemp(join(tmpdir(), 'lifeboat-mail-'));
  const [port = 0, submissionPort = 0, imapPort = 0, imapsPort = 0] = await freePorts(4);
  await prepare(at);
  await writeFile(join(at, 'dovecot.conf'), dovecotConf(at, imapPort, imapsPort));
  await writeFile(join(at, 'postfix', 'main.cf'), postfixMain(at, domain, users));
  await writeFile(join(at, 'postfix', 'master.cf'), postfixMaster(port, submissionPort));
  const start = (command: string, ...args: string[]) =>
    launch({ command, args, cwd: at, log: join(at, `${command.split('/').pop()}.out`), leashed: true });
  const startDovecot = async () => {
    const pid = await start('/usr/sbin/dovecot', '-F', '-c', join(at, 'dovecot.conf'));
    await answers(imapPort, /^\* OK/, join(at, 'dovecot.log'));
    return pid;
  };
  let dovecot: Pid = await startDovecot();
  // makes the queue's folders; the master alone, as a process of ours, is then all there is to Postfix
  await run('/usr/sbin/postfix', ['-c', join(at, 'postfix'), 'check']);
  const postfix = await start('/usr/lib/postfix/sbin/master', '-c', join(at, 'postfix'), '-d');
  await answers(port, /^220 /, join(at, 'postfix.log'));
  const maildir = (user: string) => join(at, 'mail', user);
  return {
    domain,
    password: PASSWORD,
    ca: await readFile(join(at, 'cert.pem'), 'utf8'),
    submissionPort,
    imapPort,
    imapsPort,
    deliver: (from, to, raw) => deliver(port, from, to, raw),
    inbox: (user) => readInbox(maildir(user)),
    maildir,
    imap: {
      away: () => endAll(dovecot),
      back: async () => {
        dovecot = await startDovecot();
      },
    },
    stop: async () => {
      await endAll(postfix);
      await endAll(dovecot);
      await rm(at, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** With its children, which hold the connections: they are of its group. */
async function endAll(leader: Pid): Promise<void> {
  await end(leader, 5_000);
  try {
    process.kill(-leader.pid, 'SIGKILL');
  } catch {
    // all of them ended with it
  }
}

async function prepare(at: string): Promise<void> {
  // postfix and nobody go through it
  await chmod(at, 0o755);
  for (const folder of ['run', 'state', 'mail', 'postfix', 'queue', 'data']) await mkdir(join(at, folder));
  const idOf = async (user: string) => Number((await run('id', ['-u', user])).stdout);
  await chown(join(at, 'mail'), await idOf('nobody'), -1);
  await chown(join(at, 'data'), await idOf('postfix'), -1);
  const subject = ['-subj', '/CN=lab', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', join(at, 'key.pem')];
  await run('openssl', ['req', '-x509', ...key, '-days', '2', ...subject, '-out', join(at, 'cert.pem')]);
}

const greeting = (port: number): Promise<string> =>
  new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on('error', () => undefined);
    socket.once('data', (b) => {
      resolve(b.toString());
      socket.destroy();
    });
    socket.on('close', () => resolve(''));
  });
async function answers(port: number, as: RegExp, log: string): Promise<void> {
  const until = performance.now() + READY_MS;
  while (!as.test(await greeting(port))) {
    if (performance.now() > until) throw new Error(`nothing on port ${port}: ${await readFile(log, 'utf8').catch(() => 'no log')}`);
    await sleep(50);
  }
}

/** The words of SMTP, one at a time: not the client that is tested. */
async function deliver(port: number, from: string, to: string, raw: string | Buffer): Promise<void> {
  const socket = net.connect(port, '127.0.0.1');
  socket.setTimeout(10_000, () => socket.destroy(new Error('SMTP: no answer')));
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const expect = async (code: string) => {
    for (;;) {
      const { value: line = '', done } = await lines.next();
      if (done === true || !line.startsWith(code)) throw new Error(`SMTP: wanted ${code}: ${line}`);
      if (line[3] !== '-') return;
    }
  };
  const bytes = typeof raw === 'string' ? Buffer.from(raw) : raw;
  // latin1: one character a byte, so that dots can be doubled in any encoding
  const body = bytes.toString('latin1').replace(/\r?\n/g, '\r\n').replace(/^\./gm, '..');
  await expect('220');
  for (const [say, code] of [
    ['EHLO client.test', '250'],
    [`MAIL FROM:<${from}>`, '250'],
    [`RCPT TO:<${to}>`, '250'],
    ['DATA', '354'],
    [`${body}\r\n.`, '250'],
    ['QUIT', '221'],
  ] as const) {
    socket.write(`${say}\r\n`, 'latin1');
    await expect(code);
  }
  socket.destroy();
}

async function readInbox(maildir: string): Promise<{ raw: string; seen: boolean }[]> {
  const of = async (folder: string) =>
    (await readdir(join(maildir, folder)).catch(() => [])).sort().map((name) => ({ path: join(maildir, folder, name), name }));
  const files = [...(await of('cur')), ...(await of('new'))];
  return Promise.all(files.map(async ({ path, name }) => ({ raw: await readFile(path, 'utf8'), seen: /:2,[A-Z]*S/.test(name) })));
}
