import { stringify } from 'yaml';

/** A kubeconfig of one cluster, one user, one context. */
export function kubeconfig(
  url: string,
  authority: string | undefined,
  token: string,
  namespace: string | undefined,
): string {
  const name = 'sandbox';
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name,
        cluster: {
          server: url,
          // client-node takes http only from a cluster that it need not verify.
          ...(authority === undefined
            ? { 'insecure-skip-tls-verify': true }
            : { 'certificate-authority-data': Buffer.from(authority).toString('base64') }),
        },
      },
    ],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name, ...(namespace === undefined ? {} : { namespace }) } }],
    'current-context': name,
  });
}
