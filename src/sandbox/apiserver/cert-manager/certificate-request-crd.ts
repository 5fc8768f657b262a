import { CERT_MANAGER_USAGES } from '../../../pki/usages.js';

const condition = {
  type: 'object',
  required: ['status', 'type'],
  properties: {
    type: { type: 'string' },
    status: { type: 'string', enum: ['True', 'False', 'Unknown'] },
    reason: { type: 'string' },
    message: { type: 'string' },
    lastTransitionTime: { type: 'string', format: 'date-time' },
  },
};

const conditionStatus = (type: string) => `.status.conditions[?(@.type == "${type}")].status`;

/** cert-manager's CertificateRequest as far as an issuer can see it (cert-manager.io/v1 API reference). */
export const certificateRequestDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'certificaterequests.cert-manager.io' },
  spec: {
    group: 'cert-manager.io',
    scope: 'Namespaced',
    names: {
      kind: 'CertificateRequest',
      listKind: 'CertificateRequestList',
      plural: 'certificaterequests',
      singular: 'certificaterequest',
      shortNames: ['cr', 'crs'],
      categories: ['cert-manager'],
    },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        selectableFields: [
          { jsonPath: '.spec.issuerRef.group' },
          { jsonPath: '.spec.issuerRef.kind' },
          { jsonPath: '.spec.issuerRef.name' },
        ],
        additionalPrinterColumns: [
          { name: 'Approved', type: 'string', jsonPath: conditionStatus('Approved') },
          { name: 'Denied', type: 'string', jsonPath: conditionStatus('Denied') },
          { name: 'Ready', type: 'string', jsonPath: conditionStatus('Ready') },
          { name: 'Issuer', type: 'string', jsonPath: '.spec.issuerRef.name' },
          { name: 'Requester', type: 'string', jsonPath: '.spec.username' },
          {
            name: 'Status',
            type: 'string',
            priority: 1,
            jsonPath: '.status.conditions[?(@.type == "Ready")].message',
          },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            description: 'A request for a signed certificate from one of the configured issuers.',
            properties: {
              apiVersion: { type: 'string' },
              kind: { type: 'string' },
              metadata: { type: 'object' },
              spec: {
                type: 'object',
                required: ['issuerRef', 'request'],
                properties: {
                  duration: { type: 'string', description: 'Requested lifetime as a Go duration.' },
                  issuerRef: {
                    type: 'object',
                    required: ['name'],
                    properties: { name: { type: 'string' }, kind: { type: 'string' }, group: { type: 'string' } },
                  },
                  request: { type: 'string', format: 'byte', description: 'PEM of the PKCS#10 request.' },
                  isCA: { type: 'boolean' },
                  usages: { type: 'array', items: { type: 'string', enum: CERT_MANAGER_USAGES } },
                  username: { type: 'string' },
                  uid: { type: 'string' },
                  groups: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'atomic' },
                  extra: {
                    type: 'object',
                    additionalProperties: { type: 'array', items: { type: 'string' } },
                  },
                },
              },
              status: {
                type: 'object',
                properties: {
                  conditions: {
                    type: 'array',
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['type'],
                    items: condition,
                  },
                  certificate: { type: 'string', format: 'byte', description: 'PEM chain, leaf first.' },
                  ca: { type: 'string', format: 'byte', description: 'PEM of the CA certificates.' },
                  failureTime: { type: 'string', format: 'date-time' },
                },
              },
            },
          },
        },
      },
    ],
  },
} as const;
