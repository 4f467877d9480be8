'use client';

import clsx from 'clsx';
import { Label, Switch } from 'radix-ui';
import { type ReactNode, useId } from 'react';
import { Icon } from './icon';

interface ControlProps {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': true | undefined;
}

/** A labelled control with its hint or its error below. */
export function Field({ label, hint, error, end, className, children }: { label: string; hint?: ReactNode; error?: string; end?: ReactNode; className?: string; children: (control: ControlProps) => ReactNode }) {
  const id = useId();
  const note = error || hint ? `${id}-note` : undefined;
  return (
    <div className={clsx('field', className)}>
      <span className="row justify-between">
        <Label.Root className="label" htmlFor={id}>{label}</Label.Root>
        {end}
      </span>
      {children({ id, 'aria-describedby': note, 'aria-invalid': error ? true : undefined })}
      {error ? (
        <span className="err" id={note} role="alert"><Icon name="alert" small />{error}</span>
      ) : (
        hint && <span className="hint" id={note}>{hint}</span>
      )}
    </div>
  );
}

/** An on/off choice with the sentence that explains it. */
export function Toggle({ label, hint, checked, disabled, onChange }: { label: string; hint: string; checked: boolean; disabled?: boolean; onChange: (checked: boolean) => void }) {
  const id = useId();
  return (
    <div className="row items-start">
      <Switch.Root className="sw" id={id} checked={checked} disabled={disabled} onCheckedChange={onChange} aria-describedby={`${id}-hint`}>
        <Switch.Thumb />
      </Switch.Root>
      <span>
        <Label.Root htmlFor={id}>{label}</Label.Root>
        <span className="subtle xs block" id={`${id}-hint`}>{hint}</span>
      </span>
    </div>
  );
}
