import { backends } from './backends.js';
import { processChannel } from './workers/process-channel.js';
import { runWorker } from './workers/run-worker.js';

// The script of a worker process. It is started by the agent with a channel to it, and is of no use by itself.
runWorker(backends(), processChannel());
