export { FleetModel } from './model/fleet-model.ts';
export { plan, planOn } from './plan.ts';
export type { ClusterRules, PlanAsk, PlanRequest } from './request.ts';
