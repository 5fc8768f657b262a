const header = (name: string, description: string) => ({
  name,
  in: 'header',
  description,
  required: true,
  schema: { type: 'string' },
});

const CA_NAME = {
  name: 'caName',
  in: 'path',
  description: 'Name of certification authority that will sign CSR.',
  required: true,
  schema: { type: 'string' },
};
const CSR = header('CSR', 'Certificate signing request in PEM object encoded in Base64 (with header and footer).');
const PK = header('PK', 'Private key in PEM object encoded in Base64 (with header and footer).');
const OLD_CERT = header('OLD_CERT', 'Old certificate (signed by the CA) in PEM object encoded in Base64.');
const OLD_PK = header('OLD_PK', 'Old private key corresponding with old certificate in PEM object encoded in Base64.');

const json = (schema: string) => ({ 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } });
const error = (description: string) => ({ description, content: json('ErrorResponseModel') });

const ENROLMENT_RESPONSES = {
  '200': { description: 'Certificate successfully signed', content: json('CertificationResponseModel') },
  '400': error('Given CSR or/and PK is incorrect'),
  '404': error('CA not found for given name'),
  '500': error('Something went wrong during connection to CMPv2 server'),
  '503': error('Too many requests wait for this CA'),
};

const texts = (description: string) => ({ type: 'array', description, items: { type: 'string' } });

/** OpenAPI 3.0.1 document of the REST API; names and operationIds are those of ONAP's CertService. */
export const OPEN_API = {
  openapi: '3.0.1',
  info: {
    title: 'CertService Documentation',
    description: 'Certification service API documentation',
    version: '1.0.1',
  },
  tags: [{ name: 'CertificationService' }],
  paths: {
    '/v1/certificate/{caName}': {
      get: {
        tags: ['CertificationService'],
        summary: 'sign certificate',
        description:
          'Web endpoint for requesting certificate signing. Used by system components to gain certificate signed by CA.',
        operationId: 'signCertificate',
        parameters: [CA_NAME, CSR, PK],
        responses: ENROLMENT_RESPONSES,
      },
    },
    '/v1/certificate-update/{caName}': {
      get: {
        tags: ['CertificationService'],
        summary: 'update certificate',
        description:
          'Web endpoint for updating certificate. Used by system components to update certificate signed by CA.',
        operationId: 'updateCertificate',
        parameters: [CA_NAME, CSR, PK, OLD_CERT, OLD_PK],
        responses: ENROLMENT_RESPONSES,
      },
    },
    '/ready': {
      get: {
        tags: ['CertificationService'],
        summary: 'check is container is ready',
        description: 'Web endpoint for checking if service is ready to be used.',
        operationId: 'checkReady',
        responses: {
          '200': { description: 'Service is ready' },
          '503': { description: 'Service configuration is not loaded, or its last reload failed' },
        },
      },
    },
    '/reload': {
      get: {
        tags: ['CertificationService'],
        summary: 'reload service configuration from file',
        description: 'Web endpoint for performing configuration reload.',
        operationId: 'reloadConfiguration',
        responses: {
          '200': { description: 'Configuration has been reloaded' },
          '500': {
            description: 'Configuration has not been reloaded; the previous one keeps serving',
            content: { 'application/json': { schema: { type: 'string' } } },
          },
        },
      },
    },
    '/actuator/health': {
      get: {
        tags: ['Actuator'],
        summary: "Actuator web endpoint 'health'",
        operationId: 'healthCheck',
        responses: {
          '200': {
            description: 'OK',
            content: {
              'application/vnd.spring-boot.actuator.v3+json': {
                schema: { type: 'object', properties: { status: { type: 'string', example: 'UP' } } },
              },
            },
          },
        },
      },
    },
  },
  components: {
    schemas: {
      CertificationResponseModel: {
        type: 'object',
        properties: {
          certificateChain: texts('Leaf first, then intermediate certificates; each one PEM object'),
          trustedCertificates: texts('Root certificates and other trusted CAs; each one PEM object'),
        },
        required: ['certificateChain', 'trustedCertificates'],
      },
      ErrorResponseModel: {
        type: 'object',
        properties: { errorMessage: { type: 'string' } },
        required: ['errorMessage'],
      },
    },
  },
};

/** The page at /docs: what there is, for people. */
export const DOCS_PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${OPEN_API.info.title}</title></head>
<body><h1>${OPEN_API.info.title}</h1>
<p>OpenAPI document: <a href="/v3/api-docs">/v3/api-docs</a></p>
<ul>
${Object.entries(OPEN_API.paths)
  .map(([path, { get }]) => `<li><code>GET ${path}</code> ${get.summary}</li>`)
  .join('\n')}
</ul></body></html>
`;
