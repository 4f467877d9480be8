/**
 * @typedef {object} Settings
 * @property {number} port Where the dashboard listens; 0 for any free port.
 * @property {string} host Which of this machine's addresses it listens on.
 * @property {URL} controlPlaneUrl Where it finds the control plane.
 */

const DEFAULT_PORT = '3000';
const DEFAULT_CONTROL_PLANE_PORT = '4000';

/**
 * Reads the environment: `PROVEFLEET_WEB_PORT` (else `PORT`), `PROVEFLEET_WEB_HOST` (else `HOSTNAME` is left alone: shells
 * set it to the machine's name), `PROVEFLEET_CONTROL_PLANE_URL` (else `PROVEFLEET_CONTROL_PLANE_PORT` on loopback),
 * `PROVEFLEET_PUBLIC_URL`.
 * @param {Record<string, string | undefined>} environment
 * @returns {{ settings: Settings, problem?: undefined } | { settings?: undefined, problem: string }}
 */
export function readSettings(environment) {
  const variable = environment.PROVEFLEET_WEB_PORT === undefined && environment.PORT !== undefined ? 'PORT' : 'PROVEFLEET_WEB_PORT';
  const portText = environment[variable] ?? DEFAULT_PORT;
  const port = Number(portText);
  if (!/^\d+$/.test(portText) || port > 65_535) return { problem: `${variable}="${portText}" is not a port (0 to 65535).` };

  const controlPlane = environment.PROVEFLEET_CONTROL_PLANE_URL ?? `http://127.0.0.1:${environment.PROVEFLEET_CONTROL_PLANE_PORT ?? DEFAULT_CONTROL_PLANE_PORT}`;
  const controlPlaneUrl = parseOrigin(controlPlane);
  if (!controlPlaneUrl) return { problem: `PROVEFLEET_CONTROL_PLANE_URL="${controlPlane}" is not an address such as http://127.0.0.1:4000 (http or https, without a path).` };

  const publicUrl = environment.PROVEFLEET_PUBLIC_URL;
  if (publicUrl !== undefined && !parseOrigin(publicUrl)) return { problem: `PROVEFLEET_PUBLIC_URL="${publicUrl}" is not an address such as https://fleet.example (http or https, without a path).` };

  return { settings: { port, host: environment.PROVEFLEET_WEB_HOST ?? '127.0.0.1', controlPlaneUrl } };
}

/** @param {string} text */
function parseOrigin(text) {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const bare = url.pathname === '/' && !url.search && !url.hash && !url.username && !url.password;
  return bare && (url.protocol === 'http:' || url.protocol === 'https:') ? url : null;
}
