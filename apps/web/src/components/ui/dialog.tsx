'use client';

import { AlertDialog, Dialog } from 'radix-ui';
import type { ReactNode } from 'react';

interface Props {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  /** Verb + what + how many + "?". */
  title: string;
  lead: ReactNode;
  footer: ReactNode;
  children?: ReactNode;
}

/** A question with a way back: Esc and the backdrop close it, focus returns to where it was. */
export const ConfirmDialog = ({ open, onOpenChange, title, lead, footer, children }: Props) => (
  <Dialog.Root open={open} onOpenChange={onOpenChange}>
    <Dialog.Portal>
      <Dialog.Overlay className="scrim">
        <Dialog.Content className="dialog">
          <div className="dialog-h">
            <Dialog.Title asChild><h2>{title}</h2></Dialog.Title>
            <Dialog.Description asChild><p>{lead}</p></Dialog.Description>
          </div>
          {children}
          <div className="dialog-f">{footer}</div>
        </Dialog.Content>
      </Dialog.Overlay>
    </Dialog.Portal>
  </Dialog.Root>
);

/** The same for what cannot be undone: only its two buttons close it. */
export const FinalDialog = ({ open, onOpenChange, title, lead, footer, children }: Props) => (
  <AlertDialog.Root open={open} onOpenChange={onOpenChange}>
    <AlertDialog.Portal>
      <AlertDialog.Overlay className="scrim">
        <AlertDialog.Content className="dialog">
          <div className="dialog-h">
            <AlertDialog.Title asChild><h2>{title}</h2></AlertDialog.Title>
            <AlertDialog.Description asChild><p>{lead}</p></AlertDialog.Description>
          </div>
          {children}
          <div className="dialog-f">{footer}</div>
        </AlertDialog.Content>
      </AlertDialog.Overlay>
    </AlertDialog.Portal>
  </AlertDialog.Root>
);
