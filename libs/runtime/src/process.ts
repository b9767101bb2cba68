export { Environment, SettingsError, type Variables, withFiles } from './process/environment.ts';
export { Health } from './process/health.ts';
export { type Log, openLog } from './process/log.ts';
export { Metrics } from './process/metrics.ts';
export { type Running, runProcess } from './process/process.ts';
export { type Backbone, type Boot, type Made, runService, type ServicePlan } from './process/run-service.ts';
export {
  commonSettings,
  type ProcessSettings,
  type RegistrySettings,
  readServerSettings,
  registrySettings,
  type ServerSettings,
} from './process/settings.ts';
export { parseTopology, type ReadTopology } from './process/topology-file.ts';
export { openTopology, type TopologySource } from './process/topology-source.ts';
