import { unit } from '../../jest.preset.mjs';

// The build holds copies of our own package.json.
export default { ...unit, modulePathIgnorePatterns: ['<rootDir>/.next/'] };
