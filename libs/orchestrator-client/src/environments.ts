import { OrchestratorError } from './errors.js';

export const ENVIRONMENTS = ['local', 'beta', 'production', 'custom'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

/** Which of the network's two generations of servers is meant. */
export type ServerLine = '0.9' | '0.10';

export interface EnvironmentChoice {
  readonly environment: Environment;
  /** `custom` only: the orchestrator's address. */
  readonly url?: string;
  /** Default: 0.10. */
  readonly line?: ServerLine;
  /** Take plain http beyond loopback too. Default: false. */
  readonly allowInsecureHttp?: boolean;
}

/**
 * The address of an environment's orchestrator.
 * @throws OrchestratorError `InvalidRequest` naming what is wrong with the address.
 */
export function orchestratorUrl(choice: EnvironmentChoice): URL {
  switch (choice.environment) {
    case 'local':
      return checkedUrl(choice.url ?? 'http://localhost:8080', choice.allowInsecureHttp);
    case 'beta':
      return new URL('https://beta.orchestrator.nexus.xyz');
    case 'production':
      return new URL(choice.line === '0.9' ? 'https://orchestrator.nexus.xyz' : 'https://production.orchestrator.nexus.xyz');
    case 'custom':
      if (!choice.url) throw new OrchestratorError('InvalidRequest', 'environment custom needs a url');
      return checkedUrl(choice.url, choice.allowInsecureHttp);
  }
}

/** True for the public network's own servers, whatever environment names them: they take the network's proof format only. */
export function isNexusUrl(url: URL): boolean {
  return url.hostname === 'nexus.xyz' || url.hostname.endsWith('.nexus.xyz');
}

/** @throws OrchestratorError `InvalidRequest`. */
export function checkedUrl(text: string, allowInsecureHttp = false): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new OrchestratorError('InvalidRequest', `the orchestrator url is not a URL`, {}, { cause });
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new OrchestratorError('InvalidRequest', `orchestrator url must be http or https, not ${url.protocol}`);
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new OrchestratorError('InvalidRequest', 'orchestrator url must hold no credentials, query or fragment');
  }
  if (url.protocol === 'http:' && !allowInsecureHttp && !isLoopback(url.hostname)) {
    throw new OrchestratorError('InvalidRequest', `plain http is accepted for loopback only, not for ${url.hostname}; use https or allow insecure http`);
  }
  return url;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
