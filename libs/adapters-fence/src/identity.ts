import { request } from 'node:https';
import type { FenceMethod } from '@lifeboat/contracts';
import { failed, type Outcome, ok } from '@lifeboat/kernel';
import type { FenceFailure } from '@lifeboat/ports';
import { type Ran, runProgram } from '@lifeboat/subprocess';
import { failureOf, trimmed } from './meaning.ts';
import { masked, resolveParameters, type SecretSource } from './parameters.ts';

type Said = Outcome<string | null, FenceFailure>;
type Parameters = ReadonlyMap<string, string>;

const LIMIT_MS = 10_000;
const LONGEST_ANSWER = 1_000_000;
/** Agents that speak IPMI; all but the first by lanplus whatever they are told. */
const ipmi = ['fence_ipmilan', 'fence_ipmilanplus', 'fence_idrac', 'fence_ilo3', 'fence_ilo4', 'fence_ilo5', 'fence_imm'];

/**
 * Which machine a BMC says that it is in. No fence agent asks for that, so it is asked as the agent would: IPMI by ipmitool,
 * Redfish by a plain request. null: a device of another kind, which knows no machine.
 */
export async function identityOf(method: FenceMethod, source: SecretSource, env: Readonly<Record<string, string>>): Promise<Said> {
  const agent = method.agent.slice(method.agent.lastIndexOf('/') + 1);
  if (!ipmi.includes(agent) && agent !== 'fence_redfish') return ok(null);
  const resolved = await resolveParameters(method.parameters, source);
  if (!resolved.ok) return failed('FENCE_MISCONFIGURED', `fence method ${method.name}: ${resolved.problem}`);
  const p = new Map(resolved.lines.map((l) => [l.slice(0, l.indexOf('=')), l.slice(l.indexOf('=') + 1)]));
  const limitMs = Math.min(method.timeLimitMs ?? LIMIT_MS, LIMIT_MS);
  const said = agent === 'fence_redfish' ? await byRedfish(p, httpsGet(p, limitMs)) : await byIpmi(agent, p, env, limitMs);
  return said.ok ? said : failed(said.code, `${method.name} (${agent}): ${masked(said.detail, resolved.secrets)}`);
}

const first = (p: Parameters, ...names: readonly string[]) => names.map((n) => p.get(n)).find((v) => v !== undefined && v !== '');
const isOn = (value: string | undefined) => value !== undefined && !/^(0|off|false|no)$/i.test(value);

async function byIpmi(agent: string, p: Parameters, env: Readonly<Record<string, string>>, timeLimitMs: number): Promise<Said> {
  const lanplus = agent !== ipmi[0] || isOn(p.get('lanplus'));
  const option = (flag: string, value: string | undefined) => (value === undefined ? [] : [flag, value]);
  const args = [
    ...['ipmitool', '-I', lanplus ? 'lanplus' : 'lan', '-N', '2', '-R', '2', '-E'],
    ...option('-H', first(p, 'ip', 'ipaddr')),
    ...option('-p', first(p, 'ipport')),
    ...option('-U', first(p, 'username', 'login')),
    ...option('-C', first(p, 'cipher')),
    ...option('-L', first(p, 'privlvl')),
    ...['mc', 'guid'],
  ];
  // The environment of a process is read by its own user only; its arguments by everybody.
  const secret = { IPMI_PASSWORD: first(p, 'password', 'passwd') ?? '' };
  return ipmiSaid(await runProgram({ command: '/usr/bin/env', args, env: { ...env, ...secret }, timeLimitMs }), timeLimitMs);
}

export function ipmiSaid(ran: Ran, timeLimitMs: number): Said {
  if (ran.kind === 'not-started') return failed('FENCE_MISCONFIGURED', ran.why);
  if (ran.kind === 'timeout') return failed('FENCE_TIMEOUT', `ipmitool mc guid: no end within ${timeLimitMs} ms`);
  const uuid = /^\s*System GUID\s*:\s*([0-9a-f-]{32,36})\s*$/im.exec(ran.stdout)?.[1];
  if (ran.code === 0 && uuid !== undefined) return ok(uuid);
  const silent = /Unable to establish|Get Auth Capabilities error|timeout/i.test(ran.stderr);
  return failed(silent ? 'FENCE_UNREACHABLE' : failureOf(ran), `ipmitool mc guid: ${trimmed(ran) || `exit code ${ran.code}`}`);
}

type Get = (path: string) => Promise<Outcome<unknown, FenceFailure>>;

/** The system that the method names, or the only one there is. */
export async function byRedfish(p: Parameters, get: Get): Promise<Said> {
  const plug = first(p, 'plug', 'port');
  const root = first(p, 'systems_uri', 'systems-uri') ?? '/redfish/v1/Systems';
  const answer = await get(plug === undefined ? root : `${root.replace(/\/$/, '')}/${plug}`);
  if (!answer.ok) return answer;
  const { UUID: own, Members: members } = answer.value as { UUID?: unknown; Members?: readonly { '@odata.id'?: string }[] };
  if (typeof own === 'string') return ok(own);
  const only = members?.length === 1 ? members[0]?.['@odata.id'] : undefined;
  if (only === undefined) return failed('FENCE_REFUSED', `${root}: ${members?.length ?? 0} systems, and no plug names one`);
  const system = await get(only);
  if (!system.ok) return system;
  const { UUID: uuid } = system.value as { UUID?: unknown };
  return typeof uuid === 'string' ? ok(uuid) : failed('FENCE_REFUSED', `${only}: tells no UUID`);
}

const httpsGet =
  (p: Parameters, limitMs: number): Get =>
  (path) =>
    new Promise((resolve) => {
      const user = `${first(p, 'username', 'login') ?? ''}:${first(p, 'password', 'passwd') ?? ''}`;
      const asked = request(
        {
          host: first(p, 'ip', 'ipaddr') ?? '',
          port: Number(first(p, 'ipport') ?? 443),
          path,
          headers: { authorization: `Basic ${Buffer.from(user).toString('base64')}`, accept: 'application/json' },
          rejectUnauthorized: !isOn(p.get('ssl_insecure')),
          signal: AbortSignal.timeout(limitMs),
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (part: string) => {
            text += part;
            if (text.length > LONGEST_ANSWER) asked.destroy(new Error('the answer does not end'));
          });
          response.on('end', () => resolve(answered(path, response.statusCode ?? 0, text)));
        },
      );
      asked.on('error', (e) => resolve(failed(unanswered(e), `${path}: ${e.message}`)));
      asked.end();
    });

const unanswered = (e: Error & { code?: string }): FenceFailure =>
  e.name === 'TimeoutError' || e.name === 'AbortError'
    ? 'FENCE_TIMEOUT'
    : ['EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT'].includes(e.code ?? '')
      ? 'FENCE_UNREACHABLE'
      : 'FENCE_REFUSED';

const answered = (path: string, status: number, text: string): Outcome<unknown, FenceFailure> => {
  if (status !== 200) return failed('FENCE_REFUSED', `${path}: HTTP ${status}`);
  try {
    return ok(JSON.parse(text));
  } catch {
    return failed('FENCE_REFUSED', `${path}: no JSON`);
  }
};
