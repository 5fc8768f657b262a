/** An HTTP answer of the stand-in. */
export interface Reply {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An error that CertService answers in words of its own. */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, errorMessage: string) {
    super(errorMessage);
    this.name = 'ApiError';
    this.status = status;
  }
}

const JSON_TYPE = 'application/json';

export const json = (status: number, body: unknown): Reply => ({
  status,
  contentType: JSON_TYPE,
  body: JSON.stringify(body),
});

export const empty = (status: number): Reply => ({ status, contentType: undefined, body: '' });

/** Bare text under the media type of JSON, as a failed reload is answered. */
export const bareText = (status: number, body: string): Reply => ({ status, contentType: JSON_TYPE, body });

export const html = (status: number, title: string): Reply => ({
  status,
  contentType: 'text/html;charset=utf-8',
  body: `<!doctype html><html lang="en"><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`,
});

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
};

/** What Spring Boot answers when nobody caught the problem: no `errorMessage`, and no hint of the cause. */
export const springDefault = (status: number, path: string, now: Date): Reply =>
  json(status, {
    timestamp: now.toISOString().replace('Z', '+00:00'),
    status,
    error: REASONS[status] ?? `Http Status ${status}`,
    path,
  });

/** What Tomcat answers to what it does not even hand on: bad escapes in the path, too many octets of headers. */
export const tomcatRefusal = (): Reply => ({
  ...html(400, 'HTTP Status 400 – Bad Request'),
  headers: { connection: 'close', 'content-language': 'en' },
});
