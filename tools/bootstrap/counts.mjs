// Reads how many tests passed and failed from the output of the runners we use.
const PATTERNS = [
  // jest: `Tests:       1 failed, 2 skipped, 11 passed, 14 total`
  { line: /^(?:\S+: )?\s*Tests:\s.*\btotal\s*$/gm, passed: /(\d+) passed/, failed: /(\d+) failed/ },
  // cargo test: `test result: ok. 12 passed; 0 failed; 0 ignored; …`
  { line: /test result: \w+\. \d+ passed; \d+ failed;/g, passed: /(\d+) passed/, failed: /(\d+) failed/ },
  // node --test, TAP: `# pass 4` and `# fail 0`
  { line: /^# pass \d+$/gm, passed: /pass (\d+)/, failed: /fail (\d+)/ },
  { line: /^# fail \d+$/gm, passed: /pass (\d+)/, failed: /fail (\d+)/ },
  // Playwright: `  3 passed (1.2m)` and `  1 failed`
  { line: /^ {2}\d+ passed \([\d.]+\w+\)$/gm, passed: /(\d+) passed/, failed: /(\d+) failed/ },
  { line: /^ {2}\d+ failed$/gm, passed: /(\d+) passed/, failed: /(\d+) failed/ },
];

/** @param {string} output of one or several runners */
export function countResults(output) {
  const text = output.replace(/\x1b\[[0-9;]*m/g, '');
  const counts = { passed: 0, failed: 0 };
  for (const { line, passed, failed } of PATTERNS) {
    for (const [match] of text.matchAll(line)) {
      counts.passed += Number(passed.exec(match)?.[1] ?? 0);
      counts.failed += Number(failed.exec(match)?.[1] ?? 0);
    }
  }
  return counts;
}
