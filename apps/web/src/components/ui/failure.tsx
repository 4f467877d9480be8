import { UnreachableError, errorText } from '../../data/api';
import { Button } from './button';
import { Icon } from './icon';

/** Stands where data should be when it could not be read: what happened, and a way to ask again. */
export function Failure({ error, onRetry, what }: { error: unknown; onRetry: () => void; what: string }) {
  const unreachable = error instanceof UnreachableError;
  return (
    <div className="note crit m-4" role="status">
      <Icon name={unreachable ? 'cloudoff' : 'alert'} />
      <span className="grow"><b>{what} could not be read.</b> {errorText(error)}</span>
      <Button size="small" onClick={onRetry}>Read again</Button>
    </div>
  );
}
