import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { externalCertNodes } from '../../../../src/cli/convert/blueprint.js';
import { convertCmpServer } from '../../../../src/cli/convert/cmpserver.js';
import { convertBlueprint } from '../../../../src/cli/convert/dcae-blueprint.js';
import { clientContainers } from '../../../../src/cli/convert/manifest.js';
import { parseYaml } from '../../../../src/cli/convert/yaml.js';
import { CliError } from '../../../../src/cli/exit.js';
import { countingRandom } from './run-convert.js';

/** Runs it; an error for people is as good as a result. */
function survives(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(CliError);
  }
}

/** Objects that have these fields, but anything in them. */
const shaped = (...names: readonly string[]) =>
  fc.dictionary(
    fc.constantFrom(...names),
    fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.jsonValue(),
        fc.dictionary(fc.constantFrom(...names), tie('value')),
        fc.array(tie('value'), { maxLength: 3 }),
      ),
    })).value,
  );

const options = {
  issuerName: 'issuer',
  issuerKind: 'CMPv2Issuer',
  issuerGroup: 'certmanager.onap.org',
  certserviceUsages: false,
} as const;

describe('whatever the input, the answer is a result or an error for people', () => {
  it('of YAML', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => survives(() => parseYaml('input', text))));
  });

  it('of manifests', () => {
    const names = [
      'kind',
      'spec',
      'template',
      'jobTemplate',
      'initContainers',
      'containers',
      'env',
      'name',
      'value',
      'items',
    ];
    fc.assert(
      fc.property(fc.array(shaped(...names, 'volumeMounts', 'metadata')), (documents) => {
        expect(clientContainers(documents)).toBeDefined();
      }),
    );
  });

  it('of blueprints', () => {
    const names = ['use_external_tls', 'external_certificate_parameters', 'common_name', 'sans', 'get_input', 'concat'];
    const external = shaped(...names, 'external_cert_directory', 'ca_name', 'cert_type');
    fc.assert(
      fc.property(external, fc.jsonValue(), (external_cert, inputs) => {
        const blueprint = { inputs, node_templates: { node: { properties: { external_cert } } } };
        survives(() =>
          convertBlueprint(
            externalCertNodes(blueprint, 'input', new Map()),
            { ...options, subject: {} },
            countingRandom,
          ),
        );
      }),
    );
  });

  it('of cmpServers.json', () => {
    const entry = shaped(
      'caName',
      'url',
      'issuerDN',
      'authentication',
      'iak',
      'rv',
      'trust',
      'tls',
      'limits',
      'protection',
    );
    const convert = (text: string): unknown =>
      convertCmpServer(
        { source: 'input', text, readText: () => 'no PEM' },
        { issuerKind: 'CMPv2Issuer', legacyMac: false },
      );
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 2 }), (cmpv2Servers) => {
        survives(() => convert(JSON.stringify({ cmpv2Servers })));
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => survives(() => convert(text))));
  });
});
