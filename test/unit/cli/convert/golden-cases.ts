/** A run of `cmpv2-issuer convert`, and the files that hold what it must print: NAME.yaml and NAME.warnings. */
export interface GoldenCase {
  readonly golden: string;
  readonly args: readonly string[];
}

const CLIENT = ['certservice-client'];
const ROOT = '@../pki/recorded/root.crt';

export const GOLDEN_CASES: readonly GoldenCase[] = [
  { golden: 'certservice-client/client', args: [...CLIENT, '--env-file', '@certservice-client/client.env'] },
  {
    golden: 'certservice-client/client-with-issuer',
    args: [...CLIENT, '--env-file', '@certservice-client/client.env', '--with-issuer', '--namespace', 'onap'],
  },
  {
    golden: 'certservice-client/client-chosen',
    args: [
      ...[...CLIENT, '--env-file', '@certservice-client/client.env', '--env', 'OUTPUT_TYPE=JKS', '--env', 'SANS='],
      ...['--name', 'demo', '--secret-name', 'demo-tls', '--namespace', 'lab', '--password-secret', 'demo-pass'],
      ...['--issuer-name', 'operator', '--issuer-kind', 'CMPv2ClusterIssuer', '--certservice-usages'],
    ],
  },
  {
    golden: 'certservice-client/old-delimiter',
    args: [...CLIENT, '--env-file', '@certservice-client/old-delimiter.env'],
  },
  { golden: 'certservice-client/sdnc-certificates', args: [...CLIENT, '--manifest', '@certservice-client/sdnc.yaml'] },
  {
    golden: 'certservice-client/sdnc-one-certificate',
    args: [
      ...CLIENT,
      '--manifest',
      '@certservice-client/sdnc.yaml',
      '--container',
      'certs-init-1',
      '--name',
      'netconf',
    ],
  },
  {
    golden: 'certservice-client/dcae-certificate',
    args: [...CLIENT, '--manifest', '@certservice-client/dcae-deployment.yaml'],
  },
  {
    golden: 'dcae-blueprint/k8s-ves-certificate',
    args: ['dcae-blueprint', '@dcae-blueprint/k8s-ves.yaml', '--input', 'external_cert_use_external_tls=true'],
  },
  {
    golden: 'dcae-blueprint/k8s-ves-pem',
    args: ['dcae-blueprint', '@dcae-blueprint/k8s-ves.yaml', '--inputs', '@dcae-blueprint/inputs.yaml'],
  },
  {
    golden: 'dcae-blueprint/documented-certificate',
    args: ['dcae-blueprint', '@dcae-blueprint/documented.yaml', '--component', 's123-dcae-demo_collector'],
  },
  { golden: 'cmpserver/ra', args: ['cmpserver', '@cmpserver/cmpServers.json', '--ca-name', 'RA'] },
  {
    golden: 'cmpserver/client-legacy',
    args: [
      ...['cmpserver', '@cmpserver/cmpServers.json', '--ca-name', 'Client', '--legacy-mac', '--trust', ROOT],
      ...['--name', 'cmpv2-issuer-onap', '--namespace', 'onap'],
    ],
  },
  {
    golden: 'cmpserver/extended',
    args: [
      'cmpserver',
      '@cmpserver/extended.json',
      '--trust',
      ROOT,
      '--tls-ca',
      ROOT,
      '--issuer-kind',
      'CMPv2ClusterIssuer',
    ],
  },
];
