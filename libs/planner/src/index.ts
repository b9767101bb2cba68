export { plan } from './plan.ts';
export type { ClusterRules, PlanAsk, PlanRequest } from './request.ts';
