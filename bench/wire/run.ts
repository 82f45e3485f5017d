/** One run of a model, compiled, so that nothing is measured but what an aggregator executes: prints a WireRun as JSON. */
import { measureFederation, type FederationRun } from './federation.js';
import { wireModels } from './models.js';
import { measureStages, type Stages } from './stages.js';

export interface WireRun {
  readonly federation: FederationRun;
  readonly stages: Stages;
}

const model = wireModels.find(({ name }) => name === process.argv[2])!;
const federation = await measureFederation(model);
const stages = await measureStages(model);
process.stdout.write(`${JSON.stringify({ federation, stages } satisfies WireRun)}\n`);
