export { FleetModel } from './model/fleet-model.ts';
export { plan, planOn } from './plan.ts';
export type { ClusterRules, ClusterRulesOf, PlanAsk, PlanRequest } from './request.ts';
export { rulesOf } from './rules.ts';
export { type Refreshed, Survivability, type Survival, survivability } from './survive/survivability.ts';
export { warmUp } from './warm-up.ts';
