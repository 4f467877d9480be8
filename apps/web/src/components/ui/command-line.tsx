'use client';

import { useEffect, useState } from 'react';
import { Button } from './button';
import { Icon } from './icon';

/** One line to paste into a shell, with a button that copies it. `secret` marks the part that grants something. */
export function CommandLine({ command, label, marks = [] }: { command: string; label: string; marks?: readonly string[] }) {
  const [copied, setCopied] = useState<'no' | 'yes' | 'failed'>('no');
  useEffect(() => {
    if (copied === 'no') return;
    const timer = setTimeout(() => setCopied('no'), 3_000);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () => navigator.clipboard.writeText(command).then(() => setCopied('yes'), () => setCopied('failed'));
  return (
    <div className="cmd">
      <code aria-label={label} tabIndex={0}>
        <span className="p" aria-hidden="true">$ </span>
        {command.split(' ').map((word, index) => (
          <span key={index}>
            {index > 0 && ' '}
            <span className={marks.includes(word) ? 's' : undefined}>{word}</span>
          </span>
        ))}
      </code>
      <Button size="small" onClick={copy}>
        <Icon name={copied === 'yes' ? 'check' : 'copy'} small />
        <span className="min-w-12">{copied === 'yes' ? 'Copied' : copied === 'failed' ? 'Select it' : 'Copy'}</span>
      </Button>
      <span className="sr" aria-live="polite">{copied === 'yes' ? 'Copied' : copied === 'failed' ? 'The browser does not allow copying here: select the line instead.' : ''}</span>
    </div>
  );
}
