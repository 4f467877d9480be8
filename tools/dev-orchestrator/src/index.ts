export { stdoutLog, type Log } from './log.js';
export type { Stats, TaskRecord, TaskState } from './ledger.js';
export type { OrchestratorOptions } from './options.js';
export type { OrchestratorParts } from './orchestrator.js';
export { SCENARIOS, parseScenario, type Scenario, type ScenarioChoice } from './scenarios/index.js';
export { startOrchestrator, type RunningOrchestrator } from './server.js';
