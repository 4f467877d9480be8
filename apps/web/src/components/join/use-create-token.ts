'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, type CreatedJoinToken, type CreateJoinToken, errorText } from '../../data/api';
import { keys } from '../../data/keys';

/** Makes a join token. The whole token lives in this component's memory only, and is gone when the page is left. */
export function useCreateToken(): { create: (body: CreateJoinToken) => void; created: CreatedJoinToken | undefined; pending: boolean; error: string | null } {
  const queries = useQueryClient();
  const { mutate, data, isPending, error } = useMutation({
    mutationFn: (body: CreateJoinToken) => api.createJoinToken(body),
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.joinTokens }),
    gcTime: 0,
  });
  return { create: mutate, created: data, pending: isPending, error: error && `Token not made: ${errorText(error)}` };
}
