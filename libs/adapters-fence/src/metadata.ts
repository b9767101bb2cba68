/** What an agent's `-o metadata` says that we use. */
export type AgentMetadata = Readonly<{ parameters: ReadonlySet<string>; actions: ReadonlySet<string> }>;

const names = (xml: string, tag: string) =>
  new Set([...xml.matchAll(new RegExp(`<${tag}\\s[^>]*?\\bname="([^"]+)"`, 'g'))].map((m) => m[1] ?? ''));

/** null where it is not the resource-agent XML that a fence agent prints. */
export const readMetadata = (xml: string): AgentMetadata | null => {
  if (!/<resource-agent\s/.test(xml)) return null;
  const metadata = { parameters: names(xml, 'parameter'), actions: names(xml, 'action') };
  return metadata.parameters.size === 0 ? null : metadata;
};

/** These tell Nova that a host is down, or ask it to evacuate, and switch nothing off. A service that is down is no proof. */
const switchNothingOff = new Set(['fence_compute', 'fence_evacuate', 'fence_ack_manual', 'fence_heuristics_ping', 'fence_kdump']);

/** Why this method could never isolate a host, whatever the device says; null where it can. */
export const unfitMethod = (agent: string, given: Readonly<Record<string, string>>, known: AgentMetadata): string | null => {
  const name = agent.slice(agent.lastIndexOf('/') + 1);
  if (switchNothingOff.has(name)) return `agent: ${name} switches no power off; name an agent that does`;
  for (const action of ['off', 'status'])
    if (!known.actions.has(action)) return `agent: ${name} has no action '${action}', and both off and status are needed`;
  for (const p of Object.keys(given)) {
    if (p === 'action' || p === 'option') return `parameters.${p}: Lifeboat sets the action itself; remove it`;
    if (p === 'missing_as_off') return `parameters.${p}: a plug that cannot be found proves nothing; remove it`;
    if (!known.parameters.has(p)) return `parameters.${p}: ${name} knows no such parameter (see ${name} -o metadata)`;
  }
  return null;
};
