export function startPostgres(options: { dataDir: string; port?: number; settings?: Record<string, string> }): Promise<{ url: string; port: number; stop: () => Promise<void> }>;
