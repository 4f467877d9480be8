import { writeFileSync } from 'node:fs';
import { openApiDocument } from './api/openapi.js';

// Run by the nx target `openapi`; the web's client is generated from the file, CI checks that it is up to date.
const [path] = process.argv.slice(2);
if (!path) throw new Error('usage: write-openapi <file>');
writeFileSync(path, `${JSON.stringify(openApiDocument(), null, 2)}\n`);
