'use client';

import { Toast } from 'radix-ui';
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react';
import { Button } from './button';
import type { IconName } from '../../lib/icon-shapes';
import { Icon } from './icon';

interface Message {
  readonly id: string;
  readonly text: string;
  readonly icon: IconName;
  readonly tone: string;
}
interface Toasts {
  /** Shows a sentence. One with the same id takes the place of the earlier one: "sent", then "applied". */
  show(message: Message): void;
}

const ToastContext = createContext<Toasts | null>(null);
/** How long a sentence stays, in milliseconds; it waits while pointed at. */
const STAYS_MS = 8_000;
const MOST = 3;

export function ToastProvider({ children }: { children: ReactNode }) {
  const [messages, setMessages] = useState<readonly Message[]>([]);
  const show = useCallback((message: Message) => setMessages((all) => [...all.filter(({ id }) => id !== message.id), message].slice(-MOST)), []);
  const close = (id: string) => setMessages((all) => all.filter((message) => message.id !== id));
  const value = useMemo(() => ({ show }), [show]);
  return (
    <ToastContext value={value}>
      <Toast.Provider duration={STAYS_MS} label="Message">
        {children}
        {messages.map(({ id, text, icon, tone }) => (
          <Toast.Root key={id + text} className="toast" onOpenChange={(open) => !open && close(id)}>
            <Icon name={icon} className={tone} />
            <Toast.Description className="grow">{text}</Toast.Description>
            <Toast.Close asChild>
              <Button look="ghost" size="small" icon aria-label="Close message"><Icon name="x" small /></Button>
            </Toast.Close>
          </Toast.Root>
        ))}
        <Toast.Viewport className="toasts" />
      </Toast.Provider>
    </ToastContext>
  );
}

export function useToasts(): Toasts {
  const toasts = useContext(ToastContext);
  if (!toasts) throw new Error('useToasts outside of ToastProvider');
  return toasts;
}
