export { type FenceAgentsOptions, fenceAgents } from './fence-agents.ts';
export { type SecretSource, secretsOfProcess } from './parameters.ts';
