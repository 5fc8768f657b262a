import { conformancePage } from './conformance.mjs';
import { errorsPage } from './errors.mjs';
import { limitsPage } from './limits.mjs';
import { metricsPage } from './metrics.mjs';
import { profilesPage } from './profiles.mjs';

/** Every generated page: path below the root, and its text. */
export async function pages() {
  return {
    'docs/reference/conformance.md': conformancePage(),
    'docs/reference/errors.md': errorsPage(),
    'docs/reference/limits.md': limitsPage(),
    'docs/reference/metrics.md': metricsPage(),
    'docs/reference/profiles.md': profilesPage(),
  };
}
