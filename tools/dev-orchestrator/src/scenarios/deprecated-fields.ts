import { TASK_TYPE, wire } from '@provefleet/orchestrator-client';
import { messageAnswer } from '../wire-error.js';
import type { Scenario } from './scenario.js';

export const deprecatedFields: Scenario = {
  name: 'deprecated-fields',
  summary: 'PROOF_REQUIRED tasks of one input come in the deprecated fields alone, as from servers of the 0.9 line',
  params: { share: 1 },
  create(host, params) {
    return {
      after(request, answer) {
        if (request.call !== 'fetch' || answer.status !== 200 || host.random.next() >= Number(params['share'])) return answer;
        const { task } = wire.getProofTaskResponse.decode(answer.body);
        const [input] = task?.publicInputsList ?? [];
        if (!task || !input || task.publicInputsList.length > 1 || task.taskType !== TASK_TYPE.PROOF_REQUIRED) return answer;
        return messageAnswer(wire.getProofTaskResponse.encode({ taskId: task.taskId, programId: task.programId, publicInputs: input }));
      },
    };
  },
};
