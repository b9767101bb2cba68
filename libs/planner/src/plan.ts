import type { Plan } from '@lifeboat/contracts';
import { FleetModel } from './model/fleet-model.ts';
import { ALTERNATES, type PlanAsk, type PlanRequest } from './request.ts';
import { documentOf } from './say/document.ts';
import { pose } from './solve/pose.ts';
import { solve } from './solve/solve.ts';

/** The best host for every VM that is asked for, on a fleet kept in memory. Changes nothing in the model. */
export const planOn = (model: FleetModel, ask: PlanAsk): Plan => documentOf(solve(pose(model, ask)), ask.alternates ?? ALTERNATES);

/** The same, on a fleet given as a document. Pure: the same request gives the same plan, byte for byte. */
export const plan = (request: PlanRequest): Plan => planOn(FleetModel.of(request.fleet), request);
