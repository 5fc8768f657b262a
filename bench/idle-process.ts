// Does nothing but notice how late it gets its turn. Driven by messages, see idle-child.ts.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { SAMPLING_MS } from './idle-child.js';

const delay = monitorEventLoopDelay({ resolution: SAMPLING_MS });
delay.enable();
process.on('message', () => {
  const longest = delay.max / 1e6;
  delay.reset();
  process.send?.(longest);
});
process.on('disconnect', () => process.exit(0));
