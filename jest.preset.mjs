// ESM all the way down: run jest with NODE_OPTIONS=--experimental-vm-modules (set by nx for every test target).
const swc = {
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
    keepClassNames: true,
  },
  module: { type: 'es6' },
  sourceMaps: 'inline',
  swcrc: false,
};

const shared = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironmentOptions: { customExportConditions: ['@provefleet/source', 'node', 'node-addons'] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest', swc] },
};

/** Unit tests: beside the source, fakes and a fake clock. */
export const unit = { ...shared, testMatch: ['<rootDir>/src/**/*.spec.ts'] };

/** Integration tests: on the real part (addon, Postgres, sockets), one file at a time. */
export const integration = {
  ...shared,
  testMatch: ['<rootDir>/test/**/*.int.spec.ts'],
  testTimeout: 120_000,
  maxWorkers: 1,
};

export default unit;
